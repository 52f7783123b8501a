import type { FileHandle } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { Digest } from "../../oci/digest.ts";
import { checked, drain, openKept, readChunks, type Expected } from "./kept.ts";

/** From this size in bytes a file is worth rechecking before the verdict. */
const LARGE = 1024 * 1024;
/** Timestamps cannot show a second change within one tick of the kernel's clock. */
const TICK_MS = 50;

/** Rereads large files while other workers are still busy. */
export interface Rechecks {
  /** The file at `path` is complete. Never throws: faults surface at the release. */
  begin(path: string, expected: Expected): void;
  /**
   * Whether the file behind `handle` was reread, hashed to `digest`, and has not changed since. Waits for a reread in
   * progress.
   */
  covers(handle: FileHandle, digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** Stops a reread in progress. */
  end(): Promise<void>;
}

/** For files owned by `uid`. */
export function createRechecks(uid: number): Rechecks {
  const stamps = new Map<Digest, Promise<string | null>>();
  const ended = new AbortController();
  const stop = (): void => ended.abort();
  // one after another: they compete for the CPU
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

/**
 * Syncs the file to disk, reads and hashes it. Returns the stamp that held from before the first byte to after the
 * last. Throws if the file is not as expected, or changes.
 */
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

/** Any change to a file's bytes or inode changes its ctime, which no one can set. */
async function stampNow(handle: FileHandle): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}
