import { constants } from "node:fs";
import { lstat, open, type FileHandle } from "node:fs/promises";
import type { Stats } from "node:fs";
import { constants as osConstants } from "node:os";
import { FULL_DISK_HINT, messageOf, Tofu3Error, visible, type ErrorCode } from "../errors.ts";

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

const MEANING: Readonly<Record<string, readonly [code: ErrorCode, what: string, hint: string]>> = {
  ENOSPC: ["E_DISK", "the disk is full", FULL_DISK_HINT],
  EDQUOT: ["E_DISK", "the disk quota is used up", FULL_DISK_HINT],
  EIO: ["E_DISK", "the disk reports a fault", "check the disk (dmesg, smartctl) and choose another destination"],
  EROFS: ["E_DISK", "the file system is read-only", "choose a destination that can be written to"],
  EFBIG: ["E_DISK", "the file is too large for this file system", "choose a destination on another file system"],
  EMFILE: ["E_DISK", "too many open files", "raise the limit with ulimit -n"],
  ENFILE: ["E_DISK", "too many open files", "close other programs"],
  EACCES: ["E_RELEASE", "permission denied", "choose a destination that you may write to"],
  EPERM: [
    "E_RELEASE",
    "the file system does not permit it",
    "choose a destination on a file system with Unix permissions",
  ],
  EXDEV: ["E_RELEASE", "it is on another file system", "choose a destination that is not itself a mount point"],
  EBUSY: ["E_RELEASE", "it is in use", "choose a destination that is not itself a mount point"],
  EEXIST: ["E_RELEASE", "something is there already", "choose another destination, or add --force to replace it"],
  ENOTEMPTY: ["E_RELEASE", "something is there already", "choose another destination, or add --force to replace it"],
  ENOTDIR: ["E_RELEASE", "something is there already that is not a directory", "choose another destination"],
  EISDIR: ["E_RELEASE", "a directory is there already", "choose another destination"],
  ELOOP: [
    "E_RELEASE",
    "a symbolic link is where a file was expected",
    "somebody else writes to this directory; choose another one",
  ],
  ENOENT: ["E_RELEASE", "it is gone", "the directory was moved or cleaned while tofu3 worked; run it again"],
};

/**
 * A system error in plain words: E_DISK if the disk failed, E_RELEASE if the location did not permit it. `doing` is a
 * clause such as `writing "x.tar"`. Returns any other error unchanged.
 */
export function diskFault(doing: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === null) return error;
  const [code, what, hint] = MEANING[errno] ?? ["E_RELEASE", visible(messageOf(error)), "choose another destination"];
  return new Tofu3Error(code, `${doing}: ${what}`, { hint, cause: error });
}

/** Runs `work`, turning system errors into E_DISK or E_RELEASE. */
export async function onDisk<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskFault(doing, error);
  }
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

/** Sets the mode; ignores file systems without Unix permissions (vfat, exfat). */
export async function permit(handle: FileHandle, mode: number): Promise<void> {
  try {
    await handle.chmod(mode);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(errnoOf(error) ?? "")) throw error;
  }
}
