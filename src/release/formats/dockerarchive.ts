import { createHash } from "node:crypto";
import { tagOf, type ImageSubject } from "../../model/subject.ts";
import { layerName, readImage, type Image } from "./image.ts";
import { unpacked } from "./unpack.ts";
import { smallEntry, writeTar, type TarEntry } from "./tar.ts";
import { bytesOf, imageOf, type Workshop } from "./workshop.ts";

/**
 * `docker-archive:FILE`: what `docker load` takes, with the config and gzip layers exactly as the registry serves them.
 * The archive has no place for the registry's digest, so this returns it as a note to write beside the file.
 */
export async function buildDockerArchive(workshop: Workshop): Promise<string> {
  const image = await readImage(workshop);
  await writeTar(workshop.staged, workshop.quarantine.modes.file, entriesOf(workshop, image), workshop.signal);
  return noteOf(workshop, image);
}

function entriesOf(workshop: Workshop, image: Image): TarEntry[] {
  const config = `${configName(image)}.json`;
  const manifest = [{ Config: config, RepoTags: repoTags(imageOf(workshop)), Layers: image.layers.map(layerName) }];
  const layers = new Map(image.layers.map((layer) => [layerName(layer), layer]));
  return [
    smallEntry("manifest.json", JSON.stringify(manifest)),
    smallEntry(config, image.configBytes),
    ...[...layers].map(([name, layer]) =>
      layer.unpackedSize === null
        ? { name, size: layer.object.size, bytes: bytesOf(workshop, layer.object) }
        : { name, size: layer.unpackedSize, bytes: unpacked(workshop, layer) },
    ),
  ];
}

/** Docker's image ID: the sha256 of the config. */
function configName(image: Image): string {
  return createHash("sha256").update(image.configBytes).digest("hex");
}

/**
 * The full name, which every engine reads alike. Most tools do not accept an IPv6 address as a registry, and refuse the
 * archive.
 */
function repoTags(subject: ImageSubject): string[] {
  const tag = tagOf(subject);
  return tag === null || subject.registry.startsWith("[") ? [] : [`${subject.registry}/${subject.repository}:${tag}`];
}

/** References that any client accepts: the requested one and, if that is another manifest, the one in the file. */
function noteOf(workshop: Workshop, image: Image): string {
  const { tree } = workshop;
  const subject = imageOf(workshop);
  const name = `${subject.registry}/${subject.repository}`;
  const tag = tagOf(subject);
  const lines = [`${name}${tag === null ? "" : `:${tag}`}@${tree.root.digest}`];
  if (image.manifest.digest !== tree.root.digest) lines.push(`${name}@${image.manifest.digest}`);
  return `${lines.join("\n")}\n`;
}
