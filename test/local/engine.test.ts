import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Secret } from "../../src/secret.ts";
import { machineIdentity } from "../../src/local/machine.ts";
import {
  contentQueryFor,
  faultOf,
  never,
  queryFor,
  startRawServer,
  transportWith,
  until,
  type RawServer,
  type Say,
} from "../http/rawserver.ts";

const ok: Say = (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

async function start(say: Say, host?: string): Promise<RawServer> {
  const server = await startRawServer(say, null, host);
  ended.push(() => server.close());
  return server;
}

function transporting(options: Parameters<typeof transportWith>[0] = {}): ReturnType<typeof transportWith> {
  const transport = transportWith(options);
  ended.push(() => transport.close());
  return transport;
}

describe("what it is made of", () => {
  test("undici as it is installed, node:crypto, and this machine", async () => {
    const about = JSON.parse(readFileSync("node_modules/undici/package.json", "utf8")) as { version: string };
    const identity = await transporting().open(never);
    expect(identity.tools).toEqual([`undici ${about.version}`, "node:crypto"]);
    expect(identity).toEqual(await transporting().open(never));
  });

  test("the identity of a machine is the hash that the remote script makes", () => {
    const id = "0123456789abcdef0123456789abcdef";
    const expected = createHash("sha256").update("tofu3 machine\n").update(id).digest("hex");
    expect(machineIdentity(`${id}\n`)).toBe(expected);
    expect(machineIdentity(id)).toBe(expected);
    for (const none of [" \n", "uninitialized\n", "00000000-0000-0000-0000-000000000000"])
      expect(machineIdentity(none)).toBeNull();
    expect(expected).not.toContain(id);
  });
});

describe("a request", () => {
  test("asks for identity encoding, names the program, and reveals secrets to the server only", async () => {
    const server = await start(ok);
    const headers = [
      ["Accept", "a/b"],
      ["Accept", "c/d"],
      ["Authorization", new Secret("Bearer s3cret")],
    ] as const;
    const transport = transporting();
    await transport.read(queryFor(`${server.url}x%2Fy?a=b&c=%20`, { headers }), never);
    expect(server.requests[0]?.split("\r\n")).toEqual([
      "GET /v2/x%2Fy?a=b&c=%20 HTTP/1.1",
      `host: 127.0.0.1:${server.port}`,
      "connection: keep-alive",
      "Accept: a/b",
      "Accept: c/d",
      "Authorization: Bearer s3cret",
      "accept-encoding: identity",
      "user-agent: tofu3/test",
      "",
      "",
    ]);
  });

  test("with a form is a POST", async () => {
    const server = await start(ok);
    const headers = [["content-type", "application/x-www-form-urlencoded"]] as const;
    await transporting().read(queryFor(server.url, { headers, form: new Secret("a=b&c=d") }), never);
    expect(server.requests[0]).toMatch(/^POST \/v2\/ HTTP\/1.1\r\n/);
    expect(server.requests[0]).toMatch(/\r\ncontent-length: 7\r\n\r\na=b&c=d$/);
  });

  test.each(["a\r\nX-Injected: 1", "a\u0000b", "\u20ac"])(
    "with a header value %j is never sent, and the value is not told",
    async (value) => {
      const server = await start(ok);
      const fault = await faultOf(
        transporting().read(queryFor(server.url, { headers: [["authorization", new Secret(value)]] }), never),
      );
      expect(fault.code).toBe("E_BUG");
      expect(inspect(fault, { depth: 9 })).not.toContain("Injected");
      expect(server.requests).toEqual([]);
    },
  );

  test("does not follow a redirect", async () => {
    const server = await start(
      (socket) => void socket.write("HTTP/1.1 307 X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
    );
    expect((await transporting().read(queryFor(server.url), never)).status).toBe(307);
    expect(server.requests.length).toBe(1);
  });

  test("goes to an IPv6 address", async () => {
    const server = await start(ok, "::1");
    expect((await transporting().read(queryFor(server.url), never)).address).toBe("::1");
    expect(server.requests[0]).toContain(`host: [::1]:${server.port}\r\n`);
  });

  test("goes around the proxies of the environment", async () => {
    for (const name of ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
      vi.stubEnv(name, "http://127.0.0.1:1");
    const server = await start(ok);
    expect((await transporting().read(queryFor(server.url), never)).status).toBe(200);
    vi.unstubAllEnvs();
  });
});

describe("connections", () => {
  test("are kept and shared: never more than the lanes, for each origin", async () => {
    const server = await start((socket, _, index) => void setTimeout(() => ok(socket, "", index), 5));
    const transport = transporting({ lanes: 3 });
    await Promise.all(Array.from({ length: 40 }, () => transport.read(queryFor(server.url), never)));
    expect(server.counts).toMatchObject({ accepted: 3, mostOpen: 3 });
    await transport.read(queryFor(server.url), never);
    expect(server.counts.accepted).toBe(3);
  });

  test("are used again by what is asked for one after the other", async () => {
    const server = await start(ok);
    const transport = transporting();
    for (let round = 0; round < 20; round++) await transport.read(queryFor(server.url), never);
    for (let round = 0; round < 20; round++) await transport.measure(contentQueryFor(server.url), never);
    expect(server.counts.accepted).toBe(1);
  });

  test("that were cut are not used again, and nothing leaks from one answer into the next", async () => {
    const server = await start((socket, request, index) => {
      if (index % 2 === 0)
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad");
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
    });
    const transport = transporting({ lanes: 1 });
    for (const expected of ["ok", "no", "ok", "no"]) {
      expect(Buffer.from((await transport.read(queryFor(server.url), never)).body).toString()).toBe(expected);
    }
  });

  test("that are closed while idle are replaced without a fault", async () => {
    const server = await start((socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    const transport = transporting({ lanes: 1 });
    for (let round = 0; round < 3; round++) {
      expect((await transport.read(queryFor(server.url), never)).status).toBe(200);
      await until(() => server.counts.open === 0);
    }
  });

  test("that are refused: every one of many exchanges says so", async () => {
    const transport = transporting({ lanes: 4 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => transport.read(queryFor("http://127.0.0.1:1/"), never)),
    );
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: "E_CONNECT", stage: "connect" } });
  });
});

describe("before a connection", () => {
  const failing = (code: string) => () => Promise.reject(Object.assign(new Error(`getaddrinfo ${code}`), { code }));
  test.each([
    {
      what: "a name that does not exist",
      lookup: failing("ENOTFOUND"),
      code: "E_DNS",
      stage: "dns",
      says: "no such name",
    },
    { what: "a resolver that fails", lookup: failing("EAI_AGAIN"), code: "E_DNS", stage: "dns", says: "EAI_AGAIN" },
    {
      what: "a name without addresses",
      lookup: () => Promise.resolve([]),
      code: "E_DNS",
      stage: "dns",
      says: "no such name",
    },
    {
      what: "a resolver that is silent",
      lookup: () => new Promise<never>(() => undefined),
      code: "E_TIMEOUT",
      stage: "dns",
      says: "within 1 s",
    },
  ])("$what is $code", async ({ lookup, code, stage, says }) => {
    const transport = transporting({ lookup, limits: { connectSeconds: 1, idleSeconds: 1 } });
    const fault = await faultOf(transport.read(queryFor("http://registry.test/v2/"), never));
    expect(fault).toMatchObject({ code, stage, hint: expect.any(String) as string });
    expect(fault.message).toContain("registry.test");
    expect(fault.message).toContain(says);
  });

  test("a server that accepts and never shakes hands is E_TIMEOUT", async () => {
    const server = await start(() => undefined);
    const transport = transporting({ limits: { connectSeconds: 1, idleSeconds: 1 } });
    expect(await faultOf(transport.read(queryFor(server.url.replace("http", "https")), never))).toMatchObject({
      code: "E_TIMEOUT",
      stage: "tls",
    });
    await until(() => server.counts.open === 0);
  });

  test("the second address is tried when the first refuses", async () => {
    const server = await start(ok);
    const addresses = [
      { address: "127.0.0.2", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    const { address } = await transporting({ lookup: () => Promise.resolve(addresses) }).read(
      queryFor(`http://registry.test:${server.port}/`),
      never,
    );
    expect(address).toBe("127.0.0.1");
  });

  test("all addresses that refuse are one fault in words", async () => {
    const addresses = [
      { address: "127.0.0.2", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    const fault = await faultOf(
      transporting({ lookup: () => Promise.resolve(addresses) }).read(queryFor("http://registry.test:1/"), never),
    );
    expect([fault.code, fault.message]).toEqual(["E_CONNECT", "cannot connect to registry.test:1: connection refused"]);
  });
});

describe("public addresses only", () => {
  test.each([
    "127.0.0.1",
    "[::1]",
    "localhost",
    "x.localhost",
    "[::ffff:127.0.0.1]",
    "2130706433",
    "0x7f.1",
    "0.0.0.0",
    "[::]",
    "10.0.0.1",
    "169.254.169.254",
    "[fe80::1]",
  ])("http://%s is refused without a connection", async (host) => {
    const server = await start(ok);
    const lookup = vi.fn(() => Promise.resolve([{ address: "127.0.0.1", family: 4 }]));
    const fault = await faultOf(
      transporting({ lookup }).read(queryFor(`http://${host}:${server.port}/`, { publicOnly: true }), never),
    );
    expect(fault).toMatchObject({ code: "E_ADDRESS", stage: "connect" });
    expect([lookup.mock.calls.length, server.counts.accepted]).toEqual([0, 0]);
  });

  test.each([
    { what: "loopback", addresses: ["127.0.0.1"] },
    { what: "metadata", addresses: ["169.254.169.254"] },
    { what: "IPv6 loopback", addresses: ["::1"] },
    { what: "mapped loopback", addresses: ["::ffff:127.0.0.1"] },
    { what: "public and private at once", addresses: ["8.8.8.8", "10.0.0.1"] },
    { what: "private and public at once", addresses: ["10.0.0.1", "8.8.8.8"] },
  ])("a name that leads to $what is refused without a connection", async ({ addresses }) => {
    const server = await start(ok);
    const lookup = () =>
      Promise.resolve(addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
    const query = queryFor(`http://registry.test:${server.port}/`, { publicOnly: true });
    const transport = transporting({ lookup });
    expect(await faultOf(transport.read(query, never))).toMatchObject({ code: "E_ADDRESS", stage: "dns" });
    expect(await faultOf(transport.measure(contentQueryFor(query.url, { publicOnly: true }), never))).toMatchObject({
      code: "E_ADDRESS",
    });
    expect(server.counts.accepted).toBe(0);
  });

  test("a connection that was made without the rule is not used under it", async () => {
    const server = await start(ok);
    const lookup = vi.fn(() => Promise.resolve([{ address: "127.0.0.1", family: 4 }]));
    const transport = transporting({ lookup });
    const url = `http://registry.test:${server.port}/`;
    expect((await transport.read(queryFor(url), never)).status).toBe(200);
    expect((await faultOf(transport.read(queryFor(url, { publicOnly: true }), never))).code).toBe("E_ADDRESS");
    expect((await transport.read(queryFor(url), never)).status).toBe(200);
    expect(server.counts.accepted).toBe(1);
  });

  test("what was checked is what is connected to: a name is resolved once for a connection", async () => {
    const answers = [[{ address: "10.0.0.1", family: 4 }], [{ address: "8.8.8.8", family: 4 }]];
    const lookup = vi.fn(() => Promise.resolve(answers[lookup.mock.calls.length - 1] ?? []));
    expect(
      (await faultOf(transporting({ lookup }).read(queryFor("http://registry.test/", { publicOnly: true }), never)))
        .code,
    ).toBe("E_ADDRESS");
    expect(lookup).toHaveBeenCalledTimes(1);
  });
});

describe("an abort", () => {
  const reason = new Error("told to stop");
  const silent: Say = () => undefined;
  const halfway: Say = (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  const endless: Say = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n");
    const timer = setInterval(() => socket.writableLength < 1_000_000 && socket.write(Buffer.alloc(500_000)), 1);
    socket.once("close", () => clearInterval(timer));
  };
  test.each([
    { when: "while headers are waited for", say: silent, keep: false },
    { when: "in the middle of a body", say: halfway, keep: false },
    { when: "in the middle of a body that is kept", say: endless, keep: true },
    {
      when: "in an error body",
      say: ((socket) => void socket.write("HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nx")) satisfies Say,
      keep: false,
    },
  ])("$when is prompt, gives its own reason and closes the connection", async ({ say, keep }) => {
    const server = await start(say);
    const folder = await mkdtemp(join(tmpdir(), "tofu3-abort-"));
    const stop = new AbortController();
    const transport = transporting();
    const more = { keep: keep ? join(folder, "blob") : null, maxBytes: 10_000_000_000 };
    const work = [
      transport.measure(contentQueryFor(server.url, more), stop.signal),
      ...(keep ? [] : [transport.read(queryFor(server.url), stop.signal)]),
    ];
    const faults = Promise.all(work.map(faultOf));
    await until(() => server.requests.length === work.length);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const started = performance.now();
    stop.abort(reason);
    for (const fault of await faults) expect(fault).toBe(reason);
    expect(performance.now() - started).toBeLessThan(8000);
    await until(() => server.counts.open === 0);
    await rm(folder, { recursive: true });
  });

  test("before anything, while a name is resolved, and while a lane is waited for", async () => {
    const server = await start(silent);
    expect(await faultOf(transporting().read(queryFor(server.url), AbortSignal.abort(reason)))).toBe(reason);
    const stop = new AbortController();
    const resolving = faultOf(
      transporting({ lookup: () => new Promise<never>(() => undefined) }).read(
        queryFor("http://registry.test/"),
        stop.signal,
      ),
    );
    const narrow = transporting({ lanes: 1 });
    const first = faultOf(narrow.read(queryFor(server.url), never));
    const waiting = faultOf(narrow.read(queryFor(server.url), stop.signal));
    await until(() => server.requests.length === 1);
    stop.abort(reason);
    expect([await resolving, await waiting]).toEqual([reason, reason]);
    expect(server.requests.length).toBe(1);
    await narrow.close();
    expect((await first).code).toBe("E_STOPPED");
  });

  test("of one exchange leaves the others alone", async () => {
    const bytes = randomBytes(200_000);
    const server = await start(
      (socket) =>
        void socket.write(
          Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes]),
        ),
    );
    const transport = transporting({ lanes: 2 });
    const stop = new AbortController();
    const stopped = Array.from({ length: 10 }, () => faultOf(transport.read(queryFor(server.url), stop.signal)));
    const kept = Array.from({ length: 10 }, () => transport.read(queryFor(server.url), never));
    stop.abort(reason);
    expect(await Promise.all(stopped)).toEqual(stopped.map(() => reason));
    for (const page of await Promise.all(kept)) expect(Buffer.compare(page.body, bytes)).toBe(0);
  });
});

describe("close", () => {
  test("ends what is under way, refuses what comes later, and may be called again", async () => {
    const server = await start(() => undefined);
    const transport = transporting({ lookup: () => new Promise<never>(() => undefined) });
    const under = [
      faultOf(transport.read(queryFor(server.url), never)),
      faultOf(transport.read(queryFor("http://registry.test/"), never)),
    ];
    await until(() => server.requests.length === 1);
    await Promise.all([transport.close(), transport.close()]);
    for (const fault of await Promise.all(under)) expect(fault.code).toBe("E_STOPPED");
    expect((await faultOf(transport.read(queryFor(server.url), never))).code).toBe("E_STOPPED");
    expect((await faultOf(transport.measure(contentQueryFor(server.url), never))).code).toBe("E_STOPPED");
    await until(() => server.counts.open === 0);
    await transport.close();
  });

  test("of what was never used is nothing", () => expect(transportWith().close()).resolves.toBeUndefined());
});

test("no warning is given when one signal stands over many exchanges", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  const server = await start(ok);
  const transport = transporting();
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 100 }, () => transport.read(queryFor(server.url), signal)));
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("warning", note);
  expect(warnings).toEqual([]);
});
