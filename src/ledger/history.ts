import { quoted } from "../durable.ts";
import type { Entry } from "../model/record.ts";
import { Chain, type Broken } from "./chain.ts";
import { fault, onLedger } from "./faults.ts";
import { newReading, openFile, readOn, readTail, type Reading } from "./file.ts";
import { readKey } from "./key.ts";
import type { LedgerPlace } from "./ledger.ts";

/** What a whole ledger says, up to the first line that does not hold. */
export interface History {
  /** False if there is no file. */
  readonly exists: boolean;
  readonly entries: readonly Entry[];
  /** The last entry that holds, with the hash of its line: what is worth a note elsewhere. */
  readonly last: { readonly entry: number; readonly hash: string } | null;
  /** How many entries this coordinator wrote. */
  readonly own: number;
  readonly broken: Broken | null;
  /** Bytes of a last line that is not whole: another process is writing it, or crashed. */
  readonly torn: number;
}

/** Reads and checks everything, without the lock, and writes nothing. Throws E_LEDGER if it can be no ledger. */
export async function readHistory({ path, stateDir }: LedgerPlace): Promise<History> {
  const key = await readKey(stateDir);
  const reading = newReading(new Chain("all", key));
  const handle = await openFile(path, "read");
  if (handle === null) return historyOf(reading, false, 0);
  try {
    return await onLedger("read the ledger", path, async () => {
      await readOn(handle, reading);
      const tail = await readTail(handle, reading);
      const { broken } = reading.chain;
      if (broken?.line === 1 && broken.alien)
        throw fault(`cannot read the ledger ${quoted(path)}`, "it is no ledger: its first line is not one of a ledger");
      return historyOf(reading, true, tail.kind === "torn" ? tail.bytes : 0);
    });
  } finally {
    await handle.close();
  }
}

function historyOf({ chain }: Reading, exists: boolean, torn: number): History {
  const { previous, entry } = chain.place;
  const last = previous === null ? null : { entry: entry - 1, hash: previous };
  return { exists, entries: chain.entries, last, own: chain.own, broken: chain.broken, torn };
}
