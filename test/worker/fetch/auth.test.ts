import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../../src/errors.ts";
import { orAborted } from "../../../src/http/deadline.ts";
import type { Credentials } from "../../../src/model/credentials.ts";
import type { Progress } from "../../../src/model/progress.ts";
import { Secret } from "../../../src/secret.ts";
import type { Authority } from "../../../src/worker/fetch/pass.ts";
import { fakeTransport, type FakeTransport, type Reply, type Routes } from "../faketransport.ts";
import {
  BASE,
  fakeClock,
  imageFor,
  jobOf,
  LAYER,
  look,
  manifestOf,
  page,
  serve,
  thing,
  type Thing,
} from "../fixtures.ts";

const REALM = "https://auth.example/token";
const TOKEN = `${REALM}?service=registry.example&scope=repository%3Aa%2Fb%3Apull`;
const CHALLENGE = `Bearer realm="${REALM}",service="registry.example",scope="repository:user/image:pull"`;
const LOGIN: Credentials = { username: "me", password: new Secret("hunter2") };
const BASIC = `Basic ${Buffer.from("me:hunter2").toString("base64")}`;
const image = imageFor("linux/amd64", "one", "two", "three", "four");

/** A registry that wants this Authorization everywhere, and answers 401 with these challenges otherwise. */
function guarded(
  wants: (authorization: string | undefined) => boolean,
  challenge: string | readonly string[],
  others: Routes,
  things: readonly Thing[] = image.all,
): FakeTransport {
  const open = serve(things);
  let authorization: string | undefined;
  const handler: ProxyHandler<Routes> = {
    get(_, url: string): Reply | Reply[] | undefined {
      if (open[url] === undefined) return others[url];
      return wants(authorization) ? open[url] : { status: 401, headers: { "www-authenticate": challenge } };
    },
  };
  return fakeTransport(new Proxy({}, handler), (asked) => (authorization = asked.headers["authorization"]));
}

function bearer(token: string): (authorization: string | undefined) => boolean {
  return (authorization) => authorization === `Bearer ${token}`;
}

const tokensAsked = (transport: FakeTransport): FakeTransport["asked"] =>
  transport.asked.filter((each) => each.url.startsWith("https://auth.example/"));

describe("a token", () => {
  test("is asked for once, for pull of our own repository, and used for everything", async () => {
    const transport = guarded(bearer("t1"), CHALLENGE, { [TOKEN]: { body: '{"token":"t1"}' } });
    expect(await look(transport)).toMatchObject({ outcome: "saw", error: null });
    expect(tokensAsked(transport)).toEqual([
      {
        url: TOKEN,
        method: "GET",
        headers: { accept: "application/json" },
        form: null,
        publicOnly: true,
        maxBytes: 131_072,
        trust: null,
      },
    ]);
    expect(
      transport.asked.filter((each) => each.headers["authorization"] === undefined).map((each) => each.url),
    ).toEqual([`${BASE}/manifests/1`, TOKEN]);
  });

  test("is asked for once by blobs that meet the 401 together", async () => {
    let valid = "none";
    const documents = serve([image.manifest]);
    const open = serve(image.all);
    const handler: ProxyHandler<Routes> = {
      get: (_, url: string) => {
        if (url === TOKEN) valid = "t1";
        if (url === TOKEN) return { body: '{"token":"t1"}' };
        if (documents[url] !== undefined && url.includes("/manifests/")) return documents[url];
        return shown === `Bearer ${valid}` ? open[url] : { status: 401, headers: { "www-authenticate": CHALLENGE } };
      },
    };
    let shown: string | undefined;
    const transport = fakeTransport(new Proxy({}, handler), (asked) => (shown = asked.headers["authorization"]));
    expect(await look(transport)).toMatchObject({ outcome: "saw", error: null });
    expect(tokensAsked(transport)).toHaveLength(1);
    expect(transport.asked).toHaveLength(1 + 5 + 1 + 5);
  });

  test("is not asked for again by a 401 that comes when there is a new one", async () => {
    let renewed = (): void => undefined;
    const after = new Promise<void>((resolve) => (renewed = resolve));
    const refused = { status: 401, headers: { "www-authenticate": CHALLENGE } };
    const [first, second] = image.layers;
    const routes = serve(image.all);
    routes[`${BASE}/blobs/${String(first?.digest)}`] = [refused, { body: "one" }];
    routes[`${BASE}/blobs/${String(second?.digest)}`] = [{ ...refused, after }, { body: "two" }];
    routes[TOKEN] = [{ body: '{"token":"t1"}' }];
    const transport = fakeTransport(routes, (asked) => {
      if (asked.headers["authorization"] === "Bearer t1") renewed();
    });
    expect(await look(transport)).toMatchObject({ outcome: "saw", error: null });
    expect(tokensAsked(transport)).toHaveLength(1);
  });

  test("is used again by the next look of the same vantage, and not by another vantage", async () => {
    const transport = guarded(bearer("t1"), CHALLENGE, { [TOKEN]: { body: '{"token":"t1"}' } });
    const vantage = { authorities: new Map<string, Authority>() };
    await look(transport, { vantage });
    await look(transport, { vantage });
    expect(tokensAsked(transport)).toHaveLength(1);
    const other = guarded(bearer("t1"), CHALLENGE, { [TOKEN]: { body: '{"token":"t1"}' } });
    await look(other);
    expect(tokensAsked(other)).toHaveLength(1);
  });

  test("that one job asks for and does not wait for is asked for again by the other", async () => {
    const never = new Promise<never>(() => undefined);
    const stop = new AbortController();
    const reason = new Tofu3Error("E_INTERRUPTED", "interrupted");
    const vantage = { authorities: new Map<string, Authority>() };
    const hanging = guarded(bearer("t1"), CHALLENGE, {});
    const read = hanging.read.bind(hanging);
    const asked = new Promise<void>((resolve) => {
      hanging.read = (query, signal) => {
        if (query.url !== TOKEN) return read(query, signal);
        resolve();
        return orAborted(never, signal);
      };
    });
    const first = look(hanging, { vantage, signal: stop.signal });
    await asked;
    const transport = guarded(bearer("t1"), CHALLENGE, { [TOKEN]: { body: '{"token":"t1"}' } });
    const second = look(transport, { vantage });
    setTimeout(() => stop.abort(reason), 20);
    await expect(first).rejects.toBe(reason);
    expect(await second).toMatchObject({ outcome: "saw", error: null });
    expect(tokensAsked(transport)).toHaveLength(1);
  });

  test("that ends during the job is renewed once, silently", async () => {
    let valid = "t1";
    const transport = guarded((shown) => shown === `Bearer ${valid}`, CHALLENGE, {
      [TOKEN]: [{ body: '{"token":"t1"}' }, { body: '{"token":"t2"}' }],
    });
    const end = (each: Progress): void => {
      if (each.kind === "phase" && each.phase === "fetching") valid = "t2";
    };
    expect(await look(transport, { watch: end })).toMatchObject({
      outcome: "saw",
      error: null,
      evidence: { retries: [] },
    });
    expect(tokensAsked(transport)).toHaveLength(2);
  });

  test("that has ended by the clock is renewed before it is shown", async () => {
    const clock = fakeClock();
    const transport = guarded((shown) => shown?.startsWith("Bearer t") ?? false, CHALLENGE, {
      [TOKEN]: [{ body: '{"token":"t1","expires_in":300}' }, { body: '{"token":"t2","expires_in":300}' }],
    });
    const wait = (each: Progress): void => {
      if (each.kind === "phase" && each.phase === "fetching") clock.time += 300_000;
    };
    expect(await look(transport, { watch: wait, vantage: { clock } })).toMatchObject({ outcome: "saw", error: null });
    expect(transport.asked.filter((each) => each.headers["authorization"] === "Bearer t2")).toHaveLength(5);
    expect(transport.asked).toHaveLength(1 + 1 + 1 + 1 + 5);
  });

  test("that is refused when it is fresh: E_AUTH after one retry", async () => {
    const transport = guarded(() => false, CHALLENGE, { [TOKEN]: [{ body: '{"token":"t1"}' }] });
    expect(await look(transport)).toMatchObject({ outcome: "refused", error: { code: "E_AUTH", stage: "auth" } });
    expect(transport.asked.map((each) => each.headers["authorization"])).toEqual([undefined, undefined, "Bearer t1"]);
  });

  describe("is not asked for again and again", () => {
    // large ones come a few at a time, so that each meets the 401 with the pass that the ones before it were given
    const large = Array.from({ length: 200 }, (_, at) => ({ ...thing(LAYER, `layer ${at}`), size: 20_000_000 }));
    const many = manifestOf(image.config, large);
    const documents = serve([many]);
    let turn = 0;
    const refusedLater = (): Reply => {
      turn += 1;
      const after = new Promise((resolve) => setTimeout(resolve, 1 + (turn % 7)));
      return { status: 401, headers: { "www-authenticate": CHALLENGE }, after };
    };
    const routesWith = (token: () => Reply): Routes =>
      new Proxy({}, { get: (_, url: string) => (url === TOKEN ? token() : (documents[url] ?? refusedLater())) });

    test.each<[string, () => Reply]>([
      ["that is given and never taken", () => ({ body: '{"token":"t1"}' })],
      ["that is not given", () => ({ status: 403, body: "{}" })],
      ["whose service is not there", () => ({ status: 404, body: "{}" })],
    ])("one %s, by 200 layers with credentials", async (_, token) => {
      const transport = fakeTransport(routesWith(token));
      const seen = await look(transport, { vantage: { login: LOGIN }, job: jobOf(undefined, {}, { blobBytes: 1e9 }) });
      expect(seen).toMatchObject({ digest: many.digest, error: { stage: "auth" } });
      expect(tokensAsked(transport)).toHaveLength(32);
    });

    test("but as often as one ends by the clock", async () => {
      const clock = fakeClock();
      const wants = (shown: string | undefined): boolean => shown?.startsWith("Bearer t") ?? false;
      const transport = guarded(wants, CHALLENGE, { [TOKEN]: { body: '{"token":"t","expires_in":10}' } });
      for (let each = 1; each <= 40; each += 1) {
        expect(await look(transport, { vantage: { clock } })).toMatchObject({ outcome: "saw", error: null });
        clock.time += 10_000;
      }
      expect(tokensAsked(transport)).toHaveLength(40);
    });
  });

  test("of ECR Public that has ended, 400 DENIED without a challenge, is renewed", async () => {
    const denied: Reply = {
      status: 400,
      body: '{"errors":[{"code":"DENIED","message":"Your Authorization Token is invalid."}]}',
    };
    const challenge = 'Bearer realm="https://auth.example/token",service="public.ecr.aws",scope="aws"';
    const url = "https://auth.example/token?service=public.ecr.aws&scope=repository%3Aa%2Fb%3Apull";
    const routes = serve(image.all);
    routes[`${BASE}/manifests/1`] = [{ status: 401, headers: { "www-authenticate": challenge } }, page(image.manifest)];
    routes[`${BASE}/blobs/${image.config.digest}`] = [denied, { body: image.config.bytes }];
    routes[url] = [{ body: '{"token":"t1"}' }, { body: '{"token":"t2"}' }];
    const transport = fakeTransport(routes);
    expect(await look(transport)).toMatchObject({ outcome: "saw", error: null });
    expect(transport.asked.at(-1)?.headers["authorization"]).toBe("Bearer t2");
  });

  test("that is fresh, and 403 DENIED: E_DENIED, and no other token", async () => {
    const routes = serve(image.all);
    const denied = {
      status: 403,
      body: '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}',
    };
    routes[`${BASE}/manifests/1`] = [{ status: 401, headers: { "www-authenticate": CHALLENGE } }, denied];
    routes[TOKEN] = [{ body: '{"token":"t1"}' }];
    expect(await look(fakeTransport(routes))).toMatchObject({ outcome: "refused", error: { code: "E_DENIED" } });
  });

  test.each([
    { what: "access_token instead", body: '{"access_token":"t1"}' },
    { what: "an empty token and an access_token", body: '{"token":"","access_token":"t1"}' },
    { what: "a life that is no number", body: '{"token":"t1","expires_in":"long"}' },
    { what: "a negative life", body: '{"token":"t1","expires_in":-1}' },
    { what: "an infinite life", body: '{"token":"t1","expires_in":1e999}' },
  ])("answer with $what", async ({ body }) => {
    const transport = guarded(bearer("t1"), CHALLENGE, { [TOKEN]: [{ body }] });
    expect(await look(transport)).toMatchObject({ outcome: "saw", error: null });
  });

  test.each([
    { what: "HTML", reply: { body: "<html>" }, code: "E_TOKEN" },
    { what: "no token", reply: { body: "{}" }, code: "E_TOKEN" },
    { what: "an array", reply: { body: '["t1"]' }, code: "E_TOKEN" },
    { what: "a token that is a number", reply: { body: '{"token":7}' }, code: "E_TOKEN" },
    { what: "a token with a line end", reply: { body: '{"token":"t1\\r\\nX: y"}' }, code: "E_TOKEN" },
    { what: "a token with a NUL", reply: { body: '{"token":"t\\u0000"}' }, code: "E_TOKEN" },
    { what: "a token that is not ASCII", reply: { body: '{"token":"tö"}' }, code: "E_TOKEN" },
    { what: "a token of 70 kB", reply: { body: `{"token":"${"t".repeat(70_000)}"}` }, code: "E_TOKEN" },
    { what: "bytes that are no UTF-8", reply: { body: Buffer.from([0x7b, 0xff, 0x7d]) }, code: "E_TOKEN" },
    { what: "401", reply: { status: 401, body: '{"details":"incorrect username or password"}' }, code: "E_AUTH" },
    { what: "404", reply: { status: 404 }, code: "E_TOKEN" },
    { what: "a redirect", reply: { status: 302, headers: { location: "http://169.254.169.254/" } }, code: "E_REALM" },
  ])("answer with $what: $code, and nothing of it is shown to the registry", async ({ reply, code }) => {
    const transport = guarded(() => false, CHALLENGE, { [TOKEN]: [reply] });
    const seen = await look(transport);
    expect(seen.error).toMatchObject({ code, stage: "auth" });
    expect(transport.asked).toHaveLength(2);
  });

  test("service that is busy is asked again", async () => {
    const transport = guarded(bearer("t1"), CHALLENGE, { [TOKEN]: [{ status: 503 }, { body: '{"token":"t1"}' }] });
    const seen = await look(transport);
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(seen.evidence.retries).toMatchObject([{ code: "E_STATUS", attempt: 1 }]);
  });
});

describe("where a token is asked for", () => {
  const refused = [
    "http://auth.example/token",
    "http://169.254.169.254/latest",
    "https://169.254.169.254/latest",
    "https://0.0.0.0/token",
    "https://[::]/token",
    "https://127.0.0.1/token",
    "https://localhost/token",
    "https://10.0.0.1/token",
    "https://2852039166/token",
    "https://0xa9fea9fe/token",
    "https://[::ffff:169.254.169.254]/token",
    "file:///etc/passwd",
    "gopher://auth.example/",
    "https://user:pw@auth.example/token",
    "/token",
    "",
  ];
  test.each(refused)("not at %s", async (realm) => {
    const transport = guarded(() => false, `Bearer realm="${realm}",service="s"`, {});
    const seen = await look(transport, { vantage: { login: LOGIN } });
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_REALM", stage: "auth" } });
    expect(transport.asked).toHaveLength(1);
    expect(seen.error?.message).not.toContain("pw@");
  });

  const allowed = [
    { registry: "registry.example", realm: "https://8.8.8.8/token", publicOnly: true },
    { registry: "registry.example", realm: "https://registry.example:8443/token", publicOnly: false },
    { registry: "10.0.0.1", realm: "https://10.0.0.1/token", publicOnly: false },
    { registry: "localhost:5000", realm: "http://localhost:5001/token", publicOnly: false },
    { registry: "localhost:5000", realm: "http://127.0.0.1:5001/token", publicOnly: false },
    { registry: "localhost:5000", realm: "https://auth.example/token", publicOnly: true },
  ];
  test.each(allowed)(
    "$registry: at $realm, public addresses only: $publicOnly",
    async ({ registry, realm, publicOnly }) => {
      const base = registry.startsWith("localhost") ? `http://${registry}/v2/a/b` : `https://${registry}/v2/a/b`;
      const routes = serve(image.all, base);
      routes[`${base}/manifests/1`] = [
        { status: 401, headers: { "www-authenticate": `Bearer realm="${realm}"` }, address: "10.0.0.1" },
        page(image.manifest),
      ];
      routes[`${realm}?scope=repository%3Aa%2Fb%3Apull`] = [{ body: '{"token":"t1"}' }];
      const transport = fakeTransport(routes);
      expect(await look(transport, { job: jobOf(`${registry}/a/b:1`) })).toMatchObject({ outcome: "saw", error: null });
      expect(transport.asked[1]).toMatchObject({ publicOnly });
    },
  );

  test("a loopback service of a registry that is elsewhere is not asked, whatever its own port", async () => {
    const transport = guarded(() => false, 'Bearer realm="http://127.0.0.1:5001/token"', {});
    expect(await look(transport, { vantage: { registries: () => ({ plainHttp: true, trust: null }) } })).toMatchObject({
      outcome: "failed",
    });
  });
});

describe("challenges", () => {
  const good: readonly { what: string; challenge: string | readonly string[]; login?: Credentials; shows: string }[] = [
    {
      what: "Bearer and Basic in one header, without credentials",
      challenge: `${CHALLENGE},Basic realm="x"`,
      shows: "Bearer t1",
    },
    {
      what: "Basic before Bearer, with credentials",
      challenge: ['Basic realm="x"', CHALLENGE],
      login: LOGIN,
      shows: "Bearer t1",
    },
    { what: "Bearer in another case", challenge: CHALLENGE.replace("Bearer", "bearer"), shows: "Bearer t1" },
    {
      what: "a scope of another repository",
      challenge: CHALLENGE.replace("user/image:pull", "other/secret:push,pull"),
      shows: "Bearer t1",
    },
    { what: "the scope *", challenge: CHALLENGE.replace("repository:user/image:pull", "*"), shows: "Bearer t1" },
    { what: "Basic only, with credentials", challenge: 'Basic realm="x"', login: LOGIN, shows: BASIC },
  ];
  test.each(good)("$what", async ({ challenge, login, shows }) => {
    const transport = guarded((shown) => shown === shows, challenge, { [TOKEN]: [{ body: '{"token":"t1"}' }] });
    const seen = await look(transport, { vantage: login === undefined ? {} : { login } });
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(tokensAsked(transport).map((each) => each.headers["authorization"])).toEqual(
      shows === BASIC ? [] : [login === undefined ? undefined : BASIC],
    );
  });

  const bad: readonly { what: string; challenge: string | readonly string[]; login?: Credentials; code: string }[] = [
    { what: "none", challenge: [], code: "E_AUTH" },
    { what: "an unknown scheme", challenge: "Negotiate", login: LOGIN, code: "E_AUTH" },
    { what: "Basic without credentials", challenge: 'Basic realm="x"', code: "E_AUTH" },
    {
      what: "Basic with an identity token only",
      challenge: 'Basic realm="x"',
      login: { identityToken: new Secret("i") },
      code: "E_AUTH",
    },
    { what: "an unterminated quote", challenge: 'Bearer realm="https://auth.example', code: "E_CHALLENGE" },
    {
      what: "two token services",
      challenge: [CHALLENGE, 'Bearer realm="https://evil.example/token"'],
      login: LOGIN,
      code: "E_CHALLENGE",
    },
  ];
  test.each(bad)("$what: $code", async ({ challenge, login, code }) => {
    const transport = guarded(() => false, challenge, {});
    expect((await look(transport, { vantage: login === undefined ? {} : { login } })).error?.code).toBe(code);
    expect(transport.asked).toHaveLength(1);
  });
});

describe("credentials", () => {
  test("an identity token is traded by a form, and stands in no URL", async () => {
    const transport = guarded(bearer("t1"), CHALLENGE, { [REALM]: [{ body: '{"access_token":"t1"}' }] });
    const seen = await look(transport, { vantage: { login: { identityToken: new Secret("id=&x") } } });
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(tokensAsked(transport)).toMatchObject([
      {
        headers: { "content-type": "application/x-www-form-urlencoded" },
        form: "grant_type=refresh_token&client_id=tofu3&scope=repository%3Aa%2Fb%3Apull&service=registry.example&refresh_token=id%3D%26x",
      },
    ]);
  });

  test.each(["registry.example:444", "registry.example.evil", "other.registry.example"])(
    "are not for %s",
    async (registry) => {
      const transport = fakeTransport({
        [`https://${registry}/v2/a/b/manifests/1`]: { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } },
      });
      expect((await look(transport, { job: jobOf(`${registry}/a/b:1`), vantage: { login: LOGIN } })).error?.code).toBe(
        "E_AUTH",
      );
      expect(transport.asked).toHaveLength(1);
    },
  );

  test("of Docker Hub are looked up as docker.io, and its repositories have their library/", async () => {
    const asked: string[] = [];
    const base = "https://registry-1.docker.io/v2/library/hitch";
    const credentials = (...names: string[]): Promise<null> => (asked.push(names.join(" ")), Promise.resolve(null));
    const routes = serve(image.all, base);
    routes[`${base}/manifests/1`] = [
      {
        status: 401,
        headers: { "www-authenticate": 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"' },
      },
      page(image.manifest),
    ];
    routes["https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Alibrary%2Fhitch%3Apull"] = [
      { body: '{"token":"t1"}' },
    ];
    expect(await look(fakeTransport(routes), { job: jobOf("hitch:1"), vantage: { credentials } })).toMatchObject({
      outcome: "saw",
      error: null,
    });
    expect(asked).toEqual(["docker.io library/hitch"]);
  });

  test("and tokens are in nothing that is told", async () => {
    const told: Progress[] = [];
    const transport = guarded(() => false, CHALLENGE, { [TOKEN]: [{ body: '{"token":"secret-token"}' }] });
    const seen = await look(transport, { vantage: { login: LOGIN }, watch: (each) => told.push(each) });
    expect(transport.asked.at(-1)?.headers["authorization"]).toBe("Bearer secret-token");
    for (const text of [JSON.stringify([seen, told]), inspect([seen, told], { depth: 9 })]) {
      for (const secret of ["hunter2", "secret-token", BASIC.slice(6)]) expect(text).not.toContain(secret);
    }
  });
});
