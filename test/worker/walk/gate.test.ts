import { describe, expect, test } from "vitest";
import { judge } from "../../../src/consensus/judge.ts";
import { Tofu3Error } from "../../../src/errors.ts";
import type { ImageJob } from "../../../src/model/job.ts";
import type { Observation } from "../../../src/model/observation.ts";
import type { Keep } from "../../../src/model/keep.ts";
import type { Transport } from "../../../src/http/transport.ts";
import { ACCEPT } from "../../../src/oci/mediatype.ts";
import { parsePlatform } from "../../../src/oci/platform.ts";
import { claimedAt } from "../../../src/worker/walk/claimed.ts";
import { fakeTransport, type FakeTransport, type Routes } from "../faketransport.ts";
import { BASE, descriptor, imageFor, indexOf, jobOf, look, page, serve, thing, vantageOf } from "../fixtures.ts";

const NEVER = new AbortController().signal;
const amd = imageFor("linux/amd64", "amd layer");
const index = indexOf([descriptor(amd.manifest)]);
const blob = thing("application/octet-stream", "some bytes");
const BLOB = `${BASE}/blobs/${blob.digest}`;
const atBlob: ImageJob = { ...jobOf(`registry.example/a/b@${blob.digest}`), depth: "blob" };

function asked(transport: FakeTransport): string[] {
  return transport.asked.map(({ method, url }) => `${method} ${url.slice(BASE.length)}`).sort();
}

function three(...seen: readonly [Observation, Observation, Observation]): Observation[] {
  return seen.map((each, at) => ({ ...each, worker: `w${at}` }));
}

describe("a job of depth alone", () => {
  test.each([
    { what: "an index", root: index },
    { what: "a manifest", root: amd.manifest },
  ])("reads $what and nothing else, whatever is selected", async ({ root }) => {
    const selection = { platform: parsePlatform("linux/s390x"), osVersion: null, bottle: null };
    const transport = fakeTransport(serve([root]));
    const seen = await look(transport, { job: { ...jobOf(), selection, depth: "alone" } });
    expect(seen).toMatchObject({ outcome: "saw", error: null, digest: root.digest });
    expect(seen.objects.map(({ digest }) => digest)).toEqual([root.digest]);
    expect(asked(transport)).toEqual(["GET /manifests/1"]);
    expect(judge(three(seen, seen, seen)).outcome).toBe("agreed");
  });
});

describe("a job for some of what a manifest names", () => {
  const { config, layers } = amd;
  const [layer] = layers;
  if (layer === undefined) throw new Error("an image without a layer");
  const all: Routes = {
    ...serve([amd.manifest]),
    [`${BASE}/blobs/${config.digest}`]: { body: config.bytes },
    [`${BASE}/blobs/${layer.digest}`]: { body: layer.bytes },
  };

  test.each([
    { what: "the layer", only: [layer.digest] },
    { what: "the config", only: [config.digest] },
    { what: "nothing", only: [] },
    { what: "what it does not name", only: [blob.digest] },
    { what: "everything", only: [config.digest, layer.digest] },
  ])("fetches $what, and knows of nothing else", async ({ only }) => {
    const transport = fakeTransport(all);
    const seen = await look(transport, { job: { ...jobOf(), only: new Set(only) } });
    const wanted = only.filter((digest) => digest !== blob.digest);
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(seen.objects.map(({ digest }) => digest)).toEqual([amd.manifest.digest, ...wanted]);
    expect(asked(transport)).toEqual(["GET /manifests/1", ...wanted.map((digest) => `GET /blobs/${digest}`)].sort());
    expect(judge(three(seen, seen, seen)).outcome).toBe("agreed");
  });
});

describe("a job for one blob", () => {
  test.each([{ size: undefined }, { size: blob.size }])("hashes it as the root, size $size", async ({ size }) => {
    const landed: unknown[] = [];
    const keep: Keep = {
      blob: (digest) => `/kept/${digest}`,
      landed: (digest, bytes) => void landed.push([digest, bytes]),
      document: () => Promise.reject(new Error("no document")),
    };
    const transport = fakeTransport({ [BLOB]: { body: blob.bytes } });
    const seen = await look(transport, { job: { ...atBlob, ...(size === undefined ? {} : { size }) }, keep });
    expect(seen).toMatchObject({ outcome: "saw", error: null, digest: blob.digest, asked: { digest: blob.digest } });
    const place = { role: "blob", parent: null, position: 0, mediaType: "application/octet-stream" };
    const sizes = { size: blob.size, declaredSize: size ?? null };
    expect(seen.objects).toMatchObject([{ ...place, ...sizes, digest: blob.digest, computed: blob.digest }]);
    expect(asked(transport)).toEqual([`GET /blobs/${blob.digest}`]);
    expect(landed).toEqual([[blob.digest, blob.size]]);
    expect(judge(three(seen, seen, seen)).outcome).toBe("agreed");
  });

  test.each([
    { what: "other bytes", body: "other bytes", size: undefined },
    { what: "other bytes of the right size", body: "some bytez", size: blob.size },
    { what: "more bytes than there are", body: "some bytes and more", size: blob.size },
  ])("$what are a contradiction, at once and alone", async ({ body, size }) => {
    const told: string[] = [];
    const job = { ...atBlob, ...(size === undefined ? {} : { size }) };
    const transport = fakeTransport({ [BLOB]: { body } });
    const lied = await look(transport, { job, watch: ({ kind }) => void told.push(kind) });
    const honest = await look(fakeTransport({ [BLOB]: { body: blob.bytes } }), { job });
    expect(lied).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
    expect(told).toContain("mismatch");
    expect(judge(three(honest, lied, honest)).outcome).toBe("disagreed");
    expect(judge(three(lied, lied, lied)).outcome).toBe("disagreed");
  });

  test("one that is gone everywhere is absent, and one that is gone at one vantage is missing there", async () => {
    const gone = await look(fakeTransport({ [BLOB]: { status: 404 } }), { job: atBlob });
    const there = await look(fakeTransport({ [BLOB]: { body: blob.bytes } }), { job: atBlob });
    expect(gone).toMatchObject({ outcome: "refused", objects: [], error: { code: "E_NOT_FOUND" } });
    expect(judge(three(gone, gone, gone)).outcome).toBe("absent");
    expect(judge(three(there, gone, there)).outcome).toBe("incomplete");
  });

  test("one that is larger than a blob may be", async () => {
    const job = { ...atBlob, limits: { ...atBlob.limits, blobBytes: 4 } };
    const seen = await look(fakeTransport({ [BLOB]: { body: blob.bytes } }), { job });
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_TOO_LARGE" } });
    const known = await look(fakeTransport({}), { job: { ...job, size: blob.size } });
    expect(known).toMatchObject({ outcome: "failed", error: { code: "E_LIMIT" } });
  });

  test("an unclean end takes its support away, and not what it saw", async () => {
    const transport: Transport = {
      ...fakeTransport({ [BLOB]: { body: blob.bytes } }),
      end: () => Promise.reject(new Tofu3Error("E_VM_REPLY", "not clean", { stage: "ssh" })),
    };
    const seen = await look(transport, { job: atBlob });
    expect(seen).toMatchObject({ outcome: "failed", digest: blob.digest, error: { code: "E_VM_REPLY" } });
    const clean = await look(fakeTransport({ [BLOB]: { body: blob.bytes } }), { job: atBlob });
    expect(judge(three(clean, seen, clean)).outcome).toBe("incomplete");
  });

  test("it is stopped with the blobs of all others", async () => {
    const stop = AbortSignal.abort(new Tofu3Error("E_STOPPED", "roots differ"));
    const seen = await look(fakeTransport({}), { job: atBlob, stop });
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_STOPPED" } });
  });
});

describe("what a HEAD claims for a tag", () => {
  const TAG = `HEAD ${BASE}/manifests/1`;
  const { digest } = amd.manifest;
  const named = { headers: { "docker-content-digest": digest } };

  test.each<{ what: string; routes: Routes; claimed: unknown }>([
    { what: "a digest", routes: { [TAG]: named }, claimed: digest },
    { what: "the same digest twice", routes: { [TAG]: { headers: { "docker-content-digest": [digest, digest] } } }, claimed: digest },
    { what: "two digests", routes: { [TAG]: { headers: { "docker-content-digest": [digest, blob.digest] } } }, claimed: null },
    { what: "no digest", routes: { [TAG]: {} }, claimed: null },
    { what: "something else", routes: { [TAG]: { headers: { "docker-content-digest": "md5:x" } } }, claimed: null },
    { what: "a digest with a 404", routes: { [TAG]: { status: 404, ...named } }, claimed: null },
    { what: "a digest elsewhere", routes: { [TAG]: { status: 307, headers: { location: `${BASE}/manifests/2` } }, [`HEAD ${BASE}/manifests/2`]: named }, claimed: digest },
    { what: "nothing", routes: { [TAG]: { fault: new Tofu3Error("E_TLS", "no", { stage: "tls" }) } }, claimed: { code: "E_TLS" } },
  ])("$what", async ({ routes, claimed }) => {
    const transport = fakeTransport(routes);
    const found = await claimedAt(vantageOf(transport), { ...jobOf(), depth: "alone" }, NEVER);
    if (typeof claimed === "object" && claimed !== null) expect(found).toMatchObject(claimed);
    else expect(found).toBe(claimed);
    expect(transport.calls).toEqual(["open", "end"]);
    expect(transport.asked.every(({ method, headers }) => method === "HEAD" && headers["accept"] === ACCEPT)).toBe(true);
  }); // prettier-ignore

  test("the page that was asked for by GET is not asked for", async () => {
    const transport = fakeTransport({ [TAG]: named, [`${BASE}/manifests/1`]: page(amd.manifest) });
    await claimedAt(vantageOf(transport), { ...jobOf(), depth: "alone" }, NEVER);
    expect(asked(transport)).toEqual(["HEAD /manifests/1"]);
  });

  test("whoever asks no more gets the reason", async () => {
    const stopped = AbortSignal.abort(new Error("enough"));
    await expect(claimedAt(vantageOf(fakeTransport({})), jobOf(), stopped)).rejects.toThrow("enough");
  });
});
