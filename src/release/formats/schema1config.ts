import type { Digest } from "../../oci/digest.ts";
import type { HistoryEntry, Schema1Manifest } from "../../oci/schema1.ts";
import type { SeenObject } from "../../model/observation.ts";
import { isFields, sortedJson, type Fields } from "./imageconfig.ts";
import { blobsOf } from "../tree.ts";
import { compressionOf, measureLayer, type ImageLayer } from "./unpack.ts";
import type { Workshop } from "./workshop.ts";

/** One entry of a schema 1 manifest with its layer. */
export interface V1Layer {
  readonly entry: HistoryEntry;
  readonly object: SeenObject;
}

/** Members of a v1 image that do not belong in an image config; Docker's own conversion drops them too. */
const DROPPED = new Set(["id", "parent", "parent_id", "layer_id", "Size", "throwaway"]);

/** The layers of a schema 1 manifest, the base first; entries that old Docker wrote twice are merged. */
export function v1LayersOf(workshop: Workshop, document: Schema1Manifest): V1Layer[] {
  const { layers } = blobsOf(workshop.tree, document);
  return document.history
    .flatMap((entry, place) => {
      const object = layers[place];
      return object === undefined || document.history[place + 1]?.id === entry.id ? [] : [{ entry, object }];
    })
    .reverse();
}

/**
 * Generates an image config from schema 1 as Docker's pull did: the v1 image of the top layer, with the history of all
 * layers and the diff_ids of those not marked as empty. Unpacks every layer once to learn its diff_id.
 */
export async function configOfSchema1(workshop: Workshop, document: Schema1Manifest) {
  const all = v1LayersOf(workshop, document);
  const known = new Map<Digest, ImageLayer>();
  const layers: ImageLayer[] = [];
  for (const { entry, object } of all) {
    if (entry.throwaway) continue;
    const layer = known.get(object.digest) ?? (await layerOf(workshop, object));
    known.set(object.digest, layer);
    layers.push(layer);
  }
  const top = all.at(-1);
  const fields = top === undefined ? {} : v1Fields(top.entry);
  const config = {
    ...Object.fromEntries(Object.entries(fields).filter(([name]) => !DROPPED.has(name))),
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: all.map(({ entry }) => historyOf(entry)),
  };
  return { configBytes: Buffer.from(sortedJson(config)), layers };
}

async function layerOf(workshop: Workshop, object: SeenObject): Promise<ImageLayer> {
  const compression = await compressionOf(workshop, object);
  const { diffId, size } = await measureLayer(workshop, object, compression);
  return { object, compression, diffId, unpackedSize: compression === "zstd" ? size : null };
}

/** image-spec 1.1, config.md, "history" */
function historyOf(entry: HistoryEntry): Fields {
  const { created, author, comment, container_config: container } = v1Fields(entry);
  const command: unknown = isFields(container) ? container["Cmd"] : null;
  return {
    ...(typeof created === "string" ? { created } : {}),
    ...(typeof author === "string" && author !== "" ? { author } : {}),
    ...(Array.isArray(command) && command.length > 0 ? { created_by: command.map(String).join(" ") } : {}),
    ...(typeof comment === "string" && comment !== "" ? { comment } : {}),
    ...(entry.throwaway ? { empty_layer: true } : {}),
  };
}

/** The manifest parser has already validated this JSON. */
function v1Fields(entry: HistoryEntry): Fields {
  const value: unknown = JSON.parse(entry.v1Compatibility);
  return isFields(value) ? value : {};
}
