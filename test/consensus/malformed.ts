import fc from "fast-check";
import type { SeenObject } from "../../src/model/observation.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digest, fault, INDEX, LAYER, MANIFEST, object, observation } from "./observations.ts";

const anyDigest = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("a", "b", "c").map(digest) },
  { weight: 1, arbitrary: fc.constantFrom("", "latest", `md5:${"a".repeat(32)}`).map((text) => text as Digest) },
);

const anyObject = fc.record({
  role: fc.constantFrom("index" as const, "manifest" as const, "config" as const, "layer" as const, "blob" as const),
  digest: anyDigest,
  computed: fc.option(anyDigest),
  size: fc.nat(3),
  declaredSize: fc.option(fc.nat(3)),
  mediaType: fc.constantFrom(INDEX, MANIFEST),
  parent: fc.option(fc.constantFrom("a", "b").map(digest)),
  position: fc.nat(2),
  platform: fc.option(fc.constantFrom("linux/amd64", "__proto__")),
  osVersion: fc.option(fc.constant("1")),
  annotations: fc.constant({}),
});

/** A tree of nearly nothing but truths, which repeats itself, lacks something, or has something that hangs nowhere. */
const nearlyTrue = fc
  .array(
    fc.record({
      letter: fc.constantFrom("b", "c", "d"),
      parent: fc.constantFrom("a", "a", "a", "b", "e"),
      position: fc.nat(2),
      stray: fc.nat(9),
    }),
    { maxLength: 4 },
  )
  .map((below) => [
    object({ role: "index", digest: digest("a") }),
    ...below.map(({ letter, parent, position, stray }): SeenObject => {
      const role = letter === "b" ? ("manifest" as const) : ("layer" as const);
      const mediaType = role === "layer" ? LAYER : MANIFEST;
      const named = stray === 0 ? ("latest" as Digest) : digest(letter);
      return object({ role, mediaType, digest: named, parent: digest(parent), position });
    }),
  ]);

/** Reports that no worker makes: what a file, or whoever calls the public API, may say. */
export const anyObservation = fc
  .record({
    worker: fc.constantFrom("here", "fra", "sgp", "tyo"),
    outcome: fc.constantFrom("saw" as const, "refused" as const, "failed" as const),
    objects: fc.array(anyObject, { maxLength: 6 }),
    error: fc.option(fc.constantFrom("E_NOT_FOUND" as const, "E_MISMATCH" as const, "E_STOPPED" as const).map(fault)),
  })
  .map(({ worker, ...part }) => observation(worker, part));

/** One report for all of them, of which some leave something out or say it twice. */
export const nearlyAlike = nearlyTrue.chain((objects) =>
  fc.array(
    fc
      .record({
        worker: fc.constantFrom("here", "fra", "sgp", "tyo"),
        without: fc.option(fc.nat(5)),
        again: fc.option(fc.nat(5)),
        ended: fc.nat(5),
      })
      .map(({ worker, without, again, ended }) => {
        const kept = objects.filter((_, at) => at !== without);
        const repeated = again === null ? [] : objects.slice(again, again + 1);
        const error = ended === 0 ? fault("E_STOPPED") : null;
        return observation(worker, { objects: [...kept, ...repeated], error });
      }),
    { minLength: 3, maxLength: 4 },
  ),
);
