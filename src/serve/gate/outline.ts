import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { readManifest } from "../../oci/manifest.ts";

/** What a document names, each digest once. */
export interface Outline {
  /** Manifests and indexes, of an index. */
  readonly documents: readonly Named[];
  /** Config and layers, of a manifest. */
  readonly blobs: readonly Named[];
  /** A descriptor sends clients to other addresses for its bytes (`urls`), past the gate. */
  readonly leadsElsewhere: boolean;
}

export interface Named {
  readonly digest: Digest;
  /** Bytes; null where Docker schema 1 gives none. */
  readonly size: number | null;
  readonly mediaType: string;
}

/** Of an agreed document. Throws E_MANIFEST for one that nobody could have agreed on. */
export function outlineOf(bytes: Uint8Array, mediaType: string): Outline {
  const manifest = readManifest(bytes, mediaType);
  if (manifest.kind === "index") return { ...named("documents", manifest.manifests), blobs: [] };
  const { config, layers } = manifest;
  return { ...named("blobs", config === null ? layers : [config, ...layers]), documents: [] };
}

function named<K extends string>(kind: K, descriptors: readonly Descriptor[]) {
  const known = new Map(descriptors.map(({ digest, size, mediaType }) => [digest, { digest, size, mediaType }]));
  const leadsElsewhere = descriptors.some((each) => each.elsewhere === true);
  return { [kind]: [...known.values()], leadsElsewhere } as Record<K, readonly Named[]> & { leadsElsewhere: boolean };
}
