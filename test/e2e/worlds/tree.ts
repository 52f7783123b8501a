import { makeSchema1, oldLayer } from "../../registries/schema1.ts";
import {
  blobOf,
  descriptorOf,
  digestOf,
  documentOf,
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
  type Blob,
  type LabPlatform,
} from "../../lab/image.ts";
import { dice, type Dice } from "./dice.ts";

/** Something with a digest, and what it names. Two places that name the same thing are one node. */
export interface Node {
  readonly blob: Blob;
  readonly kind: "index" | "image" | "schema1" | "config" | "layer" | "unknown";
  readonly entries: readonly Entry[];
  /** What the config of an image says that it is for. */
  readonly platform: LabPlatform | null;
}

export interface Entry {
  readonly node: Node;
  /** What the index says. */
  readonly platform: LabPlatform | null;
}

export const ROOT_KINDS = ["index", "image", "schema1"] as const;
export type RootKind = (typeof ROOT_KINDS)[number];

const EMPTY = Buffer.from("an empty layer");
const PLATFORMS: readonly [LabPlatform, ...LabPlatform[]] = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64" },
  { os: "darwin", architecture: "amd64", "os.version": "macOS 13" },
  { os: "darwin", architecture: "amd64", "os.version": "macOS 14" },
  { os: "darwin", architecture: "amd64" },
];
const NOWHERE: LabPlatform = { os: "unknown", architecture: "unknown" };

/** How an artifact is grown: the same dice with another word give a tree of the same shape with other bytes. */
interface Growth {
  readonly dice: Dice;
  readonly word: string;
  readonly docker: boolean;
  count: number;
}

function leaf(kind: Node["kind"], blob: Blob): Node {
  return { blob, kind, entries: [], platform: null };
}

function layerOf(growth: Growth): Node {
  const type = growth.docker ? DOCKER_LAYER : OCI_LAYER;
  if (growth.dice.chance(0.3)) return leaf("layer", blobOf(type, EMPTY));
  growth.count += 1;
  const size = growth.dice.pick([10, 500, 3000, 3000, 150_000]);
  return leaf("layer", blobOf(type, `layer ${growth.count} of ${growth.word} `.padEnd(size, "x")));
}

function imageOf(growth: Growth, platform: LabPlatform): Node {
  const layers = Array.from({ length: growth.dice.below(5) }, () => layerOf(growth));
  growth.count += 1;
  const [configType, mediaType] = growth.docker ? [DOCKER_CONFIG, DOCKER_MANIFEST] : [OCI_CONFIG, OCI_MANIFEST];
  const diffIds = layers.map((each) => digestOf(each.blob.bytes));
  const comment = `image ${growth.count} of ${growth.word}`;
  const config = leaf(
    "config",
    documentOf(configType, { ...platform, comment, rootfs: { type: "layers", diff_ids: diffIds } }),
  );
  const document = {
    schemaVersion: 2,
    ...(growth.docker || growth.dice.chance(0.5) ? { mediaType } : {}),
    config: descriptorOf(config.blob),
    layers: layers.map((each) => descriptorOf(each.blob)),
  };
  const entries = [config, ...layers].map((node) => ({ node, platform: null }));
  return { blob: documentOf(mediaType, document), kind: "image", entries, platform };
}

/** An entry whose media type nobody knows: it is asked for as a manifest, and not looked into. */
function unknownOf(growth: Growth): Node {
  growth.count += 1;
  return leaf("unknown", documentOf("application/vnd.example.thing.v1+json", { thing: growth.count, of: growth.word }));
}

function entryOf(growth: Growth, depth: number): Entry {
  const { dice } = growth;
  const kind = dice.pick(["image", "image", "image", "attestation", "attestation", "unknown", "index"]);
  if (kind === "index" && depth < 3) return { node: indexOf(growth, depth + 1), platform: null };
  if (kind === "unknown" && !growth.docker) return { node: unknownOf(growth), platform: null };
  const platform = kind === "attestation" ? NOWHERE : dice.pick(PLATFORMS);
  return { node: imageOf(growth, platform), platform };
}

function indexOf(growth: Growth, depth: number): Node {
  const { dice } = growth;
  const entries = Array.from({ length: dice.below(5) + (depth === 0 ? 1 : 0) }, () => entryOf(growth, depth));
  // the same child under the same name, or under another one
  for (const each of dice.some(entries, 0.15)) {
    entries.push(
      dice.chance(0.5) ? each : { ...each, platform: each.node.kind === "image" ? dice.pick(PLATFORMS) : null },
    );
  }
  const mediaType = growth.docker ? DOCKER_LIST : OCI_INDEX;
  return indexFrom(entries, mediaType, dice.chance(0.5) || growth.docker, {});
}

function indexFrom(entries: readonly Entry[], mediaType: string, named: boolean, annotations: object): Node {
  const manifests = entries.map(({ node, platform }) => ({
    ...descriptorOf(node.blob),
    ...(platform === null ? {} : { platform }),
  }));
  const document = { schemaVersion: 2, ...(named ? { mediaType } : {}), manifests, ...annotations };
  return { blob: documentOf(mediaType, document), kind: "index", entries, platform: null };
}

function schema1Of(growth: Growth): Node {
  const steps = Array.from({ length: 1 + growth.dice.below(3) }, (_, at) => ({
    command: `step ${at}`,
    layer: oldLayer("file", `${growth.word} ${growth.dice.pick(["a", "b"])}`),
  }));
  const image = makeSchema1("old", growth.word, steps);
  const bytes = Buffer.from(image.body("lab"));
  const blob = {
    mediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws",
    digest: image.digest,
    size: bytes.length,
    bytes,
  };
  const entries = image.layers
    .filter((layer) => bytes.includes(layer.digest))
    .map((layer) => ({ node: leaf("layer", layer), platform: null }));
  return { blob, kind: "schema1", entries, platform: { os: "linux", architecture: "amd64" } };
}

/** A random artifact: the same seed and word give the same bytes, another word the same shape with other bytes. */
export function growArtifact(seed: number, kind: RootKind, word: string): Node {
  const throws = dice(seed);
  const growth = { dice: throws, word, docker: throws.chance(0.3), count: 0 };
  if (kind === "index") return indexOf(growth, 0);
  return kind === "image" ? imageOf(growth, throws.pick(PLATFORMS)) : schema1Of(growth);
}

/** An index of the same entries with another digest. */
export function republished(root: Node): Node {
  return indexFrom(root.entries, root.blob.mediaType, true, { annotations: { republished: "yes" } });
}

/** Everything, each digest once. */
export function nodesOf(root: Node): Node[] {
  const found = new Map<string, Node>();
  const open = (node: Node): void => {
    if (found.has(node.blob.digest)) return;
    found.set(node.blob.digest, node);
    node.entries.forEach((entry) => open(entry.node));
  };
  open(root);
  return [...found.values()];
}

export function isDocument({ kind }: Node): boolean {
  return kind === "index" || kind === "image" || kind === "schema1";
}
