import { setMaxListeners } from "node:events";

/** What comes first: the result, or a rejection with the signal's reason. The work itself goes on. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    // one signal stands over any number of waits
    setMaxListeners(0, signal);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Resolves when `work` has settled, or after `ms`. */
export async function settledWithin(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => undefined), overdue]);
  clearTimeout(timer);
}

/**
 * Gives the work a signal that aborts with any of the others, and after `ms` with a TimeoutError. Not `AbortSignal.any` and
 * `AbortSignal.timeout`: Node 20 collects the timeout of such a pair as garbage, and then it never comes.
 */
export async function within<T>(
  ms: number | null,
  signals: readonly AbortSignal[],
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const onAbort = (): void => limit.abort(signals.find((each) => each.aborted)?.reason);
  const onTime = (): void => limit.abort(new DOMException(`not done within ${ms ?? 0} ms`, "TimeoutError"));
  const timer = ms === null ? undefined : setTimeout(onTime, ms);
  setMaxListeners(0, ...signals);
  for (const each of signals) each.addEventListener("abort", onAbort, { once: true });
  if (signals.some((each) => each.aborted)) onAbort();
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    for (const each of signals) each.removeEventListener("abort", onAbort);
  }
}
