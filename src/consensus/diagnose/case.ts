import type { Finding } from "../../model/diagnosis.ts";
import { rootOf, type Observation } from "../../model/observation.ts";
import type { Probes } from "../../model/probe.ts";
import type { Entry } from "../../model/record.ts";
import type { Verdict } from "../../model/verdict.ts";
import type { Digest } from "../../oci/digest.ts";

/** Everything that a diagnosis is made from. */
export interface Case {
  readonly verdict: Verdict;
  readonly observations: readonly Observation[];
  readonly probes: Probes | null;
  readonly past: readonly Entry[];
}

/** One rule: what it finds in a case, or null. */
export type Rule = (each: Case) => Finding | null;

/** Workers by the root they were given, the largest group first; one that was given none is in none. */
export function camps(observations: readonly Observation[]): readonly (readonly [Digest, readonly string[]])[] {
  const groups = new Map<Digest, string[]>();
  for (const { worker, objects } of observations) {
    const digest = rootOf(objects)?.computed;
    if (digest != null) groups.set(digest, [...(groups.get(digest) ?? []), worker].sort());
  }
  return [...groups].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1));
}

/** The workers outside of the majority; all of them where there is none. */
export function oddOnes(observations: readonly Observation[]): readonly string[] {
  const [first, ...others] = camps(observations);
  if (first === undefined) return [];
  const all = [first, ...others].flatMap(([, workers]) => workers);
  return (first[1].length * 2 > all.length ? others.flatMap(([, workers]) => workers) : all).toSorted();
}

/** What two camps were given: that of the majority, and the first other one. */
export function leadingPair(observations: readonly Observation[]): readonly [Digest, Digest] | null {
  const [first, second] = camps(observations);
  return first === undefined || second === undefined ? null : [first[0], second[0]];
}
