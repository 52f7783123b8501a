import { rootOf, type Observation } from "../model/observation.ts";
import type { Digest } from "../oci/digest.ts";

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
