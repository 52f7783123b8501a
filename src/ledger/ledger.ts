import type { Entry } from "../model/record.ts";
import type { Subject } from "../model/subject.ts";
import { Chain } from "./chain.ts";
import { commit, type LedgersOptions } from "./commit.ts";
import { brokenFault, onLedger } from "./faults.ts";
import { newReading, openFile, readOn, realPath, type Reading } from "./file.ts";
import { readKey } from "./key.ts";
import { Queue, type Entered, type Made } from "./queue.ts";

export type { LedgerPlace, LedgersOptions } from "./commit.ts";
export type { Entered, Made } from "./queue.ts";

/** The ledger as one verification uses it. */
export interface Ledger {
  /** The entries for the subject as of the last reading, oldest first. Throws E_LEDGER if the chain does not hold. */
  past(): Promise<readonly Entry[]>;
  /**
   * Takes the lock, hands `make` the entries that there are by then, writes what it makes to disk, releases the lock.
   * Nothing is written if `make` throws. Throws E_LEDGER, and the signal's reason while waiting for the lock.
   */
  enter<T>(make: (past: readonly Entry[]) => Made<T>, signal: AbortSignal): Promise<Entered<T>>;
}

/** The ledger as any number of verifications use it, over one reading. */
export interface Ledgers {
  /**
   * The ledger of one of the subjects. What is entered at the same time, about whichever of them, shares one lock and
   * one write, in the order of the calls: each `make` is handed what those before it entered. If that fails, it fails
   * for all of them; a `make` that throws fails alone.
   */
  about(subject: Subject): Ledger;
}

/** Begins to read at once, so that the past is known when the workers are done. Faults come from `past` and `enter`. */
export function openLedgers(options: LedgersOptions): Ledgers {
  const begin = (): Promise<Reading> => {
    const begun = readPast(options);
    begun.catch(() => undefined);
    return begun;
  };
  let reading: Promise<Reading> | null = begin();
  const queue = new Queue(async (group) => {
    // a reading is carried on by what was written; a fault is met again with the lock held, or is mended by then
    const mine = reading;
    reading = null;
    const known = (await mine?.catch(() => null)) ?? null;
    const carried = await commit(options, known, group);
    if (carried !== null) reading ??= Promise.resolve(carried);
  });
  return {
    about: (subject) => ({
      past: async () => {
        const { chain } = await (reading ??= begin());
        if (chain.broken !== null) throw brokenFault(options.path, chain.broken);
        return [...chain.about(subject)];
      },
      enter: (make, signal) => queue.add(subject, make, signal),
    }),
  };
}

async function readPast({ path, stateDir, subjects }: LedgersOptions): Promise<Reading> {
  const reading = newReading(new Chain(subjects, await readKey(stateDir)));
  const handle = await openFile(await realPath(path), "read");
  if (handle === null) return reading;
  try {
    await onLedger("read the ledger", path, () => readOn(handle, reading));
    return reading;
  } finally {
    await handle.close();
  }
}
