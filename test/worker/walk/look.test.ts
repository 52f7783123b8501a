import { describe, expect, test } from "vitest";
import { judge } from "../../../src/consensus/judge.ts";
import { Tofu3Error } from "../../../src/errors.ts";
import type { Admit } from "../../../src/model/keep.ts";
import type { Observation } from "../../../src/model/observation.ts";
import { digestOf, type Digest } from "../../../src/oci/digest.ts";
import type { Progress } from "../../../src/model/progress.ts";
import { ACCEPT, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../../../src/oci/mediatype.ts";
import { parsePlatform } from "../../../src/oci/platform.ts";
import type { Transport } from "../../../src/http/transport.ts";
import { fakeTransport, type Routes } from "../faketransport.ts";
import {
  BASE,
  descriptor,
  imageFor,
  indexOf,
  jobOf,
  LAYER,
  LIMITS,
  look,
  manifestOf,
  page,
  serve,
  thing,
  type Thing,
} from "../fixtures.ts";

const amd = imageFor("linux/amd64", "amd layer", "shared layer");
const arm = imageFor("linux/arm64", "arm layer", "shared layer");
const index = indexOf([
  descriptor(amd.manifest, { platform: { os: "linux", architecture: "amd64" } }),
  descriptor(arm.manifest, {
    platform: { os: "linux", architecture: "arm64", variant: "v8" },
    annotations: { a: "b" },
  }),
]);
const everything = [index, ...amd.all, ...arm.all];

describe("what is seen", () => {
  test("an index: every place of the tree in its order, with digest, size, parent and platform", async () => {
    const transport = fakeTransport(serve(everything));
    const seen = await look(transport);
    expect(seen).toMatchObject({ worker: "here", via: "local", outcome: "saw", error: null, digest: index.digest });
    const [root, ...others] = seen.objects;
    expect(root).toEqual({
      role: "index", digest: index.digest, computed: index.digest, size: index.size, declaredSize: null, mediaType: OCI_INDEX,
      parent: null, position: 0, platform: null, osVersion: null, annotations: {},
    }); // prettier-ignore
    expect(
      others.map(({ role, digest, parent, position, platform }) => [role, digest, parent, position, platform]),
    ).toEqual([
      ["manifest", amd.manifest.digest, index.digest, 0, "linux/amd64"],
      ["config", amd.config.digest, amd.manifest.digest, 0, "linux/amd64"],
      ["layer", amd.layers[0]?.digest, amd.manifest.digest, 0, "linux/amd64"],
      ["layer", amd.layers[1]?.digest, amd.manifest.digest, 1, "linux/amd64"],
      ["manifest", arm.manifest.digest, index.digest, 1, "linux/arm64"],
      ["config", arm.config.digest, arm.manifest.digest, 0, "linux/arm64"],
      ["layer", arm.layers[0]?.digest, arm.manifest.digest, 0, "linux/arm64"],
      ["layer", arm.layers[1]?.digest, arm.manifest.digest, 1, "linux/arm64"],
    ]);
    expect(others.every((each) => each.computed === each.digest && each.size === each.declaredSize)).toBe(true);
    expect(others[4]?.annotations).toEqual({ a: "b" });
    expect(transport.calls).toEqual(["open", "end"]);
  });

  test("each digest is asked for once, however often it is named", async () => {
    const transport = fakeTransport(serve(everything));
    await look(transport);
    const urls = transport.asked.map((each) => each.url);
    expect(new Set(urls).size).toBe(urls.length);
    expect(urls).toHaveLength(1 + 2 + 2 + 3);
  });

  test("every manifest is asked for with the one Accept value", async () => {
    const transport = fakeTransport(serve(everything));
    await look(transport);
    const documents = transport.asked.filter((each) => each.url.includes("/manifests/"));
    expect(documents.map((each) => each.headers)).toEqual([{ accept: ACCEPT }, { accept: ACCEPT }, { accept: ACCEPT }]);
  });

  test("the root is asked for by tag where there is one, by digest otherwise", async () => {
    const both = fakeTransport({ ...serve(everything), [`${BASE}/manifests/1`]: page(arm.manifest) });
    const seen = await look(both, { job: jobOf(`registry.example/a/b:1@${index.digest}`) });
    expect(seen).toMatchObject({ outcome: "saw", error: null, digest: arm.manifest.digest });
    const byDigest = fakeTransport(serve(everything));
    await look(byDigest, { job: jobOf(`registry.example/a/b@${index.digest}`) });
    expect(byDigest.asked[0]?.url).toBe(`${BASE}/manifests/${index.digest}`);
  });

  test.each([
    { what: "a manifest without layers", layers: [], config: thing(OCI_CONFIG, "{}") },
    {
      what: "an artifact with an unusual config",
      layers: [thing("text/plain", "x")],
      config: thing("application/vnd.oci.empty.v1+json", "{}"),
    },
    { what: "an empty blob", layers: [thing("text/plain", "")], config: thing(OCI_CONFIG, "{}") },
    { what: "a sha512 layer", layers: [thing(LAYER, "long", "sha512")], config: thing(OCI_CONFIG, "{}") },
    {
      what: "a config that is a layer as well",
      layers: [thing("text/plain", "{}")],
      config: thing("application/json", "{}"),
    },
  ])("$what", async ({ config, layers }) => {
    const seen = await look(fakeTransport(serve([manifestOf(config, layers), config, ...layers])));
    expect(seen.error).toBe(null);
    expect(seen.objects.map((each) => each.computed)).toEqual([
      seen.digest,
      config.digest,
      ...layers.map((each) => each.digest),
    ]);
  });

  describe("an entry of an index whose type nobody knows", () => {
    const artifact = thing("application/vnd.oci.artifact.manifest.v1+json", '{"blobs":[]}');
    const outer = indexOf([descriptor(index), descriptor(artifact)]);
    const at = (place: string): string => `${BASE}/${place}/${artifact.digest}`;
    const kept = { [at("manifests")]: { body: artifact.bytes } };

    test.each([
      { what: "is asked for as a manifest", routes: { ...kept, [at("blobs")]: { status: 404 } }, asked: ["manifests"] },
      {
        what: "that is a blob to its registry is one",
        routes: { [at("manifests")]: { status: 404 } },
        asked: ["manifests", "blobs"],
      },
    ])("$what", async ({ routes, asked }) => {
      const transport = fakeTransport({ ...serve([outer, ...everything, artifact]), ...routes });
      const seen = await look(transport);
      expect(seen.error).toBe(null);
      expect(seen.objects.at(-1)).toMatchObject({ role: "blob", computed: artifact.digest, parent: outer.digest });
      const requests = transport.asked.filter((each) => each.url.endsWith(artifact.digest));
      expect(requests.map((each) => each.url)).toEqual(asked.map(at));
      expect(requests[0]?.headers["accept"]).toBe(`${artifact.mediaType}, */*`);
    });

    test("with other bytes is no less a lie, and is not looked for elsewhere", async () => {
      const transport = fakeTransport({
        ...serve([outer, ...everything, artifact]),
        [at("manifests")]: { body: "{}" },
      });
      expect(await look(transport)).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
      expect(transport.asked.filter((each) => each.url.endsWith(artifact.digest))).toHaveLength(1);
    });

    test("that is denied is not looked for elsewhere", async () => {
      const transport = fakeTransport({
        ...serve([outer, ...everything, artifact]),
        [at("manifests")]: { status: 403 },
      });
      expect(await look(transport)).toMatchObject({ outcome: "refused", error: { code: "E_DENIED" } });
    });
  });

  test("an index in an index", async () => {
    const seen = await look(fakeTransport(serve([indexOf([descriptor(index)]), ...everything])));
    expect(seen.error).toBe(null);
    expect(seen.objects.map((each) => each.role).filter((role) => role === "index")).toHaveLength(2);
  });

  test("documents only, where the job says so", async () => {
    const transport = fakeTransport(serve(everything));
    const seen = await look(transport, { job: { ...jobOf(), depth: "documents" } });
    expect(seen.objects.map((each) => each.role)).toEqual(["index", "manifest", "manifest"]);
    expect(transport.asked.some((each) => each.url.includes("/blobs/"))).toBe(false);
  });

  test("what the registry claims is noted and not believed", async () => {
    const routes: Routes = {
      ...serve(everything),
      [`${BASE}/manifests/1`]: page(index, { "docker-content-digest": "sha256:\u001b[2J" }),
    };
    const seen = await look(fakeTransport(routes));
    expect(seen).toMatchObject({ outcome: "saw", digest: index.digest, error: null });
    expect(seen.evidence.claimedDigest).toBe("sha256:\\u{1b}[2J");
  });

  test("rate limits, warnings, addresses and tools are noted", async () => {
    const headers = {
      "ratelimit-remaining": "76;w=21600",
      "docker-ratelimit-source": "192.0.2.7",
      warning: '299 - "old"',
      "x-other": "1",
    };
    const seen = await look(fakeTransport({ ...serve(everything), [`${BASE}/manifests/1`]: page(index, headers) }));
    expect(seen.evidence).toMatchObject({
      headers: ["docker-ratelimit-source: 192.0.2.7", "ratelimit-remaining: 76;w=21600", 'warning: 299 - "old"'],
      addresses: ["192.0.2.1"],
      tools: ["fake 1"],
      hostKey: null,
      machine: "m",
      boot: null,
      exchanges: 8,
    });
  });

  test("what is kept: documents as they were received, and a path for each blob", async () => {
    const kept = new Map<string, string>();
    const paths: Digest[] = [];
    const keep = {
      blob: (digest: Digest) => (paths.push(digest), `/k/${digest}`),
      document: (digest: Digest, bytes: Uint8Array) => (
        kept.set(digest, Buffer.from(bytes).toString()),
        Promise.resolve()
      ),
    };
    await look(fakeTransport(serve(everything)), { keep });
    expect(kept.get(index.digest)).toBe(index.bytes.toString());
    expect([...kept.keys()].sort()).toEqual([index.digest, amd.manifest.digest, arm.manifest.digest].sort());
    expect(paths).toHaveLength(5);
  });
});

test("a root that cannot be kept was seen all the same: who saw another one is contradicted", async () => {
  const full = new Tofu3Error("E_DISK", "the disk is full");
  const keep = { blob: (digest: Digest) => `/k/${digest}`, document: () => Promise.reject(full) };
  const seen = await look(fakeTransport(serve(everything)), { keep });
  expect(seen).toMatchObject({ outcome: "failed", digest: index.digest, error: { code: "E_DISK" } });
  expect(seen.objects.map((each) => each.digest)).toEqual([index.digest]);
});

test("where it does not fit, nothing but documents is fetched", async () => {
  const asked: (readonly [string, string | undefined])[][] = [];
  const admit: Admit = (documents, read) => {
    asked.push(documents.map((each) => [each.role, read(each.digest)?.kind]));
    throw new Tofu3Error("E_DESTINATION", "two manifests do not fit");
  };
  const transport = fakeTransport(serve(everything));
  const seen = await look(transport, { admit });
  expect(seen).toMatchObject({ outcome: "failed", digest: index.digest, error: { code: "E_DESTINATION" } });
  const image = ["manifest", "manifest"];
  expect(asked).toEqual([[["index", "index"], image, image]]);
  expect(transport.asked.some((each) => each.url.includes("/blobs/"))).toBe(false);
});

describe("other bytes than were asked for", () => {
  const other = imageFor("linux/amd64", "other").manifest;
  const [layer] = amd.layers;
  const rows: readonly { what: string; routes: Routes; reference?: string; at: Digest | undefined; computed: Digest | null; objects: number }[] = [
    { what: "another manifest for the root's digest", routes: { [`${BASE}/manifests/${index.digest}`]: page(other) }, reference: `registry.example/a/b@${index.digest}`, at: index.digest, computed: other.digest, objects: 1 },
    { what: "another manifest for an entry", routes: { [`${BASE}/manifests/${amd.manifest.digest}`]: page(other) }, at: amd.manifest.digest, computed: other.digest, objects: 6 },
    { what: "a manifest that is not even JSON", routes: { [`${BASE}/manifests/${amd.manifest.digest}`]: { body: "<html>", headers: { "content-type": "text/html" } } }, at: amd.manifest.digest, computed: thing("", "<html>").digest, objects: 6 },
    { what: "a layer with a flipped bit", routes: { [`${BASE}/blobs/${String(layer?.digest)}`]: { body: "bmd layer" } }, at: layer?.digest, computed: thing("", "bmd layer").digest, objects: 9 },
    { what: "a shorter layer", routes: { [`${BASE}/blobs/${String(layer?.digest)}`]: { body: "amd", headers: { "content-length": "3" } } }, at: layer?.digest, computed: thing("", "amd").digest, objects: 9 },
    { what: "an empty body", routes: { [`${BASE}/blobs/${String(layer?.digest)}`]: { body: "" } }, at: layer?.digest, computed: thing("", "").digest, objects: 9 },
    { what: "a layer with a byte too many", routes: { [`${BASE}/blobs/${String(layer?.digest)}`]: { body: "amd layer!" } }, at: layer?.digest, computed: null, objects: 9 },
  ]; // prettier-ignore
  test.each(rows)("$what", async ({ routes, reference, at, computed, objects }) => {
    const transport = fakeTransport({ ...serve(everything), ...routes });
    const seen = await look(transport, { job: jobOf(reference) });
    expect(seen).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH", stage: "digest" } });
    expect(seen.objects).toHaveLength(objects);
    expect(seen.objects.filter((each) => each.computed !== each.digest)).toMatchObject([{ digest: at, computed }]);
    expect(seen.evidence.retries).toEqual([]);
    const urls = transport.asked.map((each) => each.url);
    expect(new Set(urls).size).toBe(urls.length);
  });

  test("the root's digest is that of what came, not of what was asked for", async () => {
    const routes = { ...serve(everything), [`${BASE}/manifests/${index.digest}`]: page(other) };
    expect((await look(fakeTransport(routes), { job: jobOf(`registry.example/a/b@${index.digest}`) })).digest).toBe(
      other.digest,
    );
  });

  test("a descriptor with the right digest and another size", async () => {
    const lying = indexOf([{ ...descriptor(amd.manifest), size: amd.manifest.size + 1 }]);
    const seen = await look(fakeTransport(serve([lying, ...amd.all])));
    expect(seen).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
  });

  test("a layer with the right digest and fewer bytes than its descriptor says", async () => {
    const lying = manifestOf(amd.config, [
      { ...amd.config, size: amd.config.size + 1, digest: thing("", "amd layer").digest },
    ]);
    const seen = await look(fakeTransport(serve([lying, ...amd.all.slice(1)])));
    expect(seen).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
    expect(seen.objects.at(-1)).toMatchObject({
      computed: thing("", "amd layer").digest,
      size: 9,
      declaredSize: amd.config.size + 1,
    });
  });

  test("it outranks what could not be had", async () => {
    const routes: Routes = {
      ...serve(everything),
      [`${BASE}/blobs/${amd.config.digest}`]: { status: 404 },
      [`${BASE}/blobs/${String(layer?.digest)}`]: { body: "bmd layer" },
    };
    expect(await look(fakeTransport(routes))).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
  });

  test("it outranks that the time is over", async () => {
    const fake = fakeTransport({
      ...serve(everything),
      [`${BASE}/blobs/${String(layer?.digest)}`]: { body: "bmd layer" },
    });
    const transport: Transport = {
      ...fake,
      measure: (query, signal) =>
        query.url.endsWith(amd.config.digest)
          ? new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)))
          : fake.measure(query, signal),
    };
    const seen = await look(transport, { job: jobOf(undefined, {}, { totalSeconds: 0.2 }) });
    expect(seen).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
  });
});

describe("documents that are not walked", () => {
  const deep = [1, 2, 3, 4].reduce<{ top: Thing; all: Thing[] }>(
    ({ top, all }) => {
      const above = indexOf([descriptor(top)]);
      return { top: above, all: [above, ...all] };
    },
    { top: index, all: everything },
  );
  const many = [1, 2].map((each) =>
    indexOf(Array(6000).fill(descriptor(amd.manifest)), { annotations: { each: String(each) } }),
  );
  const bottle = (annotations: object): { top: Thing; all: Thing[] } => {
    const top = indexOf([descriptor(amd.manifest, { annotations })]);
    return { top, all: [top, ...amd.all] };
  };
  const one = imageFor("darwin/amd64", "the bottle");
  const oneBottle = indexOf([descriptor(one.manifest, { annotations: { "sh.brew.bottle.digest": "0".repeat(64) } })]);
  const wrongType = indexOf([
    { ...descriptor(amd.manifest), mediaType: "application/vnd.docker.distribution.manifest.v2+json" },
  ]);
  test.each([
    { what: "indexes five deep", things: deep.all, code: "E_LIMIT", message: /more than 4 levels deep/ },
    {
      what: "indexes with more than 10,000 entries together",
      things: [indexOf(many.map((each) => descriptor(each))), ...many, ...amd.all],
      code: "E_LIMIT",
      message: /more than 10000 objects/,
    },
    {
      what: "an entry that is of another type than its descriptor says",
      things: [wrongType, ...amd.all],
      code: "E_MEDIA_TYPE",
      message: /the index that names it says/,
    },
    {
      what: "a bottle whose layer is not what the index says",
      things: [oneBottle, ...one.all],
      code: "E_MANIFEST",
      message: /sha256:0{64}.*sha256:/,
    },
    {
      what: "a bottle with two layers",
      things: bottle({ "sh.brew.bottle.digest": "0".repeat(64) }).all,
      code: "E_MANIFEST",
      message: /one layer/,
    },
    { what: "an HTML page", things: [thing("text/html", "<html>")], code: "E_MEDIA_TYPE", message: /text\/html/ },
    {
      what: "a document of two kinds",
      things: [thing(OCI_MANIFEST, '{"schemaVersion":2,"manifests":[],"layers":[]}')],
      code: "E_MANIFEST",
      message: /two documents/,
    },
  ])("$what", async ({ things, code, message }) => {
    const transport = fakeTransport(serve(things));
    const seen = await look(transport);
    expect(seen.outcome).toBe("failed");
    expect(seen.error?.code).toBe(code);
    expect(seen.error?.message).toMatch(message);
    expect(transport.asked.length).toBeLessThan(20);
  });

  test.each([
    {
      what: "that calls itself a manifest is other bytes",
      root: thing(OCI_MANIFEST, '{"schemaVersion":2,"layers":[],"layers":[]}'),
      seen: true,
    },
    { what: "that is a page in HTML is none", root: thing("text/html", "<html>"), seen: false },
    { what: "that is empty is none", root: thing(OCI_MANIFEST, ""), seen: false },
  ])("a root that cannot be read and $what", async ({ root, seen }) => {
    const observed = await look(fakeTransport(serve([root])));
    expect(observed.outcome).toBe("failed");
    expect(observed.digest).toBe(seen ? root.digest : null);
    expect(observed.objects).toHaveLength(seen ? 1 : 0);
  });

  test.each([
    "application/json",
    "text/plain",
    "application/octet-stream",
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    ["application/vnd.oci.image.index.v1+json", "text/html"],
  ])("a document that is served as %s is a view, whatever it is, and supports nothing", async (type) => {
    const truth = ["here", "sgp"].map((name) => look(fakeTransport(serve(everything)), { vantage: { name } }));
    for (const [lie, outcome] of [
      [arm.manifest, "disagreed"],
      [indexOf([]), "disagreed"],
      [index, null],
    ] as const) {
      const routes = { ...serve(everything), [`${BASE}/manifests/1`]: page(lie, { "content-type": type }) };
      const seen = await look(fakeTransport(routes), { vantage: { name: "fra" } });
      expect(seen).toMatchObject({ outcome: "failed", digest: lie.digest });
      expect(seen.error?.code).toMatch(/^E_(MEDIA_TYPE|MANIFEST|FRAMING)$/);
      expect(seen.objects).toMatchObject([{ digest: lie.digest, computed: lie.digest }]);
      const schema1 = String(type).includes("manifest.v1+");
      expect(judge([...(await Promise.all(truth)), seen]).outcome).toBe(
        outcome ?? (schema1 ? "disagreed" : "incomplete"),
      );
    }
  });

  test.each([
    { what: "a page", type: "text/html", body: "<html>" },
    { what: "nothing", type: "application/json", body: "" },
    { what: "an error in JSON", type: "application/json", body: '{"errors":[{"code":"DENIED"}]}' },
    {
      what: "an error in JSON under a name of ours",
      type: "application/json",
      body: '{"mediaType":7,"schemaVersion":null}',
    },
    { what: "a list", type: "application/json", body: '[{"schemaVersion":2}]' },
    {
      what: "a schema 1 manifest that is none",
      type: "application/vnd.docker.distribution.manifest.v1+json",
      body: "{}",
    },
  ])("$what is no view", async ({ type, body }) => {
    const seen = await look(fakeTransport(serve([thing(type, body)])));
    expect(seen).toMatchObject({ outcome: "failed", digest: null, objects: [] });
  });

  test.each(["application/vnd.oci.artifact.manifest.v1+json", "application/json", "text/html"])(
    "a document of a type that nobody knows, served as %s, is other bytes at one and a gap at all",
    async (type) => {
      const artifact = thing(type, '{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","blobs":[]}');
      const truth = ["here", "sgp"].map((name) => look(fakeTransport(serve(everything)), { vantage: { name } }));
      const [one, two, three] = ["fra", "here", "sgp"].map((name) =>
        look(fakeTransport(serve([artifact])), { vantage: { name } }),
      );
      const seen = (await one) as Observation;
      expect(seen).toMatchObject({ outcome: "failed", digest: artifact.digest, error: { code: "E_MEDIA_TYPE" } });
      expect(seen.objects).toMatchObject([{ mediaType: "application/vnd.oci.artifact.manifest.v1+json" }]);
      expect(judge([...(await Promise.all(truth)), seen]).outcome).toBe("disagreed");
      expect(judge([seen, (await two) as Observation, (await three) as Observation]).outcome).toBe("incomplete");
    },
  );

  test.each(["application/json", "text/plain", null])(
    "a document that does not say what it is, served as %s, contradicts nobody and supports nobody",
    async (type) => {
      const list = (contentType: string | null): Routes => {
        const bytes = JSON.stringify({ schemaVersion: 2, manifests: [descriptor(amd.manifest)] });
        const headers = contentType === null ? {} : { "content-type": contentType };
        return { ...serve(amd.all), [`${BASE}/manifests/1`]: { headers, body: bytes } };
      };
      const told = list("application/vnd.docker.distribution.manifest.list.v2+json");
      const truth = await Promise.all(["here", "sgp"].map((name) => look(fakeTransport(told), { vantage: { name } })));
      const seen = await look(fakeTransport(list(type)), { vantage: { name: "fra" } });
      expect(truth.map((each) => each.error)).toEqual([null, null]);
      expect(seen.objects[0]).toMatchObject({ guessed: true, digest: truth[0]?.digest });
      expect(judge([...truth, seen]).outcome).toBe("incomplete");
    },
  );

  test("schema 1 that cannot be read is its payload, whatever it is signed with", async () => {
    const payload = '{"schemaVersion":1,"name":"a","name":"b","fsLayers":[],"history":[]';
    const signedAs = (signature: string): Thing => {
      const head = { formatLength: payload.length, formatTail: Buffer.from("}").toString("base64url") };
      const jws = { header: {}, signature, protected: Buffer.from(JSON.stringify(head)).toString("base64url") };
      return thing(
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        `${payload},"signatures":[${JSON.stringify(jws)}]}`,
      );
    };
    const computed = digestOf(Buffer.from(`${payload}}`));
    const all = await Promise.all(
      ["here", "fra", "sgp"].map((name) => look(fakeTransport(serve([signedAs(name)])), { vantage: { name } })),
    );
    expect(all.map((each) => each.digest)).toEqual([computed, computed, computed]);
    expect(judge(all).outcome).toBe("incomplete");
    const truth = ["here", "sgp"].map((name) => look(fakeTransport(serve(everything)), { vantage: { name } }));
    expect(judge([...(await Promise.all(truth)), all[1] as Observation]).outcome).toBe("disagreed");
    const routes = { [`${BASE}/manifests/${computed}`]: page(signedAs("x")) };
    const byDigest = await look(fakeTransport(routes), { job: jobOf(`registry.example/a/b@${computed}`) });
    expect(byDigest.error?.code).toBe("E_MANIFEST");
  });

  test("a document that is named several times is opened once, and each of its entries is seen once", async () => {
    // 1 + 60 + 3600 + 216,000 places, five documents
    const { all } = [60, 60, 60].reduce<{ top: Thing; all: Thing[] }>(
      ({ top, all: below }, times) => {
        const above = indexOf(Array.from({ length: times }, () => descriptor(top)));
        return { top: above, all: [above, ...below] };
      },
      { top: amd.manifest, all: amd.all },
    );
    const transport = fakeTransport(serve(all));
    const seen = await look(transport);
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(seen.objects).toHaveLength(1 + 60 + 60 + 60 + amd.all.length - 1);
    expect(new Set(seen.objects.map(({ parent, role, position }) => `${parent} ${role} ${position}`)).size).toBe(
      seen.objects.length,
    );
    expect(transport.asked).toHaveLength(new Set(all.map(({ digest }) => digest)).size);
  });

  test("an index that is searched and taken whole as well has each of its entries once", async () => {
    const inner = indexOf([
      descriptor(amd.manifest, { platform: { os: "linux", architecture: "amd64" } }),
      descriptor(arm.manifest, { platform: { os: "linux", architecture: "arm64" } }),
    ]);
    const outer = indexOf([descriptor(inner), descriptor(inner, { platform: { os: "linux", architecture: "amd64" } })]);
    const job = jobOf(undefined, { platform: parsePlatform("linux/amd64") });
    const seen = await look(fakeTransport(serve([outer, inner, ...amd.all, ...arm.all])), { job });
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(seen.objects.filter(({ parent }) => parent === inner.digest).map(({ digest }) => digest)).toEqual([
      amd.manifest.digest,
      arm.manifest.digest,
    ]);
  });

  test("indexes four deep are walked", async () => {
    const seen = await look(fakeTransport(serve(deep.all.slice(1))));
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(seen.objects.filter((each) => each.role === "index")).toHaveLength(4);
  });

  describe("a budget of bytes for the documents of one artifact", () => {
    const big = Array.from({ length: 80 }, (_, at) =>
      manifestOf(amd.config, [], { annotations: { a: `${at} ${"x".repeat(10_000)}` } }),
    );
    const served = (root: Thing): Routes => serve([root, ...big, amd.config]);

    test("what an index declares beyond it is not asked for", async () => {
      const root = indexOf(big.map((each) => descriptor(each)));
      const transport = fakeTransport(served(root));
      const seen = await look(transport, { job: jobOf(undefined, {}, { documentBytes: root.size + 50_000 }) });
      expect(seen).toMatchObject({ outcome: "failed", digest: root.digest, error: { code: "E_LIMIT" } });
      expect(seen.error?.hint).toContain("limits.documentBytes");
      expect(transport.asked).toHaveLength(1 + 4);
    });

    test("what is larger than it was declared ends the walk with those that are under way, 32 of them", async () => {
      const root = indexOf(big.map((each) => ({ ...descriptor(each), size: 10 })));
      const transport = fakeTransport(served(root));
      const job = jobOf(undefined, {}, { documentBytes: root.size + 50_000 });
      const seen = await look(transport, { job: { ...job, depth: "documents" } });
      expect(seen).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
      expect(transport.asked.length).toBeLessThan(1 + 32 + 5);
    });

    const declared = big.reduce((sum, each) => sum + each.size, 0);

    test("a root, of which nothing is declared, counts with what came", async () => {
      const root = indexOf(big.map((each) => descriptor(each)));
      const limits = { documentBytes: root.size + declared - 1 };
      const seen = await look(fakeTransport(served(root)), { job: jobOf(undefined, {}, limits) });
      expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_LIMIT" } });
    });

    test("within it all are read", async () => {
      const root = indexOf(big.map((each) => descriptor(each)));
      const limits = { documentBytes: root.size + declared };
      const seen = await look(fakeTransport(served(root)), { job: jobOf(undefined, {}, limits) });
      expect(seen).toMatchObject({ outcome: "saw", error: null });
    });
  });

  test("an index that names itself cannot be written, and one that the registry makes up is other bytes", async () => {
    const self = indexOf([descriptor({ ...index, digest: `sha256:${"1".repeat(64)}` as Digest })]);
    const seen = await look(
      fakeTransport({
        [`${BASE}/manifests/1`]: page(self),
        [`${BASE}/manifests/sha256:${"1".repeat(64)}`]: page(self),
      }),
    );
    expect(seen).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
  });
});

describe("selection", () => {
  const choose = (text: string): Parameters<typeof jobOf>[1] => ({ platform: parsePlatform(text) });
  test("only what matches is fetched", async () => {
    const seen = await look(fakeTransport(serve([index, ...arm.all])), {
      job: jobOf(undefined, choose("linux/arm64")),
    });
    expect(seen.error).toBe(null);
    expect(seen.objects[1]).toMatchObject({ digest: arm.manifest.digest, position: 1, platform: "linux/arm64" });
    expect(seen.objects).toHaveLength(5);
  });

  test("every match is kept", async () => {
    const two = indexOf(
      [amd, arm].map((each, at) =>
        descriptor(each.manifest, { platform: { os: "darwin", architecture: "amd64", "os.version": `macOS 1${at}` } }),
      ),
    );
    const seen = await look(fakeTransport(serve([two, ...amd.all, ...arm.all])), {
      job: jobOf(undefined, choose("darwin/amd64")),
    });
    expect(seen.objects.filter((each) => each.role === "manifest").map((each) => each.osVersion)).toEqual([
      "macOS 10",
      "macOS 11",
    ]);
  });

  test("it is looked for in nested indexes too", async () => {
    const outer = indexOf([descriptor(index)]);
    const seen = await look(fakeTransport(serve([outer, index, ...arm.all])), {
      job: jobOf(undefined, choose("linux/arm64")),
    });
    expect(seen.objects.map((each) => each.role)).toEqual(["index", "index", "manifest", "config", "layer", "layer"]);
  });

  test("everything in a nested index that itself matches", async () => {
    const inner = indexOf([descriptor(arm.manifest)]);
    const outer = indexOf([
      descriptor(inner, { platform: { os: "linux", architecture: "arm64" } }),
      descriptor(amd.manifest),
      descriptor(index, { platform: { os: "linux", architecture: "s390x" } }),
    ]);
    const seen = await look(fakeTransport(serve([outer, inner, ...arm.all])), {
      job: jobOf(undefined, choose("linux/arm64")),
    });
    expect(seen.objects.map((each) => [each.role, each.platform])).toEqual([
      ["index", null],
      ["index", "linux/arm64"],
      ["manifest", "linux/arm64"],
      ["config", "linux/arm64"],
      ["layer", "linux/arm64"],
      ["layer", "linux/arm64"],
    ]);
  });

  test("nothing matches: what is there is listed", async () => {
    const seen = await look(fakeTransport(serve([index])), { job: jobOf(undefined, choose("windows/amd64")) });
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_SELECTION" } });
    expect(seen.error?.message).toMatch(/matches --platform windows\/amd64$/);
    expect(seen.error?.choices).toEqual(expect.arrayContaining(["linux/amd64", "linux/arm64"]));
  });

  test("a nested index that could not be had is not nothing that matches", async () => {
    const outer = indexOf([descriptor(index)]);
    const routes = { ...serve([outer]), [`${BASE}/manifests/${index.digest}`]: { status: 404 } };
    const seen = await look(fakeTransport(routes), { job: jobOf(undefined, choose("linux/arm64")) });
    expect(seen).toMatchObject({ outcome: "refused", digest: outer.digest, error: { code: "E_NOT_FOUND" } });
  });

  test("a config with other bytes is seen, whatever platform is in it, and is not asked for again", async () => {
    const other = JSON.stringify({ os: "linux", architecture: "amd64" });
    const transport = fakeTransport({ ...serve(arm.all), [`${BASE}/blobs/${arm.config.digest}`]: [{ body: other }] });
    const seen = await look(transport, { job: jobOf(undefined, choose("linux/amd64")) });
    expect(seen).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
    expect(seen.objects[1]).toMatchObject({
      role: "config",
      digest: arm.config.digest,
      computed: thing("", other).digest,
    });
  });

  test.each([
    { platform: "linux/amd64", code: undefined },
    { platform: "linux/s390x", code: "E_SELECTION" },
  ])("a single image that is asked for as $platform", async ({ platform, code }) => {
    const seen = await look(fakeTransport(serve(amd.all)), { job: jobOf(undefined, choose(platform)) });
    expect(seen.error?.code).toBe(code);
  });

  const LONG = " ".repeat(LIMITS.manifestBytes);

  test.each([
    {
      what: "a config, looked at for its platform,",
      url: `${BASE}/blobs/${amd.config.digest}`,
      root: amd.manifest,
      job: choose("linux/amd64"),
      at: 1,
    },
    {
      what: "a config of an image that nobody chose",
      url: `${BASE}/blobs/${amd.config.digest}`,
      root: amd.manifest,
      job: {},
      at: 1,
    },
    {
      what: "a manifest that an index names",
      url: `${BASE}/manifests/${amd.manifest.digest}`,
      root: index,
      job: {},
      at: 1,
    },
  ])("$what that is longer than any document may be is other bytes", async ({ url, root, job, at }) => {
    const routes = {
      ...serve([root, ...everything]),
      [url]: { headers: { "content-type": OCI_MANIFEST }, body: LONG },
    };
    const seen = await look(fakeTransport(routes), { job: jobOf(undefined, job), vantage: { name: "fra" } });
    expect(seen).toMatchObject({ outcome: "saw", digest: root.digest, error: { code: "E_MISMATCH" } });
    expect(seen.objects[at]).toMatchObject({ computed: null });
    const truth = ["here", "sgp"].map((name) =>
      look(fakeTransport(serve([root, ...everything])), { job: jobOf(undefined, job), vantage: { name } }),
    );
    expect(judge([...(await Promise.all(truth)), seen]).outcome).toBe("disagreed");
  });

  test("a manifest whose descriptor says more than may be read is too large for everybody", async () => {
    const huge = manifestOf(amd.config, [], { annotations: { a: LONG } });
    const seen = await look(fakeTransport(serve([indexOf([descriptor(huge)]), huge, amd.config])));
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_TOO_LARGE" } });
    expect(seen.objects).toHaveLength(1);
  });

  test.each([
    { what: "a bottle", selection: { bottle: "big_sur" } },
    { what: "a bottle and its platform", selection: { bottle: "big_sur", platform: parsePlatform("linux/amd64") } },
    { what: "a version of its system", selection: { osVersion: "macOS 11" } },
    {
      what: "its platform and a version",
      selection: { platform: parsePlatform("linux/amd64"), osVersion: "macOS 11" },
    },
  ])("a single image that is asked for as $what, which it is not", async ({ selection }) => {
    const seen = await look(fakeTransport(serve(amd.all)), { job: jobOf(undefined, selection) });
    expect(seen).toMatchObject({ digest: amd.manifest.digest, error: { code: "E_SELECTION" } });
  });

  test.each([
    { what: "a bottle", selection: { bottle: "big_sur" } },
    { what: "a version of its system", selection: { osVersion: "macOS 11" } },
    {
      what: "all of it",
      selection: { bottle: "big_sur", platform: parsePlatform("darwin/amd64"), osVersion: "macOS 11.7" },
    },
  ])("a single image that is asked for as $what, which it is", async ({ selection }) => {
    const config = thing(
      OCI_CONFIG,
      JSON.stringify({ os: "darwin", architecture: "amd64", "os.version": "macOS 11.7" }),
    );
    const manifest = manifestOf(config, [], { annotations: { "org.opencontainers.image.ref.name": "2.8.2.big_sur" } });
    const seen = await look(fakeTransport(serve([manifest, config])), { job: jobOf(undefined, selection) });
    expect(seen).toMatchObject({ outcome: "saw", error: null });
  });

  test("a single artifact without an image config is what it is", async () => {
    const config = thing("application/vnd.oci.empty.v1+json", "{}");
    const seen = await look(fakeTransport(serve([manifestOf(config, []), config])), {
      job: jobOf(undefined, choose("linux/amd64")),
    });
    expect(seen).toMatchObject({ outcome: "saw", error: null });
  });
});

const STOPPED = new Tofu3Error("E_STOPPED", "roots differ");
const silence = (_: unknown, signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

describe("how it ends", () => {
  const failing: readonly { what: string; routes: Routes; outcome: string; code: string }[] = [
    { what: "404", routes: { [`${BASE}/manifests/1`]: { status: 404 } }, outcome: "refused", code: "E_NOT_FOUND" },
    { what: "410", routes: { [`${BASE}/manifests/1`]: { status: 410 } }, outcome: "refused", code: "E_NOT_FOUND" },
    { what: "403", routes: { [`${BASE}/manifests/1`]: { status: 403 } }, outcome: "refused", code: "E_DENIED" },
    { what: "451", routes: { [`${BASE}/manifests/1`]: { status: 451 } }, outcome: "refused", code: "E_DENIED" },
    { what: "401 without a challenge", routes: { [`${BASE}/manifests/1`]: { status: 401 } }, outcome: "refused", code: "E_AUTH" },
    { what: "206 that nobody asked for", routes: { [`${BASE}/manifests/1`]: { status: 206 } }, outcome: "failed", code: "E_STATUS" },
    { what: "204", routes: { [`${BASE}/manifests/1`]: { status: 204 } }, outcome: "failed", code: "E_STATUS" },
    { what: "418", routes: { [`${BASE}/manifests/1`]: { status: 418 } }, outcome: "failed", code: "E_STATUS" },
    { what: "TLS", routes: { [`${BASE}/manifests/1`]: [{ fault: new Tofu3Error("E_TLS", "bad certificate", { stage: "tls" }) }] }, outcome: "failed", code: "E_TLS" },
    { what: "an index without Accept", routes: { [`${BASE}/manifests/1`]: { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"OCI index found, but Accept header does not support OCI indexes"}]}' } }, outcome: "failed", code: "E_MEDIA_TYPE" },
  ]; // prettier-ignore
  test.each(failing)("$what is $code", async ({ routes, outcome, code }) => {
    const transport = fakeTransport(routes);
    expect(await look(transport)).toMatchObject({ outcome, digest: null, objects: [], error: { code } });
    expect(transport.asked).toHaveLength(1);
  });

  test("the registry's own words are shown, and cannot do harm", async () => {
    const body = JSON.stringify({ errors: [{ code: "NAME_UNKNOWN", message: "no \u001b[2J\u202e such" }] });
    const seen = await look(fakeTransport({ [`${BASE}/manifests/1`]: { status: 404, body } }));
    expect(seen.error?.message).toBe(
      "cannot fetch manifest 1 of registry.example/a/b: it does not exist (404); registry said: NAME_UNKNOWN: no \\u{1b}[2J\\u{202e} such",
    );
  });

  test("a blob that is not there leaves what was seen", async () => {
    const seen = await look(
      fakeTransport({ ...serve(amd.all), [`${BASE}/blobs/${amd.config.digest}`]: { status: 404 } }),
    );
    expect(seen).toMatchObject({ outcome: "refused", digest: amd.manifest.digest, error: { code: "E_NOT_FOUND" } });
    expect(seen.objects.map((each) => each.role)).toEqual(["manifest", "layer", "layer"]);
  });

  test("a transport that does not close cleanly: what was seen stands, and supports nothing", async () => {
    const transport = {
      ...fakeTransport(serve(everything)),
      end: () => Promise.reject(new Tofu3Error("E_SSH", "not clean", { stage: "ssh" })),
    };
    const seen = await look(transport);
    expect(seen).toMatchObject({ outcome: "failed", digest: index.digest, error: { code: "E_SSH", stage: "ssh" } });
    expect(seen.objects).toHaveLength(1 + 4 + 4);
    const others = await Promise.all(
      ["fra", "sgp"].map((name) => look(fakeTransport(serve(everything)), { vantage: { name } })),
    );
    expect(judge([seen, ...others]).outcome).toBe("incomplete");
    const other = await look(fakeTransport(serve(arm.all)), { vantage: { name: "fra" } });
    expect(judge([seen, other, others[1] ?? seen]).outcome).toBe("disagreed");
  });

  test("a transport that does not open", async () => {
    const transport = {
      ...fakeTransport({}),
      open: () => Promise.reject(new Tofu3Error("E_HOST_KEY", "changed", { stage: "ssh" })),
    };
    expect(await look(transport)).toMatchObject({ outcome: "failed", error: { code: "E_HOST_KEY" } });
  });

  test("blobs are stopped: what was seen counts", async () => {
    const stop = new AbortController();
    const transport = fakeTransport(serve(amd.all), (asked) => {
      if (asked.url.includes("/blobs/")) stop.abort(STOPPED);
    });
    const seen = await look(transport, { stop: stop.signal });
    expect(seen).toMatchObject({ outcome: "saw", digest: amd.manifest.digest, error: { code: "E_STOPPED" } });
    expect(transport.calls).toEqual(["open", "end"]);
  });

  test("stopped after the last blob is not stopped", async () => {
    const stop = new AbortController();
    const seen = await look(fakeTransport(serve(amd.all)), {
      stop: stop.signal,
      watch: (each) => {
        if (each.kind === "end") stop.abort(STOPPED);
      },
    });
    expect(seen.error).toBe(null);
  });

  test("stopped before: documents are still looked at, blobs are not", async () => {
    const transport = fakeTransport(serve(everything));
    const seen = await look(transport, { stop: AbortSignal.abort(STOPPED) });
    expect(seen).toMatchObject({ outcome: "saw", error: { code: "E_STOPPED" } });
    expect(seen.error?.message).toBe("stopped early: roots differ");
    expect(seen.objects).toHaveLength(3);
  });

  test.each([
    { what: "it connects", fake: { open: (signal: AbortSignal) => silence(null, signal) } },
    { what: "it waits for its root", fake: { read: silence } },
  ])("everything is stopped while $what: nothing was seen", async ({ fake }) => {
    const stop = new AbortController();
    const looking = look({ ...fakeTransport(serve(everything)), ...fake }, { stopAll: stop.signal });
    setImmediate(() => stop.abort(STOPPED));
    expect(await looking).toMatchObject({
      outcome: "failed",
      digest: null,
      objects: [],
      error: { code: "E_STOPPED", message: "stopped before it saw anything: roots differ" },
    });
  });

  test("everything is stopped while a manifest is waited for: what was seen counts", async () => {
    const stop = new AbortController();
    const transport = fakeTransport(serve(everything));
    const read: typeof transport.read = (query, signal) => {
      if (!query.url.endsWith(arm.manifest.digest)) return transport.read(query, signal);
      setImmediate(() => stop.abort(STOPPED));
      return silence(null, signal);
    };
    const seen = await look({ ...transport, read }, { stopAll: stop.signal });
    expect(seen).toMatchObject({ outcome: "saw", digest: index.digest, error: { code: "E_STOPPED" } });
    expect(seen.objects.map((each) => each.digest)).toEqual([index.digest, amd.manifest.digest]);
  });

  test("a session that does not end is not waited for after a stop, and what was seen does not become complete", async () => {
    const transport = { ...fakeTransport(serve(everything)), end: () => new Promise<never>(() => undefined) };
    const seen = await look(transport, { stopAll: AbortSignal.timeout(200) });
    expect(seen.objects).toHaveLength(9);
    expect(seen).toMatchObject({ outcome: "saw", digest: index.digest });
    expect(seen.error?.code).toBe("E_STOPPED");
  });

  test("a stop hides no fault of its own", async () => {
    const routes = { ...serve(everything), [`${BASE}/manifests/${amd.manifest.digest}`]: { status: 404 } };
    const seen = await look(fakeTransport(routes), { stop: AbortSignal.abort(STOPPED) });
    expect(seen).toMatchObject({ outcome: "refused", digest: index.digest, error: { code: "E_NOT_FOUND" } });
  });

  test("the person stops: that is no observation", async () => {
    const stop = new AbortController();
    const transport = fakeTransport(serve(amd.all), () => stop.abort(new Tofu3Error("E_INTERRUPTED", "interrupted")));
    await expect(look(transport, { signal: stop.signal })).rejects.toMatchObject({ code: "E_INTERRUPTED" });
    expect(transport.calls).toEqual(["open", "end"]);
  });

  test("the time is over", async () => {
    const transport = { ...fakeTransport({}), read: silence };
    expect(await look(transport, { job: jobOf(undefined, {}, { totalSeconds: 0.05 }) })).toMatchObject({
      outcome: "failed",
      error: { code: "E_TIMEOUT" },
    });
  });

  test("a bug is not hidden", async () => {
    expect(await look(fakeTransport({}))).toMatchObject({ outcome: "failed", error: { code: "E_BUG" } });
  });
});

test("progress adds up", async () => {
  const progress: Progress[] = [];
  const seen = await look(fakeTransport(serve(everything)), { watch: (each) => progress.push(each) });
  const total = (kind: "wanted" | "bytes"): number =>
    progress.reduce((sum, each) => sum + (each.kind === kind ? each.bytes : 0), 0);
  const objects = progress.reduce((sum, each) => sum + (each.kind === "wanted" ? each.objects : 0), 0);
  expect(total("bytes")).toBe(total("wanted"));
  expect(objects).toBe(progress.filter((each) => each.kind === "object").length);
  expect(objects).toBe(8);
  expect(progress.flatMap((each) => (each.kind === "phase" ? each.phase : []))).toEqual([
    "connecting",
    "resolving",
    "fetching",
  ]);
  expect(progress.filter((each) => each.kind === "root")).toEqual([
    { kind: "root", worker: "here", digest: seen.digest, mediaType: OCI_INDEX },
  ]);
  expect(progress.at(-1)).toMatchObject({ kind: "end", outcome: "saw", error: null });
});
