import { setMaxListeners } from "node:events";
import { asError, Tofu3Error } from "../../errors.ts";
import { toRaise } from "../../http/raise.ts";
import type { ErrorCode } from "../../errors.ts";
import type { Fault, Observation } from "../../model/observation.ts";
import type { Transport } from "../../http/transport.ts";
import { hintFor } from "./hint.ts";
import { faultOf } from "./tree.ts";
import type { Place } from "./tree.ts";

/** What stops a worker early; the signals' reasons are E_STOPPED. */
export interface Stops {
  /** No more blobs are needed. */
  readonly blobs: AbortSignal;
  /** The verdict is known, whatever the rest would be. */
  readonly all: AbortSignal;
}

/** What may have ended the work, and how the job ended. */
export interface Ends {
  readonly deadline: AbortSignal;
  readonly stops: Stops;
  readonly seconds: number;
  readonly end: End;
}

/**
 * How long a job may take to end once the verdict is known: a VM that trickles data or has lost its connection would
 * take long.
 */
const LAST_WORDS_MS = 1000;

/** The registry answered, and refused. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["E_AUTH", "E_DENIED", "E_NOT_FOUND"]);

/** How a job ended. With an error, its answers support nothing. */
export type End = "clean" | "overdue" | Tofu3Error;

/** Returns `overdue` only after a stop. */
export async function endJob(transport: Transport, stop: AbortSignal): Promise<End> {
  const closed = transport.end().then(() => "clean" as const, asError);
  let timer: NodeJS.Timeout | undefined;
  let onStop = (): void => undefined;
  const overdue = new Promise<"overdue">((resolve) => {
    onStop = () => (timer = setTimeout(() => resolve("overdue"), LAST_WORDS_MS));
    setMaxListeners(0, stop);
    stop.addEventListener("abort", onStop, { once: true });
    if (stop.aborted) onStop();
  });
  try {
    return await Promise.race([closed, overdue]);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", onStop);
  }
}

/**
 * Why an observation is not complete, and its outcome. An unclean end takes away its support, but never what was seen:
 * an attacker who lies to this vantage may be able to cut its connection as well.
 */
export function conclude(
  root: Place,
  looked: Tofu3Error | null,
  ends: Ends,
): { readonly outcome: Observation["outcome"]; readonly error: Tofu3Error | null } {
  if (ends.end instanceof Tofu3Error) return { outcome: "failed", error: ends.end };
  const error = errorOf(root, looked, ends) ?? (ends.end === "overdue" ? stoppedFor(root, ends.stops.all) : null);
  return { outcome: outcomeOf(root, error), error };
}

/** A mismatch outranks everything; then the reason for stopping early; then the first fault in tree order. */
function errorOf(root: Place, looked: Tofu3Error | null, { deadline, stops, seconds }: Ends): Tofu3Error | null {
  const fault = faultOf(root);
  if (fault?.code === "E_MISMATCH") return fault;
  const first = looked ?? fault;
  if (first === null) return null;
  if (deadline.aborted) {
    return new Tofu3Error("E_TIMEOUT", `not done within ${seconds} s (totalSeconds)`, {
      cause: first,
      hint: toRaise("totalSeconds", seconds),
    });
  }
  if (first.code !== "E_STOPPED") return first;
  const stop = [stops.blobs, stops.all].find(({ aborted }) => aborted);
  return stop === undefined ? first : stoppedFor(root, stop, first);
}

function stoppedFor(root: Place, stop: AbortSignal, cause?: Tofu3Error): Tofu3Error {
  const what = root.seen === null ? "stopped before it saw anything" : "stopped early";
  return new Tofu3Error("E_STOPPED", `${what}: ${asError(stop.reason).message}`, { cause });
}

function outcomeOf(root: Place, error: Tofu3Error | null): Observation["outcome"] {
  if (error === null || error.code === "E_MISMATCH") return "saw";
  if (error.code === "E_STOPPED") return root.seen === null ? "failed" : "saw";
  return REFUSALS.has(error.code) ? "refused" : "failed";
}

export function faultFrom(error: Tofu3Error): Fault {
  const { code, stage, message, choices } = error;
  const hint = error.hint ?? hintFor(code);
  return { code, stage, message, hint, ...(choices.length === 0 ? {} : { choices }) };
}
