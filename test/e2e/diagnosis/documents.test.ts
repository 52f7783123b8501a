import { writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { makeBottleIndex } from "../../lab/bottles.ts";
import { blobOf, DOCKER_MANIFEST, documentOf, makeIndex, OCI_MANIFEST, type Blob } from "../../lab/image.ts";
import { pushDocument, pushExactly } from "../../lab/push.ts";
import { expectGolden } from "./golden.ts";
import { documentAnswer, expectTold, useGround, type Scene } from "./ground.ts";
import { AMD64, ARM64, fixedImage, manifestOf } from "./images.ts";

/** Documents whose bytes differ, while what they lead to is related, or the same. */

const ground = useGround();
const [amd64, arm64] = await Promise.all([
  fixedImage(["tofu 1.4\n"], { platform: AMD64 }),
  fixedImage(["tofu 1.4 for arm64\n"], { platform: ARM64 }),
]);
const DISAGREED = { code: 10, outcome: "disagreed", confidence: "likely" } as const;

async function openWithIndex(index: Blob): Promise<Scene> {
  const scene = await ground().open();
  for (const image of [amd64, arm64]) await scene.push(image, null);
  await pushDocument(ground().registry, scene.repository, "1.4", index);
  return scene;
}

/** One vantage is still given this by the tag; the registry has both by their digests. */
async function leave(scene: Scene, who: "fra" | "sgp", document: Blob): Promise<void> {
  await pushDocument(ground().registry, scene.repository, null, document);
  scene.lie(who, scene.path("1.4"), documentAnswer(document));
}

const entries = [
  { manifest: amd64.manifest, platform: AMD64 },
  { manifest: arm64.manifest, platform: ARM64 },
];

test("an index that was published anew with other platforms, and the same manifest for the one selected", async () => {
  const scene = await openWithIndex(makeIndex(entries));
  await leave(scene, "sgp", makeIndex(entries.slice(0, 1)));
  scene.hold();
  const seen = await scene.look({ flags: ["--platform", "linux/amd64"] });
  expectTold(seen, { ...DISAGREED, class: "index-republished", names: ["sgp"] });
  expectGolden("index-republished", seen, ground().registry.host);
});

test("an index that a mirror wrote anew, with the same entries", async () => {
  const index = makeIndex(entries);
  const scene = await openWithIndex(index);
  const compact = blobOf(index.mediaType, JSON.stringify(JSON.parse(index.bytes.toString("utf8"))));
  // the mirror has the other one only: it is not there by digest anywhere else
  scene.lie("fra", scene.path("1.4"), documentAnswer(compact));
  scene.lie("fra", scene.path(compact.digest), documentAnswer(compact));
  scene.hold();
  const seen = await scene.look();
  expectTold(seen, { ...DISAGREED, class: "reserialised", names: ["fra"] });
  expectGolden("reserialised", seen, ground().registry.host);
});

test("a layer that gzip compressed with -1 and with -9: one tar, one diff_id, other bytes", async () => {
  const folder = await ground().stage.room();
  const packed = (level: string) => async (tar: Buffer) => {
    await writeFile(`${folder}/tar`, tar);
    return execFileSync("gzip", ["-n", "-c", level, `${folder}/tar`]);
  };
  const text = ["tofu 1.4\n".repeat(500)];
  const quick = await fixedImage(text, { pack: packed("-1") });
  const small = await fixedImage(text, { pack: packed("-9") });
  expect(quick.config.digest).toBe(small.config.digest);
  const scene = await ground().open();
  await scene.push(quick);
  scene.plant("sgp", small);
  scene.hold();
  const seen = await scene.look();
  expectTold(seen, { ...DISAGREED, class: "recompressed", confidence: "possible", names: ["sgp"] });
  expectGolden("recompressed", seen, ground().registry.host);
});

test("the same bytes under two media types: mislabelled, sure", async () => {
  const bare = documentOf(OCI_MANIFEST, {
    ...(JSON.parse(manifestOf(amd64.config, amd64.layers).bytes.toString("utf8")) as object),
    mediaType: undefined,
  });
  const scene = await ground().open();
  await scene.push({ ...amd64, manifest: bare });
  scene.lie("sgp", scene.path("1.4"), documentAnswer({ ...bare, mediaType: DOCKER_MANIFEST }));
  scene.hold();
  const seen = await scene.look();
  expectTold(seen, { ...DISAGREED, class: "mislabelled", confidence: "sure", names: ["sgp"] });
  expectGolden("mislabelled", seen, ground().registry.host);
});

test("a tag whose index holds the bottles of another version, everywhere: changed, mislabelled", async () => {
  const { registry } = ground();
  const scene = await ground().open();
  const made = makeBottleIndex({
    formula: "tofu",
    version: "1.3",
    bottles: [{ tag: "x86_64_linux", platform: AMD64, content: Buffer.from("tofu") }],
  });
  for (const image of made.images.values()) await pushExactly(registry, scene.repository, null, image);
  await pushDocument(registry, scene.repository, "1.4", made.index);
  const seen = await scene.look();
  expectTold(seen, { code: 15, outcome: "changed", class: "mislabelled", confidence: "sure", names: [] });
});
