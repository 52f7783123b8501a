import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Fault } from "./observation.ts";

/** The answer of one vantage to one small question after a disagreement: what does this tag, or this digest, lead to? */
export interface Glance {
  readonly worker: string;
  /** A tag, a digest or the URL of a file. */
  readonly asked: string;
  /** The hash of the document; null if there was none. */
  readonly digest: Digest | null;
  readonly mediaType: string | null;
  /** Why there is no document, or none that can be used; null if it is all right. */
  readonly fault: Fault | null;
}

/** Bytes that one worker was given, whatever they are. */
export interface Given {
  readonly worker: string;
  readonly bytes: Uint8Array;
}

/**
 * What was asked after a disagreement, to explain it. A probe is evidence about the answers of the job, and never one
 * of them: rounds are not mixed.
 */
export interface Probes {
  /** The tag resolved again by every vantage, one list per round, in the order of time. Empty for a digest. */
  readonly again: readonly (readonly Glance[])[];
  /** Every digest that anybody was given for the root, requested by digest at every vantage. */
  readonly byDigest: readonly Glance[];
  /** What could be read of the documents that differ, and of their manifests and configs, by digest. */
  readonly documents: ReadonlyMap<Digest, Manifest>;
  readonly configs: ReadonlyMap<Digest, Uint8Array>;
  /** Of a file: what its bytes are, by digest. Absent for what is in a registry. */
  readonly files?: ReadonlyMap<Digest, FileFacts>;
}

/** What bytes are, whatever they are called. */
export interface FileFacts {
  /** The hash of what they unpack to; null if they are not compressed, or cannot be unpacked. */
  readonly inner: Digest | null;
  /** Fingerprints of the OpenPGP keys in them, upper-case hex, in order. RFC 9580 §5.5.4 */
  readonly keys: readonly string[];
}
