import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { SeenObject } from "./observation.ts";

/** Where the local worker stores what it fetches until there is a verdict. Implemented by the quarantine. */
export interface Keep {
  /** Path of the file for this blob's bytes; always the same for one digest. Its folder exists. */
  blob(digest: Digest): string;
  /** For bytes whose digest is not known before they have arrived. */
  readonly unnamed?: {
    readonly path: string;
    /** The file becomes that of this blob. */
    named(digest: Digest): Promise<void>;
  };
  /** The blob is complete, and its bytes match its digest. */
  landed?(digest: Digest, size: number): void;
  /** An index or a manifest, byte for byte as received. */
  document(digest: Digest, bytes: Uint8Array): Promise<void>;
}

/** Receives what a worker was given: its bytes, and the document in them if it could be read. */
export type Witness = (worker: string, digest: Digest, bytes: Uint8Array, document: Manifest | null) => void;

/**
 * Decides whether blobs may be fetched. Each worker calls it before its first blob, with all indexes and manifests that
 * it saw; `read` returns them parsed. Throws E_DESTINATION when they do not fit the destination.
 */
export type Admit = (documents: readonly SeenObject[], read: (digest: Digest) => Manifest | null) => void;
