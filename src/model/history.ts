import type { Digest } from "../oci/digest.ts";
import type { Change } from "./diagnosis.ts";

/** A tag compared with its past in the ledger. */
export interface History {
  /** The digest of the last agreement; null if there was none. */
  readonly last: Digest | null;
  /** When that was, ISO 8601 UTC. */
  readonly at: string | null;
  /** When that digest was agreed for the first time since it changed. */
  readonly since: string | null;
  readonly change: "none" | "moved" | "rolled-back" | "first";
  /** What changed since, where both trees are known; at most 20. */
  readonly changes: readonly Change[];
}

/** One day on which the vantages looked, and what they found. */
export interface Day {
  /** `2026-11-24`, UTC. */
  readonly day: string;
  readonly digest: Digest | null;
  /** `agreed` also where more days were needed. */
  readonly outcome: string;
  /** It counts towards `policy.days`. */
  readonly counts: boolean;
  /** What each worker saw that day. */
  readonly looks: readonly { readonly worker: string; readonly digest: Digest | null }[];
}
