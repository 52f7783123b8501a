import { BROKEN, exit, INTERRUPTED, MISTAKEN, type Command } from "../command.ts";
import { FORMAT_FLAG, formatOf } from "./format.ts";

export interface TagsArguments {
  readonly command: "tags";
  readonly repository: string;
  readonly format: string | null;
}

export const TAGS: Command<TagsArguments> = {
  name: "tags",
  positionals: ["REPOSITORY"],
  summary: "the tags of a repository as this machine alone sees them",
  description: [
    "Lists every tag, all pages, one a line. One worker looked; it is no verdict. No configuration is needed.",
  ],
  flags: [FORMAT_FLAG],
  examples: [
    ["tofu3 tags ghcr.io/homebrew/core/vim", "one tag a line"],
    ["tofu3 tags docker.io/library/alpine --json", "one JSON object"],
  ],
  exits: [
    exit(0, "all tags are printed"),
    BROKEN,
    MISTAKEN,
    exit(12, "the tags, or some of them, could not be fetched"),
    exit(16, "the registry says that the repository does not exist"),
    INTERRUPTED,
  ],
  read: (words, flags) => ({ command: "tags", repository: words[0] ?? "", format: formatOf(flags) }),
};
