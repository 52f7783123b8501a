import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Glance, Probes } from "../../src/model/probe.ts";
import type { Entry } from "../../src/model/record.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { lying, MOVE_CASES, PUSHED, X, Y, Z } from "./movecases.ts";
import { digest, fault, MANIFEST } from "./observations.ts";
import { entry, everywhere, glance, now, onlyAt, past, probes } from "./past.ts";
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
    { past: past("2026-03-03"), probes: probes([Y + Y + Z, Z + Z + Z], everywhere(X + Y + Z)) },
  );
  expect(verdict).toMatchObject({
    outcome: "moved",
    quorum: "1/3",
    reason: { kind: "moved", from: [digest(X), digest(Y)].sort(), to: digest(Z) },
  });
  expect(verdict.differences).toHaveLength(1);
});

describe("a disagreement and what was asked after it", () => {
  test.each(MOVE_CASES)("$why: $outcome", ({ job = now(X + X + Y), asked, entries = [], outcome }) => {
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
