import type { Finding } from "../../model/diagnosis.ts";
import type { Observation } from "../../model/observation.ts";
import type { Probes } from "../../model/probe.ts";
import type { Entry } from "../../model/record.ts";
import type { Verdict } from "../../model/verdict.ts";

/** Everything that a diagnosis is made from. */
export interface Case {
  readonly verdict: Verdict;
  readonly observations: readonly Observation[];
  readonly probes: Probes | null;
  readonly past: readonly Entry[];
}

/** One rule: what it finds in a case, or null. */
export type Rule = (each: Case) => Finding | null;
