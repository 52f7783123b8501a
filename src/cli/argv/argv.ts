import yargs, { type Argv, type Options } from "yargs";
import { Tofu3Error, visible } from "../../errors.ts";
import { usageLine } from "./help.ts";
import type { Given, Invocation } from "./invocation.ts";
import {
  missingWordIn,
  mistakeIn,
  needlessWordIn,
  reservedWordIn,
  trailingMistakeIn,
  valueMistakeIn,
} from "./mistake.ts";
import { mostPositionals, type Command, type Flag } from "./command.ts";
import { GLOBAL_FLAGS, settingsOf } from "./settings.ts";
import { COMMANDS } from "./usage.ts";

/** Text stays text (the tag `1.10` is not a number), and a name means what `--help` says and nothing else. */
const AS_WRITTEN = {
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "camel-case-expansion": false,
  "dot-notation": false,
  "boolean-negation": false,
  "strip-aliased": true,
} as const;

/** Parses the arguments after the program name into one checked command. Throws E_USAGE. */
export function parseArgv(argv: readonly string[]): Invocation {
  const reserved = reservedWordIn(argv);
  if (reserved !== null) throw reserved;
  const reached: { command: ReadCommand | null } = { command: null };
  const program = silentYargs((message, error) => {
    if (error instanceof Tofu3Error) throw error;
    throw refusalOf(reached.command, (program.parsed === false ? {} : program.parsed.argv) as Partial<Given>, message);
  });
  program.options(optionsOf(GLOBAL_FLAGS));
  defineGroup(program, "", (command) => (reached.command = command));
  const { _: words, ...given } = program.parse(joinDashes(argv)) as Given;
  // yargs accepts a command after `--` as a mere word
  if (reached.command === null) {
    throw new Tofu3Error("E_USAGE", "no command was given before --", { hint: "tofu3 --help" });
  }
  const trailing = trailingOf(reached.command, argv);
  const all = positionalsOf(reached.command, words);
  const own = all.slice(0, all.length - trailing.length);
  // yargs counts what follows `--` as well
  const isInstead = reached.command.instead !== undefined && given[reached.command.instead] !== undefined;
  const mistake =
    (isInstead ? needlessWordIn(reached.command, own) : missingWordIn(reached.command, own)) ??
    trailingMistakeIn(reached.command, trailing);
  if (mistake !== null) throw mistake;
  const wanted = reached.command.read(own, given, trailing);
  return { arguments: wanted, settings: settingsOf(given) };
}

/** yargs takes no `-`, a standard stream, for the value of the flag before it, unless `=` joins them. */
function joinDashes(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  const flags = [...GLOBAL_FLAGS, ...COMMANDS.flatMap((command) => command.flags)];
  const joined: string[] = [];
  for (const [index, word] of argv.entries()) {
    const before = argv[index - 1];
    const flag = flags.find(({ name, short }) => before === `--${name}` || before === `-${short}`);
    const isValue = word === "-" && (end === -1 || index < end) && flag?.value !== undefined;
    if (isValue) joined.splice(-1, 1, `--${flag.name}=-`);
    else joined.push(word);
  }
  return joined;
}

type ReadCommand = (typeof COMMANDS)[number];

/** What follows the first `--`, which yargs counts among the words. */
function trailingOf(command: Command, argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return command.trailing === undefined || end === -1 ? [] : argv.slice(end + 1);
}

/** A yargs that does not exit, print, translate or answer --help: its caller does. */
function silentYargs(onFailure: (message: string | null, error: unknown) => never): Argv {
  return yargs([])
    .scriptName("tofu3")
    .detectLocale(false)
    .parserConfiguration(AS_WRITTEN)
    .help(false)
    .version(false)
    .exitProcess(false)
    .fail(onFailure)
    .strictOptions();
}

/**
 * The commands that begin with `prefix`. Declares the flags of all of them, and forgets them once one is chosen:
 * otherwise, in `tofu3 --force verify alpine`, `verify` would be the value of `--force`.
 */
function defineGroup(level: Argv, prefix: string, onReached: (command: ReadCommand) => void): Argv {
  const every = COMMANDS.flatMap((command) => command.flags);
  level
    .options(optionsOf(every, { global: false }))
    .strictCommands()
    .demandCommand(1);
  const inside = COMMANDS.filter(({ name }) => name.startsWith(prefix));
  for (const word of new Set(inside.map(({ name }) => name.slice(prefix.length).split(" ", 1).join("")))) {
    const command = inside.find(({ name }) => name === prefix + word);
    const isGroup = inside.some(({ name }) => name.startsWith(`${prefix}${word} `));
    level.command(word, "", (inner) => {
      if (isGroup) defineGroup(inner, `${prefix}${word} `, onReached);
      if (command === undefined) return inner;
      onReached(command);
      return defineCommand(inner, command);
    });
  }
  return level;
}

/**
 * Positionals have no names in yargs: it would accept `--REFERENCE` for one, and loses a named one that begins with a
 * dash after `--`.
 */
function defineCommand(level: Argv, command: Command): Argv {
  const count = command.positionals.length;
  for (const flag of command.flags) if (flag.conflict !== undefined) level.conflicts(flag.name, flag.conflict.with);
  return level
    .options(optionsOf(command.flags))
    .strictCommands(false)
    .demandCommand(command.instead === undefined ? count : 0, mostPositionals(command))
    .check((given) => {
      const mistake = valueMistakeIn(command, given as Given);
      if (mistake !== null) throw mistake;
      return true;
    }, false);
}

function optionsOf(flags: readonly Flag[], more: Options = {}): Record<string, Options> {
  return Object.fromEntries(flags.map((flag) => [flag.name, { ...optionOf(flag), ...more }]));
}

function optionOf(flag: Flag): Options {
  const kind: Options =
    flag.value === undefined
      ? // a switch that is off counts as not given, so that it excludes no other flag
        { boolean: true, coerce: (on: unknown) => on === true || undefined }
      : { string: true };
  return {
    ...kind,
    ...(flag.short === undefined ? {} : { alias: flag.short }),
    ...(flag.choices === undefined ? {} : { choices: flag.choices }),
  };
}

function positionalsOf(command: Command, words: readonly string[]): readonly string[] {
  return words.slice(command.name.split(" ").length);
}

/** Why yargs refuses, in our words; in its own words for reasons not known here. */
function refusalOf(command: Command | null, parsed: Partial<Given>, message: string | null): Tofu3Error {
  // when it refuses, yargs may have mixed a value of its own into the words
  const words = [...(parsed._ ?? []), ...(command === null ? [] : (parsed["--"] ?? []))].map(String);
  const mistake = mistakeIn(command, parsed, command === null ? words : positionalsOf(command, words));
  if (mistake !== null) return mistake;
  const why = visible(message ?? "yargs does not say why", 300);
  return new Tofu3Error("E_USAGE", `the arguments cannot be used: ${why}`, {
    hint: command === null ? "tofu3 --help" : usageLine(command),
  });
}
