import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Tofu3Error } from "../../errors.ts";
import type { SeenObject } from "../../model/observation.ts";
import type { Digest } from "../../oci/digest.ts";
import { HUB } from "../../oci/reference.ts";
import { tagOf, type ImageSubject } from "../../model/subject.ts";
import { createFile, permit, writeSmallFile } from "../../durable.ts";
import { readImage, type Image } from "./image.ts";
import { unpacked, type ImageLayer } from "./unpack.ts";
import { sortedJson } from "./imageconfig.ts";
import { finishFolders } from "./ocilayout.ts";
import { checkRoom } from "./room.ts";
import { v1LayersOf } from "./schema1config.ts";
import { manifestsOf, singleOf } from "../tree.ts";
import { imageOf, place, placeAgain, type Workshop } from "./workshop.ts";

/** One directory of the layout. */
interface V1Folder {
  readonly id: string;
  readonly json: string;
  /** The layer's bytes: as fetched, or unpacked first if `layer` says so. */
  readonly object: SeenObject;
  readonly layer: ImageLayer | null;
}

/** Fields that Docker writes only into the v1 image of the top layer. */
const TOP_FIELDS = [
  "architecture",
  "author",
  "comment",
  "config",
  "container",
  "container_config",
  "created",
  "docker_version",
  "os",
  "variant",
];

/**
 * `docker-v1:DIR`: `ID/{VERSION,json,layer.tar}` and `repositories`, Docker Image Specification 1.0; Docker before 29
 * loads a tar of it.
 */
export async function buildDockerV1(workshop: Workshop): Promise<null> {
  const { staged, quarantine, signal } = workshop;
  const folders = await foldersOf(workshop);
  const layers = new Map(folders.map(({ object, layer }) => [object.digest, layer?.unpackedSize ?? 0]));
  await checkRoom(
    quarantine.path,
    [...layers.values()].reduce((sum, size) => sum + size, 0),
  );
  await mkdir(staged, { mode: 0o700 });
  const placed = new Map<Digest, string>();
  for (const folder of folders) {
    signal.throwIfAborted();
    const path = join(staged, folder.id);
    await mkdir(path, { mode: 0o700 });
    await writeSmallFile(join(path, "VERSION"), "1.0", quarantine.modes.file);
    await writeSmallFile(join(path, "json"), folder.json, quarantine.modes.file);
    await placeLayer(workshop, folder, join(path, "layer.tar"), placed);
  }
  await writeSmallFile(
    join(staged, "repositories"),
    repositoriesOf(imageOf(workshop), folders.at(-1)?.id),
    quarantine.modes.file,
  );
  await finishFolders([staged, ...folders.map(({ id }) => join(staged, id))], quarantine.modes.directory);
  return null;
}

/** A blob that is the layer of several entries, such as the empty layer of schema 1, is written once and linked. */
async function placeLayer(
  workshop: Workshop,
  folder: V1Folder,
  path: string,
  placed: Map<Digest, string>,
): Promise<void> {
  const before = placed.get(folder.object.digest);
  if (before !== undefined) {
    await placeAgain(workshop, before, path);
    return;
  }
  placed.set(folder.object.digest, path);
  if (folder.layer === null || folder.layer.unpackedSize === null) await place(workshop, folder.object, path);
  else await writeUnpacked(workshop, folder.layer, path);
}

async function writeUnpacked(workshop: Workshop, layer: ImageLayer, path: string): Promise<void> {
  const handle = await createFile(path);
  try {
    for await (const chunk of unpacked(workshop, layer)) await handle.writeFile(chunk);
    await permit(handle, workshop.quarantine.modes.file);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function foldersOf(workshop: Workshop): Promise<V1Folder[]> {
  const [manifest] = manifestsOf(workshop.tree.objects.values());
  if (manifest === undefined) throw new Tofu3Error("E_BUG", "an artifact without manifest came to docker-v1");
  const document = singleOf(workshop.tree, manifest);
  if (document.kind === "schema1")
    return v1LayersOf(workshop, document).map(({ entry, object }) => ({
      id: entry.id,
      json: entry.v1Compatibility,
      object,
      layer: null,
    }));
  return generateFolders(await readImage(workshop));
}

/**
 * Generates v1 images, like `docker save` and skopeo: each id is the sha256 of the v1 JSON and the chain ID up to its
 * layer, so that the same image always gets the same ids.
 */
function generateFolders(image: Image): V1Folder[] {
  const folders: V1Folder[] = [];
  let chainId = "";
  for (const [place, layer] of image.layers.entries()) {
    chainId = chainId === "" ? layer.diffId : `sha256:${sha256(`${chainId} ${layer.diffId}`)}`;
    const parent = folders.at(-1)?.id;
    const top = place === image.layers.length - 1;
    const fields = top ? Object.fromEntries(TOP_FIELDS.map((name) => [name, image.config[name]])) : {};
    const id = sha256(sortedJson({ ...fields, parent, layer_id: chainId }));
    folders.push({ id, json: sortedJson({ ...fields, parent, id }), object: layer.object, layer });
  }
  return folders;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Names shortened as Docker does: `hitch`, not `docker.io/library/hitch`. */
function repositoriesOf(subject: ImageSubject, id: string | undefined): string {
  const tag = tagOf(subject);
  if (tag === null || id === undefined) return "{}\n";
  const { registry, repository } = subject;
  const name = registry === HUB ? repository.replace(/^library\//, "") : `${registry}/${repository}`;
  return `${JSON.stringify({ [name]: { [tag]: id } })}\n`;
}
