import { resolve } from "node:path";
import { quoted } from "../durable.ts";
import { Tofu3Error } from "../errors.ts";
import { parseList, type ListLine } from "../file/list.ts";
import { readSmallText } from "../smallfile.ts";
import { readStdinText } from "../stdin.ts";
import { parseArgv } from "./argv/argv.ts";
import type { VerifyArguments } from "./argv/commands/verify.ts";
import type { Io } from "./io.ts";

/** A subject of a list, with the flags of its line. */
export interface Entry {
  /** `FILE:LINE`, or the subject itself where there is no list. */
  readonly where: string;
  readonly wanted: VerifyArguments;
}

/** What one line may say of its own. */
const OWN: readonly (keyof VerifyArguments)[] = [
  "command",
  "references",
  "platform",
  "osVersion",
  "bottle",
  "destination",
  "pin",
  "sums",
  "mirrors",
  "witness",
];
const NAMES = "--platform, --os-version, --bottle, --sha256, --integrity, --sums, --mirror, --witness, -o NAME";
const MOST_BYTES = 4 * 1024 * 1024;

/** The subjects of `-i FILE`, `-` for standard input, at least one. Throws E_USAGE. */
export async function readEntries(file: string, io: Io): Promise<readonly Entry[]> {
  const what = `the list ${file === "-" ? "of standard input" : quoted(file)}`;
  const kind = { what: "the list", code: "E_USAGE", limit: MOST_BYTES } as const;
  const text =
    file === "-"
      ? await readStdinText(io.stdin, kind, "name a file, or pipe one in: tofu3 verify -i - < list")
      : await readSmallText(resolve(io.cwd, file), kind);
  if (text === null)
    throw new Tofu3Error("E_USAGE", `cannot read ${what}: there is no such file`, { hint: "tofu3 verify -i FILE" });
  const entries = parseList(text, file === "-" ? "standard input" : file).map((line) => entryOf(line, file));
  if (entries.length > 0) return entries;
  throw new Tofu3Error("E_USAGE", `${what} names nothing`, { hint: "one reference or https:// URL a line" });
}

function entryOf({ number, words }: ListLine, file: string): Entry {
  const where = `${file}:${number}`;
  try {
    const { arguments: wanted } = parseArgv(["verify", ...words]);
    if (wanted.command !== "verify") throw new Tofu3Error("E_BUG", "a line of a list is another command");
    return { where, wanted: checked(wanted) };
  } catch (thrown) {
    if (!(thrown instanceof Tofu3Error)) throw thrown;
    throw new Tofu3Error(thrown.code, `${where}: ${thrown.message}`, { hint: thrown.hint ?? undefined, cause: thrown });
  }
}

function checked(wanted: VerifyArguments): VerifyArguments {
  if (wanted.references.length !== 1) {
    throw new Tofu3Error("E_USAGE", `a line names one subject, and this one names ${wanted.references.length}`, {
      hint: "one reference or https:// URL a line, and its flags behind it",
    });
  }
  const plain = parseArgv(["verify", "any"]).arguments as VerifyArguments;
  for (const key of Object.keys(wanted) as (keyof VerifyArguments)[]) {
    if (OWN.includes(key) || JSON.stringify(wanted[key]) === JSON.stringify(plain[key])) continue;
    throw new Tofu3Error("E_USAGE", "this flag is one of the whole command, and not of a line", {
      hint: `a line has ${NAMES}`,
    });
  }
  return wanted;
}
