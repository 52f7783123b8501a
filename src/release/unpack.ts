import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { messageOf, Tofu3Error, visible } from "../errors.ts";
import type { SeenObject } from "../model/observation.ts";
import { parseDigest, type Digest } from "../oci/digest.ts";
import { expand, sniffCompression, type Compression } from "./compression.ts";
import { createFile, errnoOf, permit } from "./disk.ts";
import { noImage } from "./imageconfig.ts";
import { openKept } from "./kept.ts";
import { bytesOf, type Workshop } from "./workshop.ts";

/** A layer of an image. */
export interface ImageLayer {
  readonly object: SeenObject;
  /** sha256 of the uncompressed tar. */
  readonly diffId: Digest;
  readonly compression: Compression;
}

/** How an agreed layer is compressed, by its first bytes. */
export async function compressionOf(workshop: Workshop, object: SeenObject): Promise<Compression> {
  const handle = await openKept(workshop.quarantine.blob(object.digest), workshop.quarantine.uid, object);
  try {
    return await sniffCompression(handle);
  } finally {
    await handle.close();
  }
}

/** sha256 of what a layer unpacks to. Throws E_RELEASE when it is damaged. */
export async function diffIdOf(workshop: Workshop, object: SeenObject, compression: Compression): Promise<Digest> {
  const { digest } = await measure(workshop, object, compression, () => Promise.resolve());
  return digest;
}

/**
 * Writes the uncompressed content of a layer to a new file in the quarantine. Returns its size. Throws E_RELEASE unless it is what the image
 * config says that it is.
 */
export async function unpackLayer(workshop: Workshop, layer: ImageLayer, path: string): Promise<number> {
  const handle = await createFile(path);
  try {
    const { digest, size } = await measure(workshop, layer.object, layer.compression, (chunk) => handle.writeFile(chunk));
    if (digest !== layer.diffId)
      throw noImage(`layer ${layer.object.digest} unpacks to ${digest}, its config says ${layer.diffId}`);
    await permit(handle, workshop.quarantine.modes.file);
    await handle.sync();
    return size;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function measure(
  workshop: Workshop,
  object: SeenObject,
  compression: Compression,
  take: (chunk: Uint8Array) => Promise<void>,
) {
  const hash = createHash("sha256");
  let size = 0;
  try {
    for await (const chunk of expand(bytesOf(workshop, object), compression)) {
      hash.update(chunk);
      size += chunk.length;
      await take(chunk);
    }
  } catch (error) {
    workshop.signal.throwIfAborted();
    if (error instanceof Tofu3Error || errnoOf(error) !== null) throw error;
    throw noImage(`layer ${object.digest} cannot be unpacked: ${visible(messageOf(error))}`, error);
  }
  return { digest: parseDigest(`sha256:${hash.digest("hex")}`), size };
}
