import { Tofu3Error, visible } from "../errors.ts";

/** One line of a list that names something. */
export interface ListLine {
  /** From 1. */
  readonly number: number;
  /** A subject and flags, at least one. */
  readonly words: readonly string[];
}

const MOST_LINES = 10_000;
const LONGEST = 10_000;

/**
 * The lines of a list: words as a shell splits them, without any expansion, and `#` at the beginning of a word begins a
 * comment. Empty lines are left out. `what` is how messages call the list. Throws E_USAGE.
 */
export function parseList(text: string, what: string): readonly ListLine[] {
  const all = text.replace(/^\uFEFF/, "").split("\n");
  if (all.length > MOST_LINES) throw refuse(what, `has more than ${MOST_LINES} lines`, "split it");
  return all.flatMap((line, at) => {
    const words = wordsOf(line.replace(/\r$/, ""), `${what}:${at + 1}`);
    return words.length === 0 ? [] : [{ number: at + 1, words }];
  });
}

/** Throws E_USAGE. */
function wordsOf(line: string, where: string): readonly string[] {
  if (line.length > LONGEST) throw refuse(where, `is longer than ${LONGEST} characters`, "one subject a line");
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const c = line.charAt(at);
    if (quote !== null) {
      if (c === quote) quote = null;
      else if (c === "\\" && quote === '"' && /["\\]/.test(line.charAt(at + 1))) word += line.charAt((at += 1));
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= "";
    } else if (c === "\\" && at + 1 < line.length) {
      word = (word ?? "") + line.charAt((at += 1));
    } else if (c === " " || c === "\t") {
      if (word !== null) words.push(word);
      word = null;
    } else if (c === "#" && word === null) {
      return words;
    } else {
      word = (word ?? "") + c;
    }
  }
  if (quote !== null) throw refuse(where, `has a ${quote} that nothing closes`, "close it, or write \\ before it");
  return word === null ? words : [...words, word];
}

function refuse(where: string, why: string, hint: string): Tofu3Error {
  return new Tofu3Error("E_USAGE", `${visible(where, 300)} ${why}`, { hint });
}
