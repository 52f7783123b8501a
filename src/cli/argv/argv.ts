import { Parser } from "yargs/helpers";
import { Tofu3Error, visible } from "../../errors.ts";
import { usageLine } from "./help.ts";
import { invocationOf, type Invocation, type Values } from "./invocation.ts";
import { nearest } from "./nearest.ts";
import { COMMANDS, GLOBAL_FLAGS, type Command, type Flag } from "./usage.ts";

/** What was written behind the name of the program → one command, checked. Throws E_USAGE. */
export function parseArgv(argv: readonly string[]): Invocation {
  const flags = uniqueFlags();
  refuseOddSwitches(argv, flags);
  const parsed = readFlags(argv, flags);
  const words = parsed["_"] as string[];
  const command = findCommand(words);
  const positionals = words.slice(command.name.split(" ").length);
  const values = checkFlags(parsed, flags, command);
  if (positionals.length !== command.positionals.length) throw wrongPositionals(command, positionals);
  return invocationOf(command, positionals, values);
}

function uniqueFlags(): Map<string, Flag> {
  return new Map([...GLOBAL_FLAGS, ...COMMANDS.flatMap((command) => command.flags)].map((flag) => [flag.name, flag]));
}

/** Only the tokenizer of yargs: nothing becomes a number (a tag `1.10` stays text), nothing is translated, nothing exits. */
function readFlags(argv: readonly string[], flags: ReadonlyMap<string, Flag>): Record<string, unknown> {
  const all = [...flags.values()];
  return Parser([...argv], {
    boolean: all.filter((flag) => flag.value === undefined).map((flag) => flag.name),
    string: all.filter((flag) => flag.value !== undefined).map((flag) => flag.name),
    alias: Object.fromEntries(all.flatMap((flag) => (flag.short === undefined ? [] : [[flag.name, [flag.short]]]))),
    configuration: {
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "boolean-negation": false,
      "strip-aliased": true,
    },
  });
}

/** The tokenizer reads `--json=maybe` as false. */
function refuseOddSwitches(argv: readonly string[], flags: ReadonlyMap<string, Flag>): void {
  const end = argv.indexOf("--");
  for (const word of end === -1 ? argv : argv.slice(0, end)) {
    const [, name, value] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
    const flag = name === undefined ? undefined : flags.get(name);
    if (flag === undefined || flag.value !== undefined || value === "true" || value === "false") continue;
    throw new Tofu3Error("E_USAGE", `--${flag.name} takes no value`, { hint: `write --${flag.name} alone` });
  }
}

function findCommand(words: readonly string[]): Command {
  const command = COMMANDS.find((each) => words.slice(0, each.name.split(" ").length).join(" ") === each.name);
  if (command !== undefined) return command;
  const [first, second] = words;
  if (first === undefined) throw new Tofu3Error("E_USAGE", "no command was given", { hint: "tofu3 --help" });
  const group = COMMANDS.filter((each) => each.name.startsWith(`${first} `)).map((each) => `tofu3 ${each.name}`);
  if (group.length > 0 && second === undefined) {
    throw new Tofu3Error("E_USAGE", `tofu3 ${first} needs a second word`, { hint: `one of: ${group.join(", ")}` });
  }
  const typed = COMMANDS.some((each) => each.name.startsWith(`${first} `)) && second !== undefined ? `${first} ${second}` : first;
  const meant = nearest(typed, [...COMMANDS.map((each) => each.name)]);
  const isReference = /[:/@]/.test(first);
  throw new Tofu3Error("E_USAGE", `there is no command ${JSON.stringify(visible(typed, 100))}`, {
    hint: isReference
      ? `tofu3 verify ${visible(first, 300)}`
      : meant === null
        ? "tofu3 --help lists the commands"
        : `did you mean: tofu3 ${meant}`,
  });
}

/** The value of each flag that was given, checked for its kind. */
function checkFlags(parsed: Record<string, unknown>, flags: ReadonlyMap<string, Flag>, command: Command): Values {
  const values = new Map<string, boolean | readonly string[]>();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "_" || name === "$0" || value === undefined) continue;
    const flag = flags.get(name);
    if (flag === undefined) throw unknownFlag(name, command);
    if (!GLOBAL_FLAGS.includes(flag) && !command.flags.some((each) => each.name === name)) {
      const others = COMMANDS.filter((each) => each.flags.some((other) => other.name === name)).map((each) => each.name);
      throw new Tofu3Error("E_USAGE", `tofu3 ${command.name} has no flag --${name}`, {
        hint: `--${name} is a flag of: ${others.join(", ")}`,
      });
    }
    values.set(name, flag.value === undefined ? [value].flat().at(-1) === true : checkText(flag, value));
  }
  return values;
}

function checkText(flag: Flag, value: unknown): readonly string[] {
  const all: unknown[] = Array.isArray(value) ? value : [value];
  const texts = all.filter((each) => typeof each === "string" && each !== "") as string[];
  const [first] = texts;
  if (texts.length !== all.length || first === undefined) {
    throw new Tofu3Error("E_USAGE", `--${flag.name} needs a value`, { hint: `--${flag.name} ${flag.value ?? ""}` });
  }
  if (flag.repeatable !== true && texts.length > 1) {
    throw new Tofu3Error("E_USAGE", `--${flag.name} was given ${texts.length} times`, { hint: "give it once" });
  }
  if (flag.choices !== undefined && !flag.choices.includes(first)) {
    throw new Tofu3Error("E_USAGE", `--${flag.name} cannot be ${JSON.stringify(visible(first, 100))}`, {
      hint: `one of: ${flag.choices.join(", ")}`,
    });
  }
  return texts;
}

function unknownFlag(name: string, command: Command): Tofu3Error {
  const known = [...command.flags, ...GLOBAL_FLAGS].map((flag) => flag.name);
  const meant = nearest(name, known);
  const typed = `${name.length === 1 ? "-" : "--"}${visible(name, 100)}`;
  return new Tofu3Error("E_USAGE", `tofu3 ${command.name} has no flag ${typed}`, {
    hint: meant === null ? `tofu3 ${command.name} --help lists the flags` : `did you mean: --${meant}`,
  });
}

function wrongPositionals(command: Command, given: readonly string[]): Tofu3Error {
  const missing = command.positionals[given.length];
  const [example] = command.examples;
  if (missing !== undefined) {
    return new Tofu3Error("E_USAGE", `tofu3 ${command.name} needs a ${missing}`, {
      hint: example === undefined ? usageLine(command) : example[0],
    });
  }
  const extra = given.slice(command.positionals.length).map((word) => JSON.stringify(visible(word, 100)));
  return new Tofu3Error("E_USAGE", `tofu3 ${command.name} does not know what to do with ${extra.join(", ")}`, {
    hint: usageLine(command),
  });
}
