import { createHash, randomFillSync } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { BOTTLES, pushBottleIndex } from "../lab/bottles.ts";
import { digestOf, tarOf } from "../lab/image.ts";
import { skopeoOptions } from "../lab/push.ts";
import { runTool } from "../lab/processes.ts";
import type { Ground } from "./ground.ts";

const MIB = 1024 * 1024;

/** Layers of random bytes; `5 × 16 KiB` and the like. */
export interface Shape {
  readonly name: string;
  readonly layers: number;
  readonly bytes: number;
}

function* tarPieces(bytes: number): Generator<Buffer> {
  const empty = tarOf(0, "file");
  const header = Buffer.from(empty.subarray(0, 512));
  header.write(`${bytes.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  header.write("        ", 148, "latin1");
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
    "latin1",
  );
  yield header;
  for (let left = bytes; left > 0; left -= MIB) yield randomFillSync(Buffer.alloc(Math.min(left, MIB)));
  yield Buffer.alloc(((512 - (bytes % 512)) % 512) + 1024);
}

/** A tar in a gzip that only stores, so that no tool packs it anew, written piece by piece. */
async function writeLayer(blobs: string, bytes: number): Promise<{ digest: string; size: number; diffId: string }> {
  const [raw, packed] = [createHash("sha256"), createHash("sha256")];
  const tap = (hash: typeof raw): Transform =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
  const file = join(blobs, "new");
  await pipeline(
    Readable.from(tarPieces(bytes)),
    tap(raw),
    createGzip({ level: 0 }),
    tap(packed),
    createWriteStream(file),
  );
  const hex = packed.digest("hex");
  await rename(file, join(blobs, hex));
  return { digest: `sha256:${hex}`, size: (await stat(join(blobs, hex))).size, diffId: `sha256:${raw.digest("hex")}` };
}

async function writeDocument(
  blobs: string,
  mediaType: string,
  value: unknown,
): Promise<{ mediaType: string; digest: string; size: number }> {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = digestOf(bytes);
  await writeFile(join(blobs, digest.slice(7)), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** Runs a program beside the registry, so that filling it does not cross the slow link. */
function besideRegistry(ground: Ground, program: string, args: readonly string[]): Promise<string> {
  const [first = program, ...others] = [...ground.registryPrefix, program, ...args];
  return runTool(first, others);
}

/** Makes an image of this shape and pushes it as `NAME:latest`. */
export async function pushShape(ground: Ground, shape: Shape): Promise<void> {
  const { registry, folder } = ground;
  const layout = join(folder, "image");
  const blobs = join(layout, "blobs/sha256");
  await mkdir(blobs, { recursive: true });
  const made = [];
  for (let layer = 0; layer < shape.layers; layer++) made.push(await writeLayer(blobs, shape.bytes));
  const rootfs = { type: "layers", diff_ids: made.map((each) => each.diffId) };
  const config = await writeDocument(blobs, "application/vnd.oci.image.config.v1+json", {
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs,
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const layers = made.map(({ digest, size }) => ({
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    digest,
    size,
  }));
  const manifest = await writeDocument(blobs, mediaType, { schemaVersion: 2, mediaType, config, layers });
  await writeFile(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { "org.opencontainers.image.ref.name": "latest" };
  await writeFile(
    join(layout, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  await besideRegistry(ground, "skopeo", [
    "copy",
    "-q",
    "--preserve-digests",
    ...(await skopeoOptions(registry, "dest")),
    `oci:${layout}:latest`,
    `docker://${registry.host}/${shape.name}:latest`,
  ]);
  await rm(layout, { recursive: true, force: true });
}

/** Where `pushBottles` puts them. */
export const BOTTLES_NAME = "homebrew/core/bottles";

/** Pushes the index of a formula with six bottles of 3 MiB. Not for a registry in a namespace. */
export async function pushBottles({ registry }: Ground): Promise<void> {
  const bottles = BOTTLES.map((bottle) => ({ ...bottle, content: 3 * MIB }));
  await pushBottleIndex(registry, { formula: "bottles", version: "latest", bottles });
}

/** Pushes `count` manifests `pins:0`, `pins:1`, … that share one layer. */
export async function pushPins(ground: Ground, count: number): Promise<void> {
  const { registry, folder } = ground;
  await pushShape(ground, { name: "pins", layers: 1, bytes: 600 });
  const authority = registry.caFile === null ? [] : ["--cacert", registry.caFile];
  const manifest = await besideRegistry(ground, "curl", [
    "-sf",
    ...authority,
    "-H",
    "Accept: application/vnd.oci.image.manifest.v1+json",
    `${registry.url}/v2/pins/manifests/latest`,
  ]);
  const lines = [];
  for (let pin = 0; pin < count; pin++) {
    const file = join(folder, `pin${pin}`);
    await writeFile(file, JSON.stringify({ ...(JSON.parse(manifest) as object), annotations: { pin: String(pin) } }));
    lines.push(
      `url = "${registry.url}/v2/pins/manifests/${pin}"`,
      `upload-file = "${file}"`,
      'header = "Content-Type: application/vnd.oci.image.manifest.v1+json"',
      "fail",
      "silent",
      ...authority.slice(1).map((ca) => `cacert = "${ca}"`),
      "next",
    );
  }
  const config = join(folder, "pins.curl");
  await writeFile(config, lines.slice(0, -1).join("\n"));
  await besideRegistry(ground, "curl", ["-K", config]);
  await Promise.all(Array.from({ length: count }, (_, pin) => rm(join(folder, `pin${pin}`))));
}
