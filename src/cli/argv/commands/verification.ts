import type { SelectionText } from "../../../model/job.ts";
import type { Flag } from "../command.ts";
import { isOn, text, texts, type Flags } from "../values.ts";
import { daysOf } from "./days.ts";
import { selectionOf } from "./selection.ts";

/** What every command asks of a verification. */
export interface VerificationArguments extends SelectionText {
  /** Null: as many as the policy says. */
  readonly days: number | null;
  /** A `tofu3.lock`. */
  readonly lock: string | null;
  readonly keepEvidence: string | null;
  readonly reports: readonly string[];
  readonly redact: boolean;
}

export function lockFlag(what: string): Flag {
  return { name: "lock", value: "FILE", text: `hold ${what} to its digest in this tofu3.lock` };
}

export const KEEP_EVIDENCE_FLAG: Flag = {
  name: "keep-evidence",
  value: "DIR",
  text: "on a disagreement, keep what each worker was given in DIR, and look into the layers",
};

export const REDACT_FLAG: Flag = {
  name: "redact",
  text: "for others to read: hashes for addresses and machines, days for times, in every report",
};

/** Throws E_USAGE. */
export function verificationOf(flags: Flags): VerificationArguments {
  return {
    ...selectionOf(flags),
    days: daysOf(flags),
    lock: text(flags, "lock"),
    keepEvidence: text(flags, "keep-evidence"),
    reports: texts(flags, "report"),
    redact: isOn(flags, "redact"),
  };
}
