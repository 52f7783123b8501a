import { setTimeout as delay } from "node:timers/promises";

/** Time and chance as a worker needs them; tests bring their own. */
export interface Clock {
  now(): Date;
  /** From 0 up to 1. */
  random(): number;
  /** Rejects with the signal's reason. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  random: () => Math.random(),
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
