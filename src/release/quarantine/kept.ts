import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { Tofu3Error } from "../../errors.ts";
import { algorithmOf, parseDigest, type Algorithm, type Digest } from "../../oci/digest.ts";

/** A blob or document as all workers agreed on it. */
export interface Expected {
  readonly digest: Digest;
  /** In bytes; null if not agreed on (the signatures of Docker schema 1 may differ). */
  readonly size: number | null;
}

/** Bytes per read. */
const CHUNK = 1 << 18;

/**
 * Opens a quarantined file for reading and checks the open file, not its name: a regular file, with one link, owned by
 * this user, of the agreed size. Throws E_RELEASE. The caller closes it.
 */
export async function openKept(path: string, uid: number, expected: Expected): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const found = await handle.stat();
  const wrong = !found.isFile()
    ? "is not a regular file"
    : found.nlink !== 1
      ? `has ${found.nlink} names`
      : found.uid !== uid
        ? "belongs to another user"
        : expected.size !== null && found.size !== expected.size
          ? `has ${found.size} bytes instead of the agreed ${expected.size}`
          : null;
  if (wrong === null) return handle;
  await handle.close();
  throw tampered(expected.digest, wrong);
}

/** Reads one chunk ahead. With `reuse`, a chunk is valid only until the next one is requested. */
export async function* readChunks(handle: FileHandle, reuse: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const length = Math.min(CHUNK, (await handle.stat()).size + 1);
  const fresh = () => Buffer.allocUnsafeSlow(length);
  let [next, other] = [fresh(), fresh()];
  let position = 0;
  let pending = handle.read(next, 0, length, position);
  for (;;) {
    const { bytesRead, buffer } = await pending;
    if (bytesRead === 0) return;
    signal.throwIfAborted();
    position += bytesRead;
    [next, other] = reuse ? [other, next] : [fresh(), other];
    pending = handle.read(next, 0, length, position);
    pending.catch(() => undefined);
    yield buffer.subarray(0, bytesRead);
  }
}

/** Passes bytes through; throws E_RELEASE at the end if they are not the agreed ones. */
export async function* checked(source: AsyncIterable<Uint8Array>, expected: Expected): AsyncGenerator<Uint8Array> {
  const hash = createHash(algorithmOf(expected.digest));
  let size = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    size += chunk.length;
    if (expected.size !== null && size > expected.size)
      throw tampered(expected.digest, `has more than ${expected.size} bytes`);
    yield chunk;
  }
  const computed = parseDigest(`${algorithmOf(expected.digest)}:${hash.digest("hex")}`);
  if (computed !== expected.digest) throw tampered(expected.digest, `now hashes to ${computed}`);
  if (expected.size !== null && size !== expected.size)
    throw tampered(expected.digest, `has ${size} bytes instead of the agreed ${expected.size}`);
}

export async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  const bytes = source[Symbol.asyncIterator]();
  while ((await bytes.next()).done !== true);
}

/** Digest and size of everything yielded. */
export async function measured(
  source: AsyncIterable<Uint8Array>,
  algorithm: Algorithm,
): Promise<{ digest: Digest; size: number }> {
  const hash = createHash(algorithm);
  let size = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: parseDigest(`${algorithm}:${hash.digest("hex")}`), size };
}

/** The quarantined file is no longer what was agreed: something on this machine changed it. */
export function tampered(digest: Digest, what: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_RELEASE", `re-checking the quarantined ${digest} before its release: the file ${what}`, {
    hint: "something on this machine changed it after it was verified: check the disk and who else is on this machine; nothing was released",
    cause,
  });
}
