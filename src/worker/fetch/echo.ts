import { Tofu3Error } from "../../errors.ts";
import { isLoopbackHost, isPublicAddress } from "../../http/address.ts";
import { settledWithin, within } from "../../http/deadline.ts";
import type { Transport } from "../../http/transport.ts";
import { exitAddress, type ExitAddress } from "../../model/exit.ts";
import type { Limits } from "../../model/job.ts";
import type { Vantage } from "../vantage.ts";

/** What one service said; without an address, the code of what went wrong. */
export interface Echo {
  readonly host: string;
  readonly address: ExitAddress | null;
  readonly fault: string | null;
}

/** Services that tell the caller's address, as one vantage reaches them. */
export interface Echoes {
  /** Asks all of them. Never rejects. */
  ask(signal: AbortSignal): Promise<readonly Echo[]>;
  /** Leaves nothing running. Never rejects. */
  end(): Promise<void>;
}

interface Service {
  readonly url: URL;
  readonly transport: Transport;
}

/** No one waits longer for an address, whatever the limits of content are. */
const MOST_MS = 10_000;
const END_MS = 1000;
const MOST_BYTES = 16 * 1024;
/** RFC 9110 §7.6.1: the second time is to be a connection of its own, which shows where it leaves by then. */
const HEADERS = [
  ["accept", "application/json, text/plain;q=0.9, */*;q=0.1"],
  ["connection", "close"],
] as const;

/**
 * Each service has a transport of its own over the vantage's link: the same proxy and the same VM, but no shell of the
 * job, which a service that hangs would otherwise void.
 */
export function openEchoes(vantage: Pick<Vantage, "link" | "registries" | "exits">, limits: Limits): Echoes {
  const services = (vantage.exits?.echoes ?? []).map((text): Service => {
    const url = new URL(text);
    return { url, transport: vantage.link.begin(`echo ${url.host}`) };
  });
  const ms = Math.min(MOST_MS, (limits.connectSeconds + limits.idleSeconds) * 1000);
  return {
    ask: (signal) => Promise.all(services.map((each) => askOne(each, vantage.registries, ms, signal))),
    end: () => settledWithin(END_MS, Promise.allSettled(services.map(({ transport }) => transport.end()))),
  };
}

async function askOne(
  { url, transport }: Service,
  registries: Vantage["registries"],
  ms: number,
  signal: AbortSignal,
): Promise<Echo> {
  const { plainHttp, trust } = registries(url.host);
  // a host that the configuration describes may be on a private network; any other one is foreign
  const publicOnly = !plainHttp && trust === null && !isLoopbackHost(url.hostname);
  const query = { url: url.href, headers: HEADERS, maxBytes: MOST_BYTES, publicOnly, trust };
  const nothing = (fault: string): Echo => ({ host: url.host, address: null, fault });
  try {
    const { status, body } = await within(ms, [signal], (limit) => transport.read(query, limit));
    if (status !== 200) return nothing(`status ${status}`);
    const address = addressIn(body);
    if (address === null) return nothing("no IP address");
    if (publicOnly && !isPublicAddress(address.text)) return nothing("a private address");
    return { host: url.host, address, fault: null };
  } catch (error) {
    return nothing(error instanceof Tofu3Error ? error.code : "E_TIMEOUT");
  }
}

/** Where the services that people use have it. */
const FIELDS = ["ip", "origin", "ip_addr", "address", "query"] as const;

/** The one address in a body: alone, or in JSON, where all the fields that name one must agree. Null otherwise. */
export function addressIn(body: Uint8Array): ExitAddress | null {
  const text = textOf(body)?.trim() ?? "";
  if (!text.startsWith("{")) return exitAddress(text);
  const named = fieldsOf(text).map((each) => exitAddress(each));
  const [first = null] = named;
  return named.every((each) => each !== null && each.text === first?.text) ? first : null;
}

function fieldsOf(text: string): readonly unknown[] {
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return FIELDS.filter((key) => Object.hasOwn(value, key)).map((key) => value[key]);
  } catch {
    return [];
  }
}

function textOf(body: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return null;
  }
}
