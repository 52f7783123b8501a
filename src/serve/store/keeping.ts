import { quoted } from "../../durable.ts";
import type { Lock } from "../../lock.ts";
import { storeFault } from "./faults.ts";

/** Other machines and containers take a lock over that is a minute old. */
const REFRESH_MS = 10_000;

export interface Keeping {
  /** Throws E_STORE where this process may not write any more. */
  readonly check: () => void;
  readonly end: () => Promise<void>;
}

/** Shows others every ten seconds that this process lives; `check` throws once one of them took the store over. */
export function keepLock(lock: Lock, folder: string, warn: (text: string) => void): Keeping {
  let isLost = false;
  let isEnded = false;
  const refresh = async (): Promise<void> => {
    if (isLost || (await lock.refresh().catch(() => true))) return;
    isLost = true;
    warn(`another process took the store ${quoted(folder)} over; nothing is written to it any more`);
  };
  const timer = setInterval(() => void refresh(), REFRESH_MS);
  timer.unref();
  return {
    check: () => {
      if (isEnded) throw storeFault(`cannot write to the store ${quoted(folder)}`, "it was closed");
      if (!isLost) return;
      throw storeFault(
        `cannot write to the store ${quoted(folder)}`,
        "another process took it over",
        "this happens where it was stopped for more than a minute; restart it",
      );
    },
    end: async () => {
      isEnded = true;
      clearInterval(timer);
      await lock.release();
    },
  };
}
