import { expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { expectedOutcome, NAMES, REPORTS } from "./table.ts";

type Report = (typeof REPORTS)[number];
type Vote = Report | "under way" | "lost";

/** A run of three workers, as far as a release depends on it. */
interface State {
  readonly votes: readonly Vote[];
  readonly phase: "looking" | "judged" | "releasing" | "released" | "over";
  readonly verdict: Verdict | null;
  /** What is on the disk: bytes of the local worker, not yet under the name that was asked for, or under it. */
  readonly disk: "nothing" | "quarantine" | "destination";
}

const START: State = { votes: ["under way", "under way", "under way"], phase: "looking", verdict: null, disk: "nothing" };

function observationsOf(votes: readonly Vote[]): Observation[] {
  return votes.flatMap((vote, at) => (typeof vote === "string" ? [] : [vote.report(NAMES[at] ?? "")]));
}

/** What can happen next, a crash or an interruption included. */
function next(state: State): State[] {
  const { votes, phase, verdict, disk } = state;
  if (phase === "over" || phase === "released") return [];
  // kill -9: what is on the disk stays there, under the name that it has
  const crash: State = { ...state, phase: "over" };
  if (phase === "judged") {
    if (verdict?.outcome !== "agreed") return [crash, { ...state, phase: "over", disk: "nothing" }];
    return [crash, { ...state, phase: "releasing" }];
  }
  if (phase === "releasing")
    return [crash, { ...state, phase: "released", disk: "destination" }, { ...state, phase: "over", disk: "nothing" }];
  const at = votes.indexOf("under way");
  if (at < 0) return [crash, { ...state, phase: "judged", verdict: judge(observationsOf(votes)) }];
  const answers: readonly Vote[] = [...REPORTS, "lost"];
  return [
    crash,
    ...answers.map((vote): State => ({ ...state, votes: votes.with(at, vote), disk: at === 0 ? "quarantine" : disk })),
  ];
}

test("wherever it goes and whenever it crashes, a run releases only what three saw alike", () => {
  const waiting: State[] = [START];
  let [states, released] = [0, 0];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    states += 1;
    waiting.push(...next(state));
    if (state.disk !== "destination") continue;
    released += 1;
    const reports = state.votes.filter((vote) => typeof vote !== "string");
    expect(reports).toHaveLength(3);
    expect(expectedOutcome(reports)).toBe("agreed");
    expect(new Set(reports.map((each) => each.root)).size).toBe(1);
    expect(reports.every((each) => each.whole && !each.lies)).toBe(true);
  }
  // three saw A, or three saw B
  expect(released).toBe(2);
  expect(states).toBeGreaterThan(8000);
});
