import { createHash } from "node:crypto";
import {
  blobOf,
  descriptorOf,
  documentOf,
  makeImage,
  makeIndex,
  OCI_INDEX,
  OCI_MANIFEST,
  type Blob,
  type Image,
  type IndexEntry,
  type LabPlatform,
} from "../lab/image.ts";
import { blobAnswer, documentAnswer, placesOf } from "../lab/liar-shelf.ts";
import type { Answer } from "../lab/liar.ts";
import { EMPTY_LAYER, makeSchema1, oldLayer } from "../registries/schema1.ts";

/** What a tag leads to, complete and right in itself. */
export interface Artifact {
  readonly root: Blob;
  /** Whose manifest, config and first layer are the places `manifest`, `config` and `blob`. */
  readonly image: Image;
  readonly layer: Blob;
  /** What the root names, if it is an index: `entry0`, `entry1`, … */
  readonly entries: readonly Blob[];
  /** Everything that it is made of, by its path in a registry. */
  readonly shelf: ReadonlyMap<string, Answer>;
}

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };
const MAC = { os: "darwin", architecture: "amd64" };
const NOWHERE = { os: "unknown", architecture: "unknown" };

type Build = (repository: string) => Artifact;

function imageFor(platform: LabPlatform, layers: readonly number[] = [40_000]): Image {
  return makeImage({ layers, platform });
}

interface Parts {
  readonly root: Blob;
  readonly images: readonly [Image, ...Image[]];
  readonly entries?: readonly Blob[];
  readonly more?: readonly (readonly [place: string, answer: Answer])[];
}

function artifactOf(repository: string, { root, images, entries = [], more = [] }: Parts): Artifact {
  const [image] = images;
  const [layer = image.config] = image.layers;
  const shelf = placesOf(repository, "v1", root, images);
  for (const [place, answer] of more) shelf.set(`/v2/${repository}/${place}`, answer);
  return { root, image, layer, entries, shelf };
}

function single(platform: LabPlatform, layers?: readonly number[]): Build {
  return (repository) => {
    const image = imageFor(platform, layers);
    return artifactOf(repository, { root: image.manifest, images: [image] });
  };
}

/** An index with an image for each of these platforms. */
function indexFor(...platforms: readonly [LabPlatform, ...LabPlatform[]]): Build {
  return (repository) => {
    const [first, ...others] = platforms;
    const images = [imageFor(first), ...others.map((platform) => imageFor(platform, [300]))] as const;
    const entries = platforms.map((platform, at) => ({ manifest: (images[at] ?? images[0]).manifest, platform }));
    return artifactOf(repository, {
      root: makeIndex(entries),
      images,
      entries: entries.map(({ manifest }) => manifest),
    });
  };
}

function schema1(repository: string): Artifact {
  const made = makeSchema1(repository, "v1", [{ command: "old", layer: oldLayer("file", repository) }]);
  const bytes = Buffer.from(made.body("lab"));
  const mediaType = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  const root = { mediaType, digest: made.digest, size: bytes.length, bytes };
  return artifactOf(repository, { root, images: [{ manifest: root, config: EMPTY_LAYER, layers: made.layers }] });
}

/** An image, and an entry of a type that nobody knows. */
function thing(repository: string): Artifact {
  const image = imageFor(AMD64);
  const other = documentOf("application/vnd.oci.artifact.manifest.v1+json", {
    artifactType: "application/vnd.example.thing",
  });
  const root = makeIndex([{ manifest: image.manifest, platform: AMD64 }, { manifest: other }]);
  const more = [[`manifests/${other.digest}`, documentAnswer(other)]] as const;
  return artifactOf(repository, { root, images: [image], entries: [image.manifest, other], more });
}

/** One digest, once as something opaque and once as the manifest that it is. */
function twoTypes(repository: string): Artifact {
  const image = imageFor(AMD64);
  const opaque = { ...image.manifest, mediaType: "application/octet-stream" };
  const root = makeIndex([{ manifest: opaque }, { manifest: image.manifest, platform: AMD64 }]);
  const more = [[`blobs/${opaque.digest}`, blobAnswer(opaque.bytes)]] as const;
  return artifactOf(repository, { root, images: [image], entries: [opaque, image.manifest], more });
}

function repeated(entry: IndexEntry, times: number): Blob {
  const value = {
    ...descriptorOf(entry.manifest),
    ...(entry.platform === undefined ? {} : { platform: entry.platform }),
  };
  return blobOf(
    OCI_INDEX,
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: Array(times).fill(value) }),
  );
}

/** Three indexes inside of each other, with sixty entries each, which are all the same. */
function sharedChildren(repository: string): Artifact {
  const image = imageFor(AMD64);
  const low = repeated({ manifest: image.manifest, platform: AMD64 }, 60);
  const middle = repeated({ manifest: low }, 60);
  const more = [low, middle].map((each) => [`manifests/${each.digest}`, documentAnswer(each)] as const);
  return artifactOf(repository, { root: repeated({ manifest: middle }, 60), images: [image], entries: [middle], more });
}

function oneChild(repository: string): Artifact {
  const image = imageFor(AMD64);
  return artifactOf(repository, { root: repeated({ manifest: image.manifest }, 6000), images: [image] });
}

const HEAVY_BYTES = 4 << 20;

/** A manifest of four megabytes, made anew each time that it is asked for. */
function heavyManifest(image: Image, at: number): Buffer {
  const head = image.manifest.bytes.toString("utf8").replace(/\}\s*$/, `,"annotations":{"n":"${at}","x":"`);
  return Buffer.from(head.padEnd(HEAVY_BYTES - 3, "x") + '"}}');
}

function hundredManifests(repository: string): Artifact {
  const image = imageFor(AMD64);
  const heavy = Array.from({ length: 100 }, (_, at) => {
    const digest = `sha256:${createHash("sha256").update(heavyManifest(image, at)).digest("hex")}`;
    return { at, digest, descriptor: { mediaType: OCI_MANIFEST, digest, size: HEAVY_BYTES, platform: AMD64 } };
  });
  const root = documentOf(OCI_INDEX, {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: heavy.map((each) => each.descriptor),
  });
  const more = heavy.map(({ at, digest }) => {
    const answer: Answer = () => ({ headers: { "Content-Type": OCI_MANIFEST }, body: heavyManifest(image, at) });
    return [`manifests/${digest}`, answer] as const;
  });
  return artifactOf(repository, { root, images: [image], more });
}

/** What looks like the name of a bottle for four hundred thousand letters, and then does not. */
function longNames(repository: string): Artifact {
  const image = imageFor(MAC);
  const annotations = {
    "org.opencontainers.image.ref.name": `1.${"a".repeat(400_000)}!`,
    "sh.brew.bottle.digest": image.layers[0]?.digest.slice(7) ?? "",
  };
  const root = makeIndex([{ manifest: image.manifest, platform: MAC, annotations }]);
  return artifactOf(repository, { root, images: [image], entries: [image.manifest] });
}

/** The names that case files use. */
export const ARTIFACTS = {
  index: indexFor(AMD64),
  image: single(AMD64),
  "image for arm64": single(ARM64),
  "schema 1": schema1,
  "image with two attestations": indexFor(AMD64, NOWHERE, NOWHERE),
  "bottles for one platform": indexFor(MAC, MAC, MAC),
  "index with an unknown entry": thing,
  "digest with two types": twoTypes,
  "shared children": sharedChildren,
  "one child 6,000 times": oneChild,
  "100 manifests of 4 MB": hundredManifests,
  "300 layers": single(AMD64, Array<number>(300).fill(10)),
  "annotation of 400,000 letters": longNames,
} as const satisfies Readonly<Record<string, Build>>;

export type ArtifactName = keyof typeof ARTIFACTS;
