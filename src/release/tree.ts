import { createHash } from "node:crypto";
import { Tofu3Error } from "../errors.ts";
import type { SeenObject } from "../model/observation.ts";
import type { Agreed } from "../model/verdict.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { algorithmOf, type Digest } from "../oci/digest.ts";
import { readManifest, type ImageManifest, type Manifest } from "../oci/manifest.ts";
import { kindOfMediaType } from "../oci/mediatype.ts";
import type { Schema1Manifest } from "../oci/schema1.ts";
import { openKept, tampered } from "./quarantine/kept.ts";
import type { Quarantine } from "./quarantine/quarantine.ts";

/** A document that can stand alone: anything but an index. */
export type Single = ImageManifest | Schema1Manifest;

/** An agreed artifact with its documents, reread from the quarantine and rehashed. */
export interface Tree {
  readonly root: SeenObject;
  /** Every object at every place where it appears. */
  readonly places: readonly SeenObject[];
  /** Each digest once; an object that is a document at any of its places counts as a document. */
  readonly objects: ReadonlyMap<Digest, SeenObject>;
  /** Indexes and manifests by digest. */
  readonly documents: ReadonlyMap<Digest, Manifest>;
}

/** Largest document to read whole, in bytes; the workers stop long before. */
const DOCUMENT_LIMIT = 64 * 1024 * 1024;

/** Throws E_RELEASE if a document is not the agreed one, E_BUG if the verdict contradicts itself. */
export async function readTree(agreed: Agreed, quarantine: Quarantine, signal: AbortSignal): Promise<Tree> {
  const objects = new Map<Digest, SeenObject>();
  const documents = new Map<Digest, Manifest>();
  for (const object of [...agreed.objects.filter(isDocument), ...agreed.objects]) {
    if (object.computed !== object.digest)
      throw new Tofu3Error("E_BUG", `${object.digest} was agreed on with other bytes`);
    if (objects.has(object.digest)) continue;
    objects.set(object.digest, object);
    signal.throwIfAborted();
    if (isDocument(object)) documents.set(object.digest, await readDocument(object, quarantine));
  }
  if (!objects.has(agreed.root.digest)) throw new Tofu3Error("E_BUG", "the root is not among the agreed objects");
  return { root: agreed.root, places: agreed.objects, objects, documents };
}

/** The digest of schema 1 is that of its payload, and the size with signatures is not agreed on. */
async function readDocument(object: SeenObject, quarantine: Quarantine): Promise<Manifest> {
  const path = quarantine.blob(object.digest);
  const schema1 = kindOfMediaType(object.mediaType) === "schema1";
  const handle = await openKept(path, quarantine.uid, { digest: object.digest, size: schema1 ? null : object.size });
  let bytes: Uint8Array;
  try {
    if ((await handle.stat()).size > DOCUMENT_LIMIT) throw tampered(object.digest, "is too large for a document");
    bytes = await handle.readFile();
  } finally {
    await handle.close();
  }
  if (!schema1) {
    const algorithm = algorithmOf(object.digest);
    const computed = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
    if (computed !== object.digest) throw tampered(object.digest, `now hashes to ${computed}`);
    return readManifest(bytes, object.mediaType);
  }
  return readSchema1(bytes, object);
}

function readSchema1(bytes: Uint8Array, object: SeenObject): Manifest {
  let document: Manifest;
  try {
    document = readManifest(bytes, object.mediaType);
  } catch (cause) {
    throw tampered(object.digest, "can no longer be read", cause);
  }
  if (document.digest !== object.digest) throw tampered(object.digest, `now hashes to ${document.digest}`);
  return document;
}

/** Index or manifest, by role; an index entry with any other role is opaque. */
export function isDocument(object: SeenObject): boolean {
  return object.role === "index" || object.role === "manifest";
}

/** The manifests among the objects, each once, in tree order. */
export function manifestsOf(objects: Iterable<SeenObject>): SeenObject[] {
  const found = new Map<Digest, SeenObject>();
  for (const object of objects)
    if (object.role === "manifest" && !found.has(object.digest)) found.set(object.digest, object);
  return [...found.values()];
}

/** The parsed manifest; not for an index. */
export function singleOf(tree: Tree, object: SeenObject): Single {
  const document = tree.documents.get(object.digest);
  if (document === undefined || document.kind === "index")
    throw new Tofu3Error("E_BUG", `${object.digest} is not a manifest`);
  return document;
}

/** The agreed object behind a descriptor of an agreed document. Nothing else is ever released. */
export function agreedObject(tree: Tree, descriptor: Pick<Descriptor, "digest">): SeenObject {
  const object = tree.objects.get(descriptor.digest);
  if (object !== undefined) return object;
  throw new Tofu3Error("E_BUG", `${descriptor.digest} is named by the artifact, but was not agreed on`);
}

/** Config and layers of a manifest as agreed objects; a repeated blob is listed repeatedly. */
export function blobsOf(
  tree: Tree,
  single: Single,
): { readonly config: SeenObject | null; readonly layers: readonly SeenObject[] } {
  const config = single.config === null ? null : agreedObject(tree, single.config);
  return { config, layers: single.layers.map((layer) => agreedObject(tree, layer)) };
}
