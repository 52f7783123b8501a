import type { Exit } from "../exit.ts";
import type { Flags } from "./values.ts";

/** One flag; `help.ts` prints it and `argv.ts` accepts it, so the two cannot diverge. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** Placeholder for its value in help; a flag without one is a switch. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly repeatable?: true;
  readonly conflict?: { readonly with: string; readonly hint: string };
  readonly text: string;
}

/** One command and how its words and flags become its arguments. */
export interface Command<A = unknown> {
  /** The words that select it, `workers check`. */
  readonly name: string;
  /** Names of its positionals; each must be given exactly once. */
  readonly positionals: readonly string[];
  /** Name of one more positional that may be left out. */
  readonly optional?: string;
  /** Name of any number of further positionals. */
  readonly rest?: string;
  /** A flag that stands for the positionals: with it there is none. */
  readonly instead?: string;
  /** Name of what follows `--`, verbatim and at least one word; without it `--` only ends the flags. */
  readonly trailing?: string;
  readonly summary: string;
  readonly description: readonly string[];
  readonly flags: readonly Flag[];
  readonly examples: readonly (readonly [command: string, says: string])[];
  /** The possible exit codes, in the words of this command. */
  readonly exits: readonly Exit[];
  /** `words` and `trailing` are as many as they may be, and every flag has a value that it may have. Throws E_USAGE. */
  readonly read: (words: readonly string[], flags: Flags, trailing: readonly string[]) => A;
}

export function mostPositionals({ positionals, optional, rest, trailing }: Command): number {
  return rest === undefined && trailing === undefined
    ? positionals.length + (optional === undefined ? 0 : 1)
    : Infinity;
}

/** For a command without a verdict of its own. */
export function exit(code: number, meaning: string): Exit {
  return { code, outcome: null, meaning };
}

export const BROKEN = exit(1, "a bug in tofu3, or standard output could not be written");
export const MISTAKEN = exit(2, "usage or configuration is wrong");
export const INTERRUPTED = exit(130, "interrupted");
