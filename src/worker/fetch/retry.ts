import { Tofu3Error } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import type { RetryNote } from "../../model/observation.ts";
import { noteRetry, plainUrl } from "./notebook.ts";
import type { Session } from "./session.ts";

/** A server that asks to be asked again: 408, 429 and the 5xx that pass. `error` is what it means when it does not pass. */
export class Busy extends Error {
  readonly error: Tofu3Error;
  /** Milliseconds of its Retry-After; null without one. */
  readonly retryAfter: number | null;

  constructor(error: Tofu3Error, retryAfter: number | null) {
    super(error.message);
    this.error = error;
    this.retryAfter = retryAfter;
  }
}

export const BUSY_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Faults of the way, not of the answer. What TLS, a host key, framing or a digest says is never asked twice. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["E_CONNECT", "E_DNS", "E_CUT", "E_TIMEOUT"]);
/** A name that is not there is not there: engines do not tell it from a resolver that is not there. */
const DNS_RETRIES = 2;
const FIRST_DELAY = 250;
const LONGEST_DELAY = 8_000;
/** What Retry-After may cost one request, in all. */
const PATIENCE = 60_000;

/**
 * Repeats `attempt` while a fault of the way may pass, at most `limits.retries` times, each noted. Throws what was thrown last, a `Busy` as
 * the error it stands for. `resumedAt` says, after an attempt, from which offset it went on; null for the start.
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
    if (!(error instanceof Tofu3Error) || number > retries || (retryAfter !== null && retryAfter > patience)) throw error;
    patience -= retryAfter ?? 0;
    const waitedMs = Math.round(retryAfter ?? delayBefore(number, session.clock.random()));
    session.watch({ kind: "retry", worker: session.vantage.name, message: error.message, waitMs: waitedMs });
    earlier = { url: plainUrl(url), attempt: number, code: error.code, message: error.message, waitedMs };
    await session.clock.sleep(waitedMs, signal);
  }
}

/** Milliseconds of a Retry-After header, RFC 9110 §10.2.3: seconds or a date; null when it is neither. */
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

/** What was thrown, and how often its kind is tried again. */
function judgeThrown(
  thrown: unknown,
  most: number,
): { readonly error: unknown; readonly retryAfter: number | null; readonly retries: number } {
  if (thrown instanceof Busy) return { error: thrown.error, retryAfter: thrown.retryAfter, retries: most };
  if (!(thrown instanceof Tofu3Error) || !PASSING.has(thrown.code)) return { error: thrown, retryAfter: null, retries: 0 };
  return { error: thrown, retryAfter: null, retries: thrown.code === "E_DNS" ? Math.min(most, DNS_RETRIES) : most };
}

/** Doubles each time; between a half and one and a half of it, so that vantages do not come back together. */
function delayBefore(number: number, random: number): number {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (number - 1)) * (0.5 + random);
}
