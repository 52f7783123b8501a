import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { DEMO_REPOSITORY, DEMO_TAG, stockShelf, type Shelf } from "./content.ts";

export interface DemoRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The reference to verify. */
  readonly reference: string;
  /**
   * `http://127.0.0.1:PORT` of a proxy that substitutes other bytes: every digest fits, but others see something else.
   */
  readonly tamperedWay: string;
  stop(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Origin {
  readonly registry: string;
  readonly storage: string;
  readonly tokens: Set<string>;
}

const JSON_TYPE = { "content-type": "application/json" };

function refusal(status: number, code: string, message: string, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { ...JSON_TYPE, ...headers },
    body: Buffer.from(JSON.stringify({ errors: [{ code, message }] })),
  };
}

function json(value: unknown): Reply {
  return { status: 200, headers: JSON_TYPE, body: Buffer.from(JSON.stringify(value)) };
}

/** Anonymous, for one repository; like ghcr.io, refuses any other scope. */
function issueToken(url: URL, origin: Origin): Reply {
  if (url.searchParams.get("scope") !== `repository:${DEMO_REPOSITORY}:pull`) {
    return refusal(403, "DENIED", "requested access to the resource is denied");
  }
  const token = randomBytes(24).toString("base64");
  origin.tokens.add(token);
  return json({ token });
}

/** ghcr.io names this placeholder scope for every repository: a client must request the scope that it needs. */
function challenge(origin: Origin): Reply {
  const value = `Bearer realm="http://${origin.registry}/token",service="${origin.registry}",scope="repository:user/image:pull"`;
  return refusal(401, "UNAUTHORIZED", "authentication required", { "www-authenticate": value });
}

function manifest(name: string, accept: string, shelf: Shelf): Reply {
  const digest = name === DEMO_TAG ? shelf.root : name;
  const document = shelf.documents.get(digest);
  if (document === undefined) return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");
  if (!accept.includes(document.mediaType)) {
    return refusal(404, "MANIFEST_UNKNOWN", "OCI index found, but Accept header does not support OCI indexes");
  }
  return {
    status: 200,
    headers: { "content-type": document.mediaType, "docker-content-digest": digest, etag: `"${digest}"` },
    body: document.bytes,
  };
}

function fromRegistry(url: URL, request: IncomingMessage, shelf: Shelf, origin: Origin): Reply {
  if (url.pathname === "/token") return issueToken(url, origin);
  const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? [];
  if (token === undefined || !origin.tokens.has(token)) return challenge(origin);
  if (url.pathname === "/v2/") return json({});
  const prefix = `/v2/${DEMO_REPOSITORY}/`;
  const rest = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : "";
  const [, kind, name] = /^(manifests|blobs|tags)\/([^/]+)$/.exec(rest) ?? [];
  if (kind === "tags" && name === "list") return json({ name: DEMO_REPOSITORY, tags: [DEMO_TAG] });
  if (kind === "manifests" && name !== undefined) return manifest(name, request.headers.accept ?? "", shelf);
  if (kind !== "blobs" || name === undefined)
    return refusal(404, "NAME_UNKNOWN", "repository name not known to registry");
  if (!shelf.blobs.has(name)) return refusal(404, "BLOB_UNKNOWN", "blob unknown to registry");
  return {
    status: 307,
    headers: { location: `http://${origin.storage}/blobs/${name}?sig=demo` },
    body: Buffer.alloc(0),
  };
}

/** Blob storage behind a signed URL answers 400 to a request with a foreign Authorization header. */
function fromStorage(url: URL, request: IncomingMessage, shelf: Shelf): Reply {
  if (request.headers.authorization !== undefined)
    return refusal(400, "InvalidAuthenticationInfo", "only one way to authenticate is allowed");
  const body = shelf.blobs.get(url.pathname.slice("/blobs/".length));
  if (body === undefined || url.searchParams.get("sig") !== "demo")
    return refusal(404, "BlobNotFound", "the specified blob does not exist");
  return { status: 200, headers: { "content-type": "application/octet-stream", etag: '"0x8DBAF01"' }, body };
}

function send(response: ServerResponse, method: string | undefined, reply: Reply): void {
  response.writeHead(reply.status, { ...reply.headers, "content-length": reply.body.length });
  response.end(method === "HEAD" ? undefined : reply.body);
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/**
 * A loopback registry that behaves as ghcr.io does for Homebrew: a challenge with a placeholder scope, anonymous
 * tokens, blobs behind a redirect to another origin. A vantage sees genuine content directly, and forged content
 * through the proxy at `tamperedWay`.
 */
export async function startDemoRegistry(): Promise<DemoRegistry> {
  const genuine = stockShelf(false);
  const forged = stockShelf(true);
  const tampered: Shelf = {
    root: forged.root,
    documents: new Map([...genuine.documents, ...forged.documents]),
    blobs: new Map([...genuine.blobs, ...forged.blobs]),
  };
  const origin = { registry: "", storage: "", tokens: new Set<string>() };
  function answer(request: IncomingMessage, shelf: Shelf): Reply {
    // in absolute form (through the proxy) the request line names the host itself
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? origin.registry}`);
    if (request.method !== "GET" && request.method !== "HEAD") return refusal(405, "UNSUPPORTED", "only GET and HEAD");
    if (url.host === origin.storage) return fromStorage(url, request, shelf);
    if (url.host === origin.registry) return fromRegistry(url, request, shelf, origin);
    return refusal(502, "UNKNOWN", "nothing but the demo registry is here");
  }
  function serve(shelf: Shelf): Server {
    const server = createServer((request, response) => send(response, request.method, answer(request, shelf)));
    // a tunnel (CONNECT) ends here too: requests inside it are answered like direct ones
    return server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      server.emit("connection", socket);
    });
  }
  const registry = serve(genuine);
  const storage = serve(genuine);
  const proxy = serve(tampered);
  origin.registry = await listen(registry);
  origin.storage = await listen(storage);
  const tamperedWay = `http://${await listen(proxy)}`;
  return {
    host: origin.registry,
    reference: `${origin.registry}/${DEMO_REPOSITORY}:${DEMO_TAG}`,
    tamperedWay,
    async stop() {
      await Promise.all([registry, storage, proxy].map(close));
    },
  };
}
