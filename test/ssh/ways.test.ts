import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../src/secret.ts";
import { parseProxy } from "../../src/http/proxy.ts";
import type { Trust } from "../../src/model/trust.ts";
import { makeFolder, runTool } from "../lab/processes.ts";
import { startSocksProxy } from "../lab/socks.ts";
import { startTinyproxy } from "../lab/tinyproxy.ts";
import { useLab } from "../lab/uselab.ts";
import { BODY, digestOf, sends, withLength } from "../http/bodies.ts";
import { createAuthority } from "../http/certificates.ts";
import { contentQueryFor, faultOf, never, queryFor, startRawServer, type RawServer } from "../http/rawserver.ts";
import { sshTransportTo, startVm, targetOf, type Vm, type OnlySshJob } from "./sshlab.ts";

const lab = useLab();
const authority = createAuthority();
const stranger = createAuthority();
const trust: Trust = { ca: authority.pem, clientCertificate: null };

let vm: Vm;
let plain: RawServer;
let tls: RawServer;
beforeAll(async () => {
  vm = await lab(startVm());
  const ok = sends(withLength(), BODY);
  plain = await startRawServer(ok);
  tls = await startRawServer(ok, authority.issue("DNS:registry.test,IP:127.0.0.1"));
});
afterAll(async () => {
  await plain.close();
  await tls.close();
  expect([vm.processesOf(), vm.leftovers()]).toEqual([[], []]);
});

/** Reads, measures small and measures large; the brief outcome of each. */
async function brief(transport: OnlySshJob, url: string, more: Parameters<typeof queryFor>[1] = {}): Promise<string[]> {
  const works = [
    transport.read(queryFor(url, more), never),
    transport.measure(contentQueryFor(url, { ...more, expectedBytes: BODY.length }), never),
    transport.measure(contentQueryFor(url, more), never),
  ];
  return (await Promise.allSettled(works)).map((each) => {
    if (each.status === "fulfilled") return String(each.value.status);
    const { code, stage } = each.reason as { code: string; stage: string };
    return `${code} ${stage}`;
  });
}
const thrice = (what: string): string[] => [what, what, what];

describe("TLS as the VM sees it", () => {
  let transport: OnlySshJob;
  beforeAll(() => void (transport = sshTransportTo(targetOf(vm))));
  afterAll(() => transport.close());

  test("an authority that is given", async () =>
    expect(await brief(transport, tls.url, { trust })).toEqual(thrice("200")));
  test("an authority that is not", async () => expect(await brief(transport, tls.url)).toEqual(thrice("E_TLS tls")));
  test("another authority", async () =>
    expect(await brief(transport, tls.url, { trust: { ca: stranger.pem, clientCertificate: null } })).toEqual(
      thrice("E_TLS tls"),
    ));
  test("several authorities at once, each for its own query", async () => {
    const trusts = [
      trust,
      null,
      { ca: stranger.pem, clientCertificate: null },
      { ca: `${stranger.pem}${authority.pem}`, clientCertificate: null },
    ];
    const outcomes = await Promise.all(
      [...trusts, ...trusts].map((each) => brief(transport, tls.url, { trust: each })),
    );
    const expected = ["200", "E_TLS tls", "E_TLS tls", "200"].map(thrice);
    expect(outcomes).toEqual([...expected, ...expected]);
  });
  test("a certificate for another name", async () => {
    const other = await startRawServer(sends(withLength(), BODY), authority.issue("DNS:other.test"));
    expect(await brief(transport, other.url, { trust })).toEqual(thrice("E_TLS tls"));
    await other.close();
  });
  test("TLS 1.1 is refused also where the VM's own library allows it", async () => {
    const folder = await makeFolder("lax");
    const lax = join(folder.path, "openssl.cnf");
    await writeFile(
      lax,
      "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n",
    );
    await writeFile(join(folder.path, "curl"), `#!/bin/sh\nOPENSSL_CONF=${lax} exec /usr/bin/curl "$@"\n`, {
      mode: 0o755,
    });
    const laxVm = await startVm({ env: { PATH: `${folder.path}:${process.env["PATH"] ?? ""}` } });
    const laxTransport = sshTransportTo(targetOf(laxVm));
    const versions = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    const old = await startRawServer(sends(withLength(), BODY), { ...authority.issue("IP:127.0.0.1"), ...versions });
    expect(await runTool(join(folder.path, "curl"), ["-sSk", "-o", "/dev/null", "-w", "%{http_code}", old.url])).toBe(
      "200",
    );
    expect(await brief(laxTransport, old.url, { trust })).toEqual(thrice("E_TLS tls"));
    expect(await brief(laxTransport, tls.url, { trust })).toEqual(thrice("200"));
    await laxTransport.close();
    await old.close();
    await laxVm.stop();
    await folder.remove();
  });
  test("an expired certificate", async () => {
    const old = await startRawServer(sends(withLength(), BODY), authority.issue("IP:127.0.0.1", -1));
    expect(await brief(transport, old.url, { trust })).toEqual(thrice("E_TLS tls"));
    await old.close();
  });
  test("no TLS where TLS is spoken, and the reverse", async () => {
    const blunt = createServer(
      (socket) => void socket.on("error", () => undefined).end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    await new Promise<void>((resolve) => blunt.listen(0, "127.0.0.1", resolve));
    const { port } = blunt.address() as AddressInfo;
    expect(await brief(transport, `https://127.0.0.1:${port}/`)).toEqual(thrice("E_TLS tls"));
    blunt.close();
    expect(new Set(await brief(transport, tls.url.replace("https:", "http:")))).not.toContain("200");
  });
  test("an authority that is garbage", async () =>
    expect(await brief(transport, tls.url, { trust: { ca: "x'; rm -rf /\n$(id)", clientCertificate: null } })).toEqual(
      thrice("E_TLS tls"),
    ));
  test("a client certificate stays here", async () => {
    const key = new Secret("-----BEGIN KEY-----");
    expect(
      await brief(transport, tls.url, { trust: { ca: authority.pem, clientCertificate: { certificate: "x", key } } }),
    ).toEqual(thrice("E_TLS tls"));
  });
  test("a name that there is not", async () =>
    expect(await brief(transport, "http://no-such-name.invalid/")).toEqual(thrice("E_DNS dns")));
  test("a port where nobody listens", async () =>
    expect(await brief(transport, "http://127.0.0.1:1/")).toEqual(thrice("E_CONNECT connect")));
});

describe("what the VM's own configuration says is not obeyed", () => {
  test("a .curlrc, a .netrc, proxies and authorities in the environment", async () => {
    const traps = {
      https_proxy: "http://127.0.0.1:1",
      http_proxy: "http://127.0.0.1:1",
      ALL_PROXY: "http://127.0.0.1:1",
    };
    const trapped = await lab(startVm({ env: traps }));
    await writeFile(
      join(trapped.home, ".curlrc"),
      'insecure\nproxy = "http://127.0.0.1:1"\nheader = "X-Evil: 1"\noutput = "/dev/null"\n',
    );
    await writeFile(join(trapped.home, ".netrc"), "machine 127.0.0.1 login evil password evil\n");
    const transport = sshTransportTo(targetOf(trapped));
    expect(await brief(transport, tls.url)).toEqual(thrice("E_TLS tls"));
    expect(await brief(transport, tls.url, { trust })).toEqual(thrice("200"));
    expect(await brief(transport, plain.url)).toEqual(thrice("200"));
    expect(plain.requests.at(-1)).not.toMatch(/evil|authorization/i);
    await transport.close();
  });
});

describe("addresses that are not public", () => {
  let transport: OnlySshJob;
  beforeAll(() => void (transport = sshTransportTo(targetOf(vm), { limits: { connectSeconds: 5 } })));
  afterAll(() => transport.close());

  test.each([
    "127.0.0.1",
    "127.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "localhost",
    "x.localhost",
    "2130706433",
    "0x7f000001",
    "0",
    "10.0.0.1",
    "169.254.169.254",
    "[fe80::1]",
    "[::]",
  ])("%s is not asked for", async (host) => {
    const before = plain.counts.accepted;
    expect(await brief(transport, `http://${host}:${plain.port}/v2/`, { publicOnly: true })).toEqual(
      thrice("E_ADDRESS connect"),
    );
    expect(plain.counts.accepted).toBe(before);
  });

  const root = process.getuid?.() === 0;
  test.skipIf(!root)("a name that leads there: what it answers does not count", async () => {
    const folder = await makeFolder("hosts");
    await writeFile(join(folder.path, "hosts"), "127.0.0.1 public.example.net\n");
    const misled = await lab(
      startVm({
        prefix: ["unshare", "-m", "sh", "-c", `mount --bind ${folder.path}/hosts /etc/hosts && exec "$@"`, "sh"],
      }),
    );
    const other = sshTransportTo(targetOf(misled));
    const url = `http://public.example.net:${plain.port}/v2/`;
    expect(await brief(other, url, { publicOnly: true })).toEqual(thrice("E_ADDRESS connect"));
    expect(await brief(other, url)).toEqual(thrice("200"));
    await other.close();
    await folder.remove();
  });
});

describe("proxies of the VM's curl", () => {
  const through = (proxy: string): OnlySshJob => sshTransportTo(targetOf(vm), { proxy: parseProxy(proxy) });

  test("an HTTP proxy, for http and https", async () => {
    const proxy = await lab(startTinyproxy());
    const transport = through(proxy.url);
    expect(await brief(transport, tls.url, { trust })).toEqual(thrice("200"));
    expect(await brief(transport, plain.url)).toEqual(thrice("200"));
    const page = await transport.read(queryFor(tls.url, { trust }), never);
    expect(page).toMatchObject({ address: null, headers: [["content-length", String(BODY.length)]] });
    expect(proxy.requests().some((request) => request.startsWith(`CONNECT 127.0.0.1:${tls.port}`))).toBe(true);
    expect(proxy.requests().some((request) => request.startsWith("GET http://127.0.0.1"))).toBe(true);
    await transport.close();
  });

  test("with a password, right and wrong", async () => {
    const proxy = await lab(startTinyproxy({ auth: { user: "tofu", password: "s3cret" } }));
    const right = through(proxy.url);
    expect([await brief(right, tls.url, { trust }), await brief(right, plain.url)]).toEqual([
      thrice("200"),
      thrice("200"),
    ]);
    await right.close();
    const wrong = through(proxy.url.replace("s3cret", "wrong"));
    // to a request that is not for a tunnel tinyproxy says 401, as if it were the origin
    expect([await brief(wrong, tls.url, { trust }), await brief(wrong, plain.url)]).toEqual([
      thrice("E_PROXY connect"),
      thrice("401"),
    ]);
    await wrong.close();
  });

  test("that is not there, or has no name", async () => {
    for (const [proxy, fault] of [
      ["http://127.0.0.1:1", "E_PROXY connect"],
      ["socks5h://127.0.0.1:1", "E_PROXY connect"],
      ["http://no-such-name.invalid:1", "E_PROXY dns"],
    ] as const) {
      const transport = through(proxy);
      expect([await brief(transport, tls.url, { trust }), await brief(transport, plain.url)]).toEqual([
        thrice(fault),
        thrice(fault),
      ]);
      await transport.close();
    }
  });

  test("that refuses, or answers nonsense", async () => {
    const asking = await startRawServer(
      sends("HTTP/1.1 407 X\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
    );
    const poor = through(`http://127.0.0.1:${asking.port}`);
    expect([await brief(poor, tls.url, { trust }), await brief(poor, plain.url)]).toEqual([
      thrice("E_PROXY connect"),
      thrice("E_PROXY connect"),
    ]);
    await poor.close();
    await asking.close();
    for (const answer of [
      "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n",
    ]) {
      const refusing = await startRawServer(sends(answer));
      const transport = through(`http://127.0.0.1:${refusing.port}`);
      expect(await brief(transport, tls.url, { trust })).toEqual(thrice("E_PROXY connect"));
      await transport.close();
      await refusing.close();
    }
  });

  test("SOCKS 5 that resolves names itself, as Tor does", async () => {
    const proxy = await startSocksProxy({ hosts: { "registry.test": "127.0.0.1" } });
    const transport = through(`socks5h://127.0.0.1:${proxy.port}`);
    const url = tls.url.replace("127.0.0.1", "registry.test");
    expect(await brief(transport, url, { trust })).toEqual(thrice("200"));
    expect(await brief(transport, url, { trust, publicOnly: true })).toEqual(thrice("200"));
    expect(new Set(proxy.asked)).toEqual(new Set([`name registry.test:${tls.port}`]));
    expect(await brief(transport, "http://unknown.test/")).toEqual(thrice("E_PROXY connect"));
    await transport.close();
    await proxy.close();
  });

  test("SOCKS 5 with a password", async () => {
    const proxy = await startSocksProxy({ credentials: { username: "tofu", password: "s3c:ret" } });
    const right = through(`socks5://tofu:s3c%3Aret@127.0.0.1:${proxy.port}`);
    expect(await brief(right, plain.url)).toEqual(thrice("200"));
    await right.close();
    const wrong = through(`socks5://tofu:wrong@127.0.0.1:${proxy.port}`);
    expect(await brief(wrong, plain.url)).toEqual(thrice("E_PROXY connect"));
    await wrong.close();
    await proxy.close();
  });
});

test("a form is posted, with its headers, by read", async () => {
  const transport = sshTransportTo(targetOf(vm));
  const form = new Secret(`grant_type=refresh_token&refresh_token=${"x".repeat(3000)}`);
  const query = queryFor(plain.url, { form, headers: [["Content-Type", "application/x-www-form-urlencoded"]] });
  const [page, got] = await Promise.all([transport.read(query, never), transport.read(queryFor(plain.url), never)]);
  expect([page.status, got.status]).toEqual([200, 200]);
  const posted = plain.requests.find((request) => request.startsWith("POST"));
  expect(posted).toContain(form.reveal());
  expect(posted).toMatch(/^content-type: application\/x-www-form-urlencoded\r$/im);
  expect(await faultOf(transport.read({ ...query, form: new Secret("a\nb") }, never))).toMatchObject({
    code: "E_FRAMING",
  });
  await transport.close();
});

test("a digest is of what the VM received, not of what others did", async () => {
  const other = await startRawServer(sends(withLength(3), "abc"));
  const transport = sshTransportTo(targetOf(vm));
  expect((await transport.measure(contentQueryFor(other.url, { expectedBytes: 3 }), never)).digest).toBe(
    digestOf(Buffer.from("abc")),
  );
  await transport.close();
  await other.close();
});
