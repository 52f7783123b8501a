import { EXITS, type Exit } from "../exit.ts";
import type { Command, Flag } from "./command.ts";
import { GLOBAL_FLAGS } from "./settings.ts";
import { COMMAND_GROUPS, COMMANDS } from "./usage.ts";

/** Help for the command with this name or these first words (`workers`); for the whole program if there is none. */
export function renderHelp(topic: string | null): string {
  const command = COMMANDS.find((each) => each.name === topic);
  if (command !== undefined) return commandHelp(command);
  const group = topic === null ? [] : COMMANDS.filter((each) => each.name.startsWith(`${topic} `));
  return group.length > 0 ? groupHelp(group) : programHelp();
}

/** `tofu3 verify REFERENCE [flags]` */
export function usageLine(command: Command): string {
  return headOf(command, ["[flags]"]);
}

function headOf({ name, positionals, optional, rest, trailing }: Command, flags: readonly string[] = []): string {
  const command = trailing === undefined ? [] : ["--", trailing];
  return ["tofu3", name, ...wordsOf(positionals, optional, rest), ...flags, ...command].join(" ");
}

function wordsOf(positionals: readonly string[], optional?: string, rest?: string): string[] {
  // one name for all of them: REFERENCE...
  if (rest !== undefined && rest === positionals.at(-1)) return [...positionals.slice(0, -1), `${rest}...`];
  const more = [optional, rest === undefined ? undefined : `${rest}...`].flatMap((each) => each ?? []);
  return [...positionals, ...more.map((each) => `[${each}]`)];
}

/** What `tofu3` alone prints. */
export function renderShortHelp(): string {
  return lines([...groupedUsageLines(), "Try: tofu3 demo, tofu3 --help, tofu3 verify --help"]);
}

function programHelp(): string {
  return lines([
    "Download the same artifact of an OCI registry from three vantage points, and release it",
    "only if all three saw the same bytes.",
    "",
    ...groupedUsageLines(),
    "Flags of every command:",
    ...GLOBAL_FLAGS.flatMap(flagLines),
    "",
    "Examples:",
    ...exampleLines([
      ["tofu3 demo", "see it work, offline"],
      ["tofu3 workers check", "are the VMs of tofu3.yaml usable?"],
      ["tofu3 verify alpine:3.20 --platform linux/amd64 -o oci:alpine", "the real thing"],
    ]),
    "",
    "Exit codes:",
    ...exitLines(EXITS),
    "",
    "tofu3 COMMAND --help says more about each command, and tofu3 help TOPIC about each of:",
    "exit-codes, environment, config, references, and every error by its code: tofu3 help E_TLS",
  ]);
}

function groupHelp(group: readonly Command[]): string {
  return lines([
    "Usage:",
    ...usageLines(group),
    "",
    "Examples:",
    ...exampleLines(group.flatMap((command) => command.examples)),
    "",
    "Exit codes:",
    ...group.flatMap((command) => [`    tofu3 ${command.name}`, ...exitLines(command.exits)]),
  ]);
}

function commandHelp(command: Command): string {
  return lines([
    "Usage:",
    `    ${usageLine(command)}`,
    "",
    ...command.description,
    "",
    ...(command.flags.length > 0 ? ["Flags:", ...command.flags.flatMap(flagLines), ""] : []),
    "Flags of every command:",
    ...GLOBAL_FLAGS.flatMap(flagLines),
    "",
    "Examples:",
    ...exampleLines(command.examples),
    "",
    "Exit codes:",
    ...exitLines(command.exits),
  ]);
}

/** A block for each group, and a blank line after each. */
function groupedUsageLines(): string[] {
  const width = Math.max(...COMMANDS.map((command) => headOf(command).length));
  return COMMAND_GROUPS.flatMap(({ title, commands }) => [`${title}:`, ...usageLines(commands, width), ""]);
}

function usageLines(commands: readonly Command[], least = 0): string[] {
  const heads = commands.map((command) => headOf(command));
  const width = Math.max(least, ...heads.map((head) => head.length));
  return commands.map((command, index) => `    ${(heads[index] ?? "").padEnd(width)}  ${command.summary}`);
}

const FLAG_COLUMN = 28;

function flagLines(flag: Flag): string[] {
  const value = flag.value === undefined ? "" : ` ${flag.choices === undefined ? flag.value : flag.choices.join("|")}`;
  const head = `    ${flag.short === undefined ? "    " : `-${flag.short}, `}--${flag.name}${value}`;
  if (head.length > FLAG_COLUMN - 2) return [head, `${" ".repeat(FLAG_COLUMN)}${flag.text}`];
  return [`${head.padEnd(FLAG_COLUMN)}${flag.text}`];
}

function exampleLines(examples: readonly (readonly [command: string, says: string])[]): string[] {
  return examples.flatMap(([command, says]) => [`    # ${says}`, `    $ ${command}`]);
}

function exitLines(exits: readonly Exit[]): string[] {
  const width = Math.max(...exits.map(({ outcome }) => outcome?.length ?? 0));
  return exits.map(({ code, outcome, meaning }) => {
    const word = width === 0 ? "" : `${(outcome ?? "").padEnd(width)}  `;
    return `    ${String(code).padStart(3)}  ${word}${meaning}`;
  });
}

function lines(all: readonly string[]): string {
  return `${all.map((line) => line.trimEnd()).join("\n")}\n`;
}
