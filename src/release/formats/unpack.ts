import { createHash } from "node:crypto";
import { messageOf, Tofu3Error, visible } from "../../errors.ts";
import type { SeenObject } from "../../model/observation.ts";
import { parseDigest, type Digest } from "../../oci/digest.ts";
import { expand, sniffCompression, type Compression } from "./compression.ts";
import { errnoOf } from "../../durable.ts";
import { noImage } from "./imageconfig.ts";
import { openKept } from "../quarantine/kept.ts";
import { bytesOf, type Workshop } from "./workshop.ts";

/** A layer of an image. */
export interface ImageLayer {
  readonly object: SeenObject;
  /** sha256 of the uncompressed tar. */
  readonly diffId: Digest;
  readonly compression: Compression;
  /** Bytes, for a layer that is released unpacked; null for one that is released as fetched. */
  readonly unpackedSize: number | null;
}

/** How an agreed layer is compressed, by its magic number. */
export async function compressionOf(workshop: Workshop, object: SeenObject): Promise<Compression> {
  const handle = await openKept(workshop.quarantine.blob(object.digest), workshop.quarantine.uid, object);
  try {
    return await sniffCompression(handle);
  } finally {
    await handle.close();
  }
}

/**
 * Size and sha256 of the unpacked layer. Writes nothing: this confirms the layer's diff_id and size before it takes any
 * disk space. Throws E_RELEASE if the layer is damaged, or if the layers of this release unpack to more than the limit.
 */
export async function measureLayer(
  workshop: Workshop,
  object: SeenObject,
  compression: Compression,
): Promise<{ readonly diffId: Digest; readonly size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of contentOf(workshop, object, compression)) {
    hash.update(chunk);
    size += chunk.length;
    spend(workshop, chunk.length);
  }
  return { diffId: parseDigest(`sha256:${hash.digest("hex")}`), size };
}

/**
 * The content of a measured layer. Throws E_RELEASE before the first excess byte, and at the end if the content has
 * changed.
 */
export async function* unpacked(workshop: Workshop, layer: ImageLayer): AsyncGenerator<Uint8Array> {
  const { object, compression, diffId, unpackedSize } = layer;
  if (unpackedSize === null) throw new Tofu3Error("E_BUG", `layer ${object.digest} was not measured`);
  const hash = createHash("sha256");
  let left = unpackedSize;
  for await (const chunk of contentOf(workshop, object, compression)) {
    hash.update(chunk);
    left -= chunk.length;
    if (left < 0) break;
    yield chunk;
  }
  if (left !== 0 || `sha256:${hash.digest("hex")}` !== diffId)
    throw noImage(`layer ${object.digest} no longer unpacks to ${diffId} with ${unpackedSize} bytes`);
}

function spend({ unpacking }: Workshop, bytes: number): void {
  unpacking.bytes += bytes;
  if (unpacking.bytes <= unpacking.limit) return;
  throw new Tofu3Error("E_RELEASE", `the layers of the artifact unpack to more than ${unpacking.limit} bytes`, {
    hint: "release it to oci:DIR, which unpacks nothing, or raise limits.unpackedBytes in the configuration",
  });
}

async function* contentOf(
  workshop: Workshop,
  object: SeenObject,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of expand(bytesOf(workshop, object), compression)) {
      workshop.signal.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    workshop.signal.throwIfAborted();
    if (error instanceof Tofu3Error || errnoOf(error) !== null) throw error;
    throw noImage(`layer ${object.digest} cannot be unpacked: ${visible(messageOf(error))}`, error);
  }
}
