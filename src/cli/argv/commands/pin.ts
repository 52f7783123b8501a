import { exit, INTERRUPTED, MISTAKEN, type Command } from "../command.ts";
import { isOn, text } from "../values.ts";
import { DEPTH, PRIVATE, SEARCHED, searchOf, type SearchArguments } from "./search.ts";

export interface PinArguments extends SearchArguments {
  readonly command: "pin";
  readonly update: boolean;
  readonly dryRun: boolean;
  readonly lock: string | null;
  readonly buildkitPolicy: string | null;
}

export const PIN: Command<PinArguments> = {
  name: "pin",
  positionals: [],
  rest: "PATH",
  summary: "pin a repository's references to digests that all workers agree on",
  description: [
    ...SEARCHED,
    "",
    "Writes NAME:TAG@sha256:… in each file's own way, and nothing else in it changes; tofu3.lock records reference,",
    "digest, time and workers. A file is written only if all workers agree on every reference that is to be pinned",
    "in it, and no file at all if they disagree on one.",
  ],
  flags: [
    DEPTH,
    { name: "update", text: "move pins that are there to what their tag leads to now, and say what changed" },
    { name: "dry-run", short: "n", text: "print a unified diff and write nothing" },
    { name: "lock", value: "FILE", text: "the lock file; otherwise tofu3.lock in the first PATH that is a folder" },
    { name: "buildkit-policy", value: "FILE", text: "also write the lock as a source policy of BuildKit" },
    PRIVATE,
  ],
  examples: [
    ["tofu3 pin --dry-run", "what would change"],
    ["tofu3 pin Dockerfile compose.yaml", "these files only"],
    ["tofu3 pin --update", "move all pins forward"],
  ],
  exits: [
    exit(0, "everything that can be pinned is pinned"),
    exit(1, "a bug in tofu3, or a file could not be written"),
    MISTAKEN,
    exit(10, "the workers disagree about a reference; no file was changed"),
    exit(11, "a tag moved while the workers looked; no file was changed"),
    exit(12, "some references could not be checked; files with one of them were not changed"),
    exit(13, "the workers agree, but are not the distinct vantages that the policy asks for"),
    exit(14, "the workers agree, but not yet on enough distinct days"),
    exit(15, "a tag leads to something else than the ledger says, or to another version"),
    exit(16, "every worker was told that a reference does not exist"),
    INTERRUPTED,
  ],
  read: (words, flags) => ({
    command: "pin",
    ...searchOf(words, flags),
    update: isOn(flags, "update"),
    dryRun: isOn(flags, "dry-run"),
    lock: text(flags, "lock"),
    buildkitPolicy: text(flags, "buildkit-policy"),
  }),
};
