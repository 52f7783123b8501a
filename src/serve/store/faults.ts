import { errnoOf, quoted } from "../../durable.ts";
import { FULL_DISK_HINT, messageOf, Tofu3Error, visible, type ErrorCode } from "../../errors.ts";

const ELSEWHERE = "serve.store of the configuration names another folder for the store";

const MEANING: Readonly<Record<string, readonly [code: ErrorCode, what: string, hint: string]>> = {
  ENOSPC: ["E_DISK", "the disk is full", FULL_DISK_HINT],
  EDQUOT: ["E_DISK", "the disk quota is used up", FULL_DISK_HINT],
  EIO: ["E_DISK", "the disk reports a fault", "check the disk (dmesg, smartctl)"],
  EROFS: ["E_DISK", "the file system is read-only", ELSEWHERE],
  EMFILE: ["E_DISK", "too many open files", "raise the limit with ulimit -n"],
  ENFILE: ["E_DISK", "too many open files", "close other programs"],
  EACCES: ["E_STORE", "permission denied", "run it as the owner of the store"],
  EPERM: ["E_STORE", "the file system does not permit it", ELSEWHERE],
  ELOOP: ["E_STORE", "a symbolic link is where none belongs", "remove it: nothing in a store is a link"],
  ENOTDIR: ["E_STORE", "something is where a folder belongs", "remove it, and start again"],
  EEXIST: ["E_STORE", "something is where a folder belongs", "remove it, and start again"],
  EISDIR: ["E_STORE", "a folder is where a file belongs", "remove it, and start again"],
  ENOENT: ["E_STORE", "it is gone", "somebody else removes things from this store"],
};

/** E_STORE; `doing` is a clause such as `cannot open the store "/x"`. */
export function storeFault(doing: string, what: string, hint = ELSEWHERE, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_STORE", `${doing}: ${what}`, { hint, cause });
}

/** A system error as E_DISK or E_STORE; any other unchanged. `verb` is such as `write`. */
export function diskFault(verb: string, path: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === null) return error;
  const [code, what, hint] = MEANING[errno] ?? ["E_STORE", visible(messageOf(error)), ELSEWHERE];
  return new Tofu3Error(code, `cannot ${verb} ${quoted(path)}: ${what}`, { hint, cause: error });
}

/** Runs `work`, with system errors in plain words. Throws E_DISK or E_STORE. */
export async function onStore<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskFault(verb, path, error);
  }
}
