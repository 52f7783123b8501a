import { FULL_DISK_HINT, messageOf, Tofu3Error, visible, type ErrorCode } from "../errors.ts";
import { errnoOf } from "../durable.ts";

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
