import type { ErrorCode, USAGE_CODES, WORKER_CODES } from "../errors.ts";
import type { Explanation } from "./explanation.ts";

type KeepingCode = Exclude<ErrorCode, (typeof USAGE_CODES)[number] | (typeof WORKER_CODES)[number]>;

/** This machine: its disk, its ledger, its files, and tofu3 itself. */
export const KEEPING: Readonly<Record<KeepingCode, Explanation>> = {
  E_DISK: {
    title: "the disk of this machine failed or is full",
    where: "While the artifact is fetched (then the local worker has no valid observation), released or reported.",
    cause: "The disk, the quota or the number of open files is used up, or the file system is read-only or broken.",
    cure: "Free some space, or choose a destination on another file system. Nothing was released, and nothing is left behind.",
  },
  E_RELEASE: {
    title: "the place for the artifact does not permit it",
    where: "After all workers agreed, when the artifact is put at DEST.",
    cause: "Missing permission, something that is there by now, or a folder that was moved or replaced meanwhile.",
    cure: "Choose a DEST that you may write to, or add `--force` to replace what is there. Then run it again.",
  },
  E_LEDGER: {
    title: "the ledger cannot be read or written",
    where: "Before anything is released: every verification is entered first.",
    cause: "Missing permission, a full disk, a lock that another run holds, or lines that were changed.",
    cure: "`tofu3 history --check` says which line is wrong. `policy.ledger` names another place. `docs/ledger.md` says what to do with a broken chain.",
  },
  E_PIN: {
    title: "a file with references cannot be written",
    where: "At `tofu3 pin`, after all workers agreed.",
    cause: "Missing permission, or the file was changed, moved or replaced while tofu3 worked.",
    cure: "Run it again as the owner of the file. `tofu3 pin --dry-run` shows what would be written.",
  },
  E_STORE: {
    title: "the store of the gate cannot be used",
    where: "At `tofu3 serve`: when it starts, or when something is put into its store.",
    cause:
      "Another process has the store, the folder is not a store or belongs to somebody else, or permissions are missing.",
    cure: "End the other process, or name another folder with `serve.store` of the configuration.",
  },
  E_INTERRUPTED: {
    title: "it was interrupted",
    where: "At any time, by Ctrl-C or a signal.",
    cause: "SIGINT, SIGTERM or SIGHUP was sent to tofu3.",
    cure: "Nothing was released, and nothing is left behind. Run it again.",
  },
  E_BUG: {
    title: "tofu3 has a bug",
    where: "Anywhere. Nothing was released.",
    cause: "Something happened that its authors ruled out.",
    cure: "Run the same command with `--log-level debug` and report what it prints.",
  },
  E_EVIDENCE: {
    title: "this evidence does not hold",
    where: "When `judge` reads a file of signed statements.",
    cause:
      "A signature is wrong or by a key that is not on the list, an envelope or a statement is not as the format wants it, or the statements do not belong together.",
    cure: "The message names the line and the place. Ask whoever made the file for the original; if it is the key that is not known, add it with `--trust KEY`, once you know whose it is.",
  },
};
