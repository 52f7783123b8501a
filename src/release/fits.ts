import { visible } from "../errors.ts";
import type { Destination, Format } from "../model/destination.ts";
import type { SeenObject } from "../model/observation.ts";
import type { Digest } from "../oci/digest.ts";
import { bottleOf } from "../oci/homebrew.ts";
import type { Manifest } from "../oci/manifest.ts";
import { DOCKER_CONFIG, kindOfMediaType } from "../oci/mediatype.ts";
import { checkColon, isDirectory, isInto, refused } from "./destination.ts";
import { manifestsOf, type Single } from "./tree.ts";

/** Reads a document; null if it is not there yet. */
export type ReadDocument = (digest: Digest) => Manifest | null;

const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
const NARROW = "choose one with --platform, --os-version or --bottle, or release all of them to oci:DIR";

/**
 * The format in which to release these objects; null while that is unknown. Call it once all indexes and manifests are
 * known, before any blob is fetched, and again at the release. Throws E_DESTINATION with the candidates if the objects
 * do not fit the destination.
 */
export function planRelease(
  objects: readonly SeenObject[],
  destination: Destination,
  read: ReadDocument,
): Format | null {
  if (objects.some(({ role }) => role === "file")) return formatOfFile(destination);
  const manifests = manifestsOf(objects);
  const format = destination.format === "auto" ? chooseFormat(manifests, destination, read) : destination.format;
  if (format === null) return null;
  if (
    (format === "oci" || format === "oci-archive") &&
    objects.some((object) => kindOfMediaType(object.mediaType) === "schema1")
  )
    throw refused(
      destination.path,
      "cannot hold a Docker schema 1 image as an OCI layout",
      "release it to docker-archive:FILE or docker-v1:DIR",
    );
  if (format === "oci" || format === "oci-archive") return format;
  const [only, ...others] = manifests;
  if (others.length > 0 || only === undefined) throw tooMany(format, destination, manifests);
  const document = read(only.digest);
  if (format === "file" && document !== null && document.kind !== "index" && document.layers.length !== 1)
    throw refused(
      destination.path,
      `holds one blob, and the artifact has ${document.layers.length} layers`,
      "release it to oci:DIR",
    );
  return format;
}

/** A URL is one file. Throws E_DESTINATION for a format of images. */
export function formatOfFile({ format, path }: Destination): "file" {
  if (format === "auto" || format === "file") return "file";
  throw refused(
    `${format}:${path}`,
    "holds an image, and a URL leads to one file",
    `write file:${path}, or the path alone`,
  );
}

/**
 * For a bare path: a bottle or any other one-layer artifact becomes a file, all else an OCI layout, which is a
 * directory.
 */
function chooseFormat(manifests: readonly SeenObject[], destination: Destination, read: ReadDocument): Format | null {
  const [only, ...others] = manifests;
  if (others.length === 0 && only !== undefined) {
    const document = read(only.digest);
    if (document === null) return null;
    if (document.kind !== "index" && isOneFile(only, document)) return "file";
  }
  if (destination.otherwise === undefined && isInto(destination) && isDirectory(destination.path))
    throw others.length > 0
      ? tooMany("file", destination, manifests)
      : refused(destination.path, "exists", "an image is released to oci:DIR, and DIR must not exist");
  if (/\.(?:tar|tgz|tar\.[a-z0-9]+|zip)$/i.test(destination.path))
    throw others.length > 0
      ? tooMany("file", destination, manifests)
      : refused(
          destination.path,
          "looks like a file, but an image becomes a directory",
          "write oci-archive:FILE, docker-archive:FILE or oci:DIR",
        );
  checkColon("oci", destination.path);
  return "oci";
}

function isOneFile(object: SeenObject, document: Single): boolean {
  if (document.kind === "schema1" || document.layers.length !== 1) return false;
  if (isBottle(object, document)) return true;
  return document.artifactType !== null || ![OCI_CONFIG, DOCKER_CONFIG].includes(document.config.mediaType);
}

/** A bottle's config is that of an image; only the index or the manifest says that it is a bottle. */
export function isBottle(object: SeenObject, document: Single): boolean {
  const annotations = { ...document.annotations, ...object.annotations };
  return (
    annotations["sh.brew.bottle.digest"] !== undefined || annotations["com.github.package.type"] === "homebrew_bottle"
  );
}

function tooMany(format: Format, destination: Destination, manifests: readonly SeenObject[]) {
  const many =
    manifests.length === 0
      ? "there is none"
      : `${manifests.length} are selected: ${manifests.map(describe).join("; ")}`;
  return refused(`${format}:${destination.path}`, `holds one manifest, and ${many}`, NARROW);
}

function describe(object: SeenObject): string {
  const bottle = bottleOf(object);
  const parts = [
    object.platform ?? "no platform",
    object.osVersion,
    bottle === null ? null : `bottle ${bottle.tag}`,
    object.digest,
  ];
  return parts
    .filter((part) => part !== null)
    .map((part) => visible(part, 200))
    .join(" ");
}
