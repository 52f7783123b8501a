import { expect, test } from "vitest";
import { judge } from "../../../src/consensus/judge.ts";
import { digestOf, type Digest } from "../../../src/oci/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../../src/oci/mediatype.ts";
import { fakeTransport } from "../faketransport.ts";
import { descriptor, imageFor, indexOf, jobOf, look, serve, thing } from "../fixtures.ts";

test("what was asked for by sha512 is the parent of what is below it, by sha512", async () => {
  const image = imageFor("linux/amd64", "a layer");
  const manifest = thing(OCI_MANIFEST, image.manifest.bytes.toString(), "sha512");
  const root = thing(OCI_INDEX, indexOf([descriptor(manifest)]).bytes.toString(), "sha512");
  const routes = serve([root, manifest, image.config, ...image.layers]);
  const seen = await look(fakeTransport(routes), { job: jobOf(`registry.example/a/b@${root.digest}`) });
  expect(seen.error).toBeNull();
  expect(seen.objects.map((each) => each.parent)).toEqual([null, root.digest, manifest.digest, manifest.digest]);
  const [layer] = image.layers;
  const lie = { ...routes, [`https://registry.example/v2/a/b/blobs/${layer?.digest}`]: { body: "A layer" } };
  const other = await look(fakeTransport(lie), {
    job: jobOf(`registry.example/a/b@${root.digest}`),
    vantage: { name: "fra" },
  });
  expect(judge([seen, { ...seen, worker: "sgp" }, other])).toMatchObject({
    outcome: "disagreed",
    differences: [
      {
        path: [{ role: "index" }, { role: "manifest", position: 0 }, { role: "layer", position: 0 }],
        expected: layer?.digest,
      },
    ],
  });
});

test("name:tag@sha512: the root is hashed by the pin's algorithm as well, and equal bytes are agreed", async () => {
  const image = imageFor("linux/amd64", "a layer");
  const pin = digestOf(image.manifest.bytes, "sha512");
  const wrong = digestOf(Buffer.from("another manifest"), "sha512");
  const outcomeFor = async (wanted: Digest): Promise<string> => {
    const job = jobOf(`registry.example/a/b:1@${wanted}`);
    const seen = await look(fakeTransport(serve(image.all)), { job });
    expect(seen).toMatchObject({ digest: image.manifest.digest, error: null });
    expect(seen.objects.map((each) => each.pinned)).toEqual([pin, undefined, undefined]);
    const observations = ["here", "fra", "sgp"].map((worker) => ({ ...seen, worker }));
    return judge(observations).outcome;
  };
  expect(await outcomeFor(pin)).toBe("agreed");
  expect(await outcomeFor(wrong)).toBe("changed");
});
