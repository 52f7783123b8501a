import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SeenObject } from "../../src/model/observation.ts";
import { algorithmOf, hexOf, type Digest } from "../../src/oci/digest.ts";
import { openQuarantineIn, type Quarantine } from "../../src/release/quarantine/quarantine.ts";
import { shelve, type Shelf } from "../../src/release/shelve.ts";
import { fill, image, OCI, piece, sha, single, type Artifact } from "./fixture.ts";
import { mint } from "./mint.ts";
import { leftovers, temporary } from "./tools.ts";

const never = new AbortController().signal;
const layer = { ...piece("a layer that is large enough"), mediaType: OCI.gzip, diffId: sha("diff") };
const artifact = single("registry.example/a/b:1", image([layer]));
const layerAt = artifact.objects.find(({ role }) => role === "layer") as SeenObject;

interface Place {
  readonly folder: string;
  readonly shelf: Shelf;
  readonly landed: Digest[];
  readonly names: () => readonly string[];
}

function place(): Place {
  const folder = temporary();
  for (const name of ["sha256", "sha512"]) mkdirSync(join(folder, "blobs", name), { recursive: true });
  const landed: Digest[] = [];
  const shelf: Shelf = {
    pathOf: (digest) => join(folder, "blobs", algorithmOf(digest), hexOf(digest)),
    landed: (digest, handle) =>
      handle.stat().then(({ ino }) => {
        if (ino !== statSync(shelf.pathOf(digest)).ino) throw new Error("another file landed");
        landed.push(digest);
      }),
  };
  return { folder, shelf, landed, names: () => readdirSync(join(folder, "blobs", "sha256")).sort() };
}

async function put(
  { folder, shelf }: Place,
  before: (quarantine: Quarantine) => void = () => undefined,
  what: Artifact = artifact,
): Promise<readonly SeenObject[]> {
  const quarantine = await openQuarantineIn(folder);
  try {
    await fill(quarantine, what);
    before(quarantine);
    return await shelve(mint(what.objects), quarantine, shelf, never);
  } finally {
    await quarantine.discard();
  }
}

describe("shelve", () => {
  test("puts every object on the shelf under its digest, read-only, and tells the shelf", async () => {
    const at = place();
    expect(await put(at)).toEqual(artifact.objects);
    for (const [digest, bytes] of artifact.bytes) {
      expect(Buffer.compare(readFileSync(at.shelf.pathOf(digest)), bytes)).toBe(0);
      expect(statSync(at.shelf.pathOf(digest)).mode & 0o7777).toBe(0o444);
    }
    expect(at.landed.toSorted()).toEqual([...artifact.bytes.keys()].toSorted());
    expect(leftovers(at.folder)).toEqual([]);
  });

  test("replaces what is there, whatever it is", async () => {
    const at = place();
    writeFileSync(at.shelf.pathOf(layer.digest), "damaged", { mode: 0o444 });
    const damaged = statSync(at.shelf.pathOf(layer.digest)).ino;
    await put(at);
    expect(statSync(at.shelf.pathOf(layer.digest)).ino).not.toBe(damaged);
    expect(Buffer.compare(readFileSync(at.shelf.pathOf(layer.digest)), layer.bytes)).toBe(0);
  });

  test("ten at the same time, of the same objects", async () => {
    const at = place();
    await Promise.all(Array.from({ length: 10 }, () => put(at)));
    expect(at.names().length).toBe(artifact.bytes.size);
    for (const [digest, bytes] of artifact.bytes)
      expect(Buffer.compare(readFileSync(at.shelf.pathOf(digest)), bytes)).toBe(0);
  });

  test.each<{ what: string; change: (path: string) => void }>([
    { what: "other bytes", change: (path) => writeFileSync(path, Buffer.alloc(layer.bytes.length, "x")) },
    { what: "more bytes", change: (path) => writeFileSync(path, "x", { flag: "a" }) },
    { what: "a second name", change: (path) => linkSync(path, `${path}.too`) },
    { what: "nothing any more", change: (path) => renameSync(path, `${path}.gone`) },
  ])("a layer in the quarantine that has $what: nothing at all is on the shelf", async ({ change }) => {
    const at = place();
    const tried = put(at, (quarantine) => change(quarantine.blob(layer.digest)));
    await expect(tried).rejects.toMatchObject({ code: "E_RELEASE" });
    expect([at.names(), at.landed, leftovers(at.folder)]).toEqual([[], [], []]);
  });

  test("a shelf that takes no files", async () => {
    const at = place();
    const folder = dirname(at.shelf.pathOf(layer.digest));
    renameSync(folder, `${folder}.gone`);
    await expect(put(at)).rejects.toMatchObject({ code: "E_RELEASE" });
    expect(existsSync(folder)).toBe(false);
  });

  test("a file that somebody else puts on the shelf in between is not told to it, and goes", async () => {
    const at = place();
    let turns = 0;
    const shelf: Shelf = {
      ...at.shelf,
      // the shelf is told of the manifest first; meanwhile the layer is replaced
      landed: async () => {
        if ((turns += 1) > 1) return;
        const path = at.shelf.pathOf(layer.digest);
        renameSync(path, `${path}.ours`);
        writeFileSync(path, Buffer.alloc(layer.bytes.length, "x"));
        chmodSync(path, 0o444);
        await Promise.resolve();
      },
    };
    await expect(put({ ...at, shelf })).rejects.toMatchObject({ code: "E_RELEASE" });
    expect(existsSync(at.shelf.pathOf(layerAt.digest))).toBe(false);
  });

  test("once it is stopped it rejects with the reason, and what is on the shelf is whole", async () => {
    const at = place();
    const stopped = AbortSignal.abort(new Error("enough"));
    const quarantine = await openQuarantineIn(at.folder);
    await fill(quarantine, artifact);
    await expect(shelve(mint(artifact.objects), quarantine, at.shelf, stopped)).rejects.toThrow("enough");
    await quarantine.discard();
    expect(at.names()).toEqual([]);
  });

  test("a quarantine in a folder that is not there", async () => {
    await expect(openQuarantineIn(join(temporary(), "missing"))).rejects.toMatchObject({ code: "E_RELEASE" });
  });
});
