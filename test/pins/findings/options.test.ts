import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../../src/errors.ts";
import type { Audit } from "../../../src/model/audit.ts";
import { FINDING_KINDS } from "../../../src/model/findingkind.ts";
import { parseBaseline } from "../../../src/pins/findings/baseline.ts";
import { parseFailOn } from "../../../src/pins/findings/failon.ts";
import { findingsOf, type FindingOptions, type Findings } from "../../../src/pins/findings/findings.ts";
import { outcomeOf, subjectsOf, summaryOf } from "../../../src/pins/findings/subjects.ts";
import { absent, agreed, answer, because, byReference, digest, examination, manifest, mention, place } from "./made.ts";

const PIN = digest("a");
const PINNED = `alpine:3.20@${PIN}`;
const DEFAULT: FindingOptions = { failOn: null, baseline: null, honourComments: true };
const STALE = byReference(examination(PINNED, { tag: agreed(manifest("b")), pin: agreed(manifest("a")) }));
const ALARM = byReference(examination(PINNED, { tag: because("disagreed", "split-view"), pin: agreed(manifest("a")) }));
const LATEST = byReference(examination("alpine", { tag: agreed(manifest("b")) }));

function told({ findings, suppressed }: Findings): readonly string[] {
  const line = ({ kind, level, fails, places }: Findings["findings"][number]): string =>
    `${kind} ${level}${fails ? " fails" : ""} ${places.map(({ file, line: at }) => `${file}:${at}`).join(" ")}`;
  return [...findings.map(line), ...suppressed.map(({ finding, by, reason }) => `${by} (${reason}): ${line(finding)}`)];
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Tofu3Error) return `${error.code}: ${error.message}; ${error.hint ?? ""}`;
  }
  return "nothing";
}

describe("--fail-on", () => {
  test("makes a note that it names a warning that fails", () => {
    const failOn = parseFailOn("stale-pin, grew");
    expect(told(findingsOf([mention(PINNED)], STALE, DEFAULT))).toEqual(["stale-pin note Dockerfile:1"]);
    expect(told(findingsOf([mention(PINNED)], STALE, { ...DEFAULT, failOn }))).toEqual([
      "stale-pin warning fails Dockerfile:1",
    ]);
  });

  test("takes the place of what fails by itself, but for the alarm", () => {
    const failOn = parseFailOn("stale-pin");
    expect(told(findingsOf([mention("alpine")], LATEST, { ...DEFAULT, failOn }))).toEqual([
      "floating-tag warning Dockerfile:1",
      "unpinned warning Dockerfile:1",
    ]);
    expect(told(findingsOf([mention(PINNED)], ALARM, { ...DEFAULT, failOn }))).toEqual([
      "disagreed error fails Dockerfile:1",
    ]);
  });

  test("names every kind but those of what could not be checked", () => {
    const named = FINDING_KINDS.filter((kind) => kind !== "unreachable");
    expect([...parseFailOn(named.join(","))]).toEqual(named);
  });

  test.each([
    ["unreachable", /E_USAGE: --fail-on: "unreachable" is never a finding about security.*exit code 21/],
    ["unreachable", /E_USAGE: --fail-on: "unreachable" is never/],
    ["stale", /E_USAGE: --fail-on: "stale" is no kind of finding; did you mean stale-pin\?/],
    ["unpinned,", /E_USAGE: --fail-on: "" is no kind/],
    ["\u001b[2J", /E_USAGE: --fail-on: "\\u\{1b\}\[2J" is no kind of finding; the kinds are disagreed, /],
  ])("refuses %j", (text, message) => {
    expect(codeOf(() => parseFailOn(text))).toMatch(message);
  });
});

describe("a comment", () => {
  const ignores = [{ kinds: ["unpinned", "disagreed"] as const, reason: "built here" }];

  test("takes out its own place, and no other", () => {
    const mentions = [
      mention("alpine", { ignores }),
      mention("alpine", { place: place("b", 2) }),
      mention("alpine", { place: place("a", 3) }),
    ];
    expect(told(findingsOf(mentions, LATEST, DEFAULT))).toEqual([
      "floating-tag warning fails Dockerfile:1 a:3 b:2",
      "unpinned warning fails a:3 b:2",
      "comment (built here): unpinned warning Dockerfile:1",
    ]);
  });

  test("counts for nothing where comments are not honoured", () => {
    const options = { ...DEFAULT, honourComments: false };
    expect(told(findingsOf([mention("alpine", { ignores })], LATEST, options))).toEqual([
      "floating-tag warning fails Dockerfile:1",
      "unpinned warning fails Dockerfile:1",
    ]);
  });

  test("hides no alarm", () => {
    expect(told(findingsOf([mention(PINNED, { ignores })], ALARM, DEFAULT))).toEqual([
      "disagreed error fails Dockerfile:1",
    ]);
  });
});

describe("a baseline", () => {
  const auditOf = (found: Findings): string => JSON.stringify({ schemaVersion: 1, ...found } satisfies Partial<Audit>);

  test("takes out what an earlier audit found in that file, wherever it stands now", () => {
    const baseline = parseBaseline(auditOf(findingsOf([mention("alpine")], LATEST, DEFAULT)));
    const mentions = [mention("alpine", { place: place("Dockerfile", 7) }), mention("alpine", { place: place("new") })];
    const found = findingsOf(mentions, LATEST, { ...DEFAULT, baseline });
    expect(told(found)).toEqual([
      "floating-tag warning fails new:1",
      "unpinned warning fails new:1",
      "baseline (it is in the baseline): floating-tag warning Dockerfile:7",
      "baseline (it is in the baseline): unpinned warning Dockerfile:7",
    ]);
    expect(parseBaseline(auditOf(found)).size).toBe(4);
  });

  test("does not remember what a comment took out", () => {
    const ignores = [{ kinds: ["unpinned", "floating-tag"] as const, reason: "built here" }];
    expect(parseBaseline(auditOf(findingsOf([mention("alpine", { ignores })], LATEST, DEFAULT)))).toEqual(new Set());
  });

  test("hides no alarm", () => {
    const baseline = parseBaseline(auditOf(findingsOf([mention(PINNED)], ALARM, DEFAULT)));
    expect(told(findingsOf([mention(PINNED)], ALARM, { ...DEFAULT, baseline }))).toEqual([
      "disagreed error fails Dockerfile:1",
    ]);
  });

  test.each([
    ["", "not a baseline: "],
    ["[]", "not a baseline: the file is not an object"],
    ["{}", "not a baseline: schemaVersion is not 1"],
    ['{"schemaVersion":1}', "not a baseline: suppressed is not a list"],
    ['{"schemaVersion":1,"suppressed":[1],"findings":[]}', "not a baseline: suppressed[0] is not an object"],
    ['{"schemaVersion":1,"suppressed":[],"findings":[null]}', "not a baseline: finding 1 is not an object"],
    ['{"schemaVersion":1,"suppressed":[],"findings":[{"kind":"x"}]}', "finding 1 has no kind that is known"],
    ['{"schemaVersion":1,"suppressed":[],"findings":[{"kind":"grew"}]}', "the reference of finding 1 is not text"],
    [
      '{"schemaVersion":1,"suppressed":[],"findings":[{"kind":"grew","reference":"a","places":[{"file":1}]}]}',
      "the file of place 1 of finding 1 is not text",
    ],
  ])("%s is none", (text, message) => {
    const told = codeOf(() => parseBaseline(text));
    expect(told).toMatch(/^E_USAGE: /);
    expect(told).toContain(message);
    expect(told).toContain("tofu3 audit --json > FILE writes one");
  });
});

describe("the subjects and the outcome", () => {
  test("a subject is what its digest leads to, unless anything about it is an alarm", () => {
    const seen = byReference(
      examination(PINNED, { tag: agreed(manifest("b")), pin: agreed(manifest("a")) }),
      examination("b/d:1", { tag: because("disagreed", "split-view"), pin: agreed(manifest("a")) }),
      examination("b/c:1", { tag: absent(manifest("c")) }),
      examination("r.example/x", { notAsked: "r.example is refused" }),
      examination("r.example/y", { tag: absent(), blobs: new Map([[PIN, "there"]]) }),
      examination("r.example/z", { blobs: new Map([[PIN, "gone"]]) }),
      examination("r.example/zz", { blobs: new Map([[PIN, "gone"], [digest("b"), "unclear"]]) }), // prettier-ignore
    );
    expect(subjectsOf(seen).map((each) => [each.reference, each.outcome, each.digest])).toEqual([
      ["docker.io/b/c:1", "absent", null],
      ["docker.io/b/d:1", "disagreed", null],
      [`docker.io/library/alpine:3.20@${PIN}`, "agreed", PIN],
      ["r.example/x", "unasked", null],
      ["r.example/y", "agreed", null],
      ["r.example/z", "absent", null],
      ["r.example/zz", "incomplete", null],
    ]);
  });

  test.each([
    {
      sentence: "a finding outranks what could not be checked",
      fails: [true],
      kinds: ["unreachable"],
      outcome: "findings",
    },
    { sentence: "what could not be checked is not clean", fails: [], kinds: ["unreachable"], outcome: "unchecked" },
    { sentence: "what cannot be known is not clean", fails: [], kinds: ["unresolved"], outcome: "unchecked" },
    { sentence: "notes are clean", fails: [false], kinds: [], outcome: "clean" },
  ] as const)("$sentence", ({ fails, kinds, outcome }) => {
    const [note] = findingsOf([mention(PINNED)], STALE, DEFAULT).findings;
    if (note === undefined) throw new Error("nothing found");
    const all = [...fails.map((each) => ({ ...note, fails: each })), ...kinds.map((kind) => ({ ...note, kind }))];
    expect(outcomeOf(all, [])).toBe(outcome);
  });

  test.each([
    ["alpine", LATEST, "2 findings in 1 of 1 reference"],
    [PINNED, STALE, "nothing found in 1 reference"],
    [
      PINNED,
      byReference(examination(PINNED, { pin: answer("incomplete") })),
      "nothing found in 1 reference; 1 could not be checked",
    ],
  ] as const)("%s: %s", (text, seen, summary) => {
    const { findings } = findingsOf([mention(text)], seen, DEFAULT);
    expect(summaryOf(subjectsOf(seen), findings, [])).toBe(summary);
  });
});
