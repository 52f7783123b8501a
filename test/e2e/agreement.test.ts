import { beforeAll, describe, expect, test } from "vitest";
import type { Evidence } from "../../src/model/evidence.ts";
import { pushBottleIndex, type BottleIndex } from "../lab/bottles.ts";
import {
  blobOf,
  descriptorOf,
  digestOf,
  documentOf,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  makeImage,
  makeIndex,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
  type Blob,
  type Image,
} from "../lab/image.ts";
import { pushBlob, pushDocument, pushExactly, pushImage, pushIndex, type Pushed } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches, resultIn } from "./contract.ts";
import { startStage, type Stage } from "./stage.ts";

const lab = useLab();
const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };

let stage: Stage;
let registry: Registry;
let image: Image;
let docker: Pushed;
let index: Pushed;
let nested: Blob;
let bottles: BottleIndex & { reference: string };

beforeAll(async () => {
  [registry, stage] = await Promise.all([lab(startRegistry()), lab(startStage())]);
  image = await pushImage(registry, { name: "team/app", tag: "1.10", layers: [70_000, 500] });
  docker = await pushIndex(registry, { name: "docker", tag: "v1", platforms: [AMD64, ARM64], docker: true });
  index = await pushIndex(registry, { name: "multi", tag: "v1", platforms: [AMD64, ARM64] });
  nested = makeIndex([
    { manifest: index.index },
    { manifest: index.images[0]?.manifest ?? index.index, platform: AMD64 },
  ]);
  await pushDocument(registry, "multi", "nested", nested);
  bottles = await pushBottleIndex(registry, { formula: "vim", version: "9.0.1900" });
});

/** How many objects of each role all workers agreed on. */
function rolesOf(evidence: Evidence): Record<string, number> {
  const roles: Record<string, number> = {};
  for (const { role } of evidence.artifact?.objects ?? []) roles[role] = (roles[role] ?? 0) + 1;
  return roles;
}

/** How often each blob was served so far. */
function blobsServed(): Map<string, number> {
  const served = new Map<string, number>();
  for (const request of registry.requests()) {
    const [, digest] = /^GET \S+\/blobs\/(\S+) 200$/.exec(request) ?? [];
    if (digest !== undefined) served.set(digest, (served.get(digest) ?? 0) + 1);
  }
  return served;
}

function allServed(): number {
  return [...blobsServed().values()].reduce((sum, times) => sum + times, 0);
}

describe("one image", () => {
  test.each([
    { by: "tag", suffix: () => ":1.10" },
    { by: "digest", suffix: () => `@${image.manifest.digest}` },
    { by: "tag and digest", suffix: () => `:1.10@${image.manifest.digest}` },
    { by: "tag and its sha512", suffix: () => `:1.10@${digestOf(image.manifest.bytes, "sha512")}` },
  ])("by $by: three workers agree on the digest that was pushed", async ({ suffix }) => {
    const reference = `${registry.host}/team/app${suffix()}`;
    const seen = await stage.verify(reference);
    expect(seen.code, seen.stderr).toBe(0);
    expect(breaches(seen.stdout)).toEqual([]);
    const { evidence } = seen;
    expect(evidence).toMatchObject({
      outcome: "agreed",
      quorum: "3/3",
      request: { reference },
      released: null,
      diagnosis: null,
    });
    expect(evidence.artifact).toMatchObject({ ...descriptorOf(image.manifest) });
    const wanted = [image.manifest, image.config, ...image.layers].map((each) => [
      each.digest,
      each.size,
      each.mediaType,
    ]);
    expect(evidence.artifact?.objects.map((each) => [each.digest, each.size, each.mediaType])).toEqual(wanted);
    expect(evidence.artifact?.objects.map((each) => each.parent)).toEqual([
      null,
      ...Array<string>(3).fill(image.manifest.digest),
    ]);
    for (const { objects, evidence: notes, ...observation } of evidence.observations) {
      expect(observation).toMatchObject({ outcome: "saw", digest: image.manifest.digest, error: null });
      expect(objects.map((each) => [each.computed, each.size, each.mediaType])).toEqual(wanted);
      expect(notes).toMatchObject({ claimedDigest: image.manifest.digest, retries: [], redirects: [] });
      expect(notes.bytes).toBeGreaterThanOrEqual(wanted.reduce((sum, [, size]) => sum + Number(size), 0));
    }
    expect(evidence.observations.map((each) => [each.worker, each.via])).toEqual([
      ["fra", "ssh"],
      ["here", "local"],
      ["sgp", "ssh"],
    ]);
    const [fra, here] = evidence.observations.map((each) => each.evidence.tools.join());
    expect(here).toMatch(/undici \d/);
    expect(fra).toMatch(/curl \d/);
  });

  test("without tag and digest: latest, and stderr says so", async () => {
    await pushDocument(registry, "team/app", "latest", image.manifest);
    const loud = await stage.verify(`${registry.host}/team/app`, { plain: true });
    expect(loud.code).toBe(0);
    expect(loud.stderr).toContain(
      `tofu3: note: ${registry.host}/team/app has neither tag nor digest: looking at ${registry.host}/team/app:latest\n`,
    );
    expect(loud.stdout.split("\n").at(-2)).toMatch(
      new RegExp(`^AGREED {2}3 of 3 workers saw ${image.manifest.digest} `),
    );
    expect(loud.stdout).not.toContain("tofu3:");
    const quiet = await stage.verify(`${registry.host}/team/app`, { plain: true, flags: ["-q"] });
    expect(quiet).toMatchObject({
      code: 0,
      stderr: "",
      stdout: `${registry.host}/team/app@${image.manifest.digest}\n`,
    });
  });
});

describe("several images", () => {
  test.each([
    {
      what: "a Docker list",
      reference: () => "docker:v1",
      root: () => docker.index,
      types: [DOCKER_LIST, DOCKER_MANIFEST],
    },
    { what: "an OCI index", reference: () => "multi:v1", root: () => index.index, types: [OCI_INDEX, OCI_MANIFEST] },
  ])("$what without --platform: all of it", async ({ reference, root, types }) => {
    const { code, stdout, stderr, evidence } = await stage.verify(`${registry.host}/${reference()}`);
    expect(code, stderr).toBe(0);
    expect(breaches(stdout)).toEqual([]);
    expect(evidence.artifact?.digest).toBe(root().digest);
    expect(rolesOf(evidence)).toEqual({ index: 1, manifest: 2, config: 2, layer: 4 });
    const manifests = evidence.artifact?.objects.filter((each) => each.role === "manifest") ?? [];
    expect(manifests.map((each) => each.platform)).toEqual(["linux/amd64", "linux/arm64"]);
    expect([evidence.artifact?.mediaType, manifests[0]?.mediaType]).toEqual(types);
  });

  test("an index in an index: down to the last layer, and what stands there twice is fetched once", async () => {
    const before = allServed();
    const { code, stderr, evidence } = await stage.verify(`${registry.host}/multi:nested`);
    expect(code, stderr).toBe(0);
    expect(evidence.artifact?.digest).toBe(nested.digest);
    const documents =
      evidence.artifact?.objects.filter((each) => each.role === "index" || each.role === "manifest") ?? [];
    const [one, other] = index.images.map((each) => each.manifest.digest);
    expect(documents.map((each) => each.digest)).toEqual([nested.digest, index.index.digest, one, other, one]);
    expect(allServed() - before).toBe(3 * 6);
  });

  test("--platform with one match: only that image", async () => {
    const seen = await stage.verify(`${registry.host}/multi:v1`, { flags: ["--platform", "linux/arm64"] });
    expect(seen.code, seen.stderr).toBe(0);
    expect(rolesOf(seen.evidence)).toEqual({ index: 1, manifest: 1, config: 1, layer: 2 });
    expect(seen.evidence.artifact?.objects[1]).toMatchObject({
      digest: index.images[1]?.manifest.digest,
      platform: "linux/arm64",
    });
    expect(seen.evidence.request).toMatchObject({ platform: "linux/arm64", osVersion: null, bottle: null });
  });

  test("--platform that nothing matches: exit code 2 with what is there, and no blob was asked for", async () => {
    const before = allServed();
    const { code, stdout, stderr } = await stage.verify(`${registry.host}/multi:v1`, {
      flags: ["--platform", "plan9/mips"],
    });
    expect({ code, stdout: resultIn(stdout) }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/tofu3: error: .*plan9\/mips/);
    expect(stderr).toMatch(/linux\/amd64.*linux\/arm64/s);
    expect(allServed()).toBe(before);
  });
});

describe("bottles", () => {
  test("--platform with four matches: all are verified, and the table says so", async () => {
    const { code, stdout, stderr } = await stage.verify(bottles.reference, {
      plain: true,
      flags: ["--platform", "darwin/amd64"],
    });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("4 entries match darwin/amd64: all were verified");
    expect(stdout).toMatch(/^AGREED {2}3 of 3 workers saw \S+ \(index, 13 objects, /m);
  });

  test.each([
    { flags: ["--os-version", "macOS 11", "--platform", "darwin/amd64"], tag: "big_sur" },
    { flags: ["--bottle", "big_sur"], tag: "big_sur" },
    { flags: ["--bottle", "sonoma"], tag: "sonoma" },
    { flags: ["--bottle", "x86_64_linux"], tag: "x86_64_linux" },
  ])("$flags: the one bottle $tag", async ({ flags, tag }) => {
    const seen = await stage.verify(bottles.reference, { flags });
    expect(seen.code, seen.stderr).toBe(0);
    expect(breaches(seen.stdout)).toEqual([]);
    const [root, manifest] = seen.evidence.artifact?.objects ?? [];
    expect([root?.digest, manifest?.digest]).toEqual([bottles.index.digest, bottles.images.get(tag)?.manifest.digest]);
    expect(rolesOf(seen.evidence)).toEqual({ index: 1, manifest: 1, config: 1, layer: 1 });
    expect(manifest?.annotations["org.opencontainers.image.ref.name"]).toBe(`9.0.1900.${tag}`);
  });
});

describe("odd artifacts", () => {
  const empty = blobOf("application/vnd.oci.empty.v1+json", "{}");
  const nothing = blobOf("application/octet-stream", "");
  const chart = blobOf("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "a chart, they say");
  const helm = blobOf("application/vnd.cncf.helm.config.v1+json", '{"name":"chart","version":"1.0.0"}');
  const same = blobOf(OCI_LAYER, "the same layer, four times");
  const config = blobOf(OCI_CONFIG, "{}");

  test.each([
    {
      what: "an empty config",
      config: empty,
      layers: [blobOf("text/plain", "hello")],
      artifactType: "application/vnd.example.thing",
    },
    { what: "a config of another kind", config: helm, layers: [chart] },
    {
      what: "an empty config that is its only blob, too",
      config: empty,
      layers: [empty],
      artifactType: "application/x",
    },
    {
      what: "an empty blob",
      config: empty,
      layers: [nothing, blobOf("text/plain", "behind it")],
      artifactType: "application/x",
    },
    { what: "no layer at all", config: helm, layers: [] },
    { what: "one layer four times", config, layers: [same, same, same, same] },
  ])("$what: agreed, every blob fetched once by each", async ({ config: its, layers, artifactType }) => {
    const described = { config: descriptorOf(its), layers: layers.map(descriptorOf) };
    const type = artifactType === undefined ? {} : { artifactType };
    const manifest = documentOf(OCI_MANIFEST, { schemaVersion: 2, mediaType: OCI_MANIFEST, ...type, ...described });
    await pushExactly(registry, "odd", "v1", { manifest, config: its, layers });
    const digests = [...new Set([its, ...layers].map((each) => each.digest))];
    const before = blobsServed();
    const { code, stderr, stdout, evidence } = await stage.verify(`${registry.host}/odd:v1`);
    expect(code, stderr).toBe(0);
    expect(breaches(stdout)).toEqual([]);
    expect(evidence.artifact?.objects.map((each) => each.digest)).toEqual(
      [manifest, its, ...layers].map((each) => each.digest),
    );
    expect(evidence.artifact?.objects.slice(2).map((each) => each.size)).toEqual(layers.map((each) => each.size));
    const after = blobsServed();
    for (const digest of digests) expect((after.get(digest) ?? 0) - (before.get(digest) ?? 0), digest).toBe(3);
  });

  test("200 small layers", async () => {
    const many = makeImage({ layers: Array.from({ length: 200 }, (_, i) => Buffer.from(`layer ${i}`)) });
    for (let i = 0; i < 200; i += 20)
      await Promise.all(many.layers.slice(i, i + 20).map((layer) => pushBlob(registry, "many", layer)));
    await pushExactly(registry, "many", "v1", { ...many, layers: [] });
    const { code, stderr, evidence } = await stage.verify(`${registry.host}/many:v1`);
    expect(code, stderr).toBe(0);
    expect(rolesOf(evidence)).toEqual({ manifest: 1, config: 1, layer: 200 });
    const served = blobsServed();
    expect(many.layers.map((layer) => served.get(layer.digest))).toEqual(many.layers.map(() => 3));
  });

  test("a layer of 64 MB", async () => {
    const large = await pushImage(registry, { name: "large", tag: "v1", layers: [64_000_000] });
    const { code, stderr, evidence } = await stage.verify(`${registry.host}/large:v1`);
    expect(code, stderr).toBe(0);
    expect(evidence.artifact?.objects.at(-1)).toMatchObject({
      digest: large.layers[0]?.digest,
      size: large.layers[0]?.size,
    });
    expect(evidence.observations.every((each) => each.evidence.bytes > 64_000_000)).toBe(true);
  });
});
