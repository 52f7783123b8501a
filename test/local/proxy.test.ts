import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { nameOfProxy, parseProxy } from "../../src/http/proxy.ts";
import type { Trust } from "../../src/model/trust.ts";
import { startSocksProxy, type SocksProxy, type SocksRules } from "../lab/socks.ts";
import { createAuthority, type Certificate } from "../http/certificates.ts";
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

const authority = createAuthority();
const good = authority.issue("DNS:registry.test,IP:127.0.0.1");
const trust: Trust = { ca: authority.pem, clientCertificate: null };
const ok: Say = (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
const nowhere = () => Promise.reject(Object.assign(new Error("asked this machine"), { code: "ENOTFOUND" }));

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

function transporting(
  proxy: string,
  options: Parameters<typeof transportWith>[0] = {},
): ReturnType<typeof transportWith> {
  const transport = transportWith({
    proxy,
    lookup: nowhere,
    limits: { connectSeconds: 20, idleSeconds: 20 },
    ...options,
  });
  ended.push(() => transport.close());
  return transport;
}

async function serve(say: Say, tls: Certificate | null): Promise<RawServer> {
  const server = await startRawServer(say, tls);
  ended.push(() => server.close());
  return server;
}

async function socks(rules: SocksRules): Promise<SocksProxy> {
  const proxy = await startSocksProxy(rules);
  ended.push(() => proxy.close());
  return proxy;
}

interface HttpProxy {
  readonly port: number;
  /** Heads of the requests it got. */
  readonly asked: string[];
}

/** A proxy for CONNECT, to this machine whatever the name; `answer` instead of a tunnel. */
async function tunnel(answer: string | null = null, tls: Certificate | null = null): Promise<HttpProxy> {
  const say: Say = (socket, request) => {
    if (answer !== null) return void socket.end(answer);
    socket.removeAllListeners("data");
    const target = connect({ host: "127.0.0.1", port: Number(/^CONNECT \S+:(\d+) /.exec(request)?.[1]) });
    target.on("error", () => socket.destroy());
    socket.once("close", () => target.destroy());
    target.once("connect", () => {
      socket.write("HTTP/1.1 200 Connection established\r\nVia: lab\r\n\r\n");
      target.pipe(socket).pipe(target);
    });
  };
  const server = await serve(say, tls);
  return { port: server.port, asked: server.requests };
}

describe("a proxy is given as a URL", () => {
  test.each([
    { text: "http://proxy.corp:3128", name: "http://proxy.corp:3128" },
    { text: "https://Proxy.corp:443/", name: "https://proxy.corp:443" },
    { text: "socks5h://127.0.0.1:9050", name: "socks5h://127.0.0.1:9050" },
    { text: "socks5://[::1]:1080", name: "socks5://[::1]:1080" },
    {
      text: "socks5h://us%40er:p%3Aw@127.0.0.1:9050",
      name: "socks5h://127.0.0.1:9050",
      user: "us@er",
      password: "p:w",
    },
  ])("$text", ({ text, name, user, password }) => {
    const proxy = parseProxy(text);
    expect(nameOfProxy(proxy)).toBe(name);
    expect([proxy.credentials?.username, proxy.credentials?.password.reveal()]).toEqual([user, password]);
    expect(inspect(proxy, { depth: 9 })).not.toContain("p:w");
  });

  test.each([
    "",
    "proxy.corp",
    "proxy.corp:3128",
    "http://proxy.corp",
    "HTTP://proxy.corp:1",
    "http://proxy.corp:0",
    "http://[::1::2]:1",
    "ftp://s3cret@proxy:1",
    "socks4://s3cret:x@proxy:1",
    "http://u:s3cret@proxy:1/path",
    "http://proxy:1/?s3cret",
    "http://%zz:s3cret@proxy:1",
    "http://u:s3cret:x@proxy:1",
    `http://${"u".repeat(2048)}@proxy:1`,
    "socks5://u:%0as3cret@proxy:1",
  ])("%j is refused without being repeated", (text) => {
    const fault = (() => {
      try {
        return parseProxy(text);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(fault).toBeInstanceOf(Tofu3Error);
    expect(fault).toMatchObject({ code: "E_CONFIG" });
    expect(inspect(fault, { depth: 9 })).not.toContain("s3cret");
    expect(() => transportWith({ proxy: text })).toThrow(Tofu3Error);
  });
});

describe("an HTTP proxy", () => {
  test("tunnels https, and resolves the name", async () => {
    const server = await serve(ok, good);
    const proxy = await tunnel();
    const transport = transporting(`http://us%40er:s3cret@127.0.0.1:${proxy.port}`);
    const page = await transport.read(queryFor(`https://registry.test:${server.port}/v2/`, { trust }), never);
    expect([page.status, page.address]).toEqual([200, null]);
    const basic = Buffer.from("us@er:s3cret").toString("base64");
    expect(proxy.asked[0]?.toLowerCase()).toContain(
      `connect registry.test:${server.port} http/1.1\r\nhost: registry.test:${server.port}\r\n`,
    );
    expect(proxy.asked[0]).toContain(`proxy-authorization: Basic ${basic}\r\n`);
    expect(server.requests[0]).not.toContain(basic);
    await transport.read(queryFor(`https://registry.test:${server.port}/v2/`, { trust }), never);
    expect(proxy.asked.length).toBe(1);
  });

  test("does not weaken TLS", async () => {
    const server = await serve(ok, authority.issue("DNS:evil.test"));
    const proxy = await tunnel();
    const fault = await faultOf(
      transporting(`http://127.0.0.1:${proxy.port}`).read(
        queryFor(`https://registry.test:${server.port}/`, { trust }),
        never,
      ),
    );
    expect(fault).toMatchObject({ code: "E_TLS", stage: "tls" });
    expect(server.requests).toEqual([]);
  });

  test("gets http URLs whole, and the registry's own headers", async () => {
    const proxy = await serve(ok, null);
    const transport = transporting(`http://u:s3cret@127.0.0.1:${proxy.port}`);
    const page = await transport.read(
      queryFor("http://registry.test:5000/v2/x?y=z", { headers: [["accept", "a/b"]] }),
      never,
    );
    expect([page.status, page.address]).toEqual([200, null]);
    expect(proxy.requests[0]).toMatch(
      /^GET http:\/\/registry\.test:5000\/v2\/x\?y=z HTTP\/1\.1\r\nhost: registry\.test:5000\r\n/,
    );
    expect(proxy.requests[0]).toContain(`proxy-authorization: Basic ${Buffer.from("u:s3cret").toString("base64")}\r\n`);
  });

  test("over TLS serves both, and must itself be trusted", async () => {
    const server = await serve(ok, good);
    const proxy = await tunnel(null, authority.issue("IP:127.0.0.1"));
    const plain = await serve(ok, authority.issue("IP:127.0.0.1"));
    const authorities = () => authority.pem;
    const query = queryFor(`https://registry.test:${server.port}/`, { trust });
    expect((await transporting(`https://127.0.0.1:${proxy.port}`, { authorities }).read(query, never)).status).toBe(
      200,
    );
    expect(
      (
        await transporting(`https://127.0.0.1:${plain.port}`, { authorities }).read(
          queryFor("http://registry.test/"),
          never,
        )
      ).status,
    ).toBe(200);
    // the authority that is trusted for the registry only has no say about the proxy
    const fault = await faultOf(transporting(`https://127.0.0.1:${proxy.port}`).read(query, never));
    expect([fault.code, fault.stage, fault.message]).toEqual([
      "E_PROXY",
      "connect",
      expect.stringContaining("authority that this worker does not know"),
    ]);
  });

  test.each([
    {
      what: "asks for credentials",
      answer: "HTTP/1.1 407 X\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
      says: "asks for other credentials (407)",
    },
    { what: "forbids it", answer: "HTTP/1.1 403 X\r\nContent-Length: 6\r\n\r\nnot so", says: "403" },
    { what: "redirects", answer: "HTTP/1.1 302 X\r\nLocation: http://evil.test/\r\n\r\n", says: "302" },
    {
      what: "says more than its answer",
      answer: "HTTP/1.1 200 X\r\n\r\nHTTP/1.1 200 OK\r\n",
      says: "more than its answer",
    },
    { what: "closes", answer: "", says: "no answer that makes sense" },
    { what: "speaks something else", answer: "SSH-2.0-lab\r\n", says: "no answer that makes sense" },
    {
      what: "sends endless headers",
      answer: `HTTP/1.1 200 X\r\n${"A: b\r\n".repeat(10_000)}`,
      says: "no answer that makes sense",
    },
  ])("that $what is E_PROXY for https", async ({ answer, says }) => {
    const proxy = await tunnel(answer);
    const transport = transporting(`http://u:s3cret@127.0.0.1:${proxy.port}`);
    const fault = await faultOf(transport.read(queryFor("https://registry.test/", { trust }), never));
    expect(fault).toMatchObject({ code: "E_PROXY", stage: "connect", hint: expect.any(String) as string });
    expect(fault.message).toContain(says);
    expect(inspect(fault, { depth: 9 })).not.toMatch(
      new RegExp(`s3cret|${Buffer.from("u:s3cret").toString("base64")}`),
    );
  });

  test("that asks for credentials is E_PROXY for http; a 407 of a registry without proxy is an answer", async () => {
    const proxy = await serve((socket) => void socket.write("HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n"), null);
    const transport = transporting(`http://127.0.0.1:${proxy.port}`);
    expect(await faultOf(transport.read(queryFor("http://registry.test/"), never))).toMatchObject({
      code: "E_PROXY",
      stage: "connect",
    });
    expect(await faultOf(transport.measure(contentQueryFor("http://registry.test/"), never))).toMatchObject({
      code: "E_PROXY",
    });
    const direct = transportWith();
    ended.push(() => direct.close());
    expect((await direct.read(queryFor(proxy.url), never)).status).toBe(407);
  });

  test("that is silent is E_TIMEOUT, and its connection is given up", async () => {
    const proxy = await serve(() => undefined, null);
    const transport = transporting(`http://127.0.0.1:${proxy.port}`, { limits: { connectSeconds: 1, idleSeconds: 1 } });
    expect(await faultOf(transport.read(queryFor("https://registry.test/", { trust }), never))).toMatchObject({
      code: "E_TIMEOUT",
      stage: "connect",
    });
    await until(() => proxy.counts.open === 0);
  });
});

describe("a SOCKS5 proxy", () => {
  test("with remote resolution gets the name, and this machine is not asked", async () => {
    const server = await serve(ok, good);
    const proxy = await socks({ hosts: { "registry.test": "127.0.0.1" } });
    const transport = transporting(`socks5h://127.0.0.1:${proxy.port}`);
    const page = await transport.read(queryFor(`https://registry.test:${server.port}/`, { trust }), never);
    expect([page.status, page.address]).toEqual([200, null]);
    expect(proxy.asked).toEqual([`name registry.test:${server.port}`]);
  });

  test("without it gets the address that this machine found", async () => {
    const server = await serve(ok, null);
    const proxy = await socks({});
    const lookup = vi.fn(() => Promise.resolve([{ address: "127.0.0.1", family: 4 }]));
    const page = await transporting(`socks5://127.0.0.1:${proxy.port}`, { lookup }).read(
      queryFor(`http://registry.test:${server.port}/`),
      never,
    );
    expect([page.status, page.address]).toEqual([200, null]);
    expect(proxy.asked).toEqual([`address 127.0.0.1:${server.port}`]);
  });

  test.each(["socks5", "socks5h"])("gets addresses as addresses (%s)", async (scheme) => {
    const server = await startRawServer(ok, null, "::1");
    ended.push(() => server.close());
    const proxy = await socks({});
    expect((await transporting(`${scheme}://127.0.0.1:${proxy.port}`).read(queryFor(server.url), never)).status).toBe(
      200,
    );
    expect(proxy.asked).toEqual([`address ::1:${server.port}`]);
  });

  test.each([
    { what: "in one piece", dribbles: false },
    { what: "byte by byte", dribbles: true },
  ])("takes the credentials of the URL, answering $what", async ({ dribbles }) => {
    const server = await serve(ok, good);
    const proxy = await socks({
      credentials: { username: "us@er", password: "s3cret" },
      hosts: { "registry.test": "127.0.0.1" },
      dribbles,
    });
    const transport = transporting(`socks5h://us%40er:s3cret@127.0.0.1:${proxy.port}`);
    expect((await transport.read(queryFor(`https://registry.test:${server.port}/`, { trust }), never)).status).toBe(
      200,
    );
  });

  test("does not weaken TLS", async () => {
    const server = await serve(ok, authority.issue("DNS:evil.test"));
    const proxy = await socks({ hosts: { "registry.test": "127.0.0.1" } });
    const fault = await faultOf(
      transporting(`socks5h://127.0.0.1:${proxy.port}`).read(
        queryFor(`https://registry.test:${server.port}/`, { trust }),
        never,
      ),
    );
    expect(fault).toMatchObject({ code: "E_TLS", stage: "tls" });
    expect(server.requests).toEqual([]);
  });

  test("carries a large body whole, both over TLS and not", async () => {
    const bytes = randomBytes(8_000_000);
    const say: Say = (socket) =>
      void socket.write(
        Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes]),
      );
    const proxy = await socks({ hosts: { "registry.test": "127.0.0.1" } });
    const transport = transporting(`socks5h://127.0.0.1:${proxy.port}`);
    for (const tls of [good, null]) {
      const server = await serve(say, tls);
      const url = `${tls === null ? "http" : "https"}://registry.test:${server.port}/`;
      const { digest } = await transport.measure(contentQueryFor(url, { trust, maxBytes: bytes.length }), never);
      expect(digest).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
    }
  });

  test.each([
    {
      what: "wants credentials and gets none",
      rules: { credentials: { username: "u", password: "p" } },
      user: "",
      says: "asks for credentials",
    },
    {
      what: "wants other credentials",
      rules: { credentials: { username: "u", password: "p" } },
      user: "u:s3cret@",
      says: "does not accept the credentials",
    },
    { what: "does not know the name", rules: {}, user: "", says: "host unreachable" },
    { what: "is not allowed to", rules: { reply: 2 }, user: "", says: "not allowed by its rules" },
    { what: "is refused", rules: { hosts: { "registry.test": "127.0.0.1" } }, user: "", says: "connection refused" },
    { what: "replies something new", rules: { reply: 99 }, user: "", says: "reply 99" },
  ])("that $what is E_PROXY", async ({ rules, user, says }) => {
    const proxy = await socks(rules);
    const transport = transporting(`socks5h://${user}127.0.0.1:${proxy.port}`);
    const fault = await faultOf(transport.read(queryFor("http://registry.test:1/"), never));
    expect(fault).toMatchObject({ code: "E_PROXY", stage: "connect", hint: expect.any(String) as string });
    expect(fault.message).toContain(says);
    expect(inspect(fault, { depth: 9 })).not.toContain("s3cret");
    await until(() => proxy.counts.open === 0);
  });

  test.each([
    { what: "an HTTP server", answer: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), says: "does not speak SOCKS5" },
    { what: "closed at once", answer: null, says: "closed the connection" },
    { what: "SOCKS4", answer: Buffer.from([0, 0x5b, 0, 0, 0, 0, 0, 0]), says: "does not speak SOCKS5" },
    {
      what: "one with an address of an unknown kind",
      answer: Buffer.from([5, 0, 5, 0, 0, 9, 0, 0]),
      says: "does not speak SOCKS5",
    },
    {
      what: "one that says too much",
      answer: Buffer.from([5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0, 80, 72, 84]),
      says: "more than its answer",
    },
  ])("that is $what is E_PROXY", async ({ answer, says }) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined).resume();
      if (answer === null) socket.end();
      else socket.write(answer);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ended.push(() => new Promise((resolve) => server.close(resolve)));
    const fault = await faultOf(
      transporting(`socks5h://127.0.0.1:${(server.address() as AddressInfo).port}`).read(
        queryFor("http://registry.test/"),
        never,
      ),
    );
    expect([fault.code, fault.stage]).toEqual(["E_PROXY", "connect"]);
    expect(fault.message).toContain(says);
  });

  test("that is silent is E_TIMEOUT; an abort meanwhile is prompt", async () => {
    const silent = await serve(() => undefined, null);
    const transport = transporting(`socks5h://127.0.0.1:${silent.port}`, {
      limits: { connectSeconds: 1, idleSeconds: 1 },
    });
    const stop = new AbortController();
    const stopped = faultOf(transport.read(queryFor("http://other.test/"), stop.signal));
    const slow = faultOf(transport.read(queryFor("http://registry.test/"), never));
    const reason = new Error("told to stop");
    stop.abort(reason);
    expect(await stopped).toBe(reason);
    expect(await slow).toMatchObject({ code: "E_TIMEOUT", stage: "connect" });
    await until(() => silent.counts.open === 0);
  });

  test("gives no warning", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    const server = await serve(ok, null);
    const proxy = await socks({ hosts: { "registry.test": "127.0.0.1" } });
    await transporting(`socks5h://127.0.0.1:${proxy.port}`).read(
      queryFor(`http://registry.test:${server.port}/`),
      never,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });
});

test.each(["http", "https", "socks5", "socks5h"])("a proxy that is not there is E_PROXY (%s)", async (scheme) => {
  const lookup = () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
  const fault = await faultOf(
    transporting(`${scheme}://u:s3cret@127.0.0.1:1`, { lookup }).read(queryFor("https://registry.test/"), never),
  );
  expect(fault).toMatchObject({ code: "E_PROXY", stage: "connect" });
  expect(fault.message).toBe(`the proxy ${scheme}://127.0.0.1:1 cannot be used: connection refused`);
  expect(inspect(fault, { depth: 9 })).not.toContain("s3cret");
});

test("a proxy whose name does not exist is E_PROXY", async () => {
  const fault = await faultOf(
    transporting("socks5h://proxy.test:1080").read(queryFor("https://registry.test/"), never),
  );
  expect([fault.code, fault.stage, fault.message]).toEqual([
    "E_PROXY",
    "connect",
    expect.stringContaining("there is no such name"),
  ]);
});

describe("public addresses only, behind a proxy", () => {
  test.each(["127.0.0.1", "[::1]", "localhost", "10.0.0.1", "[::ffff:169.254.169.254]"])(
    "%s is refused before the proxy is asked",
    async (host) => {
      const proxy = await socks({});
      const fault = await faultOf(
        transporting(`socks5h://127.0.0.1:${proxy.port}`).read(
          queryFor(`http://${host}/`, { publicOnly: true }),
          never,
        ),
      );
      expect([fault.code, proxy.counts.accepted]).toEqual(["E_ADDRESS", 0]);
    },
  );

  test("a name that this machine resolves to a private address is refused before the proxy is asked", async () => {
    const proxy = await socks({});
    const lookup = () => Promise.resolve([{ address: "10.0.0.1", family: 4 }]);
    const transport = transporting(`socks5://127.0.0.1:${proxy.port}`, { lookup });
    const fault = await faultOf(transport.read(queryFor("http://registry.test/", { publicOnly: true }), never));
    expect([fault.code, fault.stage, proxy.counts.accepted]).toEqual(["E_ADDRESS", "dns", 0]);
  });

  test("the proxy itself may be on this machine", async () => {
    const proxy = await socks({ reply: 4 });
    const fault = await faultOf(
      transporting(`socks5h://127.0.0.1:${proxy.port}`).read(
        queryFor("http://registry.test/", { publicOnly: true }),
        never,
      ),
    );
    expect([fault.code, proxy.asked]).toEqual(["E_PROXY", ["name registry.test:80"]]);
  });
});
