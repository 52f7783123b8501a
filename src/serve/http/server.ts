import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { errnoOf } from "../../durable.ts";
import { Tofu3Error, messageOf } from "../../errors.ts";
import { withPort } from "../../http/address.ts";
import type { GateLimits } from "../../model/gate.ts";

/** Answers one request; never rejects. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** PEM files, read. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly clientCa: string | null;
}

export interface ServerPlace {
  /** `127.0.0.1`, `::1`, `localhost`; with a file descriptor, what it is expected to be. */
  readonly host: string;
  readonly port: number;
  /** A socket that listens already, inherited from whoever started this. */
  readonly fd: number | null;
}

export interface Listening {
  readonly host: string;
  /** The real one. */
  readonly port: number;
  /** Takes no more requests, waits for answers under way, and cuts what is left at `deadline`; says how many that were. */
  close(deadline: AbortSignal): Promise<number>;
}

/** Connections of all listeners together. */
export interface Connections {
  readonly open: Set<Socket>;
  readonly most: number;
}

const MOST_HEADER_BYTES = 16 * 1024;
/** Requests that a connection may send before the first was answered; they are answered one after the other. */
const MOST_PIPELINED = 8;
const CHECK_EVERY_MS = 1000;

const FULL = [
  "HTTP/1.1 429 tofu3 busy: too many connections",
  "Retry-After: 5",
  "Content-Length: 0",
  "Connection: close",
  "",
  "",
].join("\r\n");

/** Throws E_CONFIG if nobody can listen there, or the certificate is none. */
export async function listen(
  place: ServerPlace,
  handler: Handler,
  { tls, limits, connections }: { tls: TlsFiles | null; limits: GateLimits; connections: Connections },
): Promise<Listening> {
  const server = serverOf(tls, limits, inTurn(handler));
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    admit(socket, connections, tls !== null);
  });
  server.on("checkContinue", (request, response) => server.emit("request", request, response));
  await bind(server, place);
  const address = server.address();
  const { port, address: host } = typeof address === "object" && address !== null ? address : { port: 0, address: "" };
  return { host, port, close: (deadline) => close(server, sockets, deadline) };
}

function serverOf(tls: TlsFiles | null, limits: GateLimits, listener: RequestListener): Server {
  const patience = limits.headerSeconds * 1000;
  const options = {
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: patience,
    // requests have no bodies
    requestTimeout: patience,
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, patience / 2),
    keepAliveTimeout: limits.idleSeconds * 1000,
    noDelay: true,
  };
  if (tls === null) return createServer(options, listener);
  const secrets: SecureContextOptions = { cert: tls.certificate, key: tls.key };
  try {
    return createTlsServer(
      {
        ...options,
        ...secrets,
        ...(tls.clientCa === null ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: false }),
        // only HTTP/1.1 has a reason phrase, which is where clients print why
        ALPNProtocols: ["http/1.1"],
        minVersion: "TLSv1.2",
        handshakeTimeout: patience,
      },
      listener,
    );
  } catch (error) {
    throw new Tofu3Error("E_CONFIG", `serve.tls cannot be used: ${messageOf(error)}`, {
      hint: "certificate and key are PEM, and belong together",
      cause: error,
    });
  }
}

function admit(socket: Socket, { open, most }: Connections, isTls: boolean): void {
  socket.on("error", () => undefined);
  if (open.size >= most) {
    if (isTls) socket.destroy();
    else socket.end(FULL, () => socket.destroy());
    return;
  }
  open.add(socket);
  socket.once("close", () => open.delete(socket));
}

/** One request of a connection at a time: else one client could have as many answers under way as it likes. */
function inTurn(handler: Handler): RequestListener {
  const queues = new WeakMap<Socket, { length: number; last: Promise<void> }>();
  return (request, response) => {
    const { socket } = request;
    response.on("error", () => undefined);
    const queue = queues.get(socket) ?? { length: 0, last: Promise.resolve() };
    queues.set(socket, queue);
    if (++queue.length > MOST_PIPELINED) {
      socket.destroy();
      return;
    }
    queue.last = queue.last.then(async () => {
      if (!socket.destroyed && !socket.writableEnded) await handler(request, response);
      queue.length--;
    });
  };
}

async function bind(server: Server, { host, port, fd }: ServerPlace): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(fd === null ? { host, port } : { fd }, () => resolve());
    });
  } catch (error) {
    const where = fd === null ? withPort(host, port) : `file descriptor ${fd}`;
    throw new Tofu3Error(
      "E_CONFIG",
      `cannot listen on ${where}: ${WHY_NOT[errnoOf(error) ?? ""] ?? messageOf(error)}`,
      {
        hint: "choose another address in serve.listen and serve.admin, or with --listen and --admin",
        cause: error,
      },
    );
  }
  server.removeAllListeners("error");
  server.on("error", () => undefined);
}

const WHY_NOT: Readonly<Record<string, string>> = {
  EADDRINUSE: "somebody else does",
  EACCES: "this user may not",
  EADDRNOTAVAIL: "it is no address of this machine",
};

async function close(server: Server, sockets: ReadonlySet<Socket>, deadline: AbortSignal): Promise<number> {
  let cut = 0;
  const end = (): void => {
    cut = sockets.size;
    // Node's own list has no connection whose handshake has not ended
    for (const socket of sockets) socket.destroy();
  };
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // an answer that ends now leaves a connection that nobody needs
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  if (deadline.aborted) end();
  else deadline.addEventListener("abort", end, { once: true });
  await closed;
  clearInterval(sweep);
  deadline.removeEventListener("abort", end);
  return cut;
}
