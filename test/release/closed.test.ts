import { subjectOf } from "../../src/model/subject.ts";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { startStage, type Stage } from "../e2e/stage.ts";
import { descriptorOf, documentOf, makeImage, OCI_INDEX, type Blob } from "../lab/image.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { blobAnswer, documentAnswer, stock } from "../lab/liar-shelf.ts";
import { runTool } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { parseDestination } from "../../src/release/destination.ts";
import { openQuarantine } from "../../src/release/quarantine/quarantine.ts";
import { release } from "../../src/release/release.ts";
import { fill, gzipLayer, image, single } from "./fixture.ts";
import { mint } from "./mint.ts";
import { temporary } from "./tools.ts";

const lab = useLab();
const plain = makeImage({ layers: [20_000, 300] });
const [first] = plain.layers;
let stage: Stage;
let liar: Liar;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar())]);
});

/** An index that names the manifest, and further things beside it. */
function indexOf(...entries: readonly object[]): Blob {
  return documentOf(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries });
}

const manifest = descriptorOf(plain.manifest);
const unknown = { ...manifest, mediaType: "application/vnd.example.thing.v1+json" };
const opaque = { ...manifest, mediaType: "application/octet-stream" };

describe("one digest in two roles: what is released holds everything that was verified", () => {
  test.each([
    { what: "an entry of a type that nobody knows, then the manifest", root: indexOf(unknown, manifest) },
    { what: "the manifest, then an entry of a type that nobody knows", root: indexOf(manifest, unknown) },
    { what: "an opaque entry, then the manifest", root: indexOf(opaque, manifest) },
    { what: "an opaque entry, the manifest, and the opaque entry again", root: indexOf(opaque, manifest, opaque) },
  ])("$what", async ({ root }) => {
    const repository = `roles${root.digest.slice(7, 19)}`;
    stock(liar, repository, "v1", { root, images: [plain] });
    liar.answer(`/v2/${repository}/blobs/${plain.manifest.digest}`, blobAnswer(plain.manifest.bytes));
    const seen = await stage.verify(`${liar.host}/${repository}:v1`, { flags: ["-o", "oci:out"] });
    expect(seen.code, seen.stderr).toBe(0);
    const all = [root, plain.manifest, plain.config, ...plain.layers].map((blob) => blob.digest.slice(7));
    expect((await readdir(join(seen.cwd, "out/blobs/sha256"))).sort()).toEqual([...all].sort());
  });

  test("a layer that is the manifest of another image of the index", async () => {
    const nested = makeImage({ layers: [100] });
    const odd = documentOf(nested.manifest.mediaType, {
      schemaVersion: 2,
      mediaType: nested.manifest.mediaType,
      config: descriptorOf(nested.config),
      layers: [{ ...descriptorOf(plain.manifest), mediaType: "application/vnd.oci.image.layer.v1.tar" }],
    });
    const root = indexOf(descriptorOf(odd), manifest);
    stock(liar, "nested", "v1", { root, images: [plain, { ...nested, manifest: odd }] });
    liar.answer(`/v2/nested/blobs/${plain.manifest.digest}`, blobAnswer(plain.manifest.bytes));
    const seen = await stage.verify(`${liar.host}/nested:v1`, { flags: ["-o", "oci:out"] });
    expect(seen.code, seen.stderr).toBe(0);
    const layout = join(seen.cwd, "out");
    expect(await readdir(join(layout, "blobs/sha256"))).toContain(first?.digest.slice(7));
    await runTool("skopeo", [
      "copy",
      "-q",
      "--all",
      "--preserve-digests",
      `oci:${layout}:v1`,
      `dir:${join(seen.cwd, "copy")}`,
    ]);
  });

  test("docker-archive: the one image is found, whatever else the index calls it", async () => {
    const root = indexOf(opaque, manifest);
    stock(liar, "archive", "v1", { root, images: [plain] });
    liar.answer(`/v2/archive/blobs/${plain.manifest.digest}`, blobAnswer(plain.manifest.bytes));
    liar.answer(`/v2/archive/manifests/${plain.manifest.digest}`, documentAnswer(plain.manifest));
    const seen = await stage.verify(`${liar.host}/archive:v1`, { flags: ["-o", "docker-archive:out.tar"] });
    expect(seen.code, seen.stderr).toBe(0);
    await runTool("skopeo", ["inspect", "--config", `docker-archive:${join(seen.cwd, "out.tar")}`]);
  });
});

describe("a verdict that names more below a document than the document does", () => {
  test.each(["oci", "oci-archive"])("%s: nothing is released", async (format) => {
    const whole = single("docker.io/library/hello:1.2", image([await gzipLayer({ a: "a" })]));
    const stray = image([await gzipLayer({ b: "b" })]);
    const more = single("docker.io/library/hello:1.2", stray).objects.slice(1);
    const [root] = whole.objects;
    const objects = [...whole.objects, ...more.map((each) => ({ ...each, parent: root?.digest ?? null }))];
    const bytes = new Map([...whole.bytes, ...single("x/y:1", stray).bytes]);
    const dir = temporary();
    const destination = parseDestination(`${format}:${dir}/out`, false, "/");
    const quarantine = await openQuarantine(destination);
    await fill(quarantine, { ...whole, objects, bytes });
    const context = {
      subject: subjectOf(whole.reference),
      unpackedBytes: 2 ** 40,
      signal: new AbortController().signal,
    };
    await expect(release(mint(objects), quarantine, destination, context)).rejects.toMatchObject({ code: "E_BUG" });
    await quarantine.discard();
    expect(await readdir(dir)).toEqual([]);
  });
});
