import { Tofu3Error, visible } from "../../errors.ts";
import type { SeenObject } from "../../model/observation.ts";
import { hexOf, isDigest } from "../../oci/digest.ts";
import type { ImageManifest } from "../../oci/manifest.ts";
import { noImage, parseConfig, type Fields } from "./imageconfig.ts";
import { configOfSchema1 } from "./schema1config.ts";
import { blobsOf, manifestsOf, singleOf } from "../tree.ts";
import { compressionOf, measureLayer, type ImageLayer } from "./unpack.ts";
import { readWhole, type Workshop } from "./workshop.ts";

/** An image in terms of Docker's formats. */
export interface Image {
  readonly manifest: SeenObject;
  /** Exactly as the registry serves it, or generated from schema 1. */
  readonly configBytes: Uint8Array;
  readonly config: Fields;
  /** The base first. */
  readonly layers: readonly ImageLayer[];
}

/** The one image of an agreed artifact. Throws E_RELEASE if it is not a container image. */
export async function readImage(workshop: Workshop): Promise<Image> {
  const [manifest, ...others] = manifestsOf(workshop.tree.objects.values());
  if (manifest === undefined || others.length > 0)
    throw new Tofu3Error("E_BUG", "an artifact of several manifests came to a format of one");
  const document = singleOf(workshop.tree, manifest);
  if (document.kind === "manifest") return { manifest, ...(await readCurrentImage(workshop, document)) };
  const { configBytes, layers } = await configOfSchema1(workshop, document);
  return { manifest, configBytes, config: parseConfig(configBytes).fields, layers };
}

async function readCurrentImage(workshop: Workshop, document: ImageManifest) {
  const { config: object, layers: objects } = blobsOf(workshop.tree, document);
  if (object === null) throw new Tofu3Error("E_BUG", "a manifest without config");
  const configBytes = await readWhole(workshop, object);
  const { fields, diffIds } = parseConfig(configBytes);
  if (diffIds.length !== objects.length)
    throw noImage(`its config names ${diffIds.length} layers, its manifest ${objects.length}`);
  const layers: ImageLayer[] = [];
  for (const [place, layer] of objects.entries()) {
    const diffId = diffIds[place];
    if (!isDigest(diffId)) throw noImage(`the diff_id of layer ${place + 1} is not a digest`);
    const compression = await compressionOf(workshop, layer);
    if (
      compression === "none" &&
      diffId.startsWith("sha256:") &&
      layer.digest.startsWith("sha256:") &&
      layer.digest !== diffId
    )
      throw noImage(
        `layer ${place + 1} (${visible(layer.mediaType)}) is neither a tar nor compressed with gzip or zstd`,
      );
    const unpackedSize =
      compression === "zstd" ? await checkedSize(workshop, { object: layer, diffId, compression }, layers) : null;
    layers.push({ object: layer, diffId, compression, unpackedSize });
  }
  return { configBytes, config: fields, layers };
}

/** The size that a layer unpacks to. Throws E_RELEASE if that is not its diff_id. Unpacks a repeated layer once. */
async function checkedSize(
  workshop: Workshop,
  { object, diffId, compression }: Omit<ImageLayer, "unpackedSize">,
  before: readonly ImageLayer[],
): Promise<number | null> {
  const same = before.find((each) => each.object.digest === object.digest && each.diffId === diffId);
  if (same !== undefined) return same.unpackedSize;
  const measured = await measureLayer(workshop, object, compression);
  if (measured.diffId === diffId) return measured.size;
  throw noImage(`layer ${object.digest} unpacks to ${measured.diffId}, its config says ${diffId}`);
}

/** A layer's file name; zstd layers are released unpacked, so their name is the diff_id. */
export function layerName({ object, diffId, compression }: ImageLayer): string {
  switch (compression) {
    case "gzip":
      return `${hexOf(object.digest)}.tar.gz`;
    case "zstd":
      return `${hexOf(diffId)}.tar`;
    case "none":
      return `${hexOf(object.digest)}.tar`;
  }
}
