import type { Mention, Source, Unread } from "../../model/mention.ts";

/** A file of the tree, decoded. */
export interface TextFile {
  /** Relative to where the search began, with `/`. */
  readonly path: string;
  /** UTF-8, decoded with its byte order mark, so that encoding it again gives the same bytes. */
  readonly text: string;
}

export interface Found {
  readonly mentions: readonly Mention[];
  /** Parts of the file that are not read. */
  readonly unread: readonly Unread[];
  /** How many tokens of YAML were parsed for it. */
  readonly tokens?: number;
}

/** One kind of file. Pure, total and linear in the file's length. */
export interface Format {
  readonly source: Source;
  /** Whether this file is one, from its path, or from a look at its text. */
  readonly claims: (file: TextFile) => boolean;
  /** In the order of the file. At most `room` tokens of YAML are parsed for it. */
  readonly find: (file: TextFile, room?: number) => Found;
}
