import { once } from "node:events";
import { dirname } from "node:path";
import { pack as openPack, type Header, type Pack } from "tar-stream";
import { createFile, permit } from "../../durable.ts";
import { checkRoom } from "./room.ts";

const BLOCK = 512;

/** One member. A directory if it has no `bytes`. */
export interface TarEntry {
  readonly name: string;
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array> | null;
}

/**
 * Writes a reproducible tar: no times, no owners, fixed modes. POSIX ustar, with pax headers only where a name or size
 * needs one. Streams, so memory use does not depend on entry sizes. Synced to disk on return.
 */
export async function writeTar(
  path: string,
  mode: number,
  entries: readonly TarEntry[],
  signal: AbortSignal,
): Promise<void> {
  await checkRoom(dirname(path), sizeOf(entries));
  const handle = await createFile(path);
  const pack = openPack();
  pack.on("error", () => undefined);
  try {
    const fill = fillPack(pack, entries, signal);
    fill.catch((error: unknown) => pack.destroy(error instanceof Error ? error : new Error(String(error))));
    for await (const chunk of pack as AsyncIterable<Uint8Array>) await handle.writeFile(chunk);
    await fill;
    await permit(handle, mode);
    await handle.sync();
  } catch (error) {
    pack.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    await handle.close();
  }
}

/** Size of the tar without the pax headers for very long names and sizes. */
function sizeOf(entries: readonly TarEntry[]): number {
  return entries.reduce((sum, { size }) => sum + BLOCK + Math.ceil(size / BLOCK) * BLOCK, 2 * BLOCK);
}

async function fillPack(pack: Pack, entries: readonly TarEntry[], signal: AbortSignal): Promise<void> {
  for (const entry of entries) {
    signal.throwIfAborted();
    await fillEntry(pack, entry);
  }
  pack.finalize();
}

async function fillEntry(pack: Pack, { name, size, bytes }: TarEntry): Promise<void> {
  const owner = { uid: 0, gid: 0, uname: "", gname: "", mtime: new Date(0) };
  const header: Partial<Header> & Pick<Header, "name"> =
    bytes === null
      ? { name, type: "directory", mode: 0o755, ...owner }
      : { name, size, type: "file", mode: 0o644, ...owner };
  const { promise, resolve, reject } = withResolvers();
  const sink = pack.entry(header, (error) => (error == null ? resolve() : reject(error)));
  promise.catch(() => undefined);
  // it also emits the error that it passes to the callback, and an error without a listener would crash the process
  sink.on("error", () => undefined);
  if (bytes !== null) await pump(bytes, sink, promise);
  await promise;
}

async function pump(
  bytes: AsyncIterable<Uint8Array>,
  sink: ReturnType<Pack["entry"]>,
  ended: Promise<void>,
): Promise<void> {
  for await (const chunk of bytes) if (!sink.write(chunk)) await Promise.race([once(sink, "drain"), ended]);
  sink.end(undefined);
}

/** Promise.withResolvers is not in Node 20. */
function withResolvers() {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** An entry with in-memory content. */
export function smallEntry(name: string, content: string | Uint8Array): TarEntry {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { name, size: bytes.length, bytes: alone(bytes) };
}

// eslint-disable-next-line @typescript-eslint/require-await -- an iterable of one
async function* alone(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
