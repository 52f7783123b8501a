import { beforeAll, describe, expect, test } from "vitest";
import { documentOf, makeImage, makeIndex, type Blob, type Image } from "../lab/image.ts";
import { stock } from "../lab/liar-shelf.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { useLab } from "../lab/uselab.ts";
import { openShelf, VANTAGES, type Vantage } from "./shelf.ts";
import { startStage, type Stage } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let liar: Liar;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar({ vantages: ["fra", "sgp"] }))]);
});

interface Served {
  readonly root: Blob;
  readonly images: readonly Image[];
}

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };
const image = (platform: typeof AMD64, bytes: number): Image => makeImage({ layers: [bytes], platform });

function asManifest(each: Image): Served {
  return { root: each.manifest, images: [each] };
}

function asIndex(each: Image, platform: typeof AMD64): Served {
  return { root: makeIndex([{ manifest: each.manifest, platform }]), images: [each] };
}

function asSchema1(each: Image): Served {
  const v1Compatibility = JSON.stringify({ id: "1".repeat(64), os: "linux", architecture: "arm64" });
  const root = documentOf("application/vnd.docker.distribution.manifest.v1+json", {
    ...{ schemaVersion: 1, name: "alarm", tag: "v1", architecture: "arm64" },
    fsLayers: each.layers.map((layer) => ({ blobSum: layer.digest })),
    history: each.layers.map(() => ({ v1Compatibility })),
  });
  return { root, images: [each] };
}

let repositories = 0;

/** What everybody is served but `who`. Returns the reference. */
function serveTo(who: Vantage, truth: Served, lie: Served): string {
  repositories += 1;
  const repository = `alarm${repositories}`;
  stock(liar, repository, "v1", truth);
  stock(liar, repository, "v1", lie, who);
  return `${liar.host}/${repository}:v1`;
}

describe("another root is an alarm, whatever kind it is and whatever was selected", () => {
  const large = image(AMD64, 40_000_000);
  const truths = { index: asIndex(large, AMD64), manifest: asManifest(large) };
  const lies: Readonly<Record<string, () => Served>> = {
    "an index for another platform": () => asIndex(image(ARM64, 100), ARM64),
    "an image for another platform": () => asManifest(image(ARM64, 100)),
    "another image": () => asManifest(image(AMD64, 100)),
    "a schema 1 image": () => asSchema1(image(ARM64, 100)),
    "another index": () => asIndex(image(AMD64, 100), AMD64),
  };
  const rows = Object.entries(lies).flatMap(([what, lie], at) =>
    (["index", "manifest"] as const).flatMap((truth, other) =>
      [[], ["--platform", "linux/amd64"]].map((flags, more) => ({
        what,
        truth,
        flags,
        who: VANTAGES[(at + other + more) % 3] ?? "here",
        lie,
      })),
    ),
  );

  test.each(rows)("$what at $who, for an $truth with a layer of 40 MB, $flags", async ({ who, truth, lie, flags }) => {
    const other = lie();
    const reference = serveTo(who, truths[truth], other);
    const seen = await stage.verify(reference, { liar, flags: ["-o", "oci:out", ...flags] });
    expect(seen.code, seen.stderr + seen.stdout).toBe(10);
    expect(await seen.left()).toEqual([]);
    const views = seen.evidence.differences[0]?.views.map((each) => [each.digest, each.workers]);
    expect(views).toContainEqual([other.root.digest, [who]]);
    expect(views).toContainEqual([truths[truth].root.digest, VANTAGES.filter((each) => each !== who)]);
  });

  test("where all have one root, what does not match it is the person's mistake", async () => {
    const shelf = openShelf(liar);
    const seen = await stage.verify(shelf.reference, { liar, flags: ["--platform", "linux/s390x"] });
    expect(seen.code, seen.stderr).toBe(2);
  });
});

describe("another document is an alarm, whatever it is served as", () => {
  test.each([
    "application/json",
    "text/plain",
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/octet-stream",
  ])("%s", async (type) => {
    const who = VANTAGES[type.length % 3] ?? "here";
    const shelf = openShelf(liar);
    const other = makeImage({ layers: [100] }).manifest;
    shelf.answer(who, "root", { headers: { "Content-Type": type }, body: other.bytes });
    const seen = await stage.verify(shelf.reference, { liar });
    expect(seen.code, seen.stderr).toBe(10);
    expect(seen.evidence.observations.find((each) => each.worker === who)?.digest).toBe(other.digest);
    const same = openShelf(liar);
    same.answer(who, "root", { headers: { "Content-Type": "text/plain" }, body: same.root.bytes });
    const again = await stage.verify(same.reference, { liar });
    expect(again.code, again.stderr).toBe(12);
    expect(again.evidence.observations.find((each) => each.worker === who)).toMatchObject({
      digest: same.root.digest,
      error: { code: "E_MEDIA_TYPE" },
    });
  });
});
