import { Tofu3Error } from "../../src/errors.ts";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Digest } from "../../src/oci/digest.ts";
import { hexOf } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { Secret } from "../../src/secret.ts";
import { createLocalLink } from "../../src/local/engine.ts";
import type { Transport } from "../../src/http/transport.ts";
import { readTags } from "../../src/worker/walk/tags.ts";
import { imageFor, jobOf, LIMITS, look, thing, vantageOf, type Thing } from "./fixtures.ts";

const big = "tofu".repeat(50_000);
const image = imageFor("linux/amd64", big, "small", "");
const [layer] = image.layers;
const things = new Map<string, Thing>(image.all.map((each) => [each.digest, each]));
const seen: {
  port: number;
  url: string;
  authorization: string | undefined;
  range: string | undefined;
  encoding: string | undefined;
}[] = [];
const servers: Server[] = [];
let registry = 0;
let tokens = 0;
let storage = 0;
let folder = "";
let cuts = 0;

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer((request, response) => {
    const { authorization, range, "accept-encoding": encoding } = request.headers;
    const { port } = server.address() as AddressInfo;
    seen.push({ port, url: request.url ?? "", authorization, range, encoding: String(encoding) });
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string | Buffer): void {
  response.writeHead(status, { "content-length": String(Buffer.byteLength(body)), ...headers }).end(body);
}

function answerRegistry(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? "";
  if (request.headers.authorization !== "Bearer t0k3n") {
    send(
      response,
      401,
      { "www-authenticate": `Bearer realm="http://localhost:${tokens}/token",service="lab"` },
      '{"errors":[]}',
    );
    return;
  }
  if (url.startsWith("/v2/a/b/tags/list")) {
    const last = url.includes("last=");
    send(
      response,
      200,
      last ? {} : { link: '</v2/a/b/tags/list?last=1&n=0>; rel="next"' },
      JSON.stringify({ tags: [last ? "2" : "1"] }),
    );
    return;
  }
  const found = things.get(url.endsWith("/manifests/1") ? image.manifest.digest : (url.split("/").at(-1) ?? ""));
  if (found === undefined) {
    send(response, 404, {}, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such"}]}');
    return;
  }
  if (url.includes("/manifests/")) {
    send(response, 200, { "content-type": found.mediaType }, found.bytes);
    return;
  }
  send(
    response,
    307,
    { location: `http://127.0.0.1:${storage}/${found.digest}?sig=secret` },
    '<a href="elsewhere">Temporary Redirect</a>',
  );
}

function answerStorage(request: IncomingMessage, response: ServerResponse): void {
  const found = things.get((request.url ?? "").slice(1).replace(/\?.*/, ""));
  if (found === undefined) {
    send(response, 404, {}, "");
    return;
  }
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const headers = {
    etag: `"${found.digest}"`,
    "content-length": String(found.size - from),
    "content-range": `bytes ${from}-${found.size - 1}/${found.size}`,
  };
  response.writeHead(from > 0 ? 206 : 200, headers);
  if (found.digest !== layer?.digest || cuts === 0) return void response.end(found.bytes.subarray(from));
  cuts -= 1;
  response.write(found.bytes.subarray(from, from + 60_000), () => setTimeout(() => request.socket.destroy(), 20));
}

function local(): Transport {
  return createLocalLink({ limits: LIMITS, proxy: null, userAgent: "test" }).begin("");
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tofu3-worker-"));
  registry = await listen(answerRegistry);
  storage = await listen(answerStorage);
  tokens = await listen((request, response) => {
    const basic = request.headers.authorization;
    if (basic !== undefined && basic !== `Basic ${Buffer.from("me:pw").toString("base64")}`) {
      send(response, 401, {}, '{"details":"wrong"}');
      return;
    }
    send(response, 200, {}, '{"token":"t0k3n"}');
  });
});

afterAll(async () => {
  for (const server of servers) server.closeAllConnections();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  await rm(folder, { recursive: true, force: true });
});

test("token, redirects, a cut body gone on with, and every byte in its file", async () => {
  seen.length = 0;
  cuts = 2;
  const documents = new Map<Digest, Uint8Array>();
  const keep = {
    blob: (digest: Digest) => join(folder, hexOf(digest)),
    document: (digest: Digest, bytes: Uint8Array) => (documents.set(digest, bytes), Promise.resolve()),
  };
  const observation = await look(local(), {
    job: jobOf(`127.0.0.1:${registry}/a/b:1`),
    keep,
    vantage: { login: { username: "me", password: new Secret("pw") } },
  });
  expect(observation).toMatchObject({ outcome: "saw", error: null, digest: image.manifest.digest });
  expect(observation.evidence.retries.map((each) => each.resumedAt).filter((at) => at !== null && at > 0)).toHaveLength(
    2,
  );
  expect(observation.evidence.addresses).toEqual(["127.0.0.1"]);
  expect(Buffer.from(documents.get(image.manifest.digest) ?? []).equals(image.manifest.bytes)).toBe(true);
  for (const each of image.layers)
    expect(await readFile(join(folder, hexOf(each.digest)), "utf8")).toBe(each.bytes.toString());
  const stored = seen.filter((each) => each.port === storage);
  expect(stored.every((each) => each.authorization === undefined)).toBe(true);
  expect(seen.every((each) => each.encoding === "identity")).toBe(true);
  expect(seen.filter((each) => each.port === tokens)).toHaveLength(1);
  expect(stored.filter((each) => each.range !== undefined)).toHaveLength(2);
});

test("wrong bytes, however small, are seen", async () => {
  const small = image.layers[1];
  if (small === undefined) throw new Error("no layer");
  things.set(small.digest, { ...thing("", "smell"), digest: small.digest });
  const observation = await look(local(), { job: jobOf(`127.0.0.1:${registry}/a/b:1`) });
  things.set(small.digest, small);
  expect(observation).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
  expect(observation.objects.filter((each) => each.computed !== each.digest)).toMatchObject([
    { digest: small.digest, computed: thing("", "smell").digest },
  ]);
});

test.each([
  { what: "nothing there", reference: () => `127.0.0.1:${registry}/a/c:9`, code: "E_NOT_FOUND", outcome: "refused" },
  { what: "nobody there", reference: () => "127.0.0.1:1/a/b:1", code: "E_CONNECT", outcome: "failed" },
])("$what: $code", async ({ reference, code, outcome }) => {
  expect(await look(local(), { job: jobOf(reference(), {}, { retries: 1 }) })).toMatchObject({
    outcome,
    error: { code },
  });
});

test("tags, all pages", async () => {
  const signal = new AbortController().signal;
  expect(
    await readTags(vantageOf(local()), parseReference(`127.0.0.1:${registry}/a/b`), { limits: LIMITS }, signal),
  ).toEqual(["1", "2"]);
});

test("stopped in the middle of a blob, it ends at once", async () => {
  const hanging = await listen((request, response) => {
    const found = things.get((request.url ?? "").split("/").at(-1) ?? "") ?? image.manifest;
    if ((request.url ?? "").includes("/manifests/")) {
      send(response, 200, { "content-type": found.mediaType }, found.bytes);
      return;
    }
    response.writeHead(200, { "content-length": String(found.size) }).write(found.bytes.subarray(0, 1));
  });
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Tofu3Error("E_STOPPED", "enough")), 200);
  const began = Date.now();
  const observation = await look(local(), { job: jobOf(`127.0.0.1:${hanging}/a/b:1`), stop: stop.signal });
  expect(observation).toMatchObject({ outcome: "saw", digest: image.manifest.digest, error: { code: "E_STOPPED" } });
  expect(Date.now() - began).toBeLessThan(10_000);
});
