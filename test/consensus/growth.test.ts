import { expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import type { Observation, SeenObject } from "../../src/model/observation.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digest, fault, object, observation } from "./observations.ts";

function numbered(place: number): Digest {
  return `sha256:${place.toString(16).padStart(64, "0")}` as Digest;
}

const ROOT = object({ role: "index", digest: digest("a") });

function entries(count: number, below: Digest, each: Partial<SeenObject>): SeenObject[] {
  return Array.from({ length: count }, (_, position) =>
    object({ role: "manifest", digest: numbered(position), parent: below, position, ...each }),
  );
}

/**
 * Indexes in indexes, each of which names the same children: what a walk reports of them is small, what it unfolds to
 * is not.
 */
function shared(count: number): SeenObject[] {
  const levels = ["b", "c", "d", "e"].map((letter) => digest(letter));
  const named = levels.flatMap((level, at) => {
    const above = at === 0 ? ROOT.digest : (levels[at - 1] ?? ROOT.digest);
    return Array.from({ length: count / 4 }, (_, position) =>
      object({ role: "index", digest: level, parent: above, position }),
    );
  });
  return [ROOT, ...named];
}

/** One manifest, named thousands of times, with a layer. */
function sameChild(count: number): SeenObject[] {
  const named = entries(count, ROOT.digest, { digest: digest("b"), platform: "linux/amd64" });
  return [ROOT, ...named, object({ role: "layer", digest: digest("c"), parent: digest("b") })];
}

const SHAPES: readonly { readonly shape: string; readonly objects: (count: number) => SeenObject[] }[] = [
  {
    shape: "entries for one platform",
    objects: (count) => [ROOT, ...entries(count, ROOT.digest, { platform: "linux/amd64", osVersion: "1" })],
  },
  { shape: "indexes that share their children", objects: shared },
  { shape: "one child that is named over and over", objects: sameChild },
  {
    shape: "layers of one manifest",
    objects: (count) => [
      object({ role: "manifest", digest: digest("a") }),
      ...entries(count, digest("a"), { role: "layer" }),
    ],
  },
];

/** The last of three was lied to everywhere, so that there is as much to report as can be. */
function lied(objects: readonly SeenObject[]): Observation[] {
  const wrong = objects.map((each, at) => (at === 0 ? each : { ...each, computed: digest("9") }));
  return [
    observation("here", { objects }),
    observation("fra", { objects }),
    observation("sgp", { objects: wrong, error: fault("E_MISMATCH") }),
  ];
}

function costOf(observations: readonly Observation[]): number {
  const times = Array.from({ length: 4 }, () => {
    const start = performance.now();
    judge(observations);
    return performance.now() - start;
  });
  return Math.min(...times);
}

test.each(SHAPES)("$shape: four times as many cost about four times as much", ({ objects }) => {
  const [few, many] = [lied(objects(2000)), lied(objects(8000))];
  expect(judge(many).outcome).toBe("disagreed");
  // one that looked at each pair would take sixteen times as long
  let growth = costOf(many) / costOf(few);
  // a busy machine makes it more, and nothing makes it less
  for (let again = 0; again < 6 && growth >= 9; again += 1) growth = Math.min(growth, costOf(many) / costOf(few));
  expect(growth).toBeLessThan(9);
});
