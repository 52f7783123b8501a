import { setMaxListeners } from "node:events";

/** Settles with `work`, or rejects with the signal's reason if that comes first. Does not stop the work. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    // any number of waits may share one signal
    setMaxListeners(0, signal);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Resolves when `work` settles, or after `ms`. */
export async function settledWithin(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => undefined), overdue]);
  clearTimeout(timer);
}

/**
 * Runs `work` with a signal that aborts with any of `signals`, and after `ms` with a TimeoutError. Not
 * `AbortSignal.any` with `AbortSignal.timeout`: Node 20 garbage-collects the timeout of such a pair, and then it never
 * fires.
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
