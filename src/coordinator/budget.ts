import type { Observation } from "../model/observation.ts";

/** Requests left over for whoever else uses this address. */
const RESERVE = 10;

/**
 * How many more requests the registry allows the worker that has the fewest left, by its rate-limit headers, less a
 * reserve; null if it tells nobody. draft-ietf-httpapi-ratelimit-headers; Docker Hub writes `ratelimit-remaining:
 * 97;w=21600`.
 */
export function budgetOf(
  observations: readonly Observation[],
): { readonly left: number; readonly worker: string } | null {
  let least: { readonly left: number; readonly worker: string } | null = null;
  for (const { worker, evidence } of observations) {
    for (const header of evidence.headers) {
      const [, count] = /^(?:x-)?ratelimit-remaining: ?(\d{1,9})\b/.exec(header) ?? [];
      if (count === undefined) continue;
      const left = Number(count) - RESERVE;
      if (least === null || left < least.left) least = { left, worker };
    }
  }
  return least;
}
