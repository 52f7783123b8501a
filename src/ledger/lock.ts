import { quoted } from "../durable.ts";
import { LockHeld, takeLock, type Lock } from "../lock.ts";
import { fault, onLedger } from "./faults.ts";

/** How long to wait for another process. */
const PATIENCE_MS = 10_000;

/** Waits up to ten seconds. Throws E_LEDGER that says who holds it, and the signal's reason. */
export async function acquireLock(path: string, signal: AbortSignal): Promise<Lock> {
  return onLedger("lock the ledger with", path, async () => {
    try {
      return await takeLock(path, PATIENCE_MS, signal);
    } catch (error) {
      if (!(error instanceof LockHeld)) throw error;
      throw fault(
        `cannot lock the ledger with ${quoted(path)}`,
        error.message,
        `wait for that process; if it is gone, remove ${quoted(path)}`,
        error,
      );
    }
  });
}
