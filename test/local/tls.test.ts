import { createServer, type AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Secret } from "../../src/secret.ts";
import type { Trust } from "../../src/model/trust.ts";
import { createAuthority, opensslSays } from "../http/certificates.ts";
import {
  contentQueryFor,
  faultOf,
  never,
  queryFor,
  startRawServer,
  transportWith,
  until,
  type Say,
} from "../http/rawserver.ts";

const authority = createAuthority();
const other = createAuthority();
const good = authority.issue("DNS:registry.test,IP:127.0.0.1");
const trust: Trust = { ca: authority.pem, clientCertificate: null };
const lookup = () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
const ok: Say = (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const end of ended.splice(0)) await end();
});

async function serve(
  tls: Parameters<typeof startRawServer>[1],
  say: Say = ok,
): Promise<{ url: string; port: number; requests: string[]; counts: { open: number } }> {
  const server = await startRawServer(say, tls);
  ended.push(() => server.close());
  return { ...server, url: `${tls === null ? "http" : "https"}://registry.test:${server.port}/` };
}

function transporting(options: Parameters<typeof transportWith>[0] = {}): ReturnType<typeof transportWith> {
  const transport = transportWith({ lookup, limits: { connectSeconds: 20, idleSeconds: 20 }, ...options });
  ended.push(() => transport.close());
  return transport;
}

describe("a certificate", () => {
  test.each([
    { what: "by name", host: "registry.test" },
    { what: "by name with a dot", host: "registry.test." },
    { what: "by address", host: "127.0.0.1" },
  ])("of the registry's own authority is good $what", async ({ host }) => {
    const { port, requests } = await serve(good);
    const page = await transporting().read(queryFor(`https://${host}:${port}/`, { trust }), never);
    expect([page.status, page.address, requests.length]).toEqual([200, "127.0.0.1", 1]);
  });

  test("is noted as openssl reads it, with the version of TLS, for every answer on the connection", async () => {
    const say: Say = (socket, _request, index) =>
      void socket.write(`HTTP/1.${index === 2 ? 0 : 1} 200 OK\r\nContent-Length: 2\r\n\r\nok`);
    const { url, counts } = await serve(good, say);
    const transport = transporting();
    const pages = [];
    for (let count = 0; count < 3; count++) pages.push(await transport.read(queryFor(url, { trust }), never));
    const certificate = { version: "TLSv1.3", ...opensslSays(good.cert) };
    expect(pages.map((page) => page.certificate)).toEqual([certificate, certificate, certificate]);
    expect(pages.map(({ httpVersion }) => httpVersion)).toEqual(["1.1", "1.1", "1.0"]);
    expect(counts.open).toBeLessThanOrEqual(1);
    const old = await serve({ ...good, maxVersion: "TLSv1.2" });
    expect((await transport.read(queryFor(old.url, { trust }), never)).certificate?.version).toBe("TLSv1.2");
  });

  test("is none without TLS", async () => {
    const { url } = await serve(null, (socket) =>
      socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    );
    expect(await transporting().read(queryFor(url), never)).toMatchObject({ certificate: null, httpVersion: "1.1" });
  });

  test("of an authority that this machine trusts is good where the registry names none", async () => {
    const { url } = await serve(good);
    const page = await transporting({ authorities: () => authority.pem }).read(queryFor(url), never);
    expect(page.status).toBe(200);
    const client = { certificate: good.cert, key: new Secret(good.key) };
    const query = queryFor(url, { trust: { ca: null, clientCertificate: client } });
    expect((await transporting({ authorities: () => authority.pem }).read(query, never)).status).toBe(200);
  });

  const rows = [
    {
      what: "that has expired",
      tls: authority.issue("DNS:registry.test", -1),
      says: /" has expired \(\d{4}-\d\d-\d\d\)$/,
      hint: "clock",
    },
    {
      what: "for another name",
      tls: authority.issue("DNS:evil.test,DNS:*.evil.test"),
      says: /^the certificate of "registry\.test:\d+" is for another name: evil\.test, \*\.evil\.test$/,
      hint: "another name",
    },
    {
      what: "for another address",
      tls: authority.issue("IP:127.0.0.9"),
      says: "is for another name: 127.0.0.9",
      hint: "another name",
    },
    {
      what: "of another authority",
      tls: other.issue("DNS:registry.test"),
      says: "is signed by an authority that is not in its caFile (CN=",
      hint: "compare the caFile",
    },
    {
      what: "signed with SHA-1",
      tls: { ...authority.issue("DNS:registry.test", 30, "sha1"), ciphers: "DEFAULT@SECLEVEL=0" },
      says: "no TLS connection",
      hint: "another machine",
    },
  ];
  test.each(rows)("$what is E_TLS, whatever the environment says", async ({ tls, says, hint }) => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    vi.stubEnv("NODE_EXTRA_CA_CERTS", "/etc/passwd");
    const { url, requests, counts } = await serve(tls);
    const transport = transporting();
    for (const work of [
      transport.read(queryFor(url, { trust }), never),
      transport.measure(contentQueryFor(url, { trust }), never),
    ]) {
      const fault = await faultOf(work);
      expect(fault).toMatchObject({ name: "Tofu3Error", code: "E_TLS", stage: "tls" });
      expect(fault.message).toMatch(says);
      expect(fault.hint).toContain(hint);
      // an authority of one's own cures none of these
      expect(fault.hint).not.toContain("caFile: ");
    }
    expect(requests).toEqual([]);
    await until(() => counts.open === 0);
  });

  test("of a trusted authority is not good where the registry names another one", async () => {
    const { url } = await serve(good);
    const narrow = queryFor(url, { trust: { ca: other.pem, clientCertificate: null } });
    const transport = transporting({ authorities: () => authority.pem });
    expect((await transport.read(queryFor(url), never)).status).toBe(200);
    expect((await faultOf(transport.read(narrow, never))).code).toBe("E_TLS");
  });

  test("of an unknown authority is refused by the system's authorities", async () => {
    const { url } = await serve(good);
    const fault = await faultOf(transporting().read(queryFor(url), never));
    expect([fault.code, fault.hint]).toEqual(["E_TLS", expect.stringContaining("{ caFile: ./ca.pem } }")]);
    expect(fault.message).toMatch(/is signed by an authority that this worker does not know \(CN=.*\)$/);
  });

  test("that is self-signed says so", async () => {
    const { url } = await serve({ cert: other.pem, key: other.key });
    expect((await faultOf(transporting().read(queryFor(url), never))).message).toContain("self-signed");
  });
});

describe("a client certificate", () => {
  const mutual = { ...good, ca: authority.pem, requestCert: true, rejectUnauthorized: true };
  const client = authority.issue("DNS:client.test");
  test("is shown to the registry that asks for it", async () => {
    const { url } = await serve(mutual);
    const query = queryFor(url, {
      trust: { ca: authority.pem, clientCertificate: { certificate: client.cert, key: new Secret(client.key) } },
    });
    expect((await transporting().read(query, never)).status).toBe(200);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)("that is missing is E_TLS with %s", async (version) => {
    const { url } = await serve({ ...mutual, minVersion: version, maxVersion: version });
    const fault = await faultOf(transporting().read(queryFor(url, { trust }), never));
    expect([fault.code, fault.stage]).toEqual(["E_TLS", "tls"]);
    expect(`${fault.message} ${fault.hint ?? ""}`).toContain("client certificate");
  });

  test("that cannot be read is E_TLS, and its key is not told", async () => {
    const { url } = await serve(good);
    const key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0IGtleQ==\n-----END PRIVATE KEY-----";
    const query = queryFor(url, {
      trust: { ca: authority.pem, clientCertificate: { certificate: client.cert, key: new Secret(key) } },
    });
    const fault = await faultOf(transporting().read(query, never));
    expect([fault.code, fault.stage]).toEqual(["E_TLS", "tls"]);
    expect(inspect(fault, { depth: 9 })).not.toContain("c2VjcmV0");
  });
});

describe("a handshake", () => {
  test("with a server that has no TLS says so", async () => {
    const plain = createServer(
      (socket) =>
        void socket
          .on("error", () => undefined)
          .resume()
          .end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    ended.push(() => new Promise((resolve) => plain.close(resolve)));
    const { port } = plain.address() as AddressInfo;
    const fault = await faultOf(transporting().read(queryFor(`https://registry.test:${port}/`, { trust }), never));
    expect([fault.code, fault.stage]).toEqual(["E_TLS", "tls"]);
    expect(fault.hint).toContain(`registries: { "registry.test:${port}": { plainHttp: true } }`);
  });

  test.each([
    { what: "TLS 1.0", maxVersion: "TLSv1" },
    { what: "TLS 1.1", maxVersion: "TLSv1.1" },
  ] as const)("with a server of $what only is refused", async ({ maxVersion }) => {
    const { url, requests } = await serve({ ...good, minVersion: "TLSv1", maxVersion, ciphers: "DEFAULT@SECLEVEL=0" });
    const fault = await faultOf(transporting().read(queryFor(url, { trust }), never));
    expect([fault.code, fault.stage]).toEqual(["E_TLS", "tls"]);
    expect(fault.message).toContain("no longer safe");
    expect(requests).toEqual([]);
  });

  test("offers HTTP/1.1 only", async () => {
    const offered: string[][] = [];
    const { url } = await serve({
      ...good,
      ALPNCallback: ({ protocols }) => {
        offered.push([...protocols]);
        return protocols[0];
      },
    });
    expect((await transporting().read(queryFor(url, { trust }), never)).status).toBe(200);
    expect(offered).toEqual([["http/1.1"]]);
  });

  test("sends the name of the registry, and none for an address", async () => {
    const names: string[] = [];
    const { port } = await serve({
      ...good,
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    });
    await transporting().read(queryFor(`https://registry.test.:${port}/`, { trust }), never);
    await transporting().read(queryFor(`https://127.0.0.1:${port}/`, { trust }), never);
    expect(names).toEqual(["registry.test"]);
  });
});

test("a body over TLS that is cut is a cut", async () => {
  const { url } = await serve(good, (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
  const content = await transporting().measure(contentQueryFor(url, { trust }), never);
  expect(content).toMatchObject({ size: 4, digest: null, cut: { code: "E_CUT", stage: "body" } });
});

test("connections of one trust are not used under another", async () => {
  const { url, counts } = await serve(good);
  const transport = transporting();
  expect((await transport.read(queryFor(url, { trust }), never)).status).toBe(200);
  expect((await transport.read(queryFor(url, { trust: { ...trust } }), never)).status).toBe(200);
  expect(counts.open).toBe(1);
  expect((await faultOf(transport.read(queryFor(url), never))).code).toBe("E_TLS");
});
