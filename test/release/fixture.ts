import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { pack as openPack } from "tar-stream";
import type { Role, SeenObject } from "../../src/model/observation.ts";
import { parseDigest, type Digest } from "../../src/oci/digest.ts";
import type { Reference } from "../../src/oci/reference.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Quarantine } from "../../src/release/quarantine/quarantine.ts";

/** An artifact as the workers agreed on it, with the bytes that the local one kept. */
export interface Artifact {
  readonly reference: Reference;
  readonly objects: readonly SeenObject[];
  readonly bytes: ReadonlyMap<Digest, Uint8Array>;
}

export interface Piece {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export interface LayerPiece extends Piece {
  readonly mediaType: string;
  readonly diffId: string;
  readonly annotations?: Record<string, string>;
}

export const OCI = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  empty: "application/vnd.oci.empty.v1+json",
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  tar: "application/vnd.oci.image.layer.v1.tar",
};

export const DOCKER = {
  list: "application/vnd.docker.distribution.manifest.list.v2+json",
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  config: "application/vnd.docker.container.image.v1+json",
  gzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
};

export function sha(bytes: Uint8Array | string, algorithm = "sha256"): Digest {
  return parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`);
}

export function piece(content: Uint8Array | string, algorithm = "sha256"): Piece {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { digest: sha(bytes, algorithm), bytes };
}

/** A tar with these files. */
export async function tarOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<Buffer> {
  const pack = openPack();
  for (const [name, content] of Object.entries(files)) pack.entry({ name, mtime: new Date(0) }, Buffer.from(content));
  pack.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of pack as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function gzipLayer(
  files: Readonly<Record<string, string | Uint8Array>>,
  mediaType = OCI.gzip,
): Promise<LayerPiece> {
  const tar = await tarOf(files);
  return { ...piece(gzipSync(tar)), mediaType, diffId: sha(tar) };
}

export function layerFrom(compressed: Uint8Array, tar: Uint8Array, mediaType: string): LayerPiece {
  return { ...piece(compressed), mediaType, diffId: sha(tar) };
}

export interface ImageWords {
  readonly media?: { readonly manifest: string; readonly config: string };
  readonly config?: Readonly<Record<string, unknown>>;
  readonly configText?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly algorithm?: string;
}

export interface ImagePieces {
  readonly manifest: Piece & { readonly mediaType: string };
  readonly config: Piece & { readonly mediaType: string };
  readonly layers: readonly LayerPiece[];
}

/** A manifest with its config. */
export function image(layers: readonly LayerPiece[], words: ImageWords = {}): ImagePieces {
  const media = words.media ?? { manifest: OCI.manifest, config: OCI.config };
  const config = {
    architecture: "amd64",
    config: { Cmd: ["/bin/true"], Env: ["PATH=/bin"] },
    created: "2024-05-14T05:23:11Z",
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map((_, place) => ({ created: "2024-05-14T05:23:11Z", created_by: `layer ${place}` })),
    ...words.config,
  };
  const configPiece = piece(words.configText ?? JSON.stringify(config), words.algorithm);
  const manifest = {
    schemaVersion: 2,
    mediaType: media.manifest,
    ...(words.artifactType === undefined ? {} : { artifactType: words.artifactType }),
    config: { mediaType: media.config, digest: configPiece.digest, size: configPiece.bytes.length },
    layers: layers.map(({ mediaType, digest, bytes, annotations }) => ({
      mediaType,
      digest,
      size: bytes.length,
      ...(annotations === undefined ? {} : { annotations }),
    })),
    ...(words.annotations === undefined ? {} : { annotations: words.annotations }),
  };
  return {
    manifest: { ...piece(JSON.stringify(manifest, null, 2), words.algorithm), mediaType: media.manifest },
    config: { ...configPiece, mediaType: media.config },
    layers,
  };
}

interface Seat {
  readonly parent: Digest | null;
  readonly position: number;
  readonly platform?: string | null;
  readonly osVersion?: string | null;
  readonly annotations?: Readonly<Record<string, string>>;
}

function seen(role: Role, { digest, bytes }: Piece, mediaType: string, seat: Seat): SeenObject {
  const { parent, position, platform = null, osVersion = null, annotations = {} } = seat;
  return {
    role,
    digest,
    computed: digest,
    size: bytes.length,
    declaredSize: bytes.length,
    mediaType,
    parent,
    position,
    platform,
    osVersion,
    annotations,
  };
}

function seenImage(pieces: ImagePieces, seat: Seat): SeenObject[] {
  const { manifest, config, layers } = pieces;
  const below = { parent: manifest.digest, platform: seat.platform ?? null, osVersion: seat.osVersion ?? null };
  return [
    seen("manifest", manifest, manifest.mediaType, seat),
    seen("config", config, config.mediaType, { ...below, position: 0 }),
    ...layers.map((layer, position) => seen("layer", layer, layer.mediaType, { ...below, position })),
  ];
}

function bytesOfImage({ manifest, config, layers }: ImagePieces): [Digest, Uint8Array][] {
  return [manifest, config, ...layers].map(({ digest, bytes }) => [digest, bytes]);
}

export function single(reference: string, pieces: ImagePieces): Artifact {
  return {
    reference: parseReference(reference),
    objects: seenImage(pieces, { parent: null, position: 0 }),
    bytes: new Map(bytesOfImage(pieces)),
  };
}

export interface Entry {
  readonly image: ImagePieces;
  readonly platform: Readonly<Record<string, string>> | null;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An index; `selected` says which entries were fetched, all of them when it is left out. */
export function index(
  reference: string,
  entries: readonly Entry[],
  words: { selected?: readonly number[]; annotations?: Record<string, string>; mediaType?: string } = {},
): Artifact {
  const mediaType = words.mediaType ?? OCI.index;
  const document = {
    schemaVersion: 2,
    ...(words.mediaType === undefined ? {} : { mediaType }),
    manifests: entries.map(({ image: { manifest }, platform, annotations }) => ({
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      size: manifest.bytes.length,
      ...(platform === null ? {} : { platform }),
      ...(annotations === undefined ? {} : { annotations }),
    })),
    ...(words.annotations === undefined ? {} : { annotations: words.annotations }),
  };
  const root = piece(JSON.stringify(document, null, 3));
  const objects = [seen("index", root, mediaType, { parent: null, position: 0 })];
  const bytes = new Map<Digest, Uint8Array>([[root.digest, root.bytes]]);
  for (const [position, { image: pieces, platform, annotations = {} }] of entries.entries()) {
    if (words.selected?.includes(position) === false) continue;
    const name = platform === null ? null : `${platform["os"] ?? ""}/${platform["architecture"] ?? ""}`;
    objects.push(
      ...seenImage(pieces, {
        parent: root.digest,
        position,
        platform: name,
        osVersion: platform?.["os.version"] ?? null,
        annotations,
      }),
    );
    for (const [digest, content] of bytesOfImage(pieces)) bytes.set(digest, content);
  }
  return { reference: parseReference(reference), objects, bytes };
}

export interface V1Entry {
  readonly layer: LayerPiece;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A signed schema 1 manifest (the signature is none); entries with the base first, ids are made up of their place. */
export function schema1(reference: string, entries: readonly V1Entry[], nonce = "a"): Artifact {
  const ids = entries.map((_, place) => sha(`id ${place}`).slice(7));
  const history = entries.map(({ fields }, place) => ({
    v1Compatibility: JSON.stringify({ id: ids[place], ...(place === 0 ? {} : { parent: ids[place - 1] }), ...fields }),
  }));
  const payload = JSON.stringify(
    {
      schemaVersion: 1,
      name: "library/old",
      tag: "1",
      architecture: "amd64",
      fsLayers: entries.map(({ layer }) => ({ blobSum: layer.digest })).reverse(),
      history: history.reverse(),
    },
    null,
    3,
  );
  const head = payload.slice(0, -2);
  const part = (value: unknown) =>
    Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
  const signature = {
    header: { jwk: { kty: "EC", crv: "P-256", kid: nonce, x: "x", y: "y" }, alg: "ES256" },
    signature: part(`none ${nonce}`),
    protected: part({ formatLength: head.length, formatTail: part("\n}"), time: "2024-05-14T05:23:11Z" }),
  };
  const body = Buffer.from(`${head},\n   "signatures": ${JSON.stringify([signature])}\n}`);
  const digest = sha(payload);
  const mediaType = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  const layerType = "application/vnd.docker.container.image.rootfs.diff+x-gtar";
  const layers = [...entries]
    .reverse()
    .map(({ layer }, position) => seen("layer", layer, layerType, { parent: digest, position }));
  return {
    reference: parseReference(reference),
    objects: [seen("manifest", { digest, bytes: body }, mediaType, { parent: null, position: 0 }), ...layers],
    bytes: new Map<Digest, Uint8Array>([
      [digest, body],
      ...entries.map(({ layer }): [Digest, Uint8Array] => [layer.digest, layer.bytes]),
    ]),
  };
}

/** Puts everything into the quarantine as the local worker would. */
export async function fill(quarantine: Quarantine, artifact: Artifact): Promise<void> {
  for (const object of artifact.objects) {
    const bytes = artifact.bytes.get(object.digest);
    if (bytes === undefined) throw new Error(`no bytes for ${object.digest}`);
    if (object.role === "index" || object.role === "manifest") await quarantine.document(object.digest, bytes);
    else await writeFile(quarantine.blob(object.digest), bytes, { mode: 0o600 });
  }
}
