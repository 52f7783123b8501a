import { errnoOf, quoted } from "../durable.ts";
import { FULL_DISK_HINT, messageOf, Tofu3Error, visible, type ErrorCode } from "../errors.ts";

const MEANING: Readonly<Record<string, readonly [code: ErrorCode, what: string, hint: string]>> = {
  ENOSPC: ["E_DISK", "the disk is full", FULL_DISK_HINT],
  EDQUOT: ["E_DISK", "the disk quota is used up", FULL_DISK_HINT],
  EIO: ["E_DISK", "the disk reports a fault", "check the disk (dmesg, smartctl)"],
  EROFS: ["E_DISK", "the file system is read-only", "tofu3 pin --dry-run shows what would be written"],
  EFBIG: ["E_DISK", "the file is too large for this file system", "tofu3 pin --dry-run shows what would be written"],
  EMFILE: ["E_DISK", "too many open files", "raise the limit with ulimit -n"],
  ENFILE: ["E_DISK", "too many open files", "close other programs"],
  EACCES: ["E_PIN", "permission denied, by the file or by its folder", "run it as the owner of both"],
  EPERM: ["E_PIN", "the system does not permit it", 'see what "lsattr" says of it'],
  EBUSY: ["E_PIN", "it is in use", "it is a mount point, which cannot be replaced by a new file"],
  ELOOP: ["E_PIN", "a symbolic link is where a file was", "somebody else writes to this folder; run it again"],
  ENOENT: ["E_PIN", "it is gone", "it was moved while tofu3 worked; run it again"],
  ENOTDIR: ["E_PIN", "a part of its path is not a folder", "it was moved while tofu3 worked; run it again"],
  EISDIR: ["E_PIN", "it is a folder, not a file", "it was replaced while tofu3 worked; run it again"],
  EEXIST: ["E_PIN", "something is there by now", "somebody else writes to this folder; run it again"],
};

/** Why a file cannot be rewritten. */
export function refusal(path: string, what: string, hint: string, code: ErrorCode = "E_PIN"): Tofu3Error {
  return new Tofu3Error(code, `cannot write ${quoted(path)}: ${what}`, { hint });
}

/** Runs `work`, with system errors in plain words; everything else passes unchanged. Throws E_PIN, E_DISK. */
export async function onFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    const [code, what, hint] = MEANING[errno] ?? ["E_PIN", visible(messageOf(error)), "run it again"];
    throw new Tofu3Error(code, `cannot write ${quoted(path)}: ${what}`, { hint, cause: error });
  }
}
