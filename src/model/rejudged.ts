import type { Evidence } from "./evidence.ts";
import type { Outcome } from "./verdict.ts";

/** What a report says, and what follows from the rest of it. */
export interface Contradiction {
  /** `artifact.digest`, `observations[1].digest` */
  readonly at: string;
  /** Printable, and cut. */
  readonly says: string;
  readonly follows: string;
}

/** A report, judged again. */
export interface Rejudged {
  /** As it follows from the observations, the policy and what was known besides. */
  readonly evidence: Evidence;
  /** The outcome that the report itself states. */
  readonly says: Outcome;
  /** The first place where the report is not what follows from it; null if it is. */
  readonly contradiction: Contradiction | null;
  /** The keys that signed all of it, `SHA256:…`; empty if nobody did. */
  readonly signedBy: readonly string[];
  /** What cannot be checked from this file, a sentence each. */
  readonly unsure: readonly string[];
}

/** Several reports about one question. */
export interface Together {
  /** As the first of them has it. */
  readonly request: Evidence["request"];
  readonly outcome: Outcome;
  /** One sentence. */
  readonly summary: string;
  /** The UTC days that count, sorted. */
  readonly days: readonly string[];
  /** Machines that are known to be different ones; one without an identity is none. */
  readonly machines: number;
}
