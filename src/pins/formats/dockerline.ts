/** An instruction as one line: without what continues it on the next, and without the comments between. */
export interface Logical {
  readonly text: string;
  readonly escape: string;
  /** The pieces it is made of: where each begins in `text`, and in the file. */
  readonly pieces: readonly { readonly at: number; readonly source: number }[];
}

/** From `start`, to `end` at most: a heredoc behind the instruction is not part of it. */
export function logicalLine(source: string, start: number, end: number, escape: string): Logical {
  const pieces: { at: number; source: number }[] = [];
  const texts: string[] = [];
  let at = 0;
  for (let from = start; from < end;) {
    const next = source.indexOf("\n", from);
    const line = source.slice(from, next === -1 || next > end ? end : next);
    const stop = continuationOf(line, escape);
    if (from === start || !/^[ \t]*(?:#|\r?$)/.test(line)) {
      const text = stop === -1 ? line.replace(/\r$/, "") : line.slice(0, stop);
      pieces.push({ at, source: from });
      texts.push(text);
      at += text.length;
      if (stop === -1) break;
    }
    from += line.length + 1;
  }
  return { text: texts.join(""), escape, pieces };
}

/** Where the escape character stands that continues a line; -1 if none does. One that is escaped itself does not. */
export function continuationOf(line: string, escape: string): number {
  let at = line.length - 1;
  while (at >= 0 && (line[at] === " " || line[at] === "\t" || line[at] === "\r")) at--;
  return line[at] === escape && line[at - 1] !== escape ? at : -1;
}

/** The stretch of the file that a stretch of the line is; `whole` if it stands there in one piece. */
export function sourceOf(
  line: Logical,
  start: number,
  end: number,
): { readonly start: number; readonly end: number; readonly whole: boolean } {
  const from = offsetOf(line, start);
  const to = end > start ? offsetOf(line, end - 1) + 1 : from;
  return { start: from, end: to, whole: to - from === end - start };
}

function offsetOf({ pieces }: Logical, at: number): number {
  let [low, high] = [0, pieces.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle]?.at ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  const piece = pieces[low] ?? { at: 0, source: 0 };
  return piece.source + at - piece.at;
}

export interface Word {
  readonly start: number;
  readonly end: number;
}

/** The word at or behind `from`; quotes hold a word together. Null at the end of the line. */
export function wordAt({ text, escape }: Logical, from: number): Word | null {
  let start = from;
  while (start < text.length && isBlank(text[start])) start++;
  if (start >= text.length) return null;
  let quote: string | null = null;
  let end = start;
  for (; end < text.length && (quote !== null || !isBlank(text[end])); end++) {
    const character = text[end] ?? "";
    if (character === escape && quote !== "'") end++;
    else if (character === quote) quote = null;
    else if (quote === null && (character === '"' || character === "'")) quote = character;
  }
  return { start, end: Math.min(end, text.length) };
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\r";
}

/** The words that begin with `--`, and where the first other one begins. */
export function flagsAt(line: Logical, from: number): { readonly flags: readonly Word[]; readonly rest: number } {
  const flags: Word[] = [];
  let rest = from;
  for (let word = wordAt(line, rest); word !== null; word = wordAt(line, rest)) {
    if (!line.text.startsWith("--", word.start)) break;
    flags.push(word);
    rest = word.end;
  }
  return { flags, rest };
}
