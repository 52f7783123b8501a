import { Tofu3Error, visible } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import { usageLine } from "./help.ts";
import type { Given } from "./invocation.ts";
import { mostPositionals, type Command, type Flag } from "./command.ts";
import { GLOBAL_FLAGS } from "./settings.ts";
import { COMMANDS } from "./usage.ts";

function usage(message: string, hint: string): Tofu3Error {
  return new Tofu3Error("E_USAGE", message, { hint });
}

/** Mistakes that yargs would miss: it reads `--json=maybe` as false, and uses `_` and `$0` itself. */
export function reservedWordIn(argv: readonly string[]): Tofu3Error | null {
  const end = argv.indexOf("--");
  const flags = [...GLOBAL_FLAGS, ...COMMANDS.flatMap((command) => command.flags)];
  const switches = flags.filter((flag) => flag.value === undefined);
  for (const word of end === -1 ? argv : argv.slice(0, end)) {
    const isReserved = /^--(?:_|\$0)(?:=|$)|^-(?:[^-]\w*)?_/.test(word);
    if (isReserved) return usage(`there is no flag ${visible(word, 100)}`, "tofu3 --help");
    const [, long, short, value] = /^-(?:-([^=]+)|[a-z]*([a-z]))=(.*)$/is.exec(word) ?? [];
    const flag = switches.find((each) => each.name === long || (each.short !== undefined && each.short === short));
    if (flag !== undefined && value !== "true" && value !== "false") {
      return usage(`--${flag.name} takes no value`, `write --${flag.name} alone`);
    }
  }
  return null;
}

/** Mistakes that yargs accepts: a flag without its value, and one that is given twice. */
export function valueMistakeIn(command: Command, given: Given): Tofu3Error | null {
  const mistakes = [...command.flags, ...GLOBAL_FLAGS].map((flag) => valueMistake(flag, given[flag.name]));
  return mistakes.find((mistake) => mistake !== null) ?? null;
}

/** Why yargs refuses the arguments, the most basic reason first; null for a reason not known here. */
export function mistakeIn(command: Command | null, given: Partial<Given>, words: readonly string[]): Tofu3Error | null {
  if (command === null) return commandMistake(words);
  for (const [name, value] of Object.entries(given)) {
    if (["_", "$0", "--"].includes(name)) continue;
    const mistake = flagMistake(command, name, value);
    if (mistake !== null) return mistake;
  }
  return positionalMistake(command, words) ?? conflictIn(command, given);
}

function commandMistake(words: readonly string[]): Tofu3Error {
  const [first, second] = words;
  if (first === undefined) return usage("no command was given", "tofu3 --help");
  const group = COMMANDS.filter((each) => each.name.startsWith(`${first} `)).map((each) => `tofu3 ${each.name}`);
  if (group.length > 0 && second === undefined) {
    return usage(`tofu3 ${first} needs a second word`, `one of: ${group.join(", ")}`);
  }
  const typed = group.length > 0 && second !== undefined ? `${first} ${second}` : first;
  const meant = nearest(
    typed,
    COMMANDS.map((each) => each.name),
  );
  const isReference = /[:/@]/.test(first);
  const otherwise = meant === null ? "tofu3 --help lists the commands" : `did you mean: tofu3 ${meant}`;
  return usage(
    `there is no command ${JSON.stringify(visible(typed, 100))}`,
    isReference ? `tofu3 verify ${visible(first, 300)}` : otherwise,
  );
}

function flagMistake(command: Command, name: string, value: unknown): Tofu3Error | null {
  const own = [...command.flags, ...GLOBAL_FLAGS];
  const flag = own.find((each) => each.name === name);
  if (flag !== undefined) return valueMistake(flag, value) ?? choiceMistake(flag, [value].flat());
  const typed = `${name.length === 1 ? "-" : "--"}${visible(name, 100)}`;
  const others = COMMANDS.filter((each) => each.flags.some((other) => other.name === name || other.short === name));
  const meant = nearest(
    name,
    own.map((each) => each.name),
  );
  const otherwise = meant === null ? `tofu3 ${command.name} --help lists the flags` : `did you mean: --${meant}`;
  return usage(
    `tofu3 ${command.name} has no flag ${typed}`,
    others.length > 0 ? `${typed} is a flag of: ${others.map((each) => each.name).join(", ")}` : otherwise,
  );
}

function valueMistake(flag: Flag, value: unknown): Tofu3Error | null {
  if (flag.value === undefined || value === undefined) return null;
  const texts = [value].flat();
  // yargs takes the `--` of `-o -- alpine` as the value
  const isEmpty = texts.includes("") || texts.includes("--");
  if (isEmpty) return usage(`--${flag.name} needs a value`, `--${flag.name} ${flag.value}`);
  if (flag.repeatable === true || texts.length === 1) return null;
  return usage(`--${flag.name} was given ${texts.length} times`, "give it once");
}

function choiceMistake(flag: Flag, texts: readonly unknown[]): Tofu3Error | null {
  const { choices } = flag;
  const wrong = texts.find((text) => typeof text === "string" && choices?.includes(text) === false);
  if (choices === undefined || typeof wrong !== "string") return null;
  return usage(`--${flag.name} cannot be ${JSON.stringify(visible(wrong, 100))}`, `one of: ${choices.join(", ")}`);
}

export function missingWordIn(command: Command, given: readonly string[]): Tofu3Error | null {
  const missing = command.positionals[given.length];
  if (missing === undefined) return null;
  return usage(`tofu3 ${command.name} needs a ${missing}`, command.examples[0]?.[0] ?? usageLine(command));
}

/** Beside a flag that stands for all of them. */
export function needlessWordIn(command: Command, given: readonly string[]): Tofu3Error | null {
  const [first] = given;
  if (first === undefined) return null;
  return usage(
    `${JSON.stringify(visible(first, 100))} stands beside --${command.instead ?? ""}, which names what to do already`,
    `leave out one of them: ${usageLine(command)}`,
  );
}

function positionalMistake(command: Command, given: readonly string[]): Tofu3Error | null {
  const missing = missingWordIn(command, given);
  if (missing !== null) return missing;
  const extra = given.slice(mostPositionals(command)).map((word) => JSON.stringify(visible(word, 100)));
  if (extra.length === 0) return null;
  return usage(`unexpected argument${extra.length > 1 ? "s" : ""} ${extra.join(", ")}`, usageLine(command));
}

/** A command that takes another command needs one. */
export function trailingMistakeIn(command: Command, trailing: readonly string[]): Tofu3Error | null {
  if (command.trailing === undefined || trailing.length > 0) return null;
  return usage(`tofu3 ${command.name} needs -- and a command after it`, command.examples[0]?.[0] ?? usageLine(command));
}

function conflictIn(command: Command, given: Partial<Given>): Tofu3Error | null {
  const isGiven = (name: string): boolean => given[name] !== undefined;
  for (const { name, conflict } of command.flags) {
    if (conflict === undefined || !isGiven(name) || !isGiven(conflict.with)) continue;
    return usage(`--${name} and --${conflict.with} exclude each other`, conflict.hint);
  }
  return null;
}
