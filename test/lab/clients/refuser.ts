import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Armory } from "../../../src/serve/clients/armed.ts";

/** Where a gate would be: it refuses what is armed, and has nothing else. */
export interface Refuser {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly requests: readonly string[];
  readonly stop: () => Promise<void>;
}

function answer(request: IncomingMessage, response: ServerResponse, armory: Armory, fallback: string): void {
  const url = new URL(request.url ?? "/", "http://gate");
  const json = { "Content-Type": "application/json" };
  if (url.pathname === "/v2/") return void response.writeHead(200, json).end("{}");
  const [, path = "", name = ""] = /^\/v2\/(.+)\/(?:manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? [];
  const [first = "", ...rest] = path.split("/");
  const named = url.searchParams.get("ns") ?? (first.includes(".") ? first : null);
  const repository = named === first ? rest.join("/") : path;
  const refusal = armory.refusalFor({ registry: named ?? fallback, repository }, name);
  refusal?.seen();
  const message = refusal?.sentence ?? "nothing is here";
  const body = JSON.stringify({ errors: [{ code: refusal === null ? "MANIFEST_UNKNOWN" : "DENIED", message }] });
  response.writeHead(refusal === null ? 404 : 403, message, json).end(request.method === "HEAD" ? undefined : body);
}

/** `upstream` is that of requests that name none. */
export async function startRefuser(armory: Armory, upstream: string): Promise<Refuser> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    answer(request, response, armory, upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
