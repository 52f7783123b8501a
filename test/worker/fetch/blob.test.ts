import { describe, expect, test } from "vitest";
import { Tofu3Error, type ErrorCode } from "../../../src/errors.ts";
import type { Progress } from "../../../src/model/progress.ts";
import { Secret } from "../../../src/secret.ts";
import { systemClock } from "../../../src/worker/fetch/clock.ts";
import { parseRetryAfter } from "../../../src/worker/fetch/retry.ts";
import { fakeTransport, type Reply, type Routes } from "../faketransport.ts";
import {
  BASE,
  descriptor,
  fakeClock,
  imageFor,
  indexOf,
  jobOf,
  look,
  manifestOf,
  page,
  serve,
  thing,
} from "../fixtures.ts";

const image = imageFor("linux/amd64", "0123456789");
const [layer] = image.layers;
if (layer === undefined) throw new Error("no layer");
const BLOB = `${BASE}/blobs/${layer.digest}`;
const ETAG = { etag: '"v1"' };
const CUT = new Tofu3Error("E_CUT", "the body ended early", { stage: "body" });
const start: Reply = { body: "0123", headers: ETAG, cut: CUT };
const rest: Reply = { status: 206, body: "456789", headers: { ...ETAG, "content-range": "bytes 4-9/10" } };
const whole: Reply = { body: "0123456789", headers: ETAG };

function blobRoutes(replies: Reply[], more: Routes = {}): Routes {
  return { ...serve(image.all), [BLOB]: replies, ...more };
}

describe("a body that was cut", () => {
  const NEXT = { range: "bytes=4-", "if-range": '"v1"' };
  const rows: readonly { what: string; replies: Reply[]; ranges: (string | undefined)[]; resumedAt: (number | null)[] }[] = [
    { what: "is gone on with", replies: [start, rest], ranges: [undefined, "bytes=4-"], resumedAt: [4] },
    { what: "is gone on with twice", replies: [start, { ...rest, body: "45", cut: CUT }, { ...rest, body: "6789", headers: { ...ETAG, "content-range": "bytes 6-9/10" } }], ranges: [undefined, "bytes=4-", "bytes=6-"], resumedAt: [4, 6] },
    { what: "has another ETag by then: from the start", replies: [start, { ...rest, headers: { etag: '"v2"', "content-range": "bytes 4-9/10" } }, whole], ranges: [undefined, "bytes=4-", undefined], resumedAt: [null] },
    { what: "has no ETag by then: from the start", replies: [start, { ...rest, headers: { "content-range": "bytes 4-9/10" } }, whole], ranges: [undefined, "bytes=4-", undefined], resumedAt: [null] },
    { what: "is answered with other bytes than asked for: from the start", replies: [start, { ...rest, headers: { ...ETAG, "content-range": "bytes 3-9/10" } }, whole], ranges: [undefined, "bytes=4-", undefined], resumedAt: [null] },
    { what: "is answered with fewer bytes than asked for: from the start", replies: [start, { ...rest, headers: { ...ETAG, "content-range": "bytes 4-8/10" } }, whole], ranges: [undefined, "bytes=4-", undefined], resumedAt: [null] },
    { what: "is answered for another size: from the start", replies: [start, { ...rest, headers: { ...ETAG, "content-range": "bytes 4-9/11" } }, whole], ranges: [undefined, "bytes=4-", undefined], resumedAt: [null] },
    { what: "is answered without Content-Range: from the start", replies: [start, { ...rest, headers: ETAG }, whole], ranges: [undefined, "bytes=4-", undefined], resumedAt: [null] },
    { what: "is answered with 200: from the start", replies: [start, whole, whole], ranges: [undefined, "bytes=4-", undefined], resumedAt: [null] },
    { what: "is answered with 200 that says it is the rest: from the start", replies: [start, { ...rest, status: 200 }, whole], ranges: [undefined, "bytes=4-", undefined], resumedAt: [null] },
    { what: "is answered with 416: from the start", replies: [start, { status: 416 }, whole], ranges: [undefined, "bytes=4-", undefined], resumedAt: [null] },
    { what: "never had an ETag: from the start", replies: [{ ...start, headers: {} }, whole], ranges: [undefined, undefined], resumedAt: [null] },
    { what: "has a weak ETag: from the start", replies: [{ ...start, headers: { etag: 'W/"v1"' } }, whole], ranges: [undefined, undefined], resumedAt: [null] },
    { what: "before its first byte: from the start", replies: [{ ...start, body: "" }, whole], ranges: [undefined, undefined], resumedAt: [null] },
    { what: "and whose rest does not come: from the start", replies: [start, { fault: new Tofu3Error("E_CONNECT", "refused") }, whole], ranges: [undefined, "bytes=4-", undefined], resumedAt: [null, null] },
  ]; // prettier-ignore
  test.each(rows)("$what", async ({ replies, ranges, resumedAt }) => {
    const transport = fakeTransport(blobRoutes([...replies]));
    const seen = await look(transport);
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    const asked = transport.asked.filter((each) => each.url === BLOB).map((each) => each.headers);
    expect(asked.map((each) => each["range"])).toEqual(ranges);
    expect(asked[1]).toEqual({ accept: "*/*", ...(ranges[1] === undefined ? {} : NEXT) });
    expect(seen.evidence.retries.map((each) => each.resumedAt)).toEqual(resumedAt);
  });

  test("and made of parts that do not match is fetched whole before it counts", async () => {
    const routes = blobRoutes([start, { ...rest, body: "xxxxxx" }, whole]);
    expect(await look(fakeTransport(routes))).toMatchObject({ outcome: "saw", error: null });
  });

  test("and does not match when it is whole either is a mismatch", async () => {
    const transport = fakeTransport(blobRoutes([start, { ...rest, body: "xxxxxx" }, { body: "0123yyyyyy" }]));
    const seen = await look(transport);
    expect(seen).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
    expect(seen.objects.at(-1)?.computed).toBe(thing("", "0123yyyyyy").digest);
  });

  test("is gone on with where it came from, without Authorization elsewhere", async () => {
    const cdn = "https://cdn.example/x?sig=1";
    const challenge: Reply = { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };
    const routes = blobRoutes([{ status: 307, headers: { location: cdn } }], {
      [cdn]: [start, rest],
      [`${BASE}/manifests/1`]: [challenge, page(image.manifest)],
    });
    const transport = fakeTransport(routes);
    const seen = await look(transport, { vantage: { login: { username: "u", password: new Secret("p") } } });
    expect(seen.error).toBe(null);
    expect(transport.asked.at(-1)).toMatchObject({
      url: cdn,
      publicOnly: true,
      maxBytes: 6,
      headers: { accept: "*/*", ...NEXT },
    });
    expect(Object.keys(transport.asked.at(-1)?.headers ?? {})).not.toContain("authorization");
  });

  test("for ever is a failure, not other bytes", async () => {
    const seen = await look(
      fakeTransport(blobRoutes([{ ...start, headers: {} }, ...Array<Reply>(5).fill({ ...start, headers: {} })])),
    );
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_CUT", stage: "body" } });
    expect(seen.evidence.retries).toHaveLength(5);
  });

  test("counts every byte in the notes, and each place once in the progress", async () => {
    const progress: Progress[] = [];
    const routes = blobRoutes([{ ...start, headers: {} }, whole]);
    const seen = await look(fakeTransport(routes), { watch: (each) => progress.push(each) });
    const shown = progress.reduce((sum, each) => sum + (each.kind === "bytes" ? each.bytes : 0), 0);
    expect(shown).toBe(image.all.reduce((sum, each) => sum + each.size, 0));
    expect(seen.evidence.bytes).toBe(shown + 4);
  });
});

describe("a signed URL that has ended", () => {
  const cdn = (at: number): string => `https://cdn.example/x?sig=${at}`;
  const to = (at: number): Reply => ({ status: 307, headers: { location: cdn(at) } });

  test.each([400, 403, 404, 410])("with %i: the registry is asked for another", async (status) => {
    const routes = blobRoutes([to(1), to(2)], { [cdn(1)]: { status }, [cdn(2)]: whole });
    expect(await look(fakeTransport(routes))).toMatchObject({ outcome: "saw", error: null });
  });

  test("and another, and another: twice", async () => {
    const routes = blobRoutes([to(1), to(2), to(3)], {
      [cdn(1)]: { status: 403 },
      [cdn(2)]: { status: 403 },
      [cdn(3)]: { status: 403 },
    });
    expect(await look(fakeTransport(routes))).toMatchObject({ outcome: "refused", error: { code: "E_DENIED" } });
  });

  test("after a cut: from the start, at another", async () => {
    const routes = blobRoutes([to(1), to(2)], { [cdn(1)]: [start, { status: 403 }], [cdn(2)]: whole });
    expect(await look(fakeTransport(routes))).toMatchObject({ outcome: "saw", error: null });
  });
});

describe("how much is taken", () => {
  test("no more than is declared, and no more than is allowed", async () => {
    const transport = fakeTransport(serve(image.all));
    const seen = await look(transport, { job: jobOf(undefined, {}, { blobBytes: 9 }) });
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_LIMIT" } });
    expect(transport.asked.map((each) => each.url)).not.toContain(BLOB);
    expect(transport.asked.map((each) => each.maxBytes)).toEqual([2_000_000]);
  });

  test("of schema 1, which declares nothing, no more than is allowed", async () => {
    const v1 = JSON.stringify({ id: "1".repeat(64) });
    const body = JSON.stringify({
      schemaVersion: 1,
      name: "a/b",
      tag: "1",
      architecture: "amd64",
      fsLayers: [{ blobSum: layer.digest }],
      history: [{ v1Compatibility: v1 }],
    });
    const schema1 = thing("application/vnd.docker.distribution.manifest.v1+json", body);
    const good = await look(fakeTransport(serve([schema1, layer])));
    expect(good).toMatchObject({ outcome: "saw", error: null, digest: schema1.digest });
    expect(good.objects.at(-1)).toMatchObject({ role: "layer", declaredSize: null, size: 10, computed: layer.digest });
    const small = await look(fakeTransport(serve([schema1, layer])), { job: jobOf(undefined, {}, { blobBytes: 9 }) });
    expect(small).toMatchObject({ outcome: "failed", error: { code: "E_TOO_LARGE" } });
  });

  test.each([201, 202, 203, 206])("the right bytes under %i are not taken", async (status) => {
    const seen = await look(fakeTransport(blobRoutes([{ ...whole, status }])));
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_STATUS" } });
  });

  test("an error page longer than the blob is still an error page", async () => {
    const seen = await look(fakeTransport(blobRoutes([{ status: 404, body: "x".repeat(500) }])));
    expect(seen).toMatchObject({ outcome: "refused", error: { code: "E_NOT_FOUND" } });
  });
});

describe("what is tried again", () => {
  const again: readonly { what: string; reply: Reply }[] = [
    ...[408, 429, 500, 502, 503, 504].map((status) => ({ what: String(status), reply: { status } })),
    ...(["E_CONNECT", "E_DNS", "E_CUT", "E_TIMEOUT"] as const).map((code) => ({
      what: code,
      reply: { fault: new Tofu3Error(code, "passing") },
    })),
  ];
  test.each(again)("$what", async ({ reply }) => {
    const clock = fakeClock();
    const seen = await look(
      fakeTransport({ ...serve(image.all), [`${BASE}/manifests/1`]: [reply, reply, page(image.manifest)] }),
      {
        vantage: { clock },
      },
    );
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(seen.evidence.retries).toMatchObject([
      { url: `${BASE}/manifests/1`, attempt: 1, waitedMs: 250, resumedAt: null },
      { url: `${BASE}/manifests/1`, attempt: 2, waitedMs: 500 },
    ]);
    expect(clock.slept).toEqual([250, 500]);
  });

  const never: readonly ErrorCode[] = [
    "E_TLS",
    "E_HOST_KEY",
    "E_FRAMING",
    "E_ENCODING",
    "E_ADDRESS",
    "E_TOO_LARGE",
    "E_PROXY",
    "E_SSH",
    "E_VM_TOOL",
    "E_DISK",
  ];
  test.each([
    ...never.map((code) => ({ what: code, reply: { fault: new Tofu3Error(code, "lasting") } })),
    ...[400, 403, 404, 405, 501].map((status) => ({ what: String(status), reply: { status } })),
  ])("not $what", async ({ reply }) => {
    const seen = await look(fakeTransport({ [`${BASE}/manifests/1`]: [reply] }));
    expect(seen.error).not.toMatchObject({ code: "E_BUG" });
    expect(seen.evidence.retries).toEqual([]);
  });

  test.each([
    {
      what: "a server that never recovers: limits.retries",
      reply: { status: 503 },
      retries: 3,
      times: 4,
      code: "E_STATUS",
    },
    { what: "a rate limit that stays", reply: { status: 429 }, retries: 2, times: 3, code: "E_RATE_LIMIT" },
    {
      what: "a name that is not there: twice",
      reply: { fault: new Tofu3Error("E_DNS", "no such name") },
      retries: 5,
      times: 3,
      code: "E_DNS",
    },
    { what: "nothing, where none is allowed", reply: { status: 503 }, retries: 0, times: 1, code: "E_STATUS" },
  ])("$what", async ({ reply, retries, times, code }) => {
    const transport = fakeTransport({ [`${BASE}/manifests/1`]: reply });
    expect(await look(transport, { job: jobOf(undefined, {}, { retries }) })).toMatchObject({
      outcome: "failed",
      error: { code },
    });
    expect(transport.asked).toHaveLength(times);
  });

  test.each([
    { what: "seconds", value: "7", slept: [7000] },
    { what: "a date", value: "Fri, 02 Jan 2026 03:04:25 GMT", slept: [20_000] },
    { what: "a date that is over", value: "Fri, 02 Jan 2026 03:00:00 GMT", slept: [0] },
    { what: "nonsense", value: "soon", slept: [250] },
    { what: "a negative number", value: "-5", slept: [250] },
  ])("Retry-After with $what", async ({ value, slept }) => {
    const clock = fakeClock();
    const limited: Reply = { status: 429, headers: { "retry-after": value } };
    const seen = await look(
      fakeTransport({ ...serve(image.all), [`${BASE}/manifests/1`]: [limited, page(image.manifest)] }),
      {
        vantage: { clock },
      },
    );
    expect(seen.error).toBe(null);
    expect(clock.slept).toEqual(slept);
  });

  test.each([
    { what: "more than a minute is not waited for", value: "61", slept: [] },
    { what: "a minute in all", value: "25", slept: [25_000, 25_000] },
    { what: "a year", value: "Fri, 01 Jan 2027 00:00:00 GMT", slept: [] },
    { what: "no number that anybody waits for", value: "1000000000", slept: [] },
  ])("Retry-After: $what", async ({ value, slept }) => {
    const clock = fakeClock();
    const limited: Reply = {
      status: 429,
      headers: { "retry-after": value, "ratelimit-remaining": "0;w=21600" },
      body: "You have reached your pull rate limit.",
    };
    const seen = await look(fakeTransport({ [`${BASE}/manifests/1`]: limited }), { vantage: { clock } });
    expect(clock.slept).toEqual(slept);
    expect(seen.error).toMatchObject({ code: "E_RATE_LIMIT" });
    expect(seen.error?.message).toContain(
      `retry-after: ${value}, ratelimit-remaining: 0;w=21600; registry said: You have reached your pull rate limit.`,
    );
  });

  test("the wait is never longer than it should be, and is between a half and one and a half of it", async () => {
    const rows = await Promise.all(
      [0, 0.999].map(async (random) => {
        const clock = { ...fakeClock(), random: () => random };
        await look(fakeTransport({ [`${BASE}/manifests/1`]: { status: 503 } }), {
          vantage: { clock },
          job: jobOf(undefined, {}, { retries: 7 }),
        });
        return clock.slept;
      }),
    );
    expect(rows).toEqual([
      [125, 250, 500, 1000, 2000, 4000, 4000],
      [375, 750, 1499, 2998, 5996, 11992, 11992],
    ]);
  });

  test("the person sees it", async () => {
    const progress: Progress[] = [];
    await look(
      fakeTransport({ ...serve(image.all), [`${BASE}/manifests/1`]: [{ status: 503 }, page(image.manifest)] }),
      {
        watch: (each) => progress.push(each),
      },
    );
    expect(progress).toContainEqual({
      kind: "retry",
      worker: "here",
      message: "cannot fetch manifest 1 of registry.example/a/b: the registry answered 503",
      waitMs: 250,
    });
  });

  test("the wait ends when the person stops", async () => {
    const stop = new AbortController();
    const transport = fakeTransport({ [`${BASE}/manifests/1`]: { status: 503 } }, () =>
      setTimeout(() => stop.abort(new Error("stop")), 5),
    );
    await expect(look(transport, { signal: stop.signal, vantage: { clock: systemClock } })).rejects.toThrow("stop");
  });
});

test.each([
  ["0", 0],
  ["120", 120_000],
  ["Wed, 21 Oct 2015 07:28:00 GMT", 0],
  ["1e3", null],
  ["", null],
  ["tomorrow", null],
])("Retry-After %s is %s ms", (value, milliseconds) => {
  expect(parseRetryAfter(value, new Date("2026-01-01T00:00:00Z"))).toBe(milliseconds);
});

test("a digest that is named twice with two sizes is refused", async () => {
  const first = imageFor("linux/amd64", "same");
  const lied = { ...first.config, size: first.config.size + 1 };
  const other = manifestOf(lied, []);
  const index = indexOf([descriptor(first.manifest), descriptor(other)]);
  const seen = await look(fakeTransport(serve([index, ...first.all, other])));
  expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_MANIFEST" } });
});
