import { errnoOf, quoted } from "../durable.ts";
import { FULL_DISK_HINT, messageOf, Tofu3Error, visible } from "../errors.ts";
import type { Broken } from "./chain.ts";

const ELSEWHERE = "policy.ledger of the configuration names another place for the ledger";

const MEANING: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ["the disk is full", FULL_DISK_HINT],
  EDQUOT: ["the disk quota is used up", FULL_DISK_HINT],
  EFBIG: ["the file is too large for this file system", ELSEWHERE],
  EIO: ["the disk reports a fault", "check the disk (dmesg, smartctl)"],
  EROFS: ["the file system is read-only", ELSEWHERE],
  EACCES: ["permission denied", ELSEWHERE],
  EPERM: ["the file system does not permit it", ELSEWHERE],
  EISDIR: ["it is a folder, not a file", ELSEWHERE],
  ENOTDIR: ["a part of its path is not a folder", ELSEWHERE],
  EEXIST: ["something is in the way that is not a folder", ELSEWHERE],
  ELOOP: ["its symbolic links lead in a circle", ELSEWHERE],
  ENOENT: ["a part of its path is gone", "it was moved while tofu3 worked; run it again"],
  ENAMETOOLONG: ["its name is too long", ELSEWHERE],
  EMFILE: ["too many open files", "raise the limit with ulimit -n"],
  ENFILE: ["too many open files", "close other programs"],
};

/** E_LEDGER for a file of the ledger; `doing` is a clause such as `cannot read the ledger "/x"`. */
export function fault(doing: string, what: string, hint = ELSEWHERE, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_LEDGER", `${doing}: ${what}`, { hint, cause });
}

/** Runs `work`, with system errors in plain words; everything else passes unchanged. */
export async function onLedger<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    const [what, hint] = MEANING[errno] ?? [visible(messageOf(error)), ELSEWHERE];
    throw fault(`cannot ${verb} ${quoted(path)}`, what, hint, error);
  }
}

/** For a chain that does not hold: nothing is appended to it. */
export function brokenFault(path: string, { line, why }: Broken): Tofu3Error {
  return fault(
    `the ledger ${quoted(path)} does not hold, and nothing is added to it`,
    `line ${line}: ${visible(why)}`,
    "tofu3 history --check; once you know why, move the file away to begin a new ledger",
  );
}
