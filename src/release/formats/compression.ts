import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import * as zlib from "node:zlib";
import { Decompress } from "fzstd";
import { zstdPieces } from "./zstdpieces.ts";

export type Compression = "gzip" | "zstd" | "none";

/** How long decoding may block the event loop. */
const PATIENCE_MS = 20;

export async function sniffCompression(handle: FileHandle): Promise<Compression> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  return compressionOf(buffer.subarray(0, bytesRead));
}

/**
 * By magic number, as every tool that loads layers does; their media types are often wrong. RFC 1952 §2.3.1, RFC 8878
 * §3.1
 */
export function compressionOf(content: Uint8Array): Compression {
  const magic = Buffer.from(content.subarray(0, 4)).toString("hex");
  if (magic.startsWith("1f8b")) return "gzip";
  return magic === "28b52ffd" || /^5.2a4d18$/.test(magic) ? "zstd" : "none";
}

/** The uncompressed layer as a stream. Throws the decompressor's error if the content is damaged. */
export function expand(source: AsyncIterable<Uint8Array>, compression: Compression): AsyncIterable<Uint8Array> {
  switch (compression) {
    case "none":
      return source;
    case "gzip":
      return through(source, zlib.createGunzip());
    case "zstd":
      return expandZstd(source);
  }
}

/** Prefers Node's own decoder (22.15 and later), which is several times as fast. */
function expandZstd(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const native = "createZstdDecompress" in zlib ? zlib.createZstdDecompress : null;
  return typeof native === "function"
    ? through(source, (native as () => NodeJS.ReadWriteStream)())
    : expandZstdSlowly(source);
}

async function* through(
  source: AsyncIterable<Uint8Array>,
  decoder: NodeJS.ReadWriteStream,
): AsyncGenerator<Uint8Array> {
  const input = Readable.from(source, { objectMode: false });
  input.on("error", (error) => decoder.emit("error", error));
  try {
    for await (const chunk of input.pipe(decoder)) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  } finally {
    input.destroy();
  }
}

/** For each push fzstd emits all of its output at once. */
async function* expandZstdSlowly(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  let since = performance.now();
  const decoder = new Decompress((chunk) => ready.push(chunk));
  for await (const piece of zstdPieces(source)) {
    decoder.push(piece);
    yield* ready;
    ready = [];
    if (performance.now() - since < PATIENCE_MS) continue;
    await setImmediate();
    since = performance.now();
  }
  decoder.push(new Uint8Array(0), true);
  yield* ready;
}
