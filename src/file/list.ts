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
  let [word, isOpen, quote] = ["", false, ""];
  const end = (): void => {
    if (isOpen) words.push(word);
    [word, isOpen] = ["", false];
  };
  for (let at = 0; at < line.length; at += 1) {
    const c = line.charAt(at);
    if (quote === "" && (c === " " || c === "\t")) end();
    else if (c === "#" && !isOpen) return words;
    else {
      isOpen = true;
      const next = line.charAt(at + 1);
      const escapes = c === "\\" && (quote === "" ? next !== "" : quote === '"' && /["\\]/.test(next));
      if (escapes) {
        word += next;
        at += 1;
      } else if (quote === "" && /["']/.test(c)) quote = c;
      else if (quote !== "" && c === quote) quote = "";
      else word += c;
    }
  }
  if (quote !== "") throw refuse(where, `has a ${quote} that nothing closes`, "close it, or write \\ before it");
  end();
  return words;
}

function refuse(where: string, why: string, hint: string): Tofu3Error {
  return new Tofu3Error("E_USAGE", `${visible(where, 300)} ${why}`, { hint });
}
