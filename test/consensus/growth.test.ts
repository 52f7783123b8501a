import { expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import { comparisonsOf, differingEntries, relationOf } from "../../src/consensus/compare.ts";
import { countOf, daysOf } from "../../src/consensus/days.ts";
import { historyOf } from "../../src/consensus/history.ts";
import type { Observation, SeenObject } from "../../src/model/observation.ts";
import type { Entry, RecordedObject } from "../../src/model/record.ts";
import type { Digest } from "../../src/oci/digest.ts";
import type { Index } from "../../src/oci/manifest.ts";
import { digest, fault, INDEX, MANIFEST, object, observation } from "./observations.ts";
import { entry, everywhere, now, probes } from "./past.ts";

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

function costOf(work: () => unknown): number {
  const times = Array.from({ length: 4 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}

/** One that looked at each pair would take sixteen times as long. */
function expectLinear(few: () => unknown, many: () => unknown): void {
  let growth = costOf(many) / costOf(few);
  // a busy machine makes it more, and nothing makes it less
  for (let again = 0; again < 6 && growth >= 9; again += 1) growth = Math.min(growth, costOf(many) / costOf(few));
  expect(growth).toBeLessThan(9);
}

test.each(SHAPES)("$shape: four times as many cost about four times as much", ({ objects }) => {
  const [few, many] = [lied(objects(2000)), lied(objects(8000))];
  expect(judge(many).outcome).toBe("disagreed");
  expectLinear(
    () => judge(few),
    () => judge(many),
  );
});

/** A ledger of one look a day, all of which count. */
function ledger(count: number): Entry[] {
  return Array.from({ length: count }, (_, at) =>
    entry(new Date(Date.UTC(1990, 0, 1) + at * 86_400_000).toISOString(), "aaa", { objects: recorded(20) }),
  );
}

function recorded(count: number): RecordedObject[] {
  return Array.from({ length: count }, (_, at) => {
    const parent = at === 0 ? null : digest("a");
    return { role: "layer", digest: numbered(at), parent, platform: "linux/amd64" };
  });
}

/** Indexes of as many entries, of which all are for one platform or each for another, and the last differs. */
function indexes(count: number, alike: boolean): [Index, Index] {
  const named = (last: number): Index => {
    const manifests = Array.from({ length: count }, (_, at) => ({
      mediaType: MANIFEST,
      digest: numbered(at === count - 1 ? last : at),
      size: 10,
      platform: { os: "linux", architecture: alike ? "amd64" : `a${at}` },
      artifactType: null,
      annotations: {},
    }));
    const common = { mediaType: INDEX, bytes: new Uint8Array(), artifactType: null, annotations: {}, subject: null };
    return { kind: "index", digest: numbered(last), manifests, ...common };
  };
  return [named(1_000_001), named(1_000_002)];
}

const NOTHING = { platform: null, osVersion: null, bottle: null };
const AFTER = "2026-03-03T12:00:00.000Z";

/** As many entries as those of an index, or of a ledger. */
const WORK: readonly { readonly what: string; readonly of: (count: number) => () => unknown }[] = [
  {
    what: "days that count",
    of: (count) => {
      const before = { entries: ledger(count), now: AFTER };
      return () => countOf(daysOf(now(), digest("a"), before));
    },
  },
  {
    what: "days that a clock that jumped back takes away",
    of: (count) => {
      const before = { entries: [...ledger(count), entry("1980-01-01")], now: AFTER };
      return () => countOf(daysOf(now(), digest("a"), before));
    },
  },
  {
    what: "agreements of a ledger",
    of: (count) => {
      const entries = ledger(count);
      return () => historyOf(entries, digest("f"), { objects: recorded(200) });
    },
  },
  {
    what: "recorded objects",
    of: (count) => {
      const [before, after] = [recorded(count), recorded(count).map((each) => ({ ...each, digest: digest("9") }))];
      return () => historyOf([entry("2026-01-01", "fff", { objects: before })], digest("a"), { objects: after });
    },
  },
  {
    what: "agreements before a move",
    of: (count) => {
      const entries = ledger(count);
      const asked = probes(["fff", "fff"], everywhere("af"));
      const knowledge = { past: { entries, now: AFTER }, probes: asked };
      return () => judge(now("aaf"), {}, knowledge);
    },
  },
  ...[true, false].map((alike) => ({
    what: alike ? "entries of one platform, compared" : "entries of as many platforms, compared",
    of: (count: number) => {
      const [left, right] = indexes(count, alike);
      const documents = new Map([left, right].map((each) => [each.digest, each]));
      return () => [
        comparisonsOf([left.digest, right.digest], NOTHING, { documents, configs: new Map() }),
        relationOf([left, right], NOTHING, new Map()),
        differingEntries([left, right], NOTHING),
      ];
    },
  })),
];

test.each(WORK)("four times as many $what cost about four times as much", ({ of }) => {
  expectLinear(of(2500), of(10_000));
});
