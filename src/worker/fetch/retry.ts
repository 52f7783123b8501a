import { Tofu3Error } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import type { RetryNote } from "../../model/observation.ts";
import { noteRetry, plainUrl } from "./notebook.ts";
import type { Session } from "./session.ts";

/** The server asks to try again: 408, 429 and temporary 5xx. `error` is what it means if it persists. */
export class Busy extends Error {
  readonly error: Tofu3Error;
  /** Its Retry-After in milliseconds; null without one. */
  readonly retryAfter: number | null;

  constructor(error: Tofu3Error, retryAfter: number | null) {
    super(error.message);
    this.error = error;
    this.retryAfter = retryAfter;
  }
}

export const BUSY_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Faults of the network, not of the answer. Faults of TLS, host key, framing or digest are never retried. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["E_CONNECT", "E_DNS", "E_CUT", "E_TIMEOUT"]);
/** Few, since engines cannot tell a name that does not exist from a resolver that does not answer. */
const DNS_RETRIES = 2;
const FIRST_DELAY = 250;
const LONGEST_DELAY = 8_000;
/** Total milliseconds that one request waits for Retry-After. */
const PATIENCE = 60_000;

/**
 * Repeats `attempt` while its fault may be temporary, at most `limits.retries` times, and notes each retry. Throws the
 * last fault; for a `Busy`, its `error`. After an attempt `resumedAt` returns the offset from which it resumed; null
 * for the start.
 */
export async function withRetries<T>(
  session: Session,
  url: URL,
  attempt: () => Promise<T>,
  resumedAt: () => number | null,
  signal: AbortSignal,
): Promise<T> {
  let patience = PATIENCE;
  let earlier: Omit<RetryNote, "resumedAt"> | null = null;
  for (let number = 1; ; number += 1) {
    const result = await settle(attempt);
    if (earlier !== null) noteRetry(session.book, { ...earlier, resumedAt: resumedAt() });
    if ("value" in result) return result.value;
    signal.throwIfAborted();
    const { error, retryAfter, retries } = judgeThrown(result.thrown, session.limits.retries);
    if (!(error instanceof Tofu3Error) || number > retries || (retryAfter !== null && retryAfter > patience))
      throw error;
    patience -= retryAfter ?? 0;
    const waitedMs = Math.round(retryAfter ?? delayBefore(number, session.clock.random()));
    session.watch({ kind: "retry", worker: session.vantage.name, message: error.message, waitMs: waitedMs });
    earlier = { url: plainUrl(url), attempt: number, code: error.code, message: error.message, waitedMs };
    await session.clock.sleep(waitedMs, signal);
  }
}

/** A Retry-After header in milliseconds, RFC 9110 §10.2.3: seconds or a date; null if it is neither. */
export function parseRetryAfter(value: string, now: Date): number | null {
  if (/^[0-9]{1,12}$/.test(value)) return Number(value) * 1000;
  if (!/^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$/.test(value)) return null;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now.getTime());
}

async function settle<T>(attempt: () => Promise<T>): Promise<{ readonly value: T } | { readonly thrown: unknown }> {
  try {
    return { value: await attempt() };
  } catch (thrown) {
    return { thrown };
  }
}

/** The fault behind what was thrown, and how often its kind is retried. */
function judgeThrown(
  thrown: unknown,
  most: number,
): { readonly error: unknown; readonly retryAfter: number | null; readonly retries: number } {
  if (thrown instanceof Busy) return { error: thrown.error, retryAfter: thrown.retryAfter, retries: most };
  if (!(thrown instanceof Tofu3Error) || !PASSING.has(thrown.code))
    return { error: thrown, retryAfter: null, retries: 0 };
  return { error: thrown, retryAfter: null, retries: thrown.code === "E_DNS" ? Math.min(most, DNS_RETRIES) : most };
}

/** Doubles each time, with 50% jitter either way so that vantages do not retry in step. */
function delayBefore(number: number, random: number): number {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (number - 1)) * (0.5 + random);
}
