import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Tofu3Error } from "../errors.ts";
import type { Limits } from "../model/job.ts";
import { createLanes, type Lanes } from "./agent.ts";
import { systemAuthorities } from "./authorities.ts";
import { lookupAll } from "./connect.ts";
import type { Address } from "./dial.ts";
import type { ExchangeOptions } from "./exchange.ts";
import { measureContent } from "./measure.ts";
import { readPage } from "./read.ts";
import { readMachine } from "./machine.ts";
import { basicAuthorization, proxyFault, type Proxy } from "../http/proxy.ts";
import { within } from "../http/deadline.ts";
import type { Answer, Content, VantageIdentity, Link, Query, Transport } from "../http/transport.ts";
import type { Trust } from "../model/trust.ts";

export interface LocalOptions {
  readonly limits: Pick<Limits, "connectSeconds" | "idleSeconds">;
  /** The only source of proxies: the environment's are ignored. */
  readonly proxy: Proxy | null;
  /** Connections per origin; further requests wait. */
  readonly lanes?: number;
  readonly userAgent: string;
  /** Resolves names; the system's resolver by default. */
  readonly lookup?: (host: string) => Promise<readonly Address[]>;
  /** PEM of this machine's certificate authorities, the system's by default; null for those built into Node. */
  readonly authorities?: () => string | null;
}

/** Connections for one kind of query. */
interface Ground {
  readonly trust: Trust | null;
  readonly publicOnly: boolean;
  /** What a server sends after the answer to a HEAD may spoil the next answer: of a HEAD then, and of no document. */
  readonly method: Query["method"];
  readonly lanes: Lanes;
}

/** The vantage of this machine: undici and node:crypto. Jobs share its connections. */
export function createLocalLink(options: LocalOptions): Link {
  const { proxy } = options;
  const grounds: Ground[] = [];
  let closed: Promise<void> | null = null;
  const optionsFor = (query: Query): ExchangeOptions => {
    if (closed !== null) throw new Tofu3Error("E_STOPPED", "the worker was closed", { stage: "connect" });
    const { lanes } = groundFor(query, grounds, options, proxy);
    return {
      lanes,
      idleSeconds: options.limits.idleSeconds,
      userAgent: options.userAgent,
      absolute: absoluteFor(query, proxy),
    };
  };
  return {
    begin: () => beginJob(optionsFor, proxy),
    close: () => (closed ??= Promise.all(grounds.map(({ lanes }) => lanes.close())).then(() => undefined)),
  };
}

/** One job over those connections; ending it stops only its own exchanges. */
function beginJob(optionsFor: (query: Query) => ExchangeOptions, proxy: Proxy | null): Transport {
  const over = new AbortController();
  const running = <T>(signal: AbortSignal, work: (limit: AbortSignal) => Promise<T>): Promise<T> =>
    within(null, [signal, over.signal], work);
  const wrapped = (content: Content): Content => {
    const { more } = content;
    if (more === null) return content;
    return { ...content, more: async (query, signal) => wrapped(await running(signal, (limit) => more(query, limit))) };
  };
  return {
    open: (signal) => readIdentity(signal),
    read: async (query, signal) => {
      const page = await running(signal, (limit) => readPage(query, optionsFor(query), limit));
      return refuseProxyAuthentication(page, query, proxy);
    },
    measure: async (query, signal) => {
      const content = await running(signal, (limit) => measureContent(query, optionsFor, limit));
      return refuseProxyAuthentication(wrapped(content), query, proxy);
    },
    end: () => {
      over.abort(new Tofu3Error("E_STOPPED", "the job has ended", { stage: "connect" }));
      return Promise.resolve();
    },
  };
}

function groundFor(query: Query, grounds: Ground[], options: LocalOptions, proxy: Proxy | null): Ground {
  const { trust, publicOnly, method } = query;
  const known = grounds.find(
    (ground) => ground.publicOnly === publicOnly && ground.method === method && sameTrust(ground.trust, trust),
  );
  if (known !== undefined) return known;
  const { userAgent, lookup = lookupAll, authorities = systemAuthorities } = options;
  const lanes = createLanes(
    { connectSeconds: options.limits.connectSeconds, proxy, trust, publicOnly, userAgent, lookup, authorities },
    options.lanes ?? 16,
  );
  const ground = { trust, publicOnly, method, lanes };
  grounds.push(ground);
  return ground;
}

/** A client certificate identifies its key. */
function sameTrust(one: Trust | null, other: Trust | null): boolean {
  return (
    (one?.ca ?? null) === (other?.ca ?? null) &&
    one?.clientCertificate?.certificate === other?.clientCertificate?.certificate
  );
}

/** An HTTP proxy gets the whole URL for http: URLs, without a tunnel, as with curl. RFC 9112 §3.2.2 */
function absoluteFor(query: Query, proxy: Proxy | null): ExchangeOptions["absolute"] {
  if (proxy === null || proxy.scheme.startsWith("socks5") || !query.url.startsWith("http:")) return null;
  return { authorization: basicAuthorization(proxy) };
}

function refuseProxyAuthentication<T extends Answer>(answer: T, query: Query, proxy: Proxy | null): T {
  if (answer.status !== 407 || proxy === null || absoluteFor(query, proxy) === null) return answer;
  throw proxyFault(proxy, "asks for other credentials (407)", "put USER:PASSWORD@ into the URL of the proxy");
}

async function readIdentity(signal: AbortSignal): Promise<VantageIdentity> {
  return {
    tools: [`undici ${undiciVersion()}`, "node:crypto"],
    hostKey: null,
    clockOffsetMs: null,
    ...(await readMachine(signal)),
  };
}

function undiciVersion(): string {
  const about: unknown = JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve("undici/package.json"), "utf8"),
  );
  return typeof about === "object" && about !== null && "version" in about && typeof about.version === "string"
    ? about.version
    : "of unknown version";
}
