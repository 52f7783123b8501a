import fc from "fast-check";
import { expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import type { Observation } from "../../src/model/observation.ts";
import { anyObservation, nearlyAlike } from "./malformed.ts";
import { naiveOutcome } from "./oracle.ts";
import { report, worlds, type Sight } from "./worlds.ts";

const RUNS = 3000;
/** Written down where a run fails, so that anyone can repeat it: ORACLE_SEED=… */
const SEED = Number(process.env["ORACLE_SEED"] ?? 20261126);

function reports(sights: readonly Sight[]): Observation[] {
  return sights.map((sight, at) => report(`w${at}`, sight));
}

function holds<T>(world: fc.Arbitrary<T>, rule: (world: T) => void): void {
  fc.assert(fc.property(world, rule), { numRuns: RUNS, seed: SEED });
}

test("the judge and the naive judge say the same of every world", () => {
  const seen = new Map<string, number>();
  for (const world of [worlds(1, false), worlds(1, true), worlds(2, true), worlds(3, false)]) {
    holds(world, (sights) => {
      const observations = reports(sights);
      const { outcome, differences } = judge(observations);
      expect(outcome).toBe(naiveOutcome(observations));
      expect(differences.length > 0).toBe(outcome === "disagreed");
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    });
  }
  // worlds of which all look alike would prove nothing
  for (const outcome of ["agreed", "disagreed", "incomplete", "absent"])
    expect(seen.get(outcome) ?? 0, outcome).toBeGreaterThan(2);
});

test("the judge and the naive judge say the same of reports that no worker makes", () => {
  const seen = new Map<string, number>();
  for (const reported of [fc.array(anyObservation, { minLength: 3, maxLength: 4 }), nearlyAlike]) {
    holds(reported, (observations) => {
      const { outcome, differences } = judge(observations);
      expect(outcome).toBe(naiveOutcome(observations));
      expect(differences.length > 0).toBe(outcome === "disagreed");
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    });
  }
  for (const outcome of ["agreed", "disagreed", "incomplete"])
    expect(seen.get(outcome) ?? 0, outcome).toBeGreaterThan(20);
});

test("cuts of one truth never disagree", () => {
  holds(worlds(1, false), (sights) => {
    expect(judge(reports(sights)).outcome).not.toBe("disagreed");
  });
});

test("two roots never fail to disagree", () => {
  let split = 0;
  holds(worlds(2, false), (sights) => {
    const observations = reports(sights);
    if (new Set(observations.flatMap(({ digest }) => digest ?? [])).size < 2) return;
    split += 1;
    expect(judge(observations).outcome).toBe("disagreed");
  });
  expect(split).toBeGreaterThan(RUNS / 10);
});

test("whoever adds an observation never turns 10 into anything else", () => {
  let alarms = 0;
  holds(fc.tuple(worlds(2, true), worlds(2, true)), ([sights, [more]]) => {
    const observations = reports(sights);
    if (judge(observations).outcome !== "disagreed" || more === undefined) return;
    alarms += 1;
    for (const worker of ["another", "w0"])
      expect(judge([...observations, report(worker, more)]).outcome).toBe("disagreed");
  });
  expect(alarms).toBeGreaterThan(RUNS / 10);
});
