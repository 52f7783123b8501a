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
/** What distribution calls the layers of Docker schema 1, which names no media type itself. */
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
 * The one Accept value of every worker, byte for byte: vantages that ask differently may be answered differently. Docker schema 1 comes
 * last, so that a registry which can convert does not; no weights, because some registries compare the names as text.
 */
export const ACCEPT = [...KINDS.keys()].join(", ");

// RFC 6838 §4.2
const SHAPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/** A media type by name only, without parameters. */
export function isMediaType(text: unknown): text is string {
  return typeof text === "string" && SHAPE.test(text);
}

/** Without parameters and in lower case, as Content-Type and `mediaType` are compared. distribution-spec 1.1, "Pulling manifests" */
export function normaliseMediaType(text: string): string {
  const end = text.indexOf(";");
  return (end === -1 ? text : text.slice(0, end)).trim().toLowerCase();
}

/** What of a media type counts where two are compared: schema 1 has one for documents with signatures and one for those without. */
export function comparedType(mediaType: string): string {
  return kindOfMediaType(mediaType) === "schema1" ? "schema1" : mediaType;
}

/** What a document of this media type is; null when it is none that can be walked. */
export function kindOfMediaType(text: string): DocumentKind | null {
  return KINDS.get(normaliseMediaType(text)) ?? null;
}
