import type { ErrorCode } from "../errors.ts";
import type { Basis } from "./basis.ts";
import type { Comparison, Diagnosis } from "./diagnosis.ts";
import type { Day, History } from "./history.ts";
import type { Entered } from "./record.ts";
import type { Difference, Outcome, Reason } from "./verdict.ts";
import type { SelectionText } from "./job.ts";
import type { Signed } from "./signed.ts";
import type { Observation, Role } from "./observation.ts";
import type { Policy } from "./policy.ts";
import type { WitnessNote } from "./witness.ts";

/** One object of an artifact that all workers agree on. */
export interface ArtifactObject {
  readonly role: Role;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly parent: string | null;
  readonly platform: string | null;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A difference, with its path in words. */
export interface ToldDifference extends Difference {
  /** `index > manifest linux/amd64 > layer 3` */
  readonly at: string;
}

/** A command that was to run on what is released. */
export interface CommandEnd {
  readonly started: boolean;
  /** Its exit code as it was passed on, 128+N for a signal; null if nothing ran. */
  readonly code: number | null;
  /** What ended it; null if it ended by itself, or did not run. */
  readonly signal: string | null;
}

/** The JSON object of `--json`: times are ISO 8601 UTC, sizes are bytes, arrays are sorted and never missing. */
export interface Evidence {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: "tofu3"; readonly version: string };
  /** Of this verification alone: 32 hex digits. Absent in reports of versions that did not tell it. */
  readonly run?: string;
  /** As the user wrote it. */
  readonly request: SelectionText & {
    readonly reference: string;
    /** Of a file, other URLs that had to have the same. Absent without any. */
    readonly mirrors?: readonly string[];
  };
  readonly outcome: Outcome;
  /** `3/3`: size of the largest group of workers that saw the same root and nothing false, out of all workers asked. */
  readonly quorum: string;
  readonly summary: string;
  /** The reason for the outcome, as data; null when all agree. */
  readonly reason: Reason | null;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly artifact: {
    readonly digest: string;
    readonly mediaType: string;
    readonly size: number;
    readonly objects: readonly ArtifactObject[];
  } | null;
  readonly observations: readonly Observation[];
  /** For each worker on a VM. Absent in redacted reports, and in those of versions that did not tell it. */
  readonly signed?: readonly Signed[];
  readonly differences: readonly ToldDifference[];
  /** Null only for *agreed* and *pending*. */
  readonly diagnosis: Diagnosis | null;
  /** What differs of what matters between the views of the root, and below it; empty unless they could be read. */
  readonly compared: readonly Comparison[];
  /** What the policy requires of the workers, and whether they meet it; a worker whose identity is unknown does not. */
  readonly policy: Policy & { readonly met: boolean };
  /** The days of this subject and selection up to today, oldest first; empty unless all saw one root. */
  readonly days: readonly Day[];
  /** Null unless all saw one root. */
  readonly history: History | null;
  /** The ledger's entry for this verification, and the hash of its line; null if there is none. */
  readonly entered: Entered | null;
  /** What others say of the bytes of a file. Absent where nobody was asked, and nobody said it unasked. */
  readonly witnesses?: readonly WitnessNote[];
  /** What a person should know besides the verdict, a sentence each. */
  readonly notices: readonly string[];
  readonly released: { readonly format: string; readonly path: string } | null;
  /** What became of the command of `exec`; only there. */
  readonly command?: CommandEnd;
  /** Why an agreed artifact could not be released; the verdict stands all the same. */
  readonly releaseError: { readonly code: ErrorCode; readonly message: string; readonly hint: string | null } | null;
  /** Absent in reports of versions that did not tell it. */
  readonly basis?: Basis;
}
