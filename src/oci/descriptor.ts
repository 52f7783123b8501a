import type { Digest } from "./digest.ts";
import type { Platform } from "./platform.ts";

/** image-spec 1.1, descriptor.md. `urls` and `data` are never used: a blob comes from the registry that was asked. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes; 0 is allowed. `null` only for the layers of Docker schema 1, which does not say it. */
  readonly size: number | null;
  readonly platform: Platform | null;
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>>;
}
