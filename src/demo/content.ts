import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";

export const DEMO_REPOSITORY = "homebrew/core/vim";
export const DEMO_TAG = "9.0.1900";

/** Contents of a registry: documents and blobs by digest, and the index that the tag resolves to. */
export interface Shelf {
  readonly root: string;
  readonly documents: ReadonlyMap<string, { readonly mediaType: string; readonly bytes: Buffer }>;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

/** Order and versions come from a real index; `os.version` is that of the machine that built the bottle. */
const BOTTLES = [
  { tag: "arm64_sonoma", os: "darwin", architecture: "arm64", osVersion: "macOS 14", size: 512 * 1024 },
  { tag: "sonoma", os: "darwin", architecture: "amd64", osVersion: "macOS 14", size: 512 * 1024 },
  { tag: "ventura", os: "darwin", architecture: "amd64", osVersion: "macOS 13.5", size: 512 * 1024 },
  { tag: "monterey", os: "darwin", architecture: "amd64", osVersion: "macOS 12.6", size: 512 * 1024 },
  { tag: "big_sur", os: "darwin", architecture: "amd64", osVersion: "macOS 11.7", size: 512 * 1024 },
  // more than a VM fetches in a batch, so that the demo streams a blob too
  { tag: "x86_64_linux", os: "linux", architecture: "amd64", osVersion: "Ubuntu 22.04.3", size: 5 * 1024 * 1024 },
] as const;

type Bottle = (typeof BOTTLES)[number];

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The same bytes on every machine, independent of clock, zlib version and platform. */
function tarFile(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, "latin1");
  header.write("0000755\0" + "0000000\0" + "0000000\0", 100, "latin1");
  header.write(`${content.length.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0        0`, 124, "latin1");
  header.write("ustar\0" + "00", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function gzip(content: Buffer): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);
  return Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]),
    deflateRawSync(content, { level: 0 }),
    trailer,
  ]);
}

function tarOf(bottle: Bottle, forged: boolean): Buffer {
  const payload = createHash("shake256", { outputLength: bottle.size })
    .update(`vim ${DEMO_TAG} ${bottle.tag}`)
    .digest();
  const program = forged ? "#!/bin/sh\n: one line more than the others see\n" : "#!/bin/sh\n";
  const folder = `vim/${DEMO_TAG}`;
  return Buffer.concat([
    tarFile(`${folder}/bin/vim`, Buffer.from(program)),
    tarFile(`${folder}/share/runtime`, payload),
    Buffer.alloc(1024),
  ]);
}

interface Layer {
  readonly bytes: Buffer;
  readonly digest: string;
  readonly diffId: string;
}

/** Cached: each layer is megabytes of hashing. */
const made = new Map<string, Layer>();

function layerOf(bottle: Bottle, forged: boolean): Layer {
  const key = `${bottle.tag} ${forged}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const tar = tarOf(bottle, forged);
  const bytes = gzip(tar);
  const layer = { bytes, digest: digestOf(bytes), diffId: digestOf(tar) };
  made.set(key, layer);
  return layer;
}

/**
 * A Homebrew index as ghcr.io serves it: no `mediaType` in any document, and several `darwin/amd64` entries that differ
 * only by `os.version`. `forged`: one bottle has other content, with a matching manifest and index, so that every
 * digest is right.
 */
export function stockShelf(forged: boolean): Shelf {
  const documents = new Map<string, { mediaType: string; bytes: Buffer }>();
  const blobs = new Map<string, Buffer>();
  function keep(mediaType: string, value: unknown): { mediaType: string; digest: string; size: number } {
    const bytes = Buffer.from(JSON.stringify(value, null, 2));
    const digest = digestOf(bytes);
    if (mediaType === CONFIG) blobs.set(digest, bytes);
    else documents.set(digest, { mediaType, bytes });
    return { mediaType, digest, size: bytes.length };
  }
  const manifests = BOTTLES.map((bottle) => {
    const { bytes, digest, diffId } = layerOf(bottle, forged && bottle.tag === "big_sur");
    blobs.set(digest, bytes);
    const platform = { architecture: bottle.architecture, os: bottle.os, "os.version": bottle.osVersion };
    const config = keep(CONFIG, { ...platform, rootfs: { type: "layers", diff_ids: [diffId] } });
    const title = { "org.opencontainers.image.title": `vim--${DEMO_TAG}.${bottle.tag}.bottle.tar.gz` };
    const layers = [{ mediaType: LAYER, digest, size: bytes.length, annotations: title }];
    const annotations = {
      "org.opencontainers.image.ref.name": `${DEMO_TAG}.${bottle.tag}`,
      "sh.brew.bottle.digest": digest.slice("sha256:".length),
      "sh.brew.bottle.size": String(bytes.length),
      "sh.brew.tab": JSON.stringify({ homebrew_version: "4.1.11", arch: bottle.architecture }),
    };
    return { ...keep(MANIFEST, { schemaVersion: 2, config, layers, annotations }), platform, annotations };
  });
  const annotations = {
    "com.github.package.type": "homebrew_bottle",
    "org.opencontainers.image.ref.name": DEMO_TAG,
    "org.opencontainers.image.title": DEMO_REPOSITORY,
    "org.opencontainers.image.version": DEMO_TAG,
  };
  return { root: keep(INDEX, { schemaVersion: 2, manifests, annotations }).digest, documents, blobs };
}
