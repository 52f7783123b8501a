import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../../src/errors.ts";
import { Secret } from "../../../src/secret.ts";
import type { Trust } from "../../../src/model/trust.ts";
import { queryFor } from "../../../src/worker/fetch/exchange.ts";
import { openNotebook } from "../../../src/worker/fetch/notebook.ts";
import type { Pass } from "../../../src/worker/fetch/pass.ts";
import { originOf } from "../../../src/worker/fetch/registry.ts";
import { createSession } from "../../../src/worker/fetch/session.ts";
import { fakeTransport, type FakeTransport, type Reply, type Routes } from "../faketransport.ts";
import { BASE, imageFor, jobOf, look, page, serve, vantageOf } from "../fixtures.ts";

const image = imageFor("linux/amd64", "layer");
const [layer] = image.layers;
if (layer === undefined) throw new Error("no layer");
const BLOB = `${BASE}/blobs/${layer.digest}`;
const CDN = "https://cdn.example/data?verify=signed-secret";
const body: Reply = { body: layer.bytes };
const BASIC: Reply = { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };

function redirected(location: string, more: Routes = {}, status = 307): FakeTransport {
  return fakeTransport({ ...serve(image.all), [BLOB]: { status, headers: { location } }, ...more });
}

describe("followed", () => {
  test.each([301, 302, 303, 307, 308])("%i to another host", async (status) => {
    const transport = redirected(CDN, { [CDN]: body }, status);
    const seen = await look(transport);
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(seen.evidence.redirects).toEqual([{ from: BLOB, to: "https://cdn.example/data", status }]);
    expect(JSON.stringify(seen)).not.toContain("signed-secret");
  });

  test("a manifest, too", async () => {
    const transport = fakeTransport({
      ...serve(image.all),
      [`${BASE}/manifests/1`]: { status: 307, headers: { location: "https://other.example/m" } },
      "https://other.example/m": page(image.manifest),
    });
    expect(await look(transport)).toMatchObject({ outcome: "saw", error: null, digest: image.manifest.digest });
  });

  const places = [
    { what: "a path", location: "/elsewhere", url: "https://registry.example/elsewhere", publicOnly: false, authorised: true },
    { what: "a relative path", location: "../x?y#z", url: `${BASE}/x?y`, publicOnly: false, authorised: true },
    { what: "another port of the registry", location: "https://registry.example:8443/x", url: "https://registry.example:8443/x", publicOnly: false, authorised: false },
    { what: "another host", location: CDN, url: CDN, publicOnly: true, authorised: false },
    { what: "another host without scheme", location: "//cdn.example/x", url: "https://cdn.example/x", publicOnly: true, authorised: false },
    { what: "the host with a dot at its end", location: "https://registry.example./x", url: "https://registry.example./x", publicOnly: true, authorised: false },
    { what: "the address of the registry", location: "https://192.0.2.1/x", url: "https://192.0.2.1/x", publicOnly: false, authorised: false },
  ]; // prettier-ignore
  test.each(places)(
    "to $what: Authorization $authorised, public addresses only $publicOnly",
    async ({ location, url, publicOnly, authorised }) => {
      const routes: Routes = { [url]: body, [`${BASE}/manifests/1`]: [BASIC, page(image.manifest)] };
      const transport = redirected(location, routes);
      const seen = await look(transport, { vantage: { login: { username: "u", password: new Secret("p") } } });
      expect(seen).toMatchObject({ outcome: "saw", error: null });
      const asked = transport.asked.find((each) => each.url === url);
      expect(asked?.publicOnly).toBe(publicOnly);
      expect(Object.keys(asked?.headers ?? {})).toEqual(authorised ? ["accept", "authorization"] : ["accept"]);
    },
  );

  test("within limits.redirects", async () => {
    const hops: Routes = Object.fromEntries(
      [1, 2, 3, 4].map((at) => [
        `https://cdn.example/${at}`,
        { status: 302, headers: { location: `https://cdn.example/${at + 1}` } },
      ]),
    );
    const routes: Routes = { ...hops, "https://cdn.example/5": body };
    expect((await look(redirected("https://cdn.example/1", routes))).error).toBe(null);
    const short = await look(redirected("https://cdn.example/1", routes), {
      job: jobOf(undefined, {}, { redirects: 4 }),
    });
    expect(short.error).toMatchObject({
      code: "E_REDIRECT",
      message: expect.stringContaining("more than 4 times") as string,
    });
  });
});

describe("not followed", () => {
  const refused = [
    "http://cdn.example/x",
    "http://registry.example/x",
    "file:///etc/passwd",
    "ftp://cdn.example/x",
    "gopher://cdn.example/",
    "data:text/plain,x",
    "javascript:0",
    "https://u:p@cdn.example/x",
    "https://u@cdn.example/x",
    "https://10.0.0.1/x",
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://x.localhost/x",
    "https://169.254.169.254/latest/meta-data/",
    "https://0.0.0.0/x",
    "https://[::1]/x",
    "https://[::]/x",
    "https://[fe80::1]/x",
    "https://[::ffff:169.254.169.254]/x",
    "https://2852039166/x",
    "https://0251.0376.0251.0376/x",
    "https://127.1/x",
    "https://[::1",
    "https:\\\\evil.example\\x",
    "https://cdn.example/a b",
    "https://cdn.example/\u00e9",
    "https://cdn.example/\u001b[2J",
    `https://cdn.example/${"x".repeat(8192)}`,
    "",
  ];
  test.each(refused)("to %s", async (location) => {
    const transport = redirected(location);
    const seen = await look(transport);
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_REDIRECT", stage: "http" } });
    expect(transport.asked.every((each) => each.url.startsWith(BASE))).toBe(true);
    expect(seen.error?.message).not.toMatch(/u:p@|\p{Cc}/u);
    expect(seen.error?.message.length).toBeLessThan(1000);
  });

  const wrong: readonly { what: string; routes: Routes; code: string }[] = [
    { what: "nowhere", routes: { [BLOB]: { status: 307 } }, code: "E_REDIRECT" },
    { what: "to two places", routes: { [BLOB]: { status: 307, headers: { location: [CDN, "https://evil.example/"] } } }, code: "E_FRAMING" },
    { what: "to itself", routes: { [BLOB]: { status: 307, headers: { location: BLOB } } }, code: "E_REDIRECT" },
    { what: "in a circle", routes: { [BLOB]: { status: 307, headers: { location: CDN } }, [CDN]: { status: 307, headers: { location: BLOB } } }, code: "E_REDIRECT" },
    { what: "to a place that asks for credentials", routes: { [BLOB]: { status: 307, headers: { location: CDN } }, [CDN]: BASIC }, code: "E_AUTH" },
    { what: "to a name of a private address", routes: { [BLOB]: { status: 307, headers: { location: CDN } }, [CDN]: { fault: new Tofu3Error("E_ADDRESS", "private") } }, code: "E_ADDRESS" },
    { what: "300", routes: { [BLOB]: { status: 300, headers: { location: CDN } } }, code: "E_STATUS" },
    { what: "304", routes: { [BLOB]: { status: 304, headers: { location: CDN } } }, code: "E_STATUS" },
  ]; // prettier-ignore
  test.each(wrong)("$what: $code", async ({ routes, code }) => {
    const transport = fakeTransport({ ...serve(image.all), ...routes });
    const seen = await look(transport, { vantage: { login: { username: "u", password: new Secret("p") } } });
    expect(seen.error?.code).toBe(code);
    expect(transport.asked.filter((each) => each.url === CDN).length).toBeLessThan(2);
    expect(transport.asked.every((each) => each.headers["authorization"] === undefined)).toBe(true);
  });
});

describe("where the registry is", () => {
  const rows = [
    {
      what: "loopback to another port",
      reference: "127.0.0.1:5000",
      scheme: "http",
      to: "http://127.0.0.1:9000/x",
      code: undefined,
    },
    {
      what: "loopback to a loopback name",
      reference: "127.0.0.1:5000",
      scheme: "http",
      to: "http://localhost:9000/x",
      code: undefined,
    },
    {
      what: "loopback to a private address",
      reference: "localhost:5000",
      scheme: "http",
      to: "http://10.0.0.1/x",
      code: "E_REDIRECT",
    },
    {
      what: "private to the same address",
      reference: "10.0.0.1:5000",
      scheme: "https",
      to: "https://10.0.0.1:9000/x",
      code: undefined,
    },
    {
      what: "private to another private address",
      reference: "10.0.0.1:5000",
      scheme: "https",
      to: "https://10.0.0.2/x",
      code: "E_REDIRECT",
    },
    { what: "http to ftp", reference: "localhost:5000", scheme: "http", to: "ftp://cdn.example/x", code: "E_REDIRECT" },
    {
      what: "http to https",
      reference: "localhost:5000",
      scheme: "http",
      to: "https://cdn.example/x",
      code: undefined,
    },
  ];
  test.each(rows)("$what: $code", async ({ reference, scheme, to, code }) => {
    const base = `${scheme}://${reference}/v2/a/b`;
    const transport = fakeTransport({
      ...serve(image.all, base),
      [`${base}/blobs/${layer.digest}`]: { status: 307, headers: { location: to } },
      [to]: body,
    });
    expect((await look(transport, { job: jobOf(`${reference}/a/b:1`) })).error?.code).toBe(code);
  });

  const own: Trust = { ca: "OWN", clientCertificate: { certificate: "C", key: new Secret("k") } };
  const cdn: Trust = { ca: "CDN", clientCertificate: null };
  test.each([
    { what: "the registry itself", to: "/elsewhere", trust: own },
    {
      what: "another port of it: its CA, not our certificate",
      to: "https://registry.example:8443/x",
      trust: { ca: "OWN", clientCertificate: null },
    },
    { what: "a host with settings of its own", to: "https://cdn.example/x", trust: cdn },
    { what: "any other host: the system's", to: "https://other.example/x", trust: null },
  ])("trust of $what", async ({ to, trust }) => {
    const known: Record<string, Trust> = { "registry.example": own, "cdn.example": cdn };
    const registries = (hostPort: string): { plainHttp: boolean; trust: Trust | null } => ({
      plainHttp: false,
      trust: known[hostPort] ?? null,
    });
    const url = new URL(to, BASE).href;
    const transport = redirected(to, { [url]: body });
    expect((await look(transport, { vantage: { registries } })).error).toBe(null);
    expect(transport.asked.find((each) => each.url === url)?.trust).toEqual(trust);
  });

  const CA: Trust = { ca: "PEM", clientCertificate: null };
  const schemes: readonly { what: string; reference: string; plainHttp: boolean; trust: Trust | null; base: string }[] =
    [
      {
        what: "a name",
        reference: "registry.example",
        plainHttp: false,
        trust: null,
        base: "https://registry.example",
      },
      {
        what: "a name with plainHttp",
        reference: "registry.example:5000",
        plainHttp: true,
        trust: null,
        base: "http://registry.example:5000",
      },
      { what: "localhost", reference: "localhost:5000", plainHttp: false, trust: null, base: "http://localhost:5000" },
      {
        what: "a name below localhost",
        reference: "a.localhost:5000",
        plainHttp: false,
        trust: null,
        base: "http://a.localhost:5000",
      },
      { what: "127.0.0.2", reference: "127.0.0.2:5000", plainHttp: false, trust: null, base: "http://127.0.0.2:5000" },
      { what: "::1", reference: "[::1]:5000", plainHttp: false, trust: null, base: "http://[::1]:5000" },
      {
        what: "localhost with a CA",
        reference: "localhost:5000",
        plainHttp: false,
        trust: CA,
        base: "https://localhost:5000",
      },
      {
        what: "localhost at 443",
        reference: "localhost:443",
        plainHttp: false,
        trust: null,
        base: "https://localhost",
      },
      {
        what: "a private address",
        reference: "10.0.0.1:5000",
        plainHttp: false,
        trust: null,
        base: "https://10.0.0.1:5000",
      },
    ];
  test.each(schemes)("$what is $base", async ({ reference, plainHttp, trust, base }) => {
    const registries = (hostPort: string): { plainHttp: boolean; trust: Trust | null } =>
      hostPort === reference ? { plainHttp, trust } : { plainHttp: false, trust: null };
    const transport = fakeTransport(serve(image.all, `${base}/v2/a/b`));
    expect(await look(transport, { job: jobOf(`${reference}/a/b:1`), vantage: { registries } })).toMatchObject({
      outcome: "saw",
      error: null,
    });
  });
});

test("the query for one hop has Authorization for the registry's own origin only", () => {
  const vantage = vantageOf(fakeTransport({}));
  const session = createSession(vantage, originOf(jobOf(), vantage), fakeTransport({}), {
    limits: jobOf().limits,
    book: openNotebook(),
  });
  const pass: Pass = { header: new Secret("Bearer t"), kind: "bearer", end: Infinity };
  const names = (url: string): string[] => {
    const { headers } = queryFor(session, { url: new URL(url), headers: [["accept", "*/*"]], maxBytes: 1 }, pass);
    return headers.map(([name]) => name);
  };
  expect(names(BLOB)).toEqual(["accept", "authorization"]);
  for (const url of [CDN, BLOB.replace("https:", "http:"), BLOB.replace("registry.example", "registry.example:8443")]) {
    expect(names(url)).toEqual(["accept"]);
  }
});
