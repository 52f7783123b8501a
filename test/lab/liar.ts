import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import type { Certificate } from "./authority.ts";
import { readRequests, type RawRequest } from "./liar-request.ts";
import { writeAnswer, type Scripted } from "./liar-answer.ts";

export interface LiarRequest extends RawRequest {
  /** Who asked: see `Liar`. */
  readonly vantage: string;
  /** Address that the connection came from. */
  readonly source: string;
  /** Body bytes (of a `raw` answer: all bytes) that were handed to the socket so far. */
  sent: number;
  /** `left`: the client went away before the answer was complete. Null while it is being answered. */
  end: "complete" | "left" | null;
}

/** One answer, or what makes one from the request, at once or when it is time. */
export type Answer = Scripted | ((request: LiarRequest) => Scripted | Promise<Scripted>);

export interface LiarOptions {
  /**
   * Each gets a port of its own that is an HTTP proxy to this server: put `proxyOf(name)` into the worker's `proxy`.
   */
  readonly vantages?: readonly string[];
  /** Where a connection that does not come through one of these belongs, by its source address; `here` otherwise. */
  readonly sources?: Readonly<Record<string, string>>;
  /** Decides instead of `sources`, e.g. by the User-Agent. */
  readonly tell?: (request: RawRequest, source: string) => string;
  /** Speaks https, also inside of CONNECT. */
  readonly certificate?: Certificate;
  /** What is told at places that nothing is said about; 404. `relay()` hands the request to whom it was meant for. */
  readonly otherwise?: Answer;
  readonly address?: string;
}

export interface Liar {
  /** `address:port`, the registry part of a reference. */
  readonly host: string;
  readonly url: string;
  readonly requests: readonly LiarRequest[];
  readonly proxyOf: (vantage: string) => string;
  /**
   * What everybody is told at this place: `/path`, `/path?query` or `http://host/path`; the longer one goes first. The
   * nth request of a vantage gets the nth answer, and the last again after that. No answer: 404.
   */
  readonly answer: (place: string, ...answers: readonly Answer[]) => void;
  /** The same for one vantage; it outranks `answer`. */
  readonly lie: (vantage: string, place: string, ...answers: readonly Answer[]) => void;
  readonly openConnections: () => number;
  readonly stop: () => Promise<void>;
}

const NOT_FOUND: Scripted = {
  status: 404,
  headers: { "content-type": "application/json" },
  body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}',
};

function placesOf(request: RawRequest): string[] {
  const path = request.target.replace(/\?.*$/s, "");
  return [`http://${request.host}${request.target}`, `http://${request.host}${path}`, request.target, path];
}

async function answerTo(request: LiarRequest, answer: Answer): Promise<Scripted> {
  return typeof answer === "function" ? answer(request) : answer;
}

async function listen(server: Server, address: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/**
 * A registry that tells vantages apart and answers each as it was told to, down to the bytes on the wire. Two VMs on
 * one machine look alike, so a vantage is known by the proxy port that it comes through, in network namespaces by its
 * source address.
 */
export async function startLiar(options: LiarOptions = {}): Promise<Liar> {
  const address = options.address ?? "127.0.0.1";
  const scripts = new Map<string, readonly Answer[]>();
  const turns = new Map<string, number>();
  const requests: LiarRequest[] = [];
  const sockets = new Set<Socket>();
  const { certificate } = options;
  const tls =
    certificate === undefined
      ? null
      : { cert: readFileSync(certificate.certificateFile), key: readFileSync(certificate.keyFile) };

  async function choose(request: LiarRequest): Promise<Scripted> {
    for (const key of placesOf(request).flatMap((place) => [`${request.vantage} ${place}`, `* ${place}`])) {
      const answers = scripts.get(key);
      if (answers === undefined) continue;
      const turn = turns.get(`${request.vantage} ${key}`) ?? 0;
      turns.set(`${request.vantage} ${key}`, turn + 1);
      const answer = answers[Math.min(turn, answers.length - 1)] ?? NOT_FOUND;
      return answerTo(request, answer);
    }
    return answerTo(request, options.otherwise ?? NOT_FOUND);
  }

  async function converse(socket: Socket, vantage: string | null): Promise<void> {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    const source = socket.remoteAddress ?? "";
    for await (const raw of readRequests(socket)) {
      if (raw.method === "CONNECT") {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        if (tls !== null) return converse(new TLSSocket(socket, { isServer: true, ...tls }), vantage);
        continue;
      }
      const who = vantage ?? options.tell?.(raw, source) ?? options.sources?.[source] ?? "here";
      const request: LiarRequest = { ...raw, vantage: who, source, sent: 0, end: null };
      requests.push(request);
      const goesOn = await writeAnswer(
        socket,
        await choose(request),
        raw.method === "HEAD",
        (bytes) => (request.sent += bytes),
      );
      request.end = goesOn === "left" ? "left" : "complete";
      if (goesOn !== "keep") return;
    }
  }

  const take = (vantage: string | null) => (socket: Socket) =>
    void converse(socket, vantage).catch(() => socket.destroy());
  const main = tls === null ? createServer({ noDelay: true }, take(null)) : createTlsServer(tls, take(null));
  const host = `${address}:${await listen(main, address)}`;
  const proxies = new Map<string, { server: Server; port: number }>();
  for (const vantage of options.vantages ?? []) {
    const server = createServer({ noDelay: true }, take(vantage));
    proxies.set(vantage, { server, port: await listen(server, address) });
  }
  return {
    host,
    url: `${tls === null ? "http" : "https"}://${host}`,
    requests,
    proxyOf(vantage) {
      const proxy = proxies.get(vantage);
      if (proxy === undefined) throw new Error(`the liar was not told of a vantage ${vantage}`);
      return `http://${address}:${proxy.port}`;
    },
    answer: (place, ...answers) => void scripts.set(`* ${place}`, answers),
    lie: (vantage, place, ...answers) => void scripts.set(`${vantage} ${place}`, answers),
    openConnections: () => sockets.size,
    async stop() {
      const servers = [main, ...[...proxies.values()].map((each) => each.server)];
      const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
