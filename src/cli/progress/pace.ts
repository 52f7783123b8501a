const FIRST_MS = 5000;
const SOON_MS = 30_000;
const MOST_MS = 600_000;

/**
 * How long until the next line, so many milliseconds after the start: lines come after 5, 10, 20 and 40 seconds, then
 * every 30 seconds, and from four minutes on ever more seldom, down to one in ten minutes.
 */
export function pauseAfter(elapsed: number): number {
  return Math.min(MOST_MS, Math.max(FIRST_MS, Math.min(elapsed, Math.max(SOON_MS, elapsed / 8))));
}

/** The 1st, 3rd, 10th, 30th, 100th … of many: a thousand of them are seven lines. */
export function isToldOf(count: number): boolean {
  for (let power = 1; power <= count; power *= 10) if (count === power || count === power * 3) return true;
  return false;
}

/** Calls `act` at this pace until it is stopped. */
export function everMoreSeldom(act: () => void, clock: () => number): () => void {
  const start = clock();
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(
      () => {
        act();
        wait();
      },
      pauseAfter(clock() - start),
    );
    timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}
