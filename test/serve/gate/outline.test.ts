import { expect, test } from "vitest";
import { outlineOf } from "../../../src/serve/gate/outline.ts";

const OCI = "application/vnd.oci.image.manifest.v1+json";
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const blob = (letter: string, more: object = {}) => ({
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  digest: digest(letter),
  size: 7,
  ...more,
});
const bytes = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));

test("a manifest names its config and its layers, each once", () => {
  const manifest = { schemaVersion: 2, mediaType: OCI, config: blob("a"), layers: [blob("b"), blob("c"), blob("b")] };
  const outline = outlineOf(bytes(manifest), OCI);
  expect(outline.blobs.map((each) => each.digest)).toEqual([digest("a"), digest("b"), digest("c")]);
  expect([outline.documents, outline.leadsElsewhere]).toEqual([[], false]);
});

test("an index names documents, and no blobs", () => {
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{ mediaType: OCI, digest: digest("d"), size: 9 }],
  };
  const outline = outlineOf(bytes(index), index.mediaType);
  expect(outline.documents).toEqual([{ digest: digest("d"), size: 9, mediaType: OCI }]);
  expect([outline.blobs, outline.leadsElsewhere]).toEqual([[], false]);
});

test.each([
  [["https://elsewhere.example/layer"], true],
  ["https://elsewhere.example/layer", true],
  [[], false],
  [null, false],
])("urls: %j lead elsewhere: %s", (urls, leadsElsewhere) => {
  const manifest = { schemaVersion: 2, mediaType: OCI, config: blob("a"), layers: [blob("b"), blob("c", { urls })] };
  expect(outlineOf(bytes(manifest), OCI)).toMatchObject({ leadsElsewhere });
});
