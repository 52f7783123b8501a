import type { Command, Flag } from "../argv/command.ts";
import { GLOBAL_FLAGS } from "../argv/settings.ts";
import { COMMANDS } from "../argv/usage.ts";

/** What may stand where the cursor is. */
export type Position =
  | { readonly kind: "command"; readonly before: readonly string[] }
  | { readonly kind: "topic" }
  | { readonly kind: "flag"; readonly flags: readonly Flag[] }
  /** The value of a flag; `glued` is `--name=` if it stands in the same word. */
  | { readonly kind: "value"; readonly flag: Flag; readonly glued: string }
  /** A positional, by its name in the help; null where none is taken. */
  | { readonly kind: "positional"; readonly name: string | null }
  /** A word of the command after `--`. */
  | { readonly kind: "trailing" };

export interface Place {
  readonly position: Position;
  /** The value of `--config` so far. */
  readonly config: string | null;
}

interface Walk {
  readonly words: string[];
  readonly given: Set<string>;
  config: string | null;
  pending: Flag | null;
  ended: boolean;
}

/** Where the last of the words stands, which are those after `tofu3`; the last one may be empty. */
export function placeOf(all: readonly string[]): Place {
  const current = all.at(-1) ?? "";
  const walk: Walk = { words: [], given: new Set(), config: null, pending: null, ended: false };
  for (const word of all.slice(0, -1)) step(walk, word);
  return { position: positionOf(walk, current), config: walk.config };
}

function step(walk: Walk, word: string): void {
  const { pending } = walk;
  if (pending !== null) {
    if (pending.name === "config") walk.config = word;
    walk.pending = null;
  } else if (!walk.ended && word === "--") walk.ended = true;
  else if (!walk.ended && word.startsWith("-") && word !== "-") stepFlag(walk, word);
  else walk.words.push(word);
}

function stepFlag(walk: Walk, word: string): void {
  const [, long, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  const flag = long === undefined ? flagsOf(walk).find(({ short }) => short === word.at(-1)) : findFlag(walk, long);
  if (flag === undefined) return;
  walk.given.add(flag.name);
  if (flag.value === undefined) return;
  if (value === undefined) walk.pending = flag;
  else if (flag.name === "config") walk.config = value;
}

function findFlag(walk: Walk, name: string): Flag | undefined {
  return flagsOf(walk).find((flag) => flag.name === name);
}

function positionOf(walk: Walk, current: string): Position {
  const { words, pending, ended, given } = walk;
  if (pending !== null) return { kind: "value", flag: pending, glued: "" };
  const command = commandOf(words);
  if (ended) return command?.trailing === undefined ? positional(command, words) : { kind: "trailing" };
  if (words[0] === "help") return { kind: "topic" };
  const name = /^--([^=]+)=/.exec(current)?.[1];
  const glued = name === undefined ? undefined : findFlag(walk, name);
  if (glued?.value !== undefined) return { kind: "value", flag: glued, glued: `--${glued.name}=` };
  if (current.startsWith("-"))
    return { kind: "flag", flags: flagsOf(walk).filter((flag) => flag.repeatable === true || !given.has(flag.name)) };
  return command === undefined ? { kind: "command", before: words } : positional(command, words);
}

/** The command that the words name; undefined while they are too few, or name none. */
function commandOf(words: readonly string[]): Command | undefined {
  return COMMANDS.find(({ name }) => name === words.slice(0, name.split(" ").length).join(" "));
}

/** All that may be given: with no command yet, those of every command. */
function flagsOf({ words }: Walk): readonly Flag[] {
  const command = commandOf(words);
  return [...(command?.flags ?? []), ...GLOBAL_FLAGS];
}

function positional(command: Command | undefined, words: readonly string[]): Position {
  if (command === undefined) return { kind: "positional", name: null };
  const { name, positionals, optional, rest } = command;
  const index = words.length - name.split(" ").length;
  return {
    kind: "positional",
    name: [...positionals, ...(optional === undefined ? [] : [optional])][index] ?? rest ?? null,
  };
}
