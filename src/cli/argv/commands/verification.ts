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
  /** The key that signs statements. */
  readonly sign: string | null;
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

export const SIGN_FLAG: Flag = {
  name: "sign",
  value: "KEY",
  text: "sign --report FILE.intoto.jsonl with this key: of tofu3 keygen, or the .pub of one in an SSH agent",
};

/** Throws E_USAGE. */
export function verificationOf(flags: Flags): VerificationArguments {
  return {
    ...selectionOf(flags),
    days: daysOf(flags),
    lock: text(flags, "lock"),
    keepEvidence: text(flags, "keep-evidence"),
    reports: texts(flags, "report"),
    sign: text(flags, "sign"),
    redact: isOn(flags, "redact"),
  };
}
