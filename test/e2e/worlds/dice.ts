/** Chance that can be had again: the same seed gives the same throws. */
export interface Dice {
  /** From 0, below `most`. */
  readonly below: (most: number) => number;
  readonly chance: (share: number) => boolean;
  readonly pick: <const T>(choices: readonly [T, ...T[]]) => T;
  /** Some of them, in their order; none, some or all. */
  readonly some: <T>(choices: readonly T[], share: number) => T[];
}

/** Mulberry32: small, and good enough to shuffle a test. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (most: number): number => Math.floor(next() * most);
  const chance = (share: number): boolean => next() < share;
  return {
    below,
    chance,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    some: (choices, share) => choices.filter(() => chance(share)),
  };
}
