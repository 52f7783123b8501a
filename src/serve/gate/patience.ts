import { orAborted } from "../../http/deadline.ts";

/** Who waits, and until when by the clock of `performance`; `null`: for as long as it takes. */
export interface Waiter {
  readonly signal: AbortSignal;
  readonly until: number | null;
}

export const LATE = Symbol("late");

/** What `work` brings if it does so in time. Rejects with the reason of the waiter's signal. Does not stop the work. */
export async function inTime<T>(work: Promise<T>, { signal, until }: Waiter): Promise<T | typeof LATE> {
  if (until === null) return orAborted(work, signal);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), Math.max(0, until - performance.now()));
  });
  try {
    return await orAborted(Promise.race([work, late]), signal);
  } finally {
    clearTimeout(timer);
  }
}
