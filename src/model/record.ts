import type { Digest } from "../oci/digest.ts";
import type { SelectionText } from "./job.ts";
import type { Observation, Role, Via } from "./observation.ts";
import type { Subject } from "./subject.ts";
import type { Outcome } from "./verdict.ts";

/** One object below an agreed root, with just enough to say later what changed. */
export interface RecordedObject {
  readonly role: Role;
  readonly digest: Digest;
  readonly parent: Digest | null;
  readonly platform: string | null;
}

/** What one worker saw in a recorded verification. No addresses: a ledger may be shared. */
export interface RecordedLook {
  readonly worker: string;
  readonly via: Via;
  readonly outcome: Observation["outcome"];
  readonly digest: Digest | null;
  readonly hostKey: string | null;
  readonly country: string | null;
  readonly asn: string | null;
}

/** What the ledger keeps of one verification. */
export interface Verification {
  /** When it ended, ISO 8601 UTC, by the clock of the coordinator. */
  readonly at: string;
  readonly subject: Subject;
  readonly selection: SelectionText;
  /** The workers looked at the root alone, and asked of what it lists only whether it exists. Absent: at everything. */
  readonly depth?: "root";
  readonly outcome: Outcome;
  /** The root that all workers saw; null if they did not see one and the same. */
  readonly digest: Digest | null;
  /** Sorted by worker. */
  readonly looks: readonly RecordedLook[];
  /** The agreed tree, root first; empty unless agreed, and cut at 200. */
  readonly objects: readonly RecordedObject[];
  /** The clocks of the vantages put it on the same UTC day as `at` does. */
  readonly clocksAgree: boolean;
}

/** One line of the ledger, read back. */
export interface Entry extends Verification {
  /** Position in the ledger, from 1. */
  readonly entry: number;
  /** Written by this coordinator: its key signs the line. Entries of others tell history, and earn no days. */
  readonly own: boolean;
}

/** Where a verification stands in the ledger. */
export interface Entered {
  readonly entry: number;
  /** `sha256:…` of the line, which the next line names. */
  readonly hash: string;
}

/** What a verdict may know of the past: the entries for its subject, oldest first, and what the present is. */
export interface Past {
  readonly entries: readonly Entry[];
  /** ISO 8601 UTC. */
  readonly now: string;
  /** How deep the workers looked now, as in `Verification`. */
  readonly depth?: "root";
}
