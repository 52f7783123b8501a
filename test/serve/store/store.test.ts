import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { ALPINE, bytesOf, filesIn, holdFor, NEVER, place, put, tagTo, thing, VIM } from "./tools.ts";

const LAYER = thing("a layer");
const MANIFEST = thing('{"schemaVersion":2}', {
  kind: "manifest",
  mediaType: "application/vnd.oci.image.index.v1+json",
});
const BIG = thing("another one", {}, "sha512");

test("what was put in is there, now and after the next start", async () => {
  const at = place();
  let store = await at.open();
  for (const each of [LAYER, MANIFEST, BIG]) await put(store, ALPINE, each);
  await store.setTag(ALPINE, "3.20", tagTo(MANIFEST.object.digest));
  await store.setTag(ALPINE, "Latest", tagTo(LAYER.object.digest));
  await store.setHold(ALPINE, "edge", holdFor());
  for (const isAgain of [false, true]) {
    if (isAgain) {
      await store.close();
      store = await at.open();
    }
    for (const { object, bytes } of [LAYER, MANIFEST, BIG]) {
      expect(await store.find(ALPINE, object.digest)).toEqual(object);
      expect(await bytesOf(store, ALPINE, object.digest)).toEqual(bytes);
      expect(Buffer.from((await store.read(ALPINE, object.digest, NEVER)) ?? [])).toEqual(bytes);
      expect(await store.find(VIM, object.digest)).toBeNull();
    }
    expect(await store.documents(ALPINE)).toEqual([MANIFEST.object]);
    expect(await store.documents(VIM)).toEqual([]);
    expect(await store.tag(ALPINE, "3.20")).toEqual(tagTo(MANIFEST.object.digest));
    expect(await store.tag(ALPINE, "latest")).toBeNull();
    expect(await store.holds()).toEqual([{ repository: ALPINE, name: "edge", hold: holdFor() }]);
    expect(store.bytes).toBe(LAYER.bytes.length + MANIFEST.bytes.length + BIG.bytes.length);
  }
  expect(at.warned).toEqual([]);
  expect(readdirSync(`${at.folder}/tmp`)).toEqual([]);
  const hex = (each: typeof LAYER): string => each.object.digest.replace(/^sha...:/, "");
  const repository = "repos/docker.io/library+alpine";
  expect(filesIn(at.folder)).toEqual(
    [
      `blobs/sha256/${hex(LAYER)}`,
      `blobs/sha256/${hex(MANIFEST)}`,
      `blobs/sha512/${hex(BIG)}`,
      `${repository}/holds/edge.json`,
      `${repository}/objects/sha256-${hex(LAYER)}`,
      `${repository}/objects/sha256-${hex(MANIFEST)}`,
      `${repository}/objects/sha512-${hex(BIG)}`,
      `${repository}/tags/!latest.json`,
      `${repository}/tags/3.20.json`,
    ].sort(),
  );
});
