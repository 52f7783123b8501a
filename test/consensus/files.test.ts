import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diagnose } from "../../src/consensus/diagnose/diagnose.ts";
import { judge } from "../../src/consensus/judge.ts";
import type { Asked, Observation, SeenObject } from "../../src/model/observation.ts";
import type { FileFacts, Probes } from "../../src/model/probe.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digest, fault, object, observation } from "./observations.ts";

const WORKERS = ["here", "fra", "sgp"];
const NOTHING = { platform: null, osVersion: null, bottle: null };

/** What one worker got: from the URL, and from each mirror; `-` is 404, `!` a cut connection. */
type Views = readonly string[];

function fileOf(letter: string, more: Partial<SeenObject> = {}): SeenObject {
  return object({ role: "file", digest: digest(letter), declaredSize: null, ...more });
}

function seenBy(worker: string, [first = "-", ...mirrors]: Views, asked: Asked): Observation {
  const failure = [first, ...mirrors].find((each) => each === "-" || each === "!");
  const error = failure === undefined ? null : fault(failure === "-" ? "E_NOT_FOUND" : "E_CUT");
  const base = {
    asked,
    outcome: failure === undefined ? "saw" : failure === "-" ? "refused" : "failed",
    error,
  } as const;
  if (first === "-" || first === "!") return observation(worker, { ...base, digest: null, objects: [] });
  const root = fileOf(first);
  const below = mirrors.flatMap((letter, position) => {
    if (letter === "-" || letter === "!") return [];
    const computed = digest(letter);
    return [fileOf(first, { role: "mirror", computed, parent: root.digest, position, declaredSize: root.size })];
  });
  const lie = below.some((each) => each.computed !== each.digest);
  return observation(worker, {
    ...base,
    ...(lie ? { outcome: "saw", error: fault("E_MISMATCH") } : {}),
    digest: root.digest,
    objects: [root, ...below],
  });
}

function askedFor(pin: Digest | null): Asked {
  return { url: "https://dl.example/tool-1.0.tar.gz", pin, ...NOTHING };
}

/** From the contract alone: docs/files.md and the table of exit codes. */
function rule(all: readonly Views[], pin: string | null): string {
  const roots = new Set(all.map(([first]) => first).filter((each) => each !== "-" && each !== "!"));
  const lies = all.some(([first, ...mirrors]) => {
    if (first === "-" || first === "!") return false;
    return mirrors.some((each) => each !== "-" && each !== "!" && each !== first);
  });
  if (roots.size > 1 || lies) return "disagreed";
  // what everybody saw of the file itself is known, whatever became of the mirrors
  const seenByAll = all.every(([first]) => first !== "-" && first !== "!");
  if (seenByAll && pin !== null && !roots.has(pin)) return "changed";
  const faults = all.map((views) => views.find((each) => each === "-" || each === "!") ?? null);
  if (faults.every((each) => each === "-")) return "absent";
  if (faults.some((each) => each !== null)) return "incomplete";
  return "agreed";
}

test("the judge says of files and mirrors what the rule says", () => {
  const letter = fc.constantFrom("a", "a", "a", "b", "-", "!");
  const views = fc.integer({ min: 0, max: 2 }).chain((mirrors) => {
    return fc.array(fc.array(letter, { minLength: mirrors + 1, maxLength: mirrors + 1 }), {
      minLength: 3,
      maxLength: 3,
    });
  });
  const seen = new Set<string>();
  fc.assert(
    fc.property(views, fc.constantFrom(null, null, "a", "c"), (all, pin) => {
      const mirrors = all[0]?.slice(1).map((_, position) => `https://${position}.example/tool-1.0.tar.gz`) ?? [];
      const asked = { ...askedFor(pin === null ? null : digest(pin)), ...(mirrors.length > 0 ? { mirrors } : {}) };
      const { outcome } = judge(all.map((each, at) => seenBy(WORKERS[at] ?? "", each, asked)));
      expect(outcome).toBe(rule(all, pin));
      seen.add(outcome);
    }),
    { numRuns: 2000 },
  );
  expect([...seen].sort()).toEqual(["absent", "agreed", "changed", "disagreed", "incomplete"]);
});

describe("why files are not the same everywhere", () => {
  const probesWith = (left: Partial<FileFacts>, right: Partial<FileFacts>): Probes => ({
    again: [],
    byDigest: [],
    documents: new Map(),
    configs: new Map(),
    files: new Map([
      [digest("a"), { inner: null, keys: [], ...left }],
      [digest("b"), { inner: null, keys: [], ...right }],
    ]),
  });
  const found = (url: string, probes: Probes | null, views: readonly Views[] = [["a"], ["a"], ["b"]]) => {
    const mirrors = views[0]?.slice(1).map((_, position) => `https://${position}.example/x`) ?? [];
    const asked = { url, pin: null, ...(mirrors.length > 0 ? { mirrors } : {}), ...NOTHING };
    const observations = views.map((each, at) => seenBy(WORKERS[at] ?? "", each, asked));
    const finding = diagnose(judge(observations), observations, probes, []);
    return finding && { class: finding.class, kind: finding.because.kind, odd: finding.odd };
  };
  const plain = "https://dl.example/tool-1.0.tar.gz";
  const [key, inner] = ["A".repeat(40), digest("c")];

  test.each([
    ["one key", plain, probesWith({ keys: [key] }, { keys: [key] }), "reserialised", "same-key"],
    ["two keys", plain, probesWith({ keys: [key] }, { keys: ["B".repeat(40)] }), "split-view", "split"],
    ["a key and none", plain, probesWith({ keys: [key] }, {}), "split-view", "split"],
    ["one inside", plain, probesWith({ inner }, { inner }), "recompressed", "same-inside"],
    ["another inside", plain, probesWith({ inner }, { inner: digest("d") }), "split-view", "split"],
    ["nothing inside", plain, probesWith({}, {}), "split-view", "split"],
    ["nobody looked", plain, null, "split-view", "split"],
    ["a name that moves", "https://dl.example/latest/tool", null, "dynamic", "moving"],
  ])("%s", (_, url, probes, named, kind) => {
    expect(found(url, probes)).toMatchObject({ class: named, kind });
  });

  test.each([
    [
      [
        ["a", "a"],
        ["a", "b"],
        ["a", "a"],
      ],
      ["fra"],
    ],
    [
      [
        ["a", "b"],
        ["a", "b"],
        ["a", "b"],
      ],
      [],
    ],
  ])("mirrors: %j", (views, odd) => {
    expect(found(plain, null, views)).toEqual({ class: "false-content", kind: "mirror", odd });
  });
});
