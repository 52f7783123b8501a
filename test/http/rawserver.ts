import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { Tofu3Error } from "../../src/errors.ts";
import { parseProxy } from "../../src/http/proxy.ts";
import { createLocalLink, type LocalOptions } from "../../src/local/engine.ts";
import type { ContentQuery, Link, Query, Transport } from "../../src/http/transport.ts";

/** A server on loopback that says, byte for byte, what a test wants it to say. */
export interface RawServer {
  readonly port: number;
  readonly url: string;
  /** Heads of the requests it got. */
  readonly requests: string[];
  /** Connections it ever accepted, and how many of them were open at once. */
  readonly counts: { accepted: number; open: number; mostOpen: number };
  close(): Promise<void>;
}

export type Say = (socket: Socket, request: string, index: number) => void;

/** `say` is called for each request head; `tls`: the options of a TLS server, null for plain TCP. */
export async function startRawServer(say: Say, tls: TlsOptions | null = null, host = "127.0.0.1"): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const counts = { accepted: 0, open: 0, mostOpen: 0 };
  const serve = (socket: Socket): void => {
    let head = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      head += chunk.toString("latin1");
      for (let end = head.indexOf("\r\n\r\n"); end >= 0; end = head.indexOf("\r\n\r\n")) {
        const request = head.slice(0, end);
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(request)?.[1] ?? "0");
        if (head.length < end + 4 + length) return;
        requests.push(head.slice(0, end + 4 + length));
        head = head.slice(end + 4 + length);
        say(socket, request, requests.length - 1);
      }
    });
  };
  const server: Server = tls === null ? createServer(serve) : createTlsServer(tls, serve);
  server.on("tlsClientError", () => undefined);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    counts.accepted++;
    counts.mostOpen = Math.max(counts.mostOpen, ++counts.open);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      sockets.delete(socket);
      counts.open--;
    });
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    port,
    url: `${tls === null ? "http" : "https"}://${name}:${port}/v2/`,
    requests,
    counts,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

export const never = new AbortController().signal;

/** One job of a vantage that has no other: the vantage closes with it. */
export function transportWith(options: LinkOptions = {}): OnlyJob {
  return onlyJob(linkWith(options));
}

type LinkOptions = Partial<Omit<LocalOptions, "proxy">> & { proxy?: string };

export interface OnlyJob extends Transport {
  close(): Promise<void>;
}

function onlyJob(link: Link): OnlyJob {
  const transport = link.begin("");
  return { ...transport, close: () => transport.end().finally(() => link.close()) };
}

export function linkWith({ proxy, ...options }: LinkOptions = {}): Link {
  return createLocalLink({
    limits: { connectSeconds: 20, idleSeconds: 20 },
    proxy: proxy === undefined ? null : parseProxy(proxy),
    userAgent: "tofu3/test",
    ...options,
  });
}

export function queryFor(url: string, more: Partial<Query> = {}): Query {
  return { url, headers: [], maxBytes: 1_000_000, publicOnly: false, trust: null, ...more };
}

export function contentQueryFor(url: string, more: Partial<ContentQuery> = {}): ContentQuery {
  return { ...queryFor(url), algorithm: "sha256", expectedBytes: null, keep: null, onBytes: () => undefined, ...more };
}

/** What a promise was rejected with. */
export async function faultOf(work: Promise<unknown>): Promise<Tofu3Error> {
  const outcome = await work.then(
    (value) => ({ value }),
    (fault: unknown) => ({ fault }),
  );
  if ("value" in outcome) throw new Error(`not rejected, but ${JSON.stringify(outcome.value).slice(0, 200)}`);
  return outcome.fault as Tofu3Error;
}

/** Waits until something is so, at most ten seconds. */
export async function until(is: () => boolean): Promise<void> {
  for (let round = 0; round < 1000 && !is(); round++) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!is()) throw new Error("it did not come to be");
}
