import type { FileHandle } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { Tofu3Error } from "../../errors.ts";

/** What all answers under way share; no less than 128 KiB, below which a large blob takes longer than it need. */
const SHARED = 16 * 1024 * 1024;
const LEAST = 128 * 1024;
const MOST = 1024 * 1024;
let answers = 0;

/**
 * Writes `length` bytes of the file from `first` on, no faster than the client takes them. Rejects when the client goes
 * away, which `signal` tells, and for a file that ends too soon.
 * Not a stream of the file, which would have a new buffer for each chunk.
 */
export async function pour(
  handle: FileHandle,
  { first, length }: { readonly first: number; readonly length: number },
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  answers += 1;
  try {
    const size = Math.min(length, Math.max(LEAST, Math.min(MOST, SHARED / 2 / answers)));
    await copy(handle, { first, length }, writerOf(response, signal), Math.floor(size));
  } finally {
    answers -= 1;
  }
}

/** While one buffer is on its way to the client, the other is read into. */
async function copy(
  handle: FileHandle,
  { first, length }: { readonly first: number; readonly length: number },
  write: (chunk: Buffer) => Promise<void>,
  size: number,
): Promise<void> {
  const buffers = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(length > size ? size : 0)] as const;
  let written = Promise.resolve();
  for (let done = 0, turn = 0; done < length; turn++) {
    const buffer = buffers[turn % 2 === 0 ? 0 : 1];
    const wanted = Math.min(buffer.length, length - done);
    const reading = handle.read(buffer, 0, wanted, first + done);
    // the one that fails first is thrown; the other must not be left without anybody who looks
    const [{ bytesRead }] = await Promise.all([reading, written]);
    if (bytesRead === 0) throw new Tofu3Error("E_BUG", "a stored file is shorter than it was when it was hashed");
    done += bytesRead;
    written = write(buffer.subarray(0, bytesRead));
    written.catch(() => undefined);
  }
  await written;
}

/** Resolves once the chunk was taken, rejects as soon as the client is gone. */
function writerOf(response: ServerResponse, signal: AbortSignal): (chunk: Buffer) => Promise<void> {
  let giveUp: (reason: unknown) => void = () => undefined;
  signal.addEventListener("abort", () => giveUp(signal.reason), { once: true });
  return async (chunk) => {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      giveUp = reject;
      response.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  };
}
