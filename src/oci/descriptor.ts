import type { Digest } from "./digest.ts";
import { isDigest } from "./digest.ts";
import { annotationsAt, fieldsAt, namesOf, optionalAt, optionalTextAt, quoted, refuse } from "./fields.ts";
import { isMediaType } from "./mediatype.ts";
import { normalisePlatform, type Platform } from "./platform.ts";

/**
 * image-spec 1.1, descriptor.md. `urls` and `data` are never used: blobs come only from the registry in the reference.
 */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes; may be 0. `null` only for layers of Docker schema 1, which has no sizes. */
  readonly size: number | null;
  readonly platform: Platform | null;
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** It has `urls`, from which other clients would fetch it. Absent otherwise. */
  readonly elsewhere?: true;
}

const NAMES = namesOf("mediaType", "digest", "size", "urls", "data", "platform", "artifactType", "annotations");
const PLATFORM_NAMES = namesOf("os", "architecture", "variant", "os.version", "os.features", "features");

/** Throws E_MANIFEST with the JSON path (`$.layers[3].size`). */
export function parseDescriptor(value: unknown, path: string): Descriptor {
  const fields = fieldsAt(value, path, NAMES);
  const { mediaType, digest, size } = {
    mediaType: fields["mediaType"],
    digest: fields["digest"],
    size: fields["size"],
  };
  if (!isMediaType(mediaType)) return refuse(`${path}.mediaType`, `not a media type: ${quoted(mediaType)}`);
  if (!isDigest(digest)) return refuse(`${path}.digest`, `not a sha256 or sha512 digest: ${quoted(digest)}`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || Object.is(size, -0)) {
    return refuse(`${path}.size`, `not a size in bytes: ${quoted(size)}`);
  }
  return {
    mediaType,
    digest,
    size,
    platform: parsePlatformFields(optionalAt(fields, "platform"), `${path}.platform`),
    artifactType: optionalTextAt(fields, "artifactType", path),
    annotations: annotationsAt(fields, path),
    ...(isEmptyList(optionalAt(fields, "urls")) ? {} : { elsewhere: true as const }),
  };
}

function isEmptyList(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

/**
 * If one of the two required fields is missing it is `unknown`, as BuildKit writes it; if both are, there is no
 * platform.
 */
function parsePlatformFields(value: unknown, path: string): Platform | null {
  if (value === null) return null;
  const fields = fieldsAt(value, path, PLATFORM_NAMES);
  const os = optionalTextAt(fields, "os", path);
  const architecture = optionalTextAt(fields, "architecture", path);
  if (os === null && architecture === null) return null;
  const variant = optionalTextAt(fields, "variant", path);
  return normalisePlatform(
    os ?? "unknown",
    architecture ?? "unknown",
    variant,
    optionalTextAt(fields, "os.version", path),
  );
}
