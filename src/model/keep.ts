import type { Digest } from "../oci/digest.ts";
import type { SeenObject } from "./observation.ts";

/** Where the local worker puts what it fetched, before anybody knows whether it may be released. Implemented by the quarantine. */
export interface Keep {
  /** Path of the file that the bytes of this blob go to; the same path every time it is asked for. Its folder exists. */
  blob(digest: Digest): string;
  /** The blob is there, complete, with the bytes that its digest names. */
  landed?(digest: Digest, size: number): void;
  /** An index or a manifest, exactly as it was received. */
  document(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** Called once with all indexes and manifests, before the first blob is fetched. Throws E_DESTINATION when they do not fit the destination. */
  admit?(documents: readonly SeenObject[]): void;
}
