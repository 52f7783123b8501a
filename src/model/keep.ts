import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { SeenObject } from "./observation.ts";

/** Where the local worker puts what it fetched, before anybody knows whether it may be released. Implemented by the quarantine. */
export interface Keep {
  /** Path of the file that the bytes of this blob go to; the same path every time it is asked for. Its folder exists. */
  blob(digest: Digest): string;
  /** The blob is there, complete, with the bytes that its digest names. */
  landed?(digest: Digest, size: number): void;
  /** An index or a manifest, exactly as it was received. */
  document(digest: Digest, bytes: Uint8Array): Promise<void>;
}

/**
 * Whether blobs may be fetched: asked by each worker, with all indexes and manifests that it saw, before its first blob. `read` gives them parsed.
 * Throws E_DESTINATION when they do not fit the destination.
 */
export type Admit = (documents: readonly SeenObject[], read: (digest: Digest) => Manifest | null) => void;
