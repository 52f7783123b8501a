import { expect, test } from "vitest";
import { listingOf } from "../../../src/coordinator/audit/listing.ts";
import type { Digest } from "../../../src/oci/digest.ts";

const [A, B] = ["a".repeat(64), "b".repeat(64)];
const sha256 = (hex: string): Digest => `sha256:${hex}` as Digest;
const page = (files: unknown): Uint8Array => Buffer.from(JSON.stringify({ files }));

test("a list is asked for where its kind has it, and tells nothing of another kind", () => {
  const release = { index: "https://i.example/simple/", project: "f", version: "1", digest: sha256(A) };
  const git = { repository: "https://git.example/a/b", ref: "v1" };
  expect(listingOf(release)).toMatchObject({ url: "https://i.example/simple/f/" });
  expect(listingOf(git)).toMatchObject({ url: "https://git.example/a/b/info/refs?service=git-upload-pack" });
  const find = listingOf(release).read(page([{ filename: "f-1.whl", hashes: { sha256: A } }]));
  expect([find(release), find({ ...release, digest: sha256(B) }), find(git)]).toEqual(["f-1.whl", null, null]);
});
