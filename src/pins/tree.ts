import type { Mention, Unread } from "../model/mention.ts";

/** What was found in a tree. */
export interface Tree {
  /** Sorted by file and place. */
  readonly mentions: readonly Mention[];
  /** Sorted by file. */
  readonly unread: readonly Unread[];
  /** The text of each file with references, as `TextFile` has it. */
  readonly texts: ReadonlyMap<string, string>;
  /** How many files were looked at, and in how many there were references. */
  readonly files: { readonly read: number; readonly withReferences: number };
}
