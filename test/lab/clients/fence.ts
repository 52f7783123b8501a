import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A proxy that lets nobody through, and remembers where they wanted to go: `registry-1.docker.io:443`. */
export interface Fence {
  readonly attempts: () => readonly string[];
  /** What makes a client go there for whatever is not on loopback. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/**
 * Real clients with the real names of registries never leave the machine, whether it has a network or not, and what went
 * around the gate is known.
 */
export async function startFence(): Promise<Fence> {
  const attempts: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    attempts.push(new URL(request.url ?? "/", "http://nowhere").host);
    response.writeHead(502, "fenced").end();
  });
  server.on("connection", (socket) => sockets.add(socket.once("close", () => sockets.delete(socket))));
  server.on("connect", (request, socket) => {
    attempts.push(request.url ?? "");
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 502 fenced\r\nContent-Length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
  return {
    attempts: () => [...attempts],
    env: { ...Object.fromEntries(names.map((name) => [name, url])), NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
