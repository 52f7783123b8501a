import type { Digest } from "../oci/digest.ts";

/**
 * What somebody else says of a file's bytes: a checksum file, GitHub of its release assets, the Python package index,
 * the server itself. Never one of the votes.
 */
export interface WitnessNote {
  readonly kind: "sums" | "github" | "pypi" | "repr-digest";
  /** The URL where it is said, without its query, or the name of a file on this machine. */
  readonly source: string;
  /** Null if it says nothing of this file. */
  readonly digest: Digest | null;
  /** Who was told so, sorted; empty for a file on this machine. */
  readonly workers: readonly string[];
  /** Why nobody knows what it says; printable. */
  readonly trouble: string | null;
}
