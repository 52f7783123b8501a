import type { FileFacts, Glance } from "./probe.ts";
import type { Entry, Past } from "./record.ts";
import type { Digest } from "../oci/digest.ts";

/** Bytes that somebody was given after a disagreement. */
export interface BasisDocument {
  readonly digest: Digest;
  /** Null for a config, which has no document of its own. */
  readonly mediaType: string | null;
  /** RFC 4648 §4, with padding; null where it would make the report too large. */
  readonly base64: string | null;
}

/** A line of the ledger about the same subject. */
export type BasisEntry = Omit<Entry, "subject">;

/**
 * What a verdict rests on besides the observations and the policy, as JSON, so that whoever has the report can judge
 * again: what the ledger knew of the subject, and what was asked after a disagreement.
 */
export interface Basis {
  /** Null: the ledger could not be read. */
  readonly past:
    | (Omit<Past, "entries"> & {
        /** Oldest first, without those that change no verdict. */
        readonly entries: readonly BasisEntry[];
      })
    | null;
  /** Null: nothing was asked. */
  readonly probes: {
    readonly again: readonly (readonly Glance[])[];
    readonly byDigest: readonly Glance[];
    /** Sorted by digest. */
    readonly documents: readonly BasisDocument[];
    readonly configs: readonly BasisDocument[];
    /** Of a file: what the bytes were that the workers were given, sorted by digest. Absent for what is in a registry. */
    readonly files?: readonly (FileFacts & { readonly digest: Digest })[];
  } | null;
}
