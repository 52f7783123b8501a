import type { Difference } from "../model/verdict.ts";

export interface Topmost {
  readonly difference: Difference;
  /** Further differences below its place, which follow from it. */
  readonly below: number;
}

/** Differences that are not below another one: where a manifest differs, its layers do too, and nobody needs to read them. */
export function topmost(differences: readonly Difference[]): readonly Topmost[] {
  const isBelow = (one: Difference, other: Difference): boolean => one.at.startsWith(`${other.at} > `);
  return differences
    .filter((one) => !differences.some((other) => isBelow(one, other)))
    .map((difference) => ({ difference, below: differences.filter((one) => isBelow(one, difference)).length }));
}
