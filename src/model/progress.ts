import type { Digest } from "../oci/digest.ts";
import type { Fault, Observation } from "./observation.ts";

/** What a worker is doing, as it happens. */
export type Progress =
  | { readonly kind: "phase"; readonly worker: string; readonly phase: "connecting" | "resolving" | "fetching" }
  /** `mediaType` is null where neither header nor document gave one. */
  | { readonly kind: "root"; readonly worker: string; readonly digest: Digest; readonly mediaType: string | null }
  /** Bytes that do not match what was requested: whatever follows, the workers disagree. */
  | { readonly kind: "mismatch"; readonly worker: string }
  /** More work is known: this many more objects and declared bytes. */
  | { readonly kind: "wanted"; readonly worker: string; readonly objects: number; readonly bytes: number }
  | { readonly kind: "bytes"; readonly worker: string; readonly bytes: number }
  | { readonly kind: "object"; readonly worker: string }
  | { readonly kind: "retry"; readonly worker: string; readonly message: string; readonly waitMs: number }
  /** The workers disagree, and this one is asked again, to say why. */
  | { readonly kind: "again"; readonly worker: string }
  | {
      readonly kind: "end";
      readonly worker: string;
      readonly outcome: Observation["outcome"];
      readonly error: Fault | null;
    };

export type Watch = (progress: Progress) => void;
