import type { FileHandle } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { Digest } from "../../oci/digest.ts";
import { checked, drain, openKept, readChunks, type Expected } from "./kept.ts";

/** Files of at least so many bytes are worth a start before the verdict. */
const LARGE = 1024 * 1024;
/** The time of a file tells of no second change within one tick of the kernel's clock. */
const TICK_MS = 50;

/** The second reading of large files, begun while other workers are still at work. */
export interface Rechecks {
  /** The file at `path` is complete. Never throws: what is wrong with it comes out at the release. */
  begin(path: string, expected: Expected): void;
  /** Whether the file behind `handle` was read again and hashed to `digest`, and is the same and unchanged since. Waits for a reading under way. */
  covers(handle: FileHandle, digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** Ends what is under way. */
  end(): Promise<void>;
}

/** For files that belong to `uid`. */
export function createRechecks(uid: number): Rechecks {
  const stamps = new Map<Digest, Promise<string | null>>();
  const ended = new AbortController();
  const stop = (): void => ended.abort();
  // one after the other: it is the processor that they need
  let last: Promise<unknown> = Promise.resolve();

  async function recheck(path: string, expected: Expected): Promise<string> {
    await setTimeout(TICK_MS, undefined, { signal: ended.signal });
    const before = last;
    const work = before.then(() => stampOf(path, uid, expected, ended.signal));
    last = work.catch(() => undefined);
    return work;
  }

  return {
    begin: (path, expected) => {
      if (expected.size === null || expected.size < LARGE || stamps.has(expected.digest)) return;
      stamps.set(
        expected.digest,
        recheck(path, expected).catch(() => null),
      );
    },
    covers: async (handle, digest, signal) => {
      signal.addEventListener("abort", stop, { once: true });
      const stamp = await stamps.get(digest);
      signal.removeEventListener("abort", stop);
      return stamp !== undefined && stamp !== null && stamp === (await stampNow(handle));
    },
    end: async () => {
      stop();
      await Promise.all(stamps.values());
    },
  };
}

/** Brings the file to the disk, reads and hashes it; what was true of it from before the first byte to after the last. Throws when it is not as expected, or changes. */
async function stampOf(path: string, uid: number, expected: Expected, signal: AbortSignal): Promise<string> {
  const handle = await openKept(path, uid, expected);
  try {
    await handle.sync();
    const stamp = await stampNow(handle);
    await drain(checked(readChunks(handle, true, signal), expected));
    return stamp;
  } finally {
    await handle.close();
  }
}

/** Every change of the bytes or of the inode of a file changes its ctime, which nobody can set. */
async function stampNow(handle: FileHandle): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}
