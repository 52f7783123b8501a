import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Glance, Probes } from "../../src/model/probe.ts";
import type { Entry } from "../../src/model/record.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { asking, ASKED, digest, fault, MANIFEST } from "./observations.ts";
import { entry, everywhere, glance, now, onlyAt, past, probes, round, WORKERS } from "./past.ts";
import { report, worlds } from "./worlds.ts";

function outcomeOf(
  observations: readonly Observation[],
  asked: Probes,
  entries: readonly Entry[] = [],
): Verdict["outcome"] {
  return judge(observations, {}, { past: past("2026-03-03", ...entries), probes: asked }).outcome;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/**
 * The rule a second time: some order of the digests explains what every vantage saw, look by look, and all stand at its
 * end.
 */
function isMove(looks: readonly string[], last: string | null): boolean {
  const claimed = [...new Set(looks.join(""))];
  const to = looks.at(-1)?.[0] ?? "";
  if (claimed.length < 2 || looks.at(-1) !== to.repeat(3) || to === last) return false;
  return permutations(claimed).some((order) =>
    [0, 1, 2].every((worker) => {
      const steps = looks.map((letters) => order.indexOf(letters[worker] ?? ""));
      return steps.every((step, at) => step >= (steps[at - 1] ?? 0));
    }),
  );
}

/** Every way in which three vantages see some of these. */
function rows(letters: string): string[] {
  const each = letters.split("");
  return each.flatMap((x) => each.flatMap((y) => each.map((z) => x + y + z)));
}

/** Roots of artifacts with the same content. */
const X = "a",
  Y = "f",
  Z = "9";

test.each([X + Y, X + Y + Z])(
  "three vantages that see any of %s in three looks saw it move exactly if one order explains it",
  (letters) => {
    const seen = { moved: 0, disagreed: 0 };
    const known = everywhere(letters);
    for (const job of rows(letters)) {
      const observations = now(job);
      if (new Set(job).size === 1) continue;
      for (const first of rows(letters)) {
        // the last look only matters as far as it is unanimous
        for (const second of [...letters.split("").map((letter) => letter.repeat(3)), X + X + Y, Y + X + X]) {
          const outcome = outcomeOf(observations, probes([first, second], known));
          const expected = isMove([job, first, second], null) ? "moved" : "disagreed";
          if (outcome !== expected) expect(`${job} ${first} ${second} ${outcome}`).toBe(expected);
          seen[expected] += 1;
        }
      }
    }
    expect(seen.moved).toBeGreaterThan(20);
    expect(seen.disagreed).toBeGreaterThan(100);
  },
);

test("a move is told with what the tag no longer leads to, and what it leads to", () => {
  const verdict = judge(
    now(X + Y + Z),
    {},
    { past: null, probes: probes([Y + Y + Z, Z + Z + Z], everywhere(X + Y + Z)) },
  );
  expect(verdict).toMatchObject({
    outcome: "moved",
    quorum: "1/3",
    reason: { kind: "moved", from: [digest(X), digest(Y)].sort(), to: digest(Z) },
  });
  expect(verdict.differences).toHaveLength(1);
});

const PUSHED = probes([Y + Y + Y, Y + Y + Y], everywhere(X + Y));
const typed = (worker: string, mediaType: string): Observation[] =>
  now(X + X + Y).map((each) =>
    each.worker !== worker
      ? each
      : { ...each, objects: each.objects.map((seen, at) => (at === 0 ? { ...seen, mediaType } : seen)) },
  );
const without = (asked: string, worker: string): Glance[] =>
  everywhere(X + Y).filter((each) => each.asked !== digest(asked) || each.worker !== worker);
const instead = (asked: string, worker: string, other: Partial<Glance>): Glance[] =>
  everywhere(X + Y).map((each) =>
    each.asked === digest(asked) && each.worker === worker ? { ...each, ...other } : each,
  );
const lying = (letters: string): Observation[] =>
  now(letters).map((each) =>
    each.worker !== "sgp"
      ? each
      : {
          ...each,
          objects: each.objects.map((seen, at) => (at === 3 ? { ...seen, computed: digest("8") } : seen)),
          error: fault("E_MISMATCH"),
        },
  );

const CASES: readonly {
  readonly why: string;
  readonly job?: readonly Observation[];
  readonly asked: Probes;
  readonly entries?: readonly Entry[];
  readonly outcome: "moved" | "disagreed";
}[] = [
  { why: "the publisher pushed while the third looked", asked: PUSHED, outcome: "moved" },
  { why: "it moved between the two looks", asked: probes([X + X + Y, Y + Y + Y], everywhere(X + Y)), outcome: "moved" },
  {
    why: "it moved twice",
    asked: probes([Y + Y + Y, Z + Z + Z], everywhere(X + Y + Z)),
    outcome: "moved",
  },
  {
    why: "it moved to something that nobody saw in the job, and that is not looked at by digest",
    asked: probes([Y + Y + Y, Z + Z + Z], everywhere(X + Y)),
    outcome: "disagreed",
  },
  { why: "one clings to its own", asked: probes([X + X + Y, X + X + Y], everywhere(X + Y)), outcome: "disagreed" },
  { why: "only one look", asked: probes([Y + Y + Y], everywhere(X + Y)), outcome: "disagreed" },
  { why: "no look at all", asked: probes([], everywhere(X + Y)), outcome: "disagreed" },
  { why: "three looks", asked: probes([X + Y + Y, Y + Y + Y, Y + Y + Y], everywhere(X + Y)), outcome: "moved" },
  {
    why: "one had no answer in the first look",
    asked: probes([`${Y}${Y} `, Y + Y + Y], everywhere(X + Y)),
    outcome: "disagreed",
  },
  {
    why: "one had no answer in the last look",
    asked: probes([Y + Y + Y, `${Y}${Y} `], everywhere(X + Y)),
    outcome: "disagreed",
  },
  {
    why: "one was told 404 in the first look",
    asked: probes([`${Y}${Y}-`, Y + Y + Y], everywhere(X + Y)),
    outcome: "disagreed",
  },
  {
    why: "all were told 404 in the last look",
    asked: probes([Y + Y + Y, "---"], everywhere(X + Y)),
    outcome: "disagreed",
  },
  {
    why: "one could not use what it was given in a look",
    asked: {
      ...PUSHED,
      again: [
        round(Y + Y + Y),
        round(Y + Y + Y).map((each) => (each.worker === "fra" ? { ...each, fault: fault("E_MANIFEST") } : each)),
      ],
    },
    outcome: "disagreed",
  },
  { why: "nothing was asked by digest", asked: probes([Y + Y + Y, Y + Y + Y], []), outcome: "disagreed" },
  {
    why: "the new one is not known everywhere",
    asked: probes([Y + Y + Y, Y + Y + Y], [...everywhere(X), ...onlyAt(Y, ["sgp", "fra"])]),
    outcome: "disagreed",
  },
  {
    why: "the old one is gone",
    asked: probes([Y + Y + Y, Y + Y + Y], [...everywhere(Y), ...onlyAt(X, [])]),
    outcome: "disagreed",
  },
  ...WORKERS.flatMap((worker) =>
    [X, Y].flatMap((letter) => [
      {
        why: `${worker} did not answer for ${letter}`,
        asked: { ...PUSHED, byDigest: without(letter, worker) },
        outcome: "disagreed" as const,
      },
      {
        why: `${worker} has ${letter} under another media type`,
        asked: { ...PUSHED, byDigest: instead(letter, worker, { mediaType: MANIFEST }) },
        outcome: "disagreed" as const,
      },
      {
        why: `${worker} was given other bytes for ${letter}`,
        asked: { ...PUSHED, byDigest: instead(letter, worker, { digest: digest(Z), fault: fault("E_MISMATCH") }) },
        outcome: "disagreed" as const,
      },
      {
        why: `${worker} was given ${letter}, and a fault with it`,
        asked: { ...PUSHED, byDigest: instead(letter, worker, { fault: fault("E_MEDIA_TYPE") }) },
        outcome: "disagreed" as const,
      },
    ]),
  ),
  {
    why: "one answers twice for a digest, once with something else",
    asked: { ...PUSHED, byDigest: [...everywhere(X + Y), { ...glance("sgp", digest(X), digest(Z)), fault: null }] },
    outcome: "disagreed",
  },
  {
    why: "two were given one document under two media types in the job",
    job: typed("fra", MANIFEST),
    asked: PUSHED,
    outcome: "disagreed",
  },
  { why: "one was lied to below the root", job: lying(X + X + Y), asked: PUSHED, outcome: "disagreed" },
  { why: "all saw one root, and one was lied to below it", job: lying(Y + Y + Y), asked: PUSHED, outcome: "disagreed" },
  {
    why: "one had no answer to the job",
    job: [
      ...now(X + Y),
      { ...(now()[2] as Observation), outcome: "failed", digest: null, objects: [], error: fault("E_TIMEOUT") },
    ],
    asked: PUSHED,
    outcome: "moved",
  },
  {
    why: "a digest was asked for, and no tag",
    job: now(X + X + Y).map((each) => ({ ...each, asked: { ...withoutTag(), digest: digest(X) } })),
    asked: PUSHED,
    outcome: "disagreed",
  },
  { why: "a pinned tag", job: asking({ pin: digest(X) }, now(X + X + Y)), asked: PUSHED, outcome: "moved" },
  {
    why: "one was asked for another tag",
    job: [...now(X + X), ...asking({ tag: "2" }, [now(X + X + Y)[2] as Observation]), ...now("f", ["tyo"])],
    asked: PUSHED,
    outcome: "disagreed",
  },
  {
    why: "the ledger had the old one last",
    asked: PUSHED,
    entries: [entry("2026-03-01", X.repeat(3))],
    outcome: "moved",
  },
  {
    why: "the ledger had the new one last",
    asked: PUSHED,
    entries: [entry("2026-03-01", Y.repeat(3))],
    outcome: "disagreed",
  },
  {
    why: "the ledger had the new one once, and something else last",
    asked: PUSHED,
    entries: [entry("2026-03-01", Y.repeat(3)), entry("2026-03-02", X.repeat(3))],
    outcome: "moved",
  },
  {
    why: "the ledger saw the new one last, but not as an agreement",
    asked: PUSHED,
    entries: [entry("2026-03-01", X.repeat(3)), entry("2026-03-02", Y.repeat(3), { outcome: "indistinct" })],
    outcome: "moved",
  },
];

function withoutTag(): { registry: string; repository: string; platform: null; osVersion: null; bottle: null } {
  const { registry, repository } = ASKED;
  return { registry, repository, platform: null, osVersion: null, bottle: null };
}

describe("a disagreement and what was asked after it", () => {
  test.each(CASES)("$why: $outcome", ({ job = now(X + X + Y), asked, entries = [], outcome }) => {
    expect(outcomeOf(job, asked, entries)).toBe(outcome);
    // whoever is heard first makes no difference
    expect(
      outcomeOf(job.toReversed(), { ...asked, again: asked.again.map((each) => each.toReversed()) }, entries),
    ).toBe(outcome);
  });
});

describe("a liar at one vantage", () => {
  const LIE = X + X + Y;

  test("that goes over to the truth with a digest that is known nowhere else is no move", () => {
    for (const knows of [[], ["sgp"], ["sgp", "fra"]]) {
      const asked = probes([X + X + X, X + X + X], [...everywhere(X), ...onlyAt(Y, knows)]);
      expect(outcomeOf(now(LIE), asked)).toBe("disagreed");
    }
  });

  test("cannot be told from a push if its digest is known everywhere and nothing is remembered", () => {
    expect(outcomeOf(now(LIE), probes([X + X + X, X + X + X], everywhere(X + Y)))).toBe("moved");
  });

  test("is found out by the ledger that knows what the others see", () => {
    const asked = probes([X + X + X, X + X + X], everywhere(X + Y));
    expect(outcomeOf(now(LIE), asked, [entry("2026-03-01", X.repeat(3))])).toBe("disagreed");
  });

  test("that goes back and forth is no move", () => {
    for (const again of [
      [X + X + X, X + X + Y, X + X + X],
      [Y + Y + X, X + X + X],
      [X + X + X, Y + Y + Y, X + X + X],
    ])
      expect(outcomeOf(now(LIE), probes(again, everywhere(X + Y)))).toBe("disagreed");
  });

  test("that answers the probes honestly and the job falsely releases nothing", () => {
    for (const letters of [LIE, X + Y + X, Y + X + X]) {
      const asked = probes([X + X + X, X + X + X], [...everywhere(X), ...onlyAt(Y, [])]);
      expect(outcomeOf(now(letters), asked)).toBe("disagreed");
    }
  });

  test("that answers the job honestly and the probes falsely changes no agreement", () => {
    for (const asked of [PUSHED, probes([X + X + Y, X + X + Y], []), probes(["---", "---"], onlyAt(X, []))])
      expect(outcomeOf(now(X + X + X), asked)).toBe("agreed");
  });

  test("below the root is no move, whatever it says of the root", () => {
    expect(outcomeOf(lying(X + X + X), probes([X + X + X, X + X + X], everywhere(X)))).toBe("disagreed");
  });
});

const anyGlance = fc.record({
  worker: fc.constantFrom("w0", "w1", "w2", "w3", "w4", "nobody"),
  asked: fc.constantFrom("1", ""),
  digest: fc.option(fc.nat(2)),
  mediaType: fc.constantFrom(null, MANIFEST),
  fault: fc.option(fc.constantFrom("E_NOT_FOUND" as const, "E_TIMEOUT" as const).map(fault), { freq: 1 }),
});

test("probes and the past turn a disagreement into moved or leave it, and nothing else into either", () => {
  const seen = new Map<string, number>();
  const helpful = fc.boolean();
  fc.assert(
    fc.property(
      fc
        .constantFrom(...[worlds(2, false), worlds(2, true), worlds(1, true), worlds(1, false)])
        .chain((world) => world),
      fc.array(fc.array(anyGlance, { maxLength: 6 }), { maxLength: 3 }),
      helpful,
      fc.option(fc.constantFrom(X, Y)),
      (sights, random, helps, known) => {
        const observations = sights.map((sight, at) => report(`w${at}`, sight));
        const workers = observations.map(({ worker }) => worker);
        const roots = [...new Set(observations.flatMap((each) => each.digest ?? []))];
        const [to = null] = roots;
        const named = (at: number | null): Glance["digest"] => (at === null ? null : (roots[at] ?? null));
        const again = helps
          ? [1, 2].map(() => workers.map((worker) => glance(worker, "1", to)))
          : random.map((each) => each.map((one) => ({ ...one, digest: named(one.digest) })));
        const byDigest = roots.flatMap((root) => workers.map((worker) => glance(worker, root, root)));
        const entries = known === null ? [] : [entry("2026-03-01", known.repeat(3))];
        const asked = { again, byDigest, documents: new Map(), configs: new Map() };
        const plain = judge(observations);
        const { outcome, differences, quorum } = judge(
          observations,
          {},
          { past: past("2026-03-03", ...entries), probes: asked },
        );
        expect(["disagreed", "moved"].includes(outcome)).toBe(plain.outcome === "disagreed");
        if (plain.outcome !== "disagreed") expect(outcome).toBe(plain.outcome);
        expect(differences).toEqual(plain.differences);
        expect(quorum).toBe(plain.quorum);
        if (outcome === "moved")
          expect(observations.every((each) => each.objects.every((one) => one.computed === one.digest))).toBe(true);
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      },
    ),
    { numRuns: 3000, seed: 20261126 },
  );
  for (const outcome of ["agreed", "disagreed", "moved", "incomplete"])
    expect(seen.get(outcome) ?? 0, outcome).toBeGreaterThan(2);
});
