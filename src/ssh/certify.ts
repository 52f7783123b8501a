import { certificateFrom } from "../http/certificate.ts";
import type { Query, SeenCertificate } from "../http/transport.ts";
import type { Owner, Pending } from "./queue.ts";
import type { CurlSettings } from "./script/curlconfig.ts";
import type { JobReply } from "./script/reply.ts";

/** The most hosts whose certificate one job is told of. */
const MOST_HOSTS = 20;
/** The most chains, of a few thousand bytes each, that one batch reports. */
const MOST_AT_ONCE = 4;

type Asking = Pick<Pending, "owner" | "query">;

/** A transfer that reports a certificate, and the jobs that have none of that host yet. */
interface Wish {
  readonly transfer: number;
  readonly owners: readonly Owner[];
}

/**
 * Which transfers of one piece of work report the certificates of their server: for each host the first one, where a
 * job has none of that host yet. The others would use the same connection, or print the same again.
 */
export class Wishes {
  readonly #wishes = new Map<string, Wish>();

  constructor(items: readonly Asking[], settings: CurlSettings) {
    if (!settings.certifies) return;
    for (const [host, { transfer, owners }] of hostsOf(items)) {
      if (this.#wishes.size >= MOST_AT_ONCE) return;
      const lacking = [...owners].filter(({ certified }) => !certified.has(host) && certified.size < MOST_HOSTS);
      for (const { certified } of lacking) certified.set(host, null);
      if (lacking.length > 0) this.#wishes.set(host, { transfer, owners: lacking });
    }
  }

  /** Numbers of these transfers. */
  get transfers(): ReadonlySet<number> {
    return new Set([...this.#wishes.values()].map(({ transfer }) => transfer));
  }

  /** Hands out what the servers presented; null for no reply. Jobs that were told nothing of a host ask again. */
  settle(reply: JobReply | null): void {
    for (const [host, { transfer, owners }] of this.#wishes) {
      const leaf = reply?.leaves.get(transfer);
      const certificate = leaf === undefined ? null : certificateFrom(leaf, null);
      for (const { certified } of owners) {
        if (certificate === null) certified.delete(host);
        else certified.set(host, certificate);
      }
    }
  }
}

/** What the server of this query presented to the job; null if it was not told. */
export function certificateFor({ owner, query }: Asking): SeenCertificate | null {
  const host = hostOf(query);
  return host === null ? null : (owner.certified.get(host) ?? null);
}

/** Each host with the number of its first transfer, and the jobs that ask it. */
function hostsOf(items: readonly Asking[]): Map<string, { readonly transfer: number; readonly owners: Set<Owner> }> {
  const hosts = new Map<string, { readonly transfer: number; readonly owners: Set<Owner> }>();
  for (const [at, { query, owner }] of items.entries()) {
    const host = hostOf(query);
    if (host === null) continue;
    const known = hosts.get(host) ?? { transfer: at + 1, owners: new Set() };
    hosts.set(host, known);
    known.owners.add(owner);
  }
  return hosts;
}

/** `host` or `host:port`; null without TLS. */
function hostOf({ url }: Query): string | null {
  const { protocol, host } = new URL(url);
  return protocol === "https:" ? host : null;
}
