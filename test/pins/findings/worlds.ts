import fc from "fast-check";
import type { AgreedRoot, Answer, Examination, RootEntry } from "../../../src/model/audit.ts";
import { FINDING_KINDS } from "../../../src/model/findingkind.ts";
import type { History } from "../../../src/model/history.ts";
import type { Ignore, Mention, Target } from "../../../src/model/mention.ts";
import type { Reason } from "../../../src/model/verdict.ts";
import { formatReference, type Reference } from "../../../src/oci/reference.ts";
import { added, answer, digest, place } from "./made.ts";

const digests = fc.constantFrom("a", "b", "c", "d").map(digest);
const tags = fc.constantFrom("3.20", "latest", "stable-slim");
const nothing = fc.constant(null);

const entry: fc.Arbitrary<RootEntry> = fc.record({
  digest: digests,
  platform: fc.constantFrom("linux/amd64", "linux/arm64", null),
  bottle: fc.constantFrom("sonoma", "ventura", null),
  bottleDigest: fc.option(digests),
});

const root: fc.Arbitrary<AgreedRoot> = fc
  .record({
    digest: digests,
    kind: fc.constantFrom("index", "index", "manifest", "schema1"),
    entries: fc.array(entry, { maxLength: 3 }),
  })
  .map((each) => (each.kind === "index" ? each : { ...each, entries: [] }));

const history: fc.Arbitrary<History> = fc
  .record({
    change: fc.constantFrom("none", "moved", "moved", "rolled-back", "first"),
    gained: fc.constantFrom(0, 1, 19, 20),
    lost: fc.boolean(),
  })
  .map(({ change, gained, lost }) => ({
    last: digest("9"),
    at: null,
    since: null,
    change,
    changes: [
      ...added(...Array.from({ length: gained }, (_, at) => `entry ${at}`)),
      ...(lost ? [{ what: "linux/s390x manifest", left: digest("1"), right: null }] : []),
    ],
  }));

const outcomes = fc.constantFrom<Answer["outcome"]>(
  ...(["agreed", "agreed", "agreed", "pending", "absent", "absent", "changed", "changed"] as const),
  ...(["disagreed", "incomplete", "moved", "indistinct"] as const),
);

const answers: fc.Arbitrary<Answer> = fc
  .record({
    outcome: outcomes,
    seen: fc.option(root, { freq: 8 }),
    history: fc.option(history),
    mislabelled: fc.integer({ max: 9, min: 0 }).map((each) => each === 0),
    why: fc.constantFrom("version", "ledger"),
    hollow: fc.boolean(),
  })
  .map(({ outcome, seen, history: past, mislabelled, why, hollow }) => {
    const finding = {
      class: mislabelled ? ("mislabelled" as const) : ("unexplained" as const),
      confidence: "sure" as const,
      odd: [],
      because: { kind: "unknown" as const },
    };
    const to = seen?.digest ?? digest("f");
    const mismatch = { tag: "1", says: "version", text: "2" } as const;
    const reasons: Partial<Record<Answer["outcome"], Reason>> = {
      absent: { kind: "absence", root: hollow ? to : null },
      changed:
        why === "ledger" && past !== null
          ? { kind: "ledger", root: to, history: past }
          : { kind: "version", root: to, mismatch },
      moved: { kind: "moved", from: [digest("8")], to },
    };
    return answer(outcome, { root: seen, history: past, finding, reason: reasons[outcome] ?? null });
  });

const examinations = (reference: Reference): fc.Arbitrary<Examination> =>
  fc
    .record({
      tag: fc.option(answers, { freq: 9 }),
      pin: fc.option(answers, { freq: 9 }),
      same: fc.boolean(),
      claims: fc.array(fc.tuple(tags, answers), { maxLength: 3 }).map((each) => new Map(each)),
      blobs: fc
        .array(
          fc.tuple(digests, fc.constantFrom("there" as const, "gone" as const, "unclear" as const, "false" as const)),
        )
        .map((each) => new Map(each)),
      notAsked: fc.integer({ min: 0, max: 9 }).map((each) => (each === 0 ? "it is private" : null)),
    })
    .map(({ same, ...each }) => ({ ...each, reference, pin: same ? each.tag : each.pin }));

const references: fc.Arbitrary<Reference> = fc
  .record({ repository: fc.constantFrom("a/b", "a/c"), tag: fc.option(tags), digest: fc.option(digests) })
  .map(({ repository, tag, digest: pin }) => ({
    registry: "r.example",
    repository,
    ...(tag === null ? {} : { tag }),
    ...(pin === null ? {} : { digest: pin }),
  }));

const targets: fc.Arbitrary<Target> = fc.oneof(
  { weight: 6, arbitrary: references.map((reference) => ({ kind: "reference" as const, reference })) },
  {
    weight: 2,
    arbitrary: fc.record({ tag: fc.option(tags), file: digests }).map(({ tag, file }) => ({
      kind: "bottle" as const,
      reference: { registry: "r.example", repository: "a/b", ...(tag === null ? {} : { tag }) },
      bottle: { tag: "sonoma", digest: file },
    })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "unresolved" as const, why: "TAG has no default" }) },
);

const ignores: fc.Arbitrary<Ignore> = fc.record({
  kinds: fc.subarray([...FINDING_KINDS], { minLength: 1, maxLength: 6 }),
  reason: fc.constantFrom("known", "wanted"),
});

const mentions: fc.Arbitrary<Mention> = fc
  .record({
    target: targets,
    file: fc.constantFrom("Dockerfile", "compose.yaml"),
    line: fc.integer({ min: 1, max: 9 }),
    comment: fc.oneof(nothing, tags),
    ignores: fc.array(ignores, { maxLength: 1 }),
  })
  .map(({ target, file, line, comment, ignores: ignored }) => ({
    source: "list",
    place: place(file, line),
    text: "reference" in target ? formatReference(target.reference) : "a/b:$TAG",
    target,
    comment,
    ignores: ignored,
    pinning: { kind: "edits", edits: [] },
  }));

export interface World {
  readonly mentions: readonly Mention[];
  readonly examinations: ReadonlyMap<string, Examination>;
}

/** Files that name things, and what came back, whether or not that makes sense together. */
export const worlds: fc.Arbitrary<World> = fc.array(mentions, { minLength: 1, maxLength: 5 }).chain((named) => {
  const asked = new Map<string, Reference>();
  for (const { target } of named)
    if ("reference" in target) asked.set(formatReference(target.reference), target.reference);
  return fc.tuple(...[...asked.values()].map(examinations)).map((all) => ({
    mentions: named,
    examinations: new Map(all.map((each) => [formatReference(each.reference), each])),
  }));
});

export const failOns = fc.option(fc.subarray([...FINDING_KINDS]).map((kinds) => new Set(kinds)));
