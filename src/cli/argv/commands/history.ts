import { BROKEN, exit, INTERRUPTED, type Command } from "../command.ts";
import { isOn } from "../values.ts";
import { FORMAT_FLAG, formatOf } from "./format.ts";

export interface HistoryArguments {
  readonly command: "history";
  /** A reference; null for all. */
  readonly subject: string | null;
  readonly check: boolean;
  readonly format: string | null;
}

export const HISTORY: Command<HistoryArguments> = {
  name: "history",
  positionals: [],
  optional: "SUBJECT",
  summary: "the ledger: which digest was seen when, and from where",
  description: [
    "Lists the verifications of the ledger, the newest last; with SUBJECT only those of that tag or digest.",
    "A digest that differs from the one before is marked: moved, or rolled back to one that was seen earlier.",
    "The ledger is policy.ledger of the configuration, if there is one, or $XDG_STATE_HOME/tofu3/ledger.jsonl.",
    "",
    "--check says how many entries hold, and the hash of the last one. Keep that hash elsewhere: whoever can",
    "write to the ledger can cut off its end, and only a note that lies elsewhere shows it.",
  ],
  flags: [
    { name: "check", text: "verify the chain from the first entry to the last, instead of listing" },
    FORMAT_FLAG,
  ],
  examples: [
    ["tofu3 history", "everything, oldest first"],
    ["tofu3 history alpine:3.20", "what that tag was, day by day"],
    ["tofu3 history --check", "does the chain hold, and what is the hash of its end?"],
  ],
  exits: [
    exit(0, "it is printed; with --check, the chain holds"),
    BROKEN,
    exit(2, "usage or configuration is wrong, or the file cannot be read as a ledger"),
    exit(10, "an entry does not hold; those before it are printed"),
    INTERRUPTED,
  ],
  read: (words, flags) => ({
    command: "history",
    subject: words[0] ?? null,
    check: isOn(flags, "check"),
    format: formatOf(flags),
  }),
};
