import type { Digest } from "../oci/digest.ts";
import type { Fault, Observation } from "./observation.ts";

/** What a worker is doing, as it happens. */
export type Progress =
  | { readonly kind: "phase"; readonly worker: string; readonly phase: "connecting" | "resolving" | "fetching" }
  | { readonly kind: "root"; readonly worker: string; readonly digest: Digest; readonly mediaType: string }
  /** Bytes that are not what was asked for: whatever comes, the workers disagree. */
  | { readonly kind: "mismatch"; readonly worker: string }
  /** More is known to be wanted: so many more objects and declared bytes. */
  | { readonly kind: "wanted"; readonly worker: string; readonly objects: number; readonly bytes: number }
  | { readonly kind: "bytes"; readonly worker: string; readonly bytes: number }
  | { readonly kind: "object"; readonly worker: string }
  | { readonly kind: "retry"; readonly worker: string; readonly message: string; readonly waitMs: number }
  | { readonly kind: "end"; readonly worker: string; readonly outcome: Observation["outcome"]; readonly error: Fault | null };

export type Watch = (progress: Progress) => void;
