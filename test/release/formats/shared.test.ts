import { expect, test } from "vitest";
import type { SeenObject } from "../../../src/model/observation.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { readManifest, type Manifest } from "../../../src/oci/manifest.ts";
import { subjectOf } from "../../../src/model/subject.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { layoutOf } from "../../../src/release/formats/layout.ts";
import { gzipLayer, image, index, OCI, piece } from "../fixture.ts";

/** A map that counts how often somebody looks into it. */
class Counted<V> extends Map<Digest, V> {
  looks = 0;
  override get(digest: Digest): V | undefined {
    this.looks += 1;
    return super.get(digest);
  }
}

test("what is named a hundred thousand times is looked into once", async () => {
  const [chosen, other] = [image([await gzipLayer({ a: "a" })]), image([])];
  const inner = index(
    "localhost:5000/x:1",
    [chosen, other].map((each) => ({ image: each, platform: null })),
    { selected: [0] },
  );
  const objects = new Counted<SeenObject>(inner.objects.map((object) => [object.digest, object]));
  const documents = new Counted<Manifest>();
  for (const { digest, role } of inner.objects) {
    if (role === "index" || role === "manifest")
      documents.set(digest, readManifest(inner.bytes.get(digest) ?? Buffer.of(), null));
  }
  let [root] = inner.objects;
  if (root === undefined) throw new Error("an index without objects");
  for (let level = 0; level < 3; level += 1) {
    const { mediaType, digest: below, size } = root;
    const manifests = Array(50).fill({ mediaType, digest: below, size });
    const { digest, bytes } = piece(JSON.stringify({ schemaVersion: 2, manifests }));
    root = { ...root, digest, computed: digest, size: bytes.length };
    objects.set(digest, root);
    documents.set(digest, readManifest(bytes, OCI.index));
  }
  const { files, blobs } = layoutOf(
    { root, places: [...objects.values()], objects, documents },
    subjectOf(parseReference("localhost:5000/x:1")),
  );
  expect(JSON.parse(files[1]?.text ?? "")).toMatchObject({ manifests: [{ digest: chosen.manifest.digest }] });
  expect(blobs).toHaveLength(3);
  expect(objects.looks + documents.looks).toBeLessThan(2000);
});
