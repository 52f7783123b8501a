import type { ErrorCode } from "../errors.ts";
import type { Difference, Outcome } from "./verdict.ts";
import type { Observation, Role } from "./observation.ts";
import type { Policy } from "./policy.ts";

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

/** The JSON object of `--json`: times are ISO 8601 UTC, sizes are bytes, arrays are sorted and never missing. */
export interface Evidence {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: "tofu3"; readonly version: string };
  readonly request: {
    readonly reference: string;
    readonly platform: string | null;
    readonly osVersion: string | null;
    readonly bottle: string | null;
  };
  readonly outcome: Outcome;
  /** `3/3`: the largest group of workers that saw the same root and nothing false, of those that were asked. */
  readonly quorum: string;
  readonly summary: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly artifact: {
    readonly digest: string;
    readonly mediaType: string;
    readonly size: number;
    readonly objects: readonly ArtifactObject[];
  } | null;
  readonly observations: readonly Observation[];
  readonly differences: readonly Difference[];
  readonly diagnosis: { readonly class: string; readonly explanation: string; readonly next: string } | null;
  /** What was asked of the workers, and whether they are that; who is not known is not. */
  readonly policy: Policy & { readonly met: boolean };
  readonly released: { readonly format: string; readonly path: string } | null;
  /** Why an agreed artifact that was to be released was not: the verdict stands all the same. */
  readonly releaseError: { readonly code: ErrorCode; readonly message: string; readonly hint: string | null } | null;
}
