import type { GateVantages } from "../../coordinator/gate/ask.ts";
import { freeBytesAt } from "../../durable.ts";
import { messageOf, visible } from "../../errors.ts";

/** Whether a cold pull could be answered now. */
export interface Readiness {
  /** Why not, a sentence each; empty if so. */
  reasons(): Promise<readonly string[]>;
  /** By worker, whether it answered lately. */
  workers(): ReadonlyMap<string, boolean>;
  close(): Promise<void>;
}

const POLL_MS = 30_000;
/** Whoever did not answer for so long is not there. */
const LATELY_MS = 60_000;

interface Options {
  readonly vantages: Pick<GateVantages, "reach">;
  /** Of the store. */
  readonly folder: string;
  readonly minFreeBytes: number;
  /** Milliseconds, of a clock that nobody sets. */
  readonly clock: () => number;
}

/** Asks all workers at once, and every 30 seconds. */
export function watchReadiness({ vantages, folder, minFreeBytes, clock }: Options): Readiness {
  const ending = new AbortController();
  /** When each answered last; -Infinity if never. */
  const answered = new Map<string, number>();
  const why = new Map<string, string>();
  let fault: string | null = "the workers have not been asked yet";

  const poll = async (): Promise<void> => {
    try {
      const reached = await vantages.reach(ending.signal);
      fault = null;
      for (const [worker, trouble] of reached) {
        if (trouble === null) answered.set(worker, clock());
        else if (!answered.has(worker)) answered.set(worker, -Infinity);
        why.set(worker, trouble === null ? "it does not answer" : visible(trouble.message, 300));
      }
    } catch (error) {
      if (!ending.signal.aborted) fault = `the workers cannot be asked: ${visible(messageOf(error), 300)}`;
    }
  };
  let polling = poll();
  const timer = setInterval(() => void (polling = polling.then(poll)), POLL_MS);
  const isUp = (worker: string): boolean => clock() - (answered.get(worker) ?? -Infinity) <= LATELY_MS;

  return {
    reasons: async () => {
      const absent = [...answered.keys()].filter((worker) => !isUp(worker)).sort();
      return [
        ...(fault === null ? [] : [fault]),
        ...absent.map((worker) => `worker "${worker}" is not there: ${why.get(worker) ?? "it does not answer"}`),
        ...(await diskReasons(folder, minFreeBytes)),
      ];
    },
    workers: () => new Map([...answered.keys()].sort().map((worker) => [worker, isUp(worker)])),
    close: async () => {
      clearInterval(timer);
      ending.abort();
      await polling;
    },
  };
}

async function diskReasons(folder: string, minFreeBytes: number): Promise<readonly string[]> {
  try {
    const free = await freeBytesAt(folder);
    return free < minFreeBytes
      ? [`the disk of the store has ${free} bytes left, and serve.minFreeBytes is ${minFreeBytes}`]
      : [];
  } catch (error) {
    return [`the disk of the store cannot be looked at: ${visible(messageOf(error), 300)}`];
  }
}
