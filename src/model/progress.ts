import type { ErrorCode } from "../errors.ts";
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

/** One HTTP exchange of a worker. No URL has a query or userinfo. */
export interface Exchange {
  readonly worker: string;
  readonly method: "GET" | "HEAD" | "POST";
  readonly url: string;
  /** Null if there was no answer. */
  readonly status: number | null;
  /** Of the body, as far as it was read. */
  readonly bytes: number;
  /** From the request until the end of the body, the wait for a turn included. */
  readonly ms: number;
  /** 0 for a request to the registry or a token service, 1 where its first redirect led. */
  readonly hop: number;
  /** 1, or more where the job asks again: with a token, after a fault, for the rest of a body. */
  readonly attempt: number;
  /** Where a redirect leads. */
  readonly location: string | null;
  /** What ended it, or cut its body. */
  readonly fault: ErrorCode | null;
}
