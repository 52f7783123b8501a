import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";

/** Bytes with their digest, as a descriptor names them. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly bytes: Buffer;
}

export interface Image {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Blob[];
}

export interface LabPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly "os.version"?: string;
}

export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
export const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip";

export function digestOf(bytes: Uint8Array, algorithm: "sha256" | "sha512" = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

export function blobOf(
  mediaType: string,
  content: Uint8Array | string,
  algorithm: "sha256" | "sha512" = "sha256",
): Blob {
  const bytes = Buffer.from(content);
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length, bytes };
}

/** A JSON document, two spaces a level. */
export function documentOf(mediaType: string, value: unknown): Blob {
  return blobOf(mediaType, JSON.stringify(value, null, 2));
}

export function descriptorOf(blob: Blob): { mediaType: string; digest: string; size: number } {
  return { mediaType: blob.mediaType, digest: blob.digest, size: blob.size };
}

/** A tar with one file of these bytes (a number: so many random ones). */
export function tarOf(content: Uint8Array | number, name = "file"): Buffer {
  const bytes = typeof content === "number" ? randomBytes(content) : Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, "latin1");
  header.write("0000644\0" + "0000000\0" + "0000000\0", 100, "latin1");
  header.write(`${bytes.length.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0        0`, 124, "latin1");
  header.write("ustar\0" + "00", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512), Buffer.alloc(1024)]);
}

/** A layer as it goes over the wire, and the digest of the tar inside. */
export function makeLayer(content: Uint8Array | number, mediaType = OCI_LAYER): { blob: Blob; diffId: string } {
  const tar = tarOf(content);
  return { blob: blobOf(mediaType, gzipSync(tar, { level: 1 })), diffId: digestOf(tar) };
}

export interface ImageOptions {
  /** Bytes of the file in each layer, or how many random ones. */
  readonly layers: readonly (Uint8Array | number)[];
  readonly platform?: LabPlatform;
  /** Media types of Docker v2 instead of OCI. */
  readonly docker?: boolean;
  /** False: the manifest says no `mediaType`, as ghcr.io's Homebrew manifests do. */
  readonly named?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An image that every registry takes and every tool loads. */
export function makeImage(options: ImageOptions): Image {
  const docker = options.docker === true;
  const made = options.layers.map((content) => makeLayer(content, docker ? DOCKER_LAYER : OCI_LAYER));
  const platform = options.platform ?? { os: "linux", architecture: "amd64" };
  const rootfs = { type: "layers", diff_ids: made.map((each) => each.diffId) };
  const config = documentOf(docker ? DOCKER_CONFIG : OCI_CONFIG, { ...platform, config: {}, rootfs });
  const mediaType = docker ? DOCKER_MANIFEST : OCI_MANIFEST;
  const layers = made.map((each) => each.blob);
  const manifest = documentOf(mediaType, {
    schemaVersion: 2,
    ...(options.named === false ? {} : { mediaType }),
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  });
  return { manifest, config, layers };
}

export interface IndexEntry {
  readonly manifest: Blob;
  readonly platform?: LabPlatform;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An index or, for Docker, a manifest list of these entries. */
export function makeIndex(
  entries: readonly IndexEntry[],
  options: { docker?: boolean; named?: boolean; annotations?: Readonly<Record<string, string>> } = {},
): Blob {
  const mediaType = options.docker === true ? DOCKER_LIST : OCI_INDEX;
  return documentOf(mediaType, {
    schemaVersion: 2,
    ...(options.named === false ? {} : { mediaType }),
    manifests: entries.map(({ manifest, ...others }) => ({ ...descriptorOf(manifest), ...others })),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  });
}
