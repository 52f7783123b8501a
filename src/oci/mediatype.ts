/** image-spec 1.1, media-types.md; distribution docs, manifest-v2-2.md and manifest-v2-1.md. */
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_EMPTY = "application/vnd.oci.empty.v1+json";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
export const SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";
export const SCHEMA1_UNSIGNED = "application/vnd.docker.distribution.manifest.v1+json";
/** distribution's name for the layers of Docker schema 1, which has no media types of its own. */
export const SCHEMA1_LAYER = "application/vnd.docker.container.image.rootfs.diff+x-gtar";

export type DocumentKind = "index" | "manifest" | "schema1";

const KINDS: ReadonlyMap<string, DocumentKind> = new Map([
  [OCI_INDEX, "index"],
  [DOCKER_LIST, "index"],
  [OCI_MANIFEST, "manifest"],
  [DOCKER_MANIFEST, "manifest"],
  [SCHEMA1_SIGNED, "schema1"],
  [SCHEMA1_UNSIGNED, "schema1"],
]);

/**
 * The Accept value of every worker, byte for byte: a registry may answer differently to a different one. Docker schema
 * 1 comes last, so that a registry which can convert does not; no weights, because some registries compare the types as
 * text.
 */
export const ACCEPT = [...KINDS.keys()].join(", ");

// RFC 6838 §4.2
const SHAPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/** A bare media type, without parameters. */
export function isMediaType(text: unknown): text is string {
  return typeof text === "string" && SHAPE.test(text);
}

/**
 * Without parameters and in lower case, for comparing Content-Type with `mediaType`. distribution-spec 1.1, "Pulling
 * manifests"
 */
export function normaliseMediaType(text: string): string {
  const end = text.indexOf(";");
  return (end === -1 ? text : text.slice(0, end)).trim().toLowerCase();
}

/** The media type as compared between workers: schema 1 with and without signatures counts as one. */
export function comparedType(mediaType: string): string {
  return kindOfMediaType(mediaType) === "schema1" ? "schema1" : mediaType;
}

/** The kind of document; null if it is not one that can be walked. */
export function kindOfMediaType(text: string): DocumentKind | null {
  return KINDS.get(normaliseMediaType(text)) ?? null;
}
