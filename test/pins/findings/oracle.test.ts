import fc from "fast-check";
import { expect, test } from "vitest";
import type { AuditFinding, Suppressed } from "../../../src/model/audit.ts";
import { FINDING_KINDS, type FindingKind } from "../../../src/model/findingkind.ts";
import type { Mention, Place } from "../../../src/model/mention.ts";
import { formatListed } from "../../../src/model/listed.ts";
import { formatSubject } from "../../../src/model/subject.ts";
import { formatReference } from "../../../src/oci/reference.ts";
import { baselineKey } from "../../../src/pins/findings/baseline.ts";
import { findingsOf } from "../../../src/pins/findings/findings.ts";
import { outcomeOf } from "../../../src/pins/findings/subjects.ts";
import { naiveKinds } from "./oracle.ts";
import { failOns, worlds, type World } from "./worlds.ts";

const RUNS = 3000;
const SEED = Number(process.env["ORACLE_SEED"] ?? 20261127);
const GRAVE: readonly FindingKind[] = FINDING_KINDS.filter(
  (kind) => !["stale-pin", "grew", "unresolved", "unreachable"].includes(kind),
);

/** One kind at one place: what is said, and whether it counts. */
function lineOf(kind: FindingKind, reference: string, { file, line }: Place, hidden: string, fails: boolean): string {
  return `${kind} ${reference} ${file}:${line} ${hidden} ${fails ? "fails" : "does not fail"}`;
}

function linesOf(findings: readonly AuditFinding[], suppressed: readonly Suppressed[]): readonly string[] {
  const all = [
    ...findings.map((finding) => ({ finding, hidden: "shown" })),
    ...suppressed.map(({ finding, by, reason }) => ({ finding, hidden: `${by}: ${reason}` })),
  ];
  const lines = all.flatMap(({ finding: { kind, reference, places, fails }, hidden }) =>
    places.map((place) => lineOf(kind, reference, place, hidden, fails)),
  );
  return [...new Set(lines)].sort();
}

function nameOf({ target, text }: Mention): string {
  if (target.kind === "file") return formatSubject(target.file);
  if (target.kind === "listed") return formatListed(target.listed);
  return target.kind === "unresolved" ? text : formatReference(target.reference);
}

function naiveLines(
  { mentions, examinations }: World,
  failOn: ReadonlySet<FindingKind> | null,
  known: ReadonlySet<string>,
  comments: boolean,
): readonly string[] {
  const lines = mentions.flatMap((mention) => {
    const reference = nameOf(mention);
    const seen = examinations.get(reference) ?? examinations.values().next().value;
    const kinds = seen === undefined ? new Set<FindingKind>(["unresolved"]) : naiveKinds(mention, seen);
    return [...kinds].map((kind) => {
      const ignored = comments ? mention.ignores.find((each) => each.kinds.includes(kind)) : undefined;
      let hidden = "shown";
      if (known.has(baselineKey(kind, reference, mention.place.file))) hidden = "baseline: it is in the baseline";
      if (ignored !== undefined) hidden = `comment: ${ignored.reason}`;
      if (kind === "disagreed") hidden = "shown";
      const counts = failOn === null ? GRAVE.includes(kind) : failOn.has(kind);
      const never = kind === "unreachable" || hidden !== "shown";
      return lineOf(kind, reference, mention.place, hidden, kind === "disagreed" || (counts && !never));
    });
  });
  return [...new Set(lines)].sort();
}

const settings = fc.record({ failOn: failOns, comments: fc.boolean(), known: fc.boolean() });

/** Every second finding of the world without options, as a baseline. */
function baselineOf({ mentions, examinations }: World): ReadonlySet<string> {
  const { findings } = findingsOf(mentions, examinations, { failOn: null, baseline: null, honourComments: false });
  const keys = findings.flatMap(({ kind, reference, places }) =>
    places.map(({ file }) => baselineKey(kind, reference, file)),
  );
  return new Set(keys.filter((_, at) => at % 2 === 0));
}

test("the rules and the naive rules say the same of every world", () => {
  const seen = new Map<string, number>();
  const property = fc.property(worlds, settings, (world, { failOn, comments, known }) => {
    const baseline = known ? baselineOf(world) : null;
    const options = { failOn, baseline, honourComments: comments };
    const { findings, suppressed } = findingsOf(world.mentions, world.examinations, options);
    expect(linesOf(findings, suppressed)).toEqual(naiveLines(world, failOn, baseline ?? new Set(), comments));
    for (const { kind } of findings) seen.set(kind, (seen.get(kind) ?? 0) + 1);
    for (const { by } of suppressed) seen.set(by, (seen.get(by) ?? 0) + 1);
    const outcome = outcomeOf(findings, []);
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
  // worlds in which hardly anything is found would prove nothing
  for (const each of [...FINDING_KINDS, "comment", "baseline", "findings", "unchecked", "clean"])
    expect(seen.get(each) ?? 0, each).toBeGreaterThan(20);
});

test("a finding is one of its kind, reference and message, its places are sorted, and the gravest come first", () => {
  const property = fc.property(worlds, ({ mentions, examinations }) => {
    const options = { failOn: null, baseline: null, honourComments: false };
    const { findings } = findingsOf(mentions, examinations, options);
    const names = findings.map(({ kind, reference, message }) => JSON.stringify([kind, reference, message]));
    expect(new Set(names).size).toBe(names.length);
    const ranks = findings.map(({ kind }) => FINDING_KINDS.indexOf(kind));
    expect(ranks).toEqual(ranks.toSorted((left, right) => left - right));
    for (const { places } of findings) {
      const keys = places.map(({ file, line }) => `${file}:${line}`);
      expect(keys).toEqual([...new Set(keys)].sort());
    }
    const turned = findingsOf(mentions.toReversed(), examinations, options);
    expect(turned.findings).toEqual(findings);
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});
