import { Tofu3Error, visible } from "../../../errors.ts";
import { FORMATS, type Format } from "../../../model/destination.ts";
import { REPORT_KINDS } from "../../../report/kinds.ts";
import { EXITS, type Exit } from "../../exit.ts";
import { exit, type Command } from "../command.ts";
import { text, type Flags } from "../values.ts";
import { DAYS_FLAG } from "./days.ts";
import { reportFlag } from "./reports.ts";
import { SELECTION_FLAGS } from "./selection.ts";
import {
  KEEP_EVIDENCE_FLAG,
  lockFlag,
  REDACT_FLAG,
  SIGN_FLAG,
  verificationOf,
  type VerificationArguments,
} from "./verification.ts";

export interface ExecArguments extends VerificationArguments {
  readonly command: "exec";
  readonly references: readonly string[];
  /** COMMAND and its arguments, placeholders and all. */
  readonly argv: readonly string[];
  /** Null: as a bare path of `-o`. */
  readonly as: Format | null;
}

export const EXEC: Command<ExecArguments> = {
  name: "exec",
  positionals: ["REFERENCE"],
  rest: "REFERENCE",
  trailing: "COMMAND...",
  summary: "run a command on what was released, only if all workers agree",
  description: [
    "Verifies each REFERENCE as verify does and releases it into a private folder in TMPDIR. If all",
    "of them are agreed on, COMMAND runs, without a shell; otherwise nothing does. The folder is",
    "removed when COMMAND ends. An argument {} stands for the paths of all that was released, {1} for",
    "that of the first REFERENCE; inside a longer argument they are replaced too, but for ${1}, which",
    "is a shell's own.",
    "",
    "Standard input, output and error are COMMAND's: the table of tofu3 goes to standard error.",
    "COMMAND's exit code is passed on, 128+N if signal N ended it; a code of COMMAND other than 0 is",
    "announced on standard error, so that it is not mistaken for one of tofu3.",
  ],
  flags: [
    ...SELECTION_FLAGS,
    { name: "as", value: "FORMAT", choices: FORMATS, text: "release as this, instead of as a path alone of verify -o" },
    DAYS_FLAG,
    lockFlag("each REFERENCE"),
    KEEP_EVIDENCE_FLAG,
    reportFlag(REPORT_KINDS),
    SIGN_FLAG,
    REDACT_FLAG,
  ],
  examples: [
    [
      "tofu3 exec alpine:3.20 --platform linux/amd64 -- skopeo copy oci:{} docker://registry.example/alpine:3.20",
      "copy an image to a registry of your own, if three workers agree on it",
    ],
    [
      "tofu3 exec ghcr.io/homebrew/core/hello:2.12.1 --bottle arm64_sonoma -- tar -xzf {} -C /opt",
      "unpack a bottle, under its own file name",
    ],
    ["tofu3 exec alpine:3.20 alpine:3.19 --as oci-archive -- ./compare.sh {2} {1}", "two at once, in any order"],
  ],
  exits: [
    ...EXITS.flatMap(exitsOfExec),
    exit(126, "COMMAND cannot be run"),
    exit(127, "there is no COMMAND"),
    exit(130, "interrupted before COMMAND was run"),
  ],
  read: (words, flags, trailing) => ({
    command: "exec",
    references: words,
    argv: checkedArgv(trailing, words.length),
    ...verificationOf(flags),
    as: formatOf(flags),
  }),
};

/** Those of verify: the gravest of all references. */
function exitsOfExec({ code, outcome, meaning }: Exit): readonly Exit[] {
  if (code === 20 || code === 21 || code === 130) return [];
  const words: Readonly<Record<number, string>> = {
    0: "all workers saw the same bytes, and COMMAND ended with 0",
    1: "a bug in tofu3, or an artifact could not be released or a report not written",
  };
  return [{ code, outcome, meaning: words[code] ?? meaning }];
}

function formatOf(flags: Flags): Format | null {
  return FORMATS.find((format) => format === text(flags, "as")) ?? null;
}

/** Throws E_USAGE for placeholders that stand for nothing, or for more than fits. */
function checkedArgv(argv: readonly string[], count: number): readonly string[] {
  for (const word of argv) {
    if (count > 1 && word !== "{}" && word.includes("{}")) {
      throw new Tofu3Error("E_USAGE", `{} in ${quoted(word)} stands for ${count} paths`, {
        hint: "inside a longer argument name one: {1}, {2}",
      });
    }
    const [, number] = /^\{(\d+)\}$/.exec(word) ?? [];
    if (number !== undefined && (number.startsWith("0") || Number(number) > count)) {
      throw new Tofu3Error("E_USAGE", `${quoted(word)} stands for no REFERENCE: there ${isAre(count)}`, {
        hint: "{1} is the path of the first REFERENCE",
      });
    }
  }
  return argv;
}

function isAre(count: number): string {
  return count === 1 ? "is one" : `are ${count}`;
}

function quoted(word: string): string {
  return JSON.stringify(visible(word, 100));
}

/**
 * The command with a path in place of each placeholder: a whole `{}` becomes all of them, in order. `{N}` beyond the
 * paths stays as it is written, and so does `${N}`, which is a shell's.
 */
export function filled(argv: readonly string[], paths: readonly string[]): readonly string[] {
  const [only] = paths;
  return argv.flatMap((word) => {
    if (word === "{}") return paths;
    return [
      word.replace(/\{\}|(?<!\$)\{([1-9]\d?)\}/g, (written, number: string | undefined) => {
        return (number === undefined ? only : paths[Number(number) - 1]) ?? written;
      }),
    ];
  });
}
