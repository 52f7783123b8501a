import type { Observation } from "../model/observation.ts";

/**
 * The observations by what they were asked, in the order of the first of each: what answers another question is no answer to this one. Plain
 * data is equal when its parts are, in whatever order they stand.
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
