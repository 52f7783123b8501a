import type { Stats } from "node:fs";
import { lstat, rename } from "node:fs/promises";
import { permit } from "../../durable.ts";
import { checked, drain, openKept, readChunks, tampered, type Expected } from "./kept.ts";
import type { Quarantine } from "./quarantine.ts";

/** Which file it is, whatever its name. */
export type FileIdentity = Pick<Stats, "dev" | "ino">;

export function isSame(one: FileIdentity, other: FileIdentity): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

/**
 * Makes a quarantined file durable, sets its mode, hashes it once more (unless that was done and nothing changed it
 * since), and moves it to `path`, on the same file system. Compares its identity after the move: the file hashed is the
 * file moved. Returns that identity. Throws E_RELEASE.
 */
export async function moveKept(
  quarantine: Quarantine,
  expected: Expected,
  to: { readonly path: string; readonly mode: number },
  signal: AbortSignal,
): Promise<FileIdentity> {
  const from = quarantine.blob(expected.digest);
  const handle = await openKept(from, quarantine.uid, expected);
  try {
    const rechecked = await quarantine.isRechecked(handle, expected.digest, signal);
    signal.throwIfAborted();
    await permit(handle, to.mode);
    await handle.sync();
    if (!rechecked) await drain(checked(readChunks(handle, true, signal), expected));
    await rename(from, to.path);
    const hashed = await handle.stat();
    if (!isSame(hashed, await lstat(to.path))) throw tampered(expected.digest, "was replaced while it was hashed");
    return hashed;
  } finally {
    await handle.close();
  }
}
