import { SPACE } from "./shellwords.ts";

/** An instruction as one line: without what continues it on the next, and without the comments between. */
export interface Logical {
  readonly text: string;
  readonly escape: string;
  /** The pieces it is made of: where each begins in `text`, and in the file. */
  readonly pieces: readonly { readonly at: number; readonly source: number }[];
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
  while (start < text.length && SPACE.test(text[start] ?? "")) start++;
  if (start >= text.length) return null;
  let quote: string | null = null;
  let end = start;
  for (; end < text.length && (quote !== null || !SPACE.test(text[end] ?? "")); end++) {
    const character = text[end] ?? "";
    if (character === escape && quote !== "'") end++;
    else if (character === quote) quote = null;
    else if (quote === null && (character === '"' || character === "'")) quote = character;
  }
  return { start, end: Math.min(end, text.length) };
}
