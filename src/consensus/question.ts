import type { Observation } from "../model/observation.ts";

/**
 * Groups the observations by what they were asked, in order of first appearance: an answer to another question is no
 * answer to this one. The order of the fields does not matter.
 */
export function byQuestion(observations: readonly Observation[]): readonly (readonly Observation[])[] {
  const groups = new Map<string, Observation[]>();
  for (const observation of observations) {
    const question = JSON.stringify(
      Object.entries({ ...observation.asked })
        .map((part) => JSON.stringify(part))
        .sort(),
    );
    const known = groups.get(question);
    if (known === undefined) groups.set(question, [observation]);
    else known.push(observation);
  }
  return [...groups.values()];
}
