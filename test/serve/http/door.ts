import { connect, type Socket } from "node:net";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { ServeConfig } from "../../../src/config/serve.ts";
import { registryHandler } from "../../../src/serve/http/respond.ts";
import type { Service } from "../../../src/serve/http/service.ts";
import { listen, type Connections, type TlsFiles } from "../../../src/serve/http/server.ts";

export interface Door {
  readonly port: number;
  readonly connections: Connections;
  /** Lines of the log: `info GET /v2/ 200 {…}` */
  readonly log: string[];
  /** What the meters counted: `other ping 200`. */
  readonly counted: string[];
  readonly stop: () => Promise<void>;
}

export interface DoorOptions {
  readonly config: ServeConfig;
  readonly upstream?: string;
  readonly tls?: TlsFiles;
}

/** A listener in this process, over a gate and a store that are there already. */
export async function openDoor(
  parts: Pick<Service, "gate" | "store">,
  { config, upstream, tls }: DoorOptions,
): Promise<Door> {
  const log: string[] = [];
  const counted: string[] = [];
  const connections: Connections = { open: new Set(), most: config.limits.connections };
  const service: Service = {
    ...parts,
    config,
    log: (level, message, details = {}) => void log.push(`${level} ${message} ${JSON.stringify(details)}`),
    meters: {
      request: (...labels) => void counted.push(labels.join(" ")),
      verdict: () => undefined,
      stale: () => undefined,
      bytes: (count) => void counted.push(`bytes ${count}`),
    },
  };
  const listening = await listen({ host: "127.0.0.1", port: 0, fd: null }, registryHandler(service, upstream ?? null), {
    tls: tls ?? null,
    limits: config.limits,
    connections,
  });
  return {
    port: listening.port,
    connections,
    log,
    counted,
    stop: async () => {
      await listening.close(AbortSignal.abort());
    },
  };
}

export interface Answered {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request as a plain client sends it; rejects for an answer that is cut off. */
export async function ask(
  port: number,
  path: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const { statusCode: status = 0, statusMessage: reason = "" } = response;
        resolve({ status, reason, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.once("error", reject);
    request.end();
  });
}

export interface Raw {
  readonly socket: Socket;
  readonly received: () => string;
  /** `end`, or the code of the error; settles once the connection is over. */
  readonly over: Promise<string>;
}

/** A connection on which a test says what it likes. */
export async function open(port: number): Promise<Raw> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let end = "end";
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", (error: NodeJS.ErrnoException) => (end = error.code ?? error.message));
  socket.on("end", () => socket.end());
  const over = new Promise<string>((resolve) => socket.once("close", () => resolve(end)));
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return { socket, received: () => Buffer.concat(chunks).toString("latin1"), over };
}

/** Sends bytes, and waits for the end of the connection. */
export async function say(port: number, bytes: string): Promise<string> {
  const raw = await open(port);
  raw.socket.write(bytes, "latin1");
  await raw.over;
  return raw.received();
}
