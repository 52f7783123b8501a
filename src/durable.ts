import { constants, type Stats } from "node:fs";
import { link, lstat, open, rename, rm, statfs, type FileHandle } from "node:fs/promises";
import { constants as osConstants } from "node:os";
import { dirname } from "node:path";
import { visible } from "./errors.ts";

/** The system's error name, such as `ENOSPC`; null for anything that is not a system error. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  if (/^E[A-Z0-9]+$/.test(error.code)) return error.code;
  // libuv has no name for some errors, such as EDQUOT: "Unknown system error -122"
  if (!error.code.startsWith("Unknown system error") || !("errno" in error) || typeof error.errno !== "number")
    return null;
  const number = -error.errno;
  return Object.entries(osConstants.errno).find(([, value]) => value === number)?.[0] ?? "EUNKNOWN";
}

/** Bytes that a file system has left for this user. */
export async function freeBytesAt(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** A path for display. */
export function quoted(path: string): string {
  return `"${visible(path)}"`;
}

/** The status of the path itself, without following symbolic links; null if nothing is there. */
export async function lookAt(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

/**
 * Makes a directory's entries survive a power cut. Ignores file systems that cannot sync a directory (SMB, some FUSE).
 */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (error) {
    if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP", "EBADF", "EPERM"].includes(errnoOf(error) ?? "")) throw error;
  } finally {
    await handle.close();
  }
}

/** Creates a new file, 0600; fails if anything is there. The caller closes it. */
export async function createFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
}

/** Writes a small new file and syncs it to disk. */
export async function writeSmallFile(path: string, text: string | Uint8Array, mode: number): Promise<void> {
  const handle = await createFile(path);
  try {
    await handle.writeFile(text);
    await permit(handle, mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a small file as a whole or not at all, and syncs it to disk. Fails with EEXIST if something is there, unless
 * it `replaces` it.
 */
export async function placeSmallFile(path: string, text: string, mode: number, replaces: boolean): Promise<void> {
  const staged = `${path}.${process.pid}.new`;
  try {
    await writeSmallFile(staged, text, mode);
    await (replaces ? rename(staged, path) : link(staged, path));
  } finally {
    await rm(staged, { force: true });
  }
  await syncDirectory(dirname(path));
}

/** Sets the mode; ignores file systems without Unix permissions (vfat, exfat). */
export async function permit(handle: FileHandle, mode: number): Promise<void> {
  try {
    await handle.chmod(mode);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(errnoOf(error) ?? "")) throw error;
  }
}
