import type { Platform } from "../oci/platform.ts";
import type { Reference } from "../oci/reference.ts";

/** What of an index is wanted. All null: everything in it. */
export interface Selection {
  readonly platform: Platform | null;
  /** A prefix at a version boundary: `macOS 11` matches `macOS 11.7`, not `macOS 110`. */
  readonly osVersion: string | null;
  /** A Homebrew bottle tag, `arm64_sonoma`, `x86_64_linux`, `all`. */
  readonly bottle: string | null;
}

export interface Limits {
  readonly manifestBytes: number;
  /** Of all indexes and manifests of one artifact together. */
  readonly documentBytes: number;
  readonly blobBytes: number;
  /** Of all layers of one image together, where a format unpacks them. */
  readonly unpackedBytes: number;
  readonly redirects: number;
  readonly retries: number;
  readonly connectSeconds: number;
  readonly idleSeconds: number;
  readonly totalSeconds: number;
}

/** The same for every worker; nothing in it was learned by one of them. */
export interface Job {
  readonly reference: Reference;
  readonly selection: Selection;
  readonly limits: Limits;
  /** `documents` stops after indexes and manifests (inspect); `everything` fetches configs and layers too. */
  readonly depth: "documents" | "everything";
}
