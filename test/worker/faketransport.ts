import { createHash } from "node:crypto";
import { Tofu3Error } from "../../src/errors.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { Secret } from "../../src/secret.ts";
import type {
  Answer,
  Content,
  ContentQuery,
  Link,
  Query,
  SeenCertificate,
  Transport,
} from "../../src/http/transport.ts";
import type { Trust } from "../../src/model/trust.ts";

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  readonly address?: string | null;
  readonly httpVersion?: string;
  readonly certificate?: SeenCertificate;
  /** The body ends here, for this reason. */
  readonly cut?: Tofu3Error;
  /** The answer comes when this is over. */
  readonly after?: Promise<unknown>;
  /** There is no answer. */
  readonly fault?: Tofu3Error;
}
/**
 * One reply for ever, or one after the other; to a HEAD that of `HEAD URL`, or the one to a GET without its body. A URL that is not there, or is asked once too often, is a failed test.
 */
export type Routes = Record<string, Reply | Reply[]>;
export interface Asked {
  readonly url: string;
  readonly method: "GET" | "HEAD";
  readonly headers: Readonly<Record<string, string>>;
  readonly form: string | null;
  readonly publicOnly: boolean;
  readonly maxBytes: number;
  readonly trust: Trust | null;
}
const IDENTITY = { tools: ["fake 1"], hostKey: null, machine: "m", boot: null, clockOffsetMs: 2000 };

export type FakeTransport = Transport & { readonly asked: Asked[]; readonly calls: string[] };

/** Jobs begin with this transport, all of them with the same one. */
export function linkOf(transport: Transport): Link {
  return { begin: () => transport, close: () => Promise.resolve() };
}

export function fakeTransport(routes: Routes, onAsked: (asked: Asked) => void = () => undefined): FakeTransport {
  const asked: Asked[] = [];
  const calls: string[] = [];
  function replyTo(
    { url, method, headers, form, publicOnly, maxBytes, trust }: Query,
    signal: AbortSignal,
  ): Reply & { bytes: Buffer; answer: Answer } {
    signal.throwIfAborted();
    const revealed = headers.map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value] as const);
    asked.push({
      url,
      method: method ?? "GET",
      headers: Object.fromEntries(revealed),
      form: form?.reveal() ?? null,
      publicOnly,
      maxBytes,
      trust,
    });
    onAsked(asked.at(-1) as Asked);
    const route = (method === "HEAD" ? routes[`HEAD ${url}`] : undefined) ?? routes[url];
    const reply = Array.isArray(route) ? route.shift() : route;
    if (reply === undefined) throw new Error(`nobody was to ask for ${url}`);
    if (reply.fault !== undefined) throw reply.fault;
    const pairs = Object.entries(reply.headers ?? {}).flatMap(([name, value]) =>
      [value].flat().map((each) => [name, each] as const),
    );
    const answer = {
      status: reply.status ?? 200,
      headers: pairs,
      address: reply.address === undefined ? "192.0.2.1" : reply.address,
      httpVersion: reply.httpVersion ?? null,
      certificate: reply.certificate ?? null,
    };
    return { ...reply, bytes: Buffer.from(method === "HEAD" ? "" : (reply.body ?? "")), answer };
  }
  async function part(query: Query, first: ContentQuery, before: Buffer, signal: AbortSignal): Promise<Content> {
    await Promise.resolve();
    const { bytes, answer, cut: given, after } = replyTo(query, signal);
    await after;
    const over = bytes.length > query.maxBytes ? new Tofu3Error("E_TOO_LARGE", "too large", { stage: "body" }) : null;
    const arrived = bytes.subarray(0, query.maxBytes + 1);
    const all = Buffer.concat([before, arrived]);
    const cut = over ?? given ?? null;
    first.onBytes(arrived.length);
    const digest = parseDigest(`${first.algorithm}:${createHash(first.algorithm).update(all).digest("hex")}`);
    const more = cut === null ? null : (next: Query, each: AbortSignal) => part(next, first, all, each);
    return {
      ...answer,
      size: all.length,
      digest: cut === null ? digest : null,
      cut,
      head: answer.status >= 400 ? arrived : Buffer.alloc(0),
      more,
    };
  }
  return {
    asked,
    calls,
    open: () => (calls.push("open"), Promise.resolve(IDENTITY)),
    read: async (query, signal) => {
      await Promise.resolve();
      const { answer, bytes } = replyTo(query, signal);
      if (answer.status === 200 && bytes.length > query.maxBytes)
        throw new Tofu3Error("E_TOO_LARGE", "too large", { stage: "body" });
      return { ...answer, body: bytes };
    },
    measure: (query, signal) => part(query, query, Buffer.alloc(0), signal),
    end: () => (calls.push("end"), Promise.resolve()),
  };
}
