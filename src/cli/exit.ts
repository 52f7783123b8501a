import { isUsage, Tofu3Error, WORKER_CODES, type ErrorCode } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Outcome } from "../model/verdict.ts";

export interface Exit {
  readonly code: number;
  /** The word in `--json` and in the verdict line; null for codes without a verdict. */
  readonly outcome: Outcome | null;
  readonly meaning: string;
}

/** The one table of exit codes: `--help` prints it, README and docs/exit-codes.md are checked against it. */
export const EXITS: readonly Exit[] = [
  { code: 0, outcome: "agreed", meaning: "all workers saw the same bytes; released if a DEST was given" },
  {
    code: 1,
    outcome: null,
    meaning: "a bug in tofu3, or the artifact, a report or standard output could not be written",
  },
  { code: 2, outcome: null, meaning: "usage or configuration is wrong; nothing was fetched, or nothing matched" },
  {
    code: 10,
    outcome: "disagreed",
    meaning: "the alarm: two workers saw different bytes, or one saw bytes that do not match their own digest",
  },
  { code: 11, outcome: "moved", meaning: "the tag moved while the workers looked; each digest is fine everywhere" },
  { code: 12, outcome: "incomplete", meaning: "some worker has no valid observation; nobody contradicted anybody" },
  {
    code: 13,
    outcome: "indistinct",
    meaning: "the workers agree, but are not the distinct vantages that the policy asks for",
  },
  { code: 14, outcome: "pending", meaning: "the workers agree, but not yet on enough distinct days" },
  {
    code: 15,
    outcome: "changed",
    meaning: "the workers agree, on something else than the pin, the ledger or the requested version",
  },
  { code: 16, outcome: "absent", meaning: "every worker was told that it does not exist" },
  { code: 20, outcome: null, meaning: "audit: findings" },
  { code: 21, outcome: null, meaning: "audit: no finding, but some references or files could not be checked" },
  { code: 130, outcome: null, meaning: "interrupted; nothing was released" },
];

export const EXIT_OK = 0;
export const EXIT_BROKEN = 1;
export const EXIT_USAGE = 2;
export const EXIT_INTERRUPTED = 130;

export function exitOf(outcome: Outcome): number {
  const exit = EXITS.find((each) => each.outcome === outcome);
  if (exit === undefined) throw new Tofu3Error("E_BUG", `no exit code for the outcome ${outcome}`);
  return exit.code;
}

/** For a verdict and its release: an agreed artifact that could not be released is no success. */
export function exitOfEvidence({ outcome, releaseError }: Pick<Evidence, "outcome" | "releaseError">): number {
  if (releaseError === null) return exitOf(outcome);
  return releaseError.code === "E_INTERRUPTED" ? EXIT_INTERRUPTED : EXIT_BROKEN;
}

/** The gravest of several codes goes for all: a fault of the program, the alarm, what differs, what is missing. */
const GRAVEST: readonly number[] = [1, 130, 2, 10, 15, 11, 12, 16, 13, 14, 0];

export function gravestOf(codes: readonly number[]): number {
  return GRAVEST.find((code) => codes.includes(code)) ?? EXIT_OK;
}

const WORKER: readonly ErrorCode[] = WORKER_CODES;

/**
 * For an error that ended a command. In `verify`, faults of workers never do; in `inspect` and `tags`, with their
 * single vantage, a fault gets the code that the same fault at every worker would get.
 */
export function exitOfError(code: ErrorCode): number {
  if (isUsage(code)) return EXIT_USAGE;
  if (code === "E_INTERRUPTED") return EXIT_INTERRUPTED;
  if (code === "E_NOT_FOUND") return exitOf("absent");
  if (code === "E_DIGEST" || code === "E_MISMATCH" || code === "E_EVIDENCE") return exitOf("disagreed");
  return WORKER.includes(code) ? exitOf("incomplete") : EXIT_BROKEN;
}
