import { costOf } from "../oci/cost.ts";

/** Below this no cost can be told from noise, in milliseconds. */
const TELLING = 2;
/** Parts; four times as many are measured. No document, header or reply that is taken has more characters. */
const LARGEST = 1 << 18;
const RUNS = 4;

/** A call with an input of so many parts. What it throws does not matter, what it costs does. */
export type Work = (parts: number) => () => unknown;

function cheapest(work: Work, parts: number): number {
  const run = work(parts);
  return Math.min(
    ...Array.from({ length: RUNS }, () =>
      costOf(() => {
        try {
          run();
        } catch {
          // refused, which took time as well
        }
      }),
    ),
  );
}

/**
 * How the cost grows when the input doubles: 2 is linear, 4 quadratic, 8 cubic. Measured over two doublings, from the
 * smallest input whose cost can be told; 1 where not even so many cost anything.
 */
function growthOf(work: Work): number {
  let parts = 16;
  let cost = cheapest(work, parts);
  for (; cost < TELLING && parts < LARGEST; cost = cheapest(work, parts)) parts *= 2;
  return cost < TELLING ? 1 : Math.sqrt(cheapest(work, 4 * parts) / cost);
}

/** The least of at most twenty measurements: noise makes it larger, for seconds on end, and nothing makes it smaller. */
export function leastGrowthOf(work: Work, enough: number): number {
  let least = growthOf(work);
  for (let again = 0; again < 19 && least > enough; again++) least = Math.min(least, growthOf(work));
  return least;
}

/** The most of at most seven measurements: a busy machine may hide how slow something is, once. */
export function mostGrowthOf(work: Work, enough: number): number {
  let most = growthOf(work);
  for (let again = 0; again < 6 && most <= enough; again++) most = Math.max(most, growthOf(work));
  return most;
}
