import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../../src/errors.ts";
import type { Link } from "../../../src/http/transport.ts";
import { exitAddress } from "../../../src/model/exit.ts";
import type { ExitNote } from "../../../src/model/observation.ts";
import { addressIn } from "../../../src/worker/fetch/echo.ts";
import { exitNow, exitOf, type Claim } from "../../../src/worker/fetch/exit.ts";
import type { Vantage } from "../../../src/worker/vantage.ts";
import { fakeTransport, type Reply, type Routes } from "../faketransport.ts";
import { BASE, imageFor, jobOf, LIMITS, look, serve, vantageOf } from "../fixtures.ts";

const V4 = "198.51.100.7";
const bytes = (text: string): Buffer => Buffer.from(text);

describe("one address in a body", () => {
  test.each([
    { body: "9.9.9.9", says: "9.9.9.9" },
    { body: " 9.9.9.9\r\n", says: "9.9.9.9" },
    { body: "2620:FE:0::9\n", says: "2620:fe::9" },
    { body: "::ffff:9.9.9.9", says: "9.9.9.9" },
    { body: '{"ip":"9.9.9.9","country_iso":"CH","asn":"AS19281"}', says: "9.9.9.9" },
    { body: '{"origin": "9.9.9.9"}', says: "9.9.9.9" },
    { body: '{"ip_addr": "9.9.9.9", "remote_host": "dns9.quad9.net"}', says: "9.9.9.9" },
    { body: '{"address": "2620:fe::9"}', says: "2620:fe::9" },
    { body: '{"query": "9.9.9.9", "status": "success"}', says: "9.9.9.9" },
    { body: '{"ip": "9.9.9.9", "address": "9.9.9.9"}', says: "9.9.9.9" },
    { body: '{"ip": "9.9.9.9", "address": "8.8.8.8"}', says: null },
    { body: '{"ip": "9.9.9.9", "address": "Frankfurt"}', says: null },
    { body: '{"origin": "9.9.9.9, 8.8.8.8"}', says: null },
    { body: '{"ip": ["9.9.9.9"]}', says: null },
    { body: '{"ip": {"ip": "9.9.9.9"}}', says: null },
    { body: '{"__proto__": {"ip": "9.9.9.9"}}', says: null },
    { body: '{"ip": null}', says: null },
    { body: "{}", says: null },
    { body: '{"ip": "9.9.9.9"', says: null },
    { body: '["9.9.9.9"]', says: null },
    { body: '"9.9.9.9"', says: null },
    { body: "9.9.9.9, 8.8.8.8", says: null },
    { body: "9.9.9.9\n8.8.8.8\n", says: null },
    { body: "9.9.9.9:443", says: null },
    { body: "[2620:fe::9]", says: null },
    { body: "fe80::1%eth0", says: null },
    { body: "9.9.9", says: null },
    { body: "134744072", says: null },
    { body: "0x09.9.9.9", says: null },
    { body: "09.9.9.9", says: null },
    { body: "9.9.9.256", says: null },
    { body: "\u202e9.9.9.9", says: null },
    { body: "9.9.9.9\u200b", says: null },
    { body: "９.９.９.９", says: null },
    { body: "<!DOCTYPE html><title>Just a moment...</title>", says: null },
    { body: "1:2:3:4:5:6:7:8:9", says: null },
    { body: "1::2::3", says: null },
    { body: "", says: null },
  ])("$body: $says", ({ body, says }) => {
    expect(addressIn(bytes(body))?.text ?? null).toBe(says);
  });

  test("bytes that are no text", () => {
    expect(addressIn(Buffer.from([0xff, 0x39, 0x2e]))).toBeNull();
  });

  test("whatever it is, it ends, and what comes of it is an address", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array(), fc.json().map(bytes), fc.ipV4().map(bytes), fc.ipV6().map(bytes)),
        (body) => {
          const found = addressIn(body);
          expect(found === null || exitAddress(found.text)?.text === found.text).toBe(true);
        },
      ),
    );
  });
});

describe("one exit from what everybody said", () => {
  const claim = (source: string, when: Claim["when"], text: string): Claim => {
    const address = exitAddress(text);
    if (address === null) throw new Error(`${text} is no address`);
    return { source, when, address };
  };
  const both = (source: string, text: string): Claim[] => [claim(source, "before", text), claim(source, "after", text)];
  const placeOf = (address: string): Pick<ExitNote, "country" | "asn"> => ({
    country: address.startsWith("198") ? "DE" : "SG",
    asn: "AS1",
  });

  test.each([
    { why: "one service, before and after", claims: both("a", V4), addresses: [V4] },
    { why: "the registry alone", claims: [claim("r", "during", V4)], addresses: [V4] },
    { why: "two that agree", claims: [...both("a", V4), ...both("b", V4)], addresses: [V4] },
    {
      why: "one before, another one after",
      claims: [both("a", V4), both("b", V4)].map((x, i) => x[i] as Claim),
      addresses: [V4],
    },
    {
      why: "two addresses of one /64",
      claims: [claim("a", "before", "2001:db8::1"), claim("a", "after", "2001:db8::2")],
      addresses: ["2001:db8::1", "2001:db8::2"],
    },
    {
      why: "one of each family",
      claims: [...both("a", V4), ...both("b", "2001:db8::1")],
      addresses: [V4, "2001:db8::1"],
    },
  ])("$why: known", ({ claims, addresses }) => {
    const exit = exitOf(claims, null, placeOf);
    expect(exit).toMatchObject({ addresses, doubt: null, asn: "AS1" });
    expect(exit.country).toBe(
      addresses.every((each) => each.startsWith("198"))
        ? "DE"
        : addresses.length === 1 || !addresses.includes(V4)
          ? "SG"
          : null,
    );
  });

  test.each([
    { why: "nobody spoke", claims: [], says: "nobody told it: a told none (E_TIMEOUT)" },
    { why: "before only", claims: both("a", V4).slice(0, 1), says: "nobody told it: a told none (E_TIMEOUT)" },
    { why: "after only", claims: both("a", V4).slice(1), says: "nobody told it: a told none (E_TIMEOUT)" },
    {
      why: "it changed",
      claims: [claim("a", "before", V4), claim("a", "after", "198.51.100.8")],
      says: "it changed during the job: 198.51.100.7 (a before), 198.51.100.8 (a after)",
    },
    {
      why: "a service against the registry",
      claims: [claim("r", "during", V4), ...both("a", "198.51.100.8")],
      says: "the sources contradict each other: 198.51.100.7 (r during), 198.51.100.8 (a before)",
    },
    {
      why: "the registry against itself",
      claims: [claim("r", "during", V4), claim("r", "during", "198.51.100.8")],
      says: "it changed during the job: 198.51.100.7 (r during), 198.51.100.8 (r during)",
    },
    {
      why: "two services that disagree about IPv6 only",
      claims: [...both("a", V4), ...both("a", "2001:db8::1"), ...both("b", "2001:db8:0:1::1")],
      says: "the sources contradict each other: 2001:db8::1 (a before), 2001:db8:0:1::1 (b before)",
    },
    {
      why: "one family before, the other one after",
      claims: [claim("a", "before", V4), claim("a", "after", "2001:db8::1")],
      says: "nobody told it: a told none (E_TIMEOUT)",
    },
  ])("$why: unknown", ({ claims, says }) => {
    const exit = exitOf(claims, "a told none (E_TIMEOUT)", placeOf);
    expect(exit).toMatchObject({ doubt: says, country: null, asn: null });
  });

  test("what anybody adds never makes a contradiction go away", () => {
    const any = fc.record({
      source: fc.constantFrom("a", "b", "r"),
      when: fc.constantFrom("before" as const, "during" as const, "after" as const),
      text: fc.constantFrom(V4, "198.51.100.8", "2001:db8::1", "2001:db8::2", "2001:db8:1::"),
    });
    fc.assert(
      fc.property(fc.array(any), fc.array(any), (some, more) => {
        const [first, all] = [some, [...some, ...more]].map((list) =>
          exitOf(
            list.map(({ source, when, text }) => claim(source, when, text)),
            null,
            placeOf,
          ),
        );
        if (first?.doubt?.includes("told") === false) expect(all?.doubt).not.toBeNull();
      }),
    );
  });
});

describe("a job whose exit is asked for", () => {
  const ECHO = "https://ip.example/";
  const image = imageFor("linux/amd64", "a layer");
  const exits = (...echoes: readonly string[]) => ({ echoes, placeOf: () => ({ country: "DE", asn: "AS1" }) });

  /** The services have a transport each, which is no business of the job's. */
  async function exitWith(
    echo: Reply | Reply[] | null,
    more: { vantage?: Partial<Vantage>; root?: Reply["headers"]; echoEnd?: () => Promise<void> } = {},
  ) {
    const routes: Routes = serve([image.manifest, ...image.all]);
    const root = routes[`${BASE}/manifests/1`] as Reply;
    const job = fakeTransport({
      ...routes,
      [`${BASE}/manifests/1`]: { ...root, headers: { ...root.headers, ...more.root } },
    });
    const service = fakeTransport(echo === null ? {} : { [ECHO]: echo });
    const begun: string[] = [];
    const link: Link = {
      begin: (name) => {
        begun.push(name);
        return name.startsWith("echo ")
          ? { ...service, ...(more.echoEnd === undefined ? {} : { end: more.echoEnd }) }
          : job;
      },
      close: () => Promise.resolve(),
    };
    const vantage = { exits: exits(...(echo === null ? [] : [ECHO])), ...more.vantage, link };
    const seen = await look(job, { vantage, job: jobOf() });
    return { seen, exit: seen.evidence.exit, service, begun };
  }

  test("before and after, by a transport of the service's own, on connections of their own", async () => {
    const { seen, exit, service, begun } = await exitWith({ body: "9.9.9.9" });
    expect(seen.error).toBeNull();
    expect(exit).toEqual({ addresses: ["9.9.9.9"], sources: ["ip.example"], country: "DE", asn: "AS1", doubt: null });
    expect(begun).toEqual(["registry.example", "echo ip.example"]);
    expect(service.asked).toHaveLength(2);
    for (const asked of service.asked)
      expect(asked).toMatchObject({ publicOnly: true, maxBytes: 16384, headers: { connection: "close" } });
    expect(service.calls).toEqual(["end"]);
  });

  test("nobody is asked where nobody wants to know", async () => {
    const { exit, begun } = await exitWith({ body: "9.9.9.9" }, { vantage: { exits: null } });
    expect([exit, begun]).toEqual([null, ["registry.example"]]);
  });

  test.each<{ why: string; echo: Reply | Reply[]; says: string }>([
    {
      why: "fails",
      echo: { fault: new Tofu3Error("E_DNS", "no such host", { stage: "dns" }) },
      says: "ip.example told none (E_DNS)",
    },
    { why: "is an error page", echo: { status: 503, body: "9.9.9.9" }, says: "ip.example told none (status 503)" },
    {
      why: "redirects",
      echo: { status: 302, headers: { location: "https://x/" } },
      says: "ip.example told none (status 302)",
    },
    { why: "sends 5 MB", echo: { body: "9".repeat(5e6) }, says: "ip.example told none (E_TOO_LARGE)" },
    { why: "is HTML", echo: { body: "<html>9.9.9.9</html>" }, says: "ip.example told none (no IP address)" },
    { why: "tells a private address", echo: { body: "10.0.0.7" }, says: "ip.example told none (a private address)" },
    {
      why: "says something else after",
      echo: [{ body: "9.9.9.9" }, { body: "8.8.8.8" }],
      says: "it changed during the job",
    },
    { why: "falls silent", echo: [{ body: "9.9.9.9" }, { status: 500 }], says: "ip.example told none (status 500)" },
  ])("a service that $why: the exit is unknown, and the observation as good as any", async ({ echo, says }) => {
    const { seen, exit } = await exitWith(echo);
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(exit).toMatchObject({ country: null, asn: null, doubt: expect.stringContaining(says) as unknown });
  });

  test("a service whose transport does not end cleanly is no fault of the job", async () => {
    const { seen, exit } = await exitWith({ body: "9.9.9.9" }, { echoEnd: () => Promise.reject(new Error("killed")) });
    expect([seen.error, exit?.doubt]).toEqual([null, null]);
  });

  test("a service that hangs costs its own time and no more", async () => {
    const vantage = { exits: exits(ECHO) };
    const hang = {
      ...fakeTransport({}),
      read: (_: unknown, signal: AbortSignal) =>
        new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    };
    const job = fakeTransport(serve([image.manifest, ...image.all]));
    const link: Link = { begin: (name) => (name.startsWith("echo ") ? hang : job), close: () => Promise.resolve() };
    const start = performance.now();
    const limits = { connectSeconds: 0.2, idleSeconds: 0.1 };
    const seen = await look(job, { vantage: { ...vantage, link }, job: jobOf(undefined, {}, limits) });
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(seen).toMatchObject({ error: null, evidence: { exit: { addresses: [] } } });
  });

  test.each([
    { header: "9.9.9.9", doubt: null, addresses: ["9.9.9.9"] },
    { header: ["9.9.9.9", "8.8.8.8"], doubt: "it changed during the job", addresses: ["8.8.8.8", "9.9.9.9"] },
    { header: "kim", doubt: "no echo service is named", addresses: [] },
    { header: "1f0a8a51-2c9d-4c43-9d2f-0d8a8f6e0000", doubt: "no echo service is named", addresses: [] },
    { header: "10.0.0.7", doubt: "no echo service is named", addresses: [] },
    { header: "9.9.9.9, 8.8.8.8", doubt: "no echo service is named", addresses: [] },
  ])("docker-ratelimit-source $header: $addresses", async ({ header, doubt, addresses }) => {
    const { exit } = await exitWith(null, { root: { "docker-ratelimit-source": header } });
    expect(exit?.addresses).toEqual(addresses);
    if (doubt === null) expect(exit).toMatchObject({ sources: ["registry.example"], doubt: null });
    else expect(exit?.doubt).toContain(doubt);
  });

  test("the registry contradicts the service: unknown", async () => {
    const { exit } = await exitWith({ body: "9.9.9.9" }, { root: { "docker-ratelimit-source": "8.8.8.8" } });
    expect(exit?.doubt).toContain("the sources contradict each other: 8.8.8.8 (registry.example during)");
  });

  test("a host that the configuration describes may be private, and tell a private address", async () => {
    const registries = (): ReturnType<Vantage["registries"]> => ({
      plainHttp: false,
      trust: { ca: "x", clientCertificate: null },
    });
    const { exit, service } = await exitWith({ body: "10.0.0.7" }, { vantage: { registries } });
    expect(exit).toMatchObject({ addresses: ["10.0.0.7"], doubt: null });
    expect(service.asked[0]).toMatchObject({ publicOnly: false, trust: { ca: "x" } });
  });

  test("a job that sees nothing asks nobody again", async () => {
    const job = fakeTransport({ [`${BASE}/manifests/1`]: { status: 404 } });
    const service = fakeTransport({ [ECHO]: { body: "9.9.9.9" } });
    const link: Link = { begin: (name) => (name.startsWith("echo ") ? service : job), close: () => Promise.resolve() };
    const seen = await look(job, { vantage: { exits: exits(ECHO), link } });
    expect(seen).toMatchObject({
      outcome: "refused",
      evidence: { exit: { doubt: "nobody told it: the job was not done" } },
    });
    expect(service.asked).toHaveLength(1);
  });

  test("workers check asks once", async () => {
    const service = fakeTransport({ [ECHO]: { body: '{"ip":"9.9.9.9"}' } });
    const vantage = vantageOf(service, { exits: exits(ECHO) });
    const never = new AbortController().signal;
    expect(await exitNow(vantage, LIMITS, never)).toMatchObject({ addresses: ["9.9.9.9"], doubt: null, country: "DE" });
    expect(service.asked).toHaveLength(1);
    expect(await exitNow({ ...vantage, exits: null }, LIMITS, never)).toBeNull();
    expect((await exitNow({ ...vantage, exits: exits() }, LIMITS, never))?.doubt).toBe(
      "nobody told it: no echo service is named",
    );
  });
});
