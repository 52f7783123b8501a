import type { FileHandle } from "node:fs/promises";
import { algorithmOf, digestOf, type Digest } from "../../oci/digest.ts";
import type { Shelf } from "../../release/shelve.ts";
import { diskFault } from "./faults.ts";
import { createHashing, MOST_LOOKS, RESTLESS, type HashingOptions } from "./hashing.ts";
import { isStill, openPlain, stampOf } from "./plainfile.ts";

/** Files on the shelf, given out only while they are those that were hashed. */
export interface Bytes {
  /** Null if it is not what its name says, or not there; then it was dropped. The caller closes it. */
  readonly open: (digest: Digest, signal: AbortSignal) => Promise<FileHandle | null>;
  /** The whole of it; null as above. */
  readonly read: (digest: Digest, signal: AbortSignal) => Promise<Uint8Array | null>;
  readonly landed: Shelf["landed"];
}

export interface BytesOptions extends HashingOptions {
  readonly now: () => Date;
}

export function createBytes(options: BytesOptions): Bytes {
  const { stock, pathOf, drop, now } = options;
  const rehash = createHashing(options);
  return {
    open: async (digest, signal) => {
      for (let look = 0; look < MOST_LOOKS; look++) {
        signal.throwIfAborted();
        const file = await openPlain(pathOf(digest));
        if (typeof file !== "string") {
          if (file.stamp === stock.stampOf(digest)) return file.handle;
          await file.handle.close();
        }
        if (!(await rehash(digest, signal))) return null;
      }
      await drop(digest, RESTLESS);
      return null;
    },
    read: async (digest, signal) => {
      for (let look = 0; look < MOST_LOOKS; look++) {
        signal.throwIfAborted();
        const file = await openPlain(pathOf(digest));
        if (typeof file !== "string") {
          // what was read is what is hashed: its file may look as it likes
          const bytes = await readWhole(file.handle, pathOf(digest));
          if (digestOf(bytes, algorithmOf(digest)) === digest) return bytes;
        }
        if (!(await rehash(digest, signal))) return null;
      }
      await drop(digest, RESTLESS);
      return null;
    },
    landed: async (digest, handle) => {
      const { size } = await handle.stat();
      const stamp = await stampOf(handle);
      stock.put(digest, size, now().getTime());
      if (isStill(pathOf(digest), stamp)) stock.stamp(digest, stamp);
    },
  };
}

async function readWhole(handle: FileHandle, path: string): Promise<Uint8Array> {
  try {
    return await handle.readFile();
  } catch (error) {
    throw diskFault("read", path, error);
  } finally {
    await handle.close();
  }
}
