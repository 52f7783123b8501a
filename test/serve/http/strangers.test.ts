import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { defaultServe } from "../../../src/config/serve.ts";
import { adminHandler, type Admin } from "../../../src/serve/http/admin.ts";
import { registryHandler } from "../../../src/serve/http/respond.ts";
import { listen, type Connections, type Handler } from "../../../src/serve/http/server.ts";
import { useLab } from "../../lab/uselab.ts";
import { ask, say } from "./door.ts";

const lab = useLab();
const DIGEST = `sha256:${"a".repeat(64)}`;
const SECRET = "docker.io/secret/name";
const basic = (text: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(text).toString("base64")}`,
});

/** What was looked up for somebody. */
let asked: string[] = [];

function serviceFor(isOpen: boolean): Admin {
  const looksUp = (what: string, found: unknown) => (): Promise<unknown> => {
    asked.push(what);
    return Promise.resolve(found);
  };
  const refused = { kind: "refused", why: "absent", sentence: "nobody has it", verdict: null, retryAfter: null };
  const tokens = [{ name: "ci", sha256: createHash("sha256").update("s3cret").digest("hex") }];
  return {
    gate: { rule: looksUp("rule", refused), tags: looksUp("tags", []), flights: () => [] },
    store: {
      holds: looksUp("holds", []),
      verdicts: looksUp("verdicts", []),
      verdict: looksUp("verdict", null),
      bytes: 0,
    },
    metrics: { render: looksUp("metrics", ""), contentType: "text/plain" },
    readiness: { reasons: () => Promise.resolve([SECRET]), workers: () => new Map() },
    meters: { request: () => undefined, bytes: () => undefined },
    config: { ...defaultServe(), auth: isOpen ? null : { tokens, clientCa: null } },
    log: () => undefined,
    connections: { open: new Set(), most: 9 },
    version: "test",
  } as unknown as Admin;
}

async function portOf(handler: Handler, { config }: Admin): Promise<number> {
  const connections: Connections = { open: new Set(), most: 9 };
  const place = { host: "127.0.0.1", port: 0, fd: null };
  const listening = await listen(place, handler, { tls: null, limits: config.limits, connections });
  const stop = (): Promise<void> => listening.close(AbortSignal.abort()).then(() => undefined);
  await lab(Promise.resolve({ stop }));
  return listening.port;
}

const registry = async (isOpen = false): Promise<number> => {
  const service = serviceFor(isOpen);
  return portOf(registryHandler(service, null), service);
};
const admin = async (isOpen = false): Promise<number> => {
  const service = serviceFor(isOpen);
  return portOf(adminHandler(service), service);
};

beforeEach(() => (asked = []));

const READS = [
  "/v2/",
  "/v2/docker.io/library/a/manifests/1",
  `/v2/docker.io/library/a/blobs/${DIGEST}`,
  "/v2/docker.io/library/a/tags/list",
];

describe("whom serve.auth does not name", () => {
  test.each([
    ["nothing", {}],
    ["a wrong token", basic("ci:secret")],
    ["another's name", basic("dev:s3cret")],
  ])("is told 401 and nothing else, and nobody is asked for it: %s", async (_, headers) => {
    const port = await registry();
    for (const path of READS) expect([path, (await ask(port, path, { headers })).status]).toEqual([path, 401]);
    expect(asked).toEqual([]);
  });

  test("is told by the admin listener only that it runs, and whether it is ready", async () => {
    const port = await admin();
    for (const path of ["/", "/metrics", "/verdicts/1", "/verdicts/1.json", "/nothing"])
      expect([path, (await ask(port, path)).status]).toEqual([path, 401]);
    expect((await ask(port, "/healthz")).status).toBe(200);
    const ready = await ask(port, "/readyz");
    expect([ready.status, ready.body.toString()]).toEqual([503, "not ready\n"]);
    expect(asked).toEqual([]);
  });
});

test("whom it names is answered, by both listeners", async () => {
  const headers = basic("ci:s3cret");
  const [port, page] = [await registry(), await admin()];
  for (const path of READS) expect((await ask(port, path, { headers })).status).not.toBe(401);
  expect(asked).toEqual(["rule", "rule", "tags"]);
  expect((await ask(page, "/metrics", { headers })).status).toBe(200);
  expect((await ask(page, "/readyz", { headers })).body.toString()).toContain(SECRET);
});

describe("a page of another site is told 403, and nobody is asked for it", () => {
  test.each<[string, (port: number) => string]>([
    ["by a name of its own", () => "Host: evil.example\r\n"],
    ["from its origin", (port) => `Host: 127.0.0.1:${port}\r\nOrigin: http://evil.example\r\n`],
    ["from another site", (port) => `Host: 127.0.0.1:${port}\r\nSec-Fetch-Site: cross-site\r\n`],
  ])("%s", async (_, fields) => {
    for (const [port, paths] of [
      [await registry(true), READS],
      [await admin(true), ["/", "/metrics", "/verdicts/1", "/healthz", "/readyz"]],
    ] as const)
      for (const path of paths) {
        const said = await say(port, `GET ${path} HTTP/1.1\r\n${fields(port)}Connection: close\r\n\r\n`);
        expect([path, said.slice(0, 12)]).toEqual([path, "HTTP/1.1 403"]);
      }
    expect(asked).toEqual([]);
  });
});
