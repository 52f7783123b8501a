import { Tofu3Error } from "../../errors.ts";
import type { SeenObject } from "../../model/observation.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { algorithmOf, hexOf, type Digest } from "../../oci/digest.ts";
import { OCI_INDEX } from "../../oci/mediatype.ts";
import type { Platform } from "../../oci/platform.ts";
import { tagOf, type Subject } from "../../model/subject.ts";
import { agreedObject, blobsOf, type Tree } from "../tree.ts";

/** The contents of an OCI image layout. image-spec 1.1, image-layout.md */
export interface Layout {
  /** `oci-layout` and `index.json`, in the order in which tools read them. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Everything reachable from index.json, sorted by name. */
  readonly blobs: readonly { readonly name: string; readonly object: SeenObject }[];
}

interface Top {
  readonly object: SeenObject;
  /** Its entry in the index; null for the root. */
  readonly entry: Descriptor | null;
}

const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * The layout of an agreed artifact. index.json lists the root if all of it is there; if only some entries of an index
 * were selected, it lists those. Pure: equal artifacts give equal text. Throws E_BUG if it leaves out anything verified
 * below.
 */
export function layoutOf(tree: Tree, subject: Subject): Layout {
  const tops = topsOf(tree);
  const names = namesOf(tops, tagOf(subject));
  const index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: tops.map((top, place) => descriptorOf(top, names[place] ?? null)),
  };
  const reached = new Set<Digest>();
  for (const { object } of tops) reach(tree, object, reached);
  checkClosed(tree, reached);
  const blobs = [...reached].map((digest) => ({ name: blobName(digest), object: agreedObject(tree, { digest }) }));
  return {
    files: [
      { name: "oci-layout", text: '{"imageLayoutVersion":"1.0.0"}' },
      { name: "index.json", text: JSON.stringify(index) },
    ],
    blobs: blobs.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function blobName(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** The entries of index.json, each digest once; a document listed several times is opened once. */
function topsOf(tree: Tree): Top[] {
  const whole = new Map<Digest, boolean>();
  const opened = new Set<Digest>();
  const tops = new Map<Digest, Top>();
  const open = (object: SeenObject, entry: Descriptor | null): void => {
    const document = tree.documents.get(object.digest);
    if (document?.kind !== "index" || isWhole(tree, object.digest, whole)) {
      if (!tops.has(object.digest)) tops.set(object.digest, { object, entry });
      return;
    }
    if (opened.has(object.digest)) return;
    opened.add(object.digest);
    for (const child of document.manifests) {
      const seen = tree.objects.get(child.digest);
      if (seen !== undefined) open(seen, child);
    }
  };
  open(tree.root, null);
  return [...tops.values()];
}

function isWhole(tree: Tree, digest: Digest, known: Map<Digest, boolean>): boolean {
  const document = tree.documents.get(digest);
  if (document?.kind !== "index") return tree.objects.has(digest);
  const whole = known.get(digest) ?? document.manifests.every((child) => isWhole(tree, child.digest, known));
  known.set(digest, whole);
  return whole;
}

/** Follows blobs too: a blob may be a document elsewhere in the tree. */
function reach(tree: Tree, object: SeenObject, reached: Set<Digest>): void {
  if (reached.has(object.digest)) return;
  reached.add(object.digest);
  for (const below of namedBy(tree, object)) reach(tree, below, reached);
}

/** For an index, only the selected entries. */
function namedBy(tree: Tree, object: SeenObject): readonly SeenObject[] {
  const document = tree.documents.get(object.digest);
  if (document === undefined) return [];
  if (document.kind === "index") return document.manifests.flatMap(({ digest }) => tree.objects.get(digest) ?? []);
  const { config, layers } = blobsOf(tree, document);
  return config === null ? layers : [config, ...layers];
}

/**
 * Compares with what was seen instead of rereading the documents: whatever is below a released object must be released
 * too.
 */
function checkClosed(tree: Tree, reached: ReadonlySet<Digest>): void {
  const missing = tree.places.find(
    ({ parent, digest }) => parent !== null && reached.has(parent) && !reached.has(digest),
  );
  if (missing === undefined) return;
  throw new Tofu3Error(
    "E_BUG",
    `${missing.digest} stands below ${String(missing.parent)} and would not be released with it`,
  );
}

function descriptorOf({ object, entry }: Top, name: string | null) {
  const annotations = { ...entry?.annotations, ...(name === null ? {} : { [REF_NAME]: name }) };
  return {
    mediaType: object.mediaType,
    digest: object.digest,
    size: object.size,
    ...(entry?.artifactType == null ? {} : { artifactType: entry.artifactType }),
    ...(entry?.platform == null ? {} : { platform: platformFields(entry.platform) }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

function platformFields(platform: Platform) {
  const { os, architecture, variant, osVersion } = platform;
  return {
    architecture,
    os,
    ...(osVersion === undefined ? {} : { "os.version": osVersion }),
    ...(variant === undefined ? {} : { variant }),
  };
}

/**
 * `org.opencontainers.image.ref.name` for each entry. A single entry gets the tag. Several get the name that the entry
 * already has, else the tag with the platform; since readers take the first of two equal names, equal ones get part of
 * their digest.
 */
function namesOf(tops: readonly Top[], tag: string | null): (string | null)[] {
  if (tops.length === 1) return [tag];
  const names = tops.map(
    ({ entry }) => entry?.annotations[REF_NAME] ?? (tag === null ? null : [tag, ...platformParts(entry)].join("-")),
  );
  const uses = new Map<string | null, number>();
  for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1);
  return names.map((name, place) => {
    const object = tops[place]?.object;
    return name !== null && uses.get(name) !== 1 && object !== undefined
      ? `${name}-${hexOf(object.digest).slice(0, 12)}`
      : name;
  });
}

function platformParts(entry: Descriptor | null): string[] {
  const { os, architecture, variant } = entry?.platform ?? {};
  return [os, architecture, variant]
    .filter((part) => part !== undefined)
    .map((part) => part.replaceAll(/[^A-Za-z0-9]+/g, "_"));
}
