import type { Logical } from "./dockerline.ts";
import type { Row } from "./rows.ts";
import { shellWords, SPACE } from "./shellwords.ts";

/** Where heredocs end: the rows with this text, in order. */
type Endings = ReadonlyMap<string, readonly number[]>;

const KEYWORD = /[^\t\v\f\r ]+/y;
const WITH_HEREDOC: readonly string[] = ["ADD", "COPY", "RUN"];

/** Every instruction as one line, without comments, and without what stands in heredocs. */
export function* instructionsOf(source: string, escape: string): Generator<Logical> {
  const rows = rowsOf(source);
  const endings = [endingsOf(rows, false), endingsOf(rows, true)] as const;
  for (let at = 0; at < rows.length;) {
    const { line, next } = logicalAt(rows, at, escape);
    at = next;
    if (line === null) continue;
    yield line;
    at = behindHeredocs(line, at, endings);
  }
}

/** Lines as BuildKit has them, in frontend/dockerfile/parser/parser.go: every CR at their end is cut off. */
function rowsOf(source: string): readonly Row[] {
  const rows: Row[] = [];
  for (let start = source.startsWith("\ufeff") ? 1 : 0; start < source.length;) {
    const newline = source.indexOf("\n", start);
    const end = newline === -1 ? source.length : newline;
    let last = end;
    while (last > start && source[last - 1] === "\r") last--;
    rows.push({ start, text: source.slice(start, last) });
    start = end + 1;
  }
  return rows;
}

function logicalAt(
  rows: readonly Row[],
  from: number,
  escape: string,
): { readonly line: Logical | null; readonly next: number } {
  const pieces: { at: number; source: number }[] = [];
  const texts: string[] = [];
  let length = 0;
  let next = from;
  for (let continued = true; continued && next < rows.length; next++) {
    const { start, text } = rows[next] ?? { start: 0, text: "" };
    const first = firstOf(text);
    if (first === "" || first === "#") {
      // in front of an instruction it is none itself; behind a continued line it is nothing
      if (next === from) return { line: null, next: next + 1 };
      continue;
    }
    const stop = continuationOf(text, escape);
    const kept = stop === -1 ? text : text.slice(0, stop);
    pieces.push({ at: length, source: start });
    texts.push(kept);
    length += kept.length;
    continued = stop !== -1;
  }
  return { line: { text: texts.join(""), escape, pieces }, next };
}

/** The first character that is no blank; empty if there is none. */
function firstOf(text: string): string {
  for (const character of text) if (!SPACE.test(character)) return character;
  return "";
}

/** Where the escape character stands that continues a line; -1 if none does. One that is escaped itself does not. */
function continuationOf(text: string, escape: string): number {
  let at = text.length - 1;
  while (at >= 0 && (text[at] === " " || text[at] === "\t")) at--;
  return text[at] === escape && text[at - 1] !== escape ? at : -1;
}

/** The instruction's word at `from` in upper case, and where it ends. */
export function keywordAt({ text }: Logical, from: number): { readonly keyword: string; readonly rest: number } {
  let start = from;
  while (start < text.length && SPACE.test(text[start] ?? "")) start++;
  KEYWORD.lastIndex = start;
  const word = KEYWORD.exec(text)?.[0] ?? "";
  return { keyword: word.length > "HEALTHCHECK".length ? "" : word.toUpperCase(), rest: start + word.length };
}

/** The row behind the heredocs of an instruction that ends before `next`. One that has no end is none. */
function behindHeredocs(line: Logical, next: number, [whole, chomped]: readonly [Endings, Endings]): number {
  if (!line.text.includes("<<") || !mayHaveHeredocs(line)) return next;
  let at = next;
  for (const word of shellWords(line.text, true) ?? []) {
    const [, dash, rest] = /^\d*<<(-?)([^<]+)$/.exec(word) ?? [];
    if (rest === undefined) continue;
    const [name, ...others] = shellWords(rest, false) ?? [];
    if (name === undefined || others.length > 0) continue;
    const end = nextOf((dash === "-" ? chomped : whole).get(name), at);
    if (end === null) return next;
    at = end + 1;
  }
  return at;
}

function mayHaveHeredocs(line: Logical): boolean {
  let { keyword, rest } = keywordAt(line, 0);
  if (keyword === "ONBUILD") ({ keyword, rest } = keywordAt(line, rest));
  return WITH_HEREDOC.includes(keyword) && !isJson(line.text.slice(flagsAt(line, rest).rest));
}

/** Whether it begins with a JSON list of strings; what is behind the list counts for nothing. */
function isJson(text: string): boolean {
  const token = /[ \t\r\n]*(\[|\]|,|"(?:[^"\\]|\\.)*")/y;
  let [expected, empty] = ["[", true];
  while (SPACE.test(text[token.lastIndex] ?? "")) token.lastIndex++;
  for (let found = token.exec(text)?.[1]; found !== undefined; found = token.exec(text)?.[1]) {
    const kind = found.startsWith('"') ? '"' : found;
    if (kind === "]" && (expected === "," || (expected === '"' && empty))) return true;
    if (kind !== expected || (kind === '"' && !isText(found))) return false;
    expected = kind === '"' ? "," : '"';
    empty = kind === "[";
  }
  return false;
}

function isText(json: string): boolean {
  try {
    return typeof JSON.parse(json) === "string";
  } catch {
    return false;
  }
}

function endingsOf(rows: readonly Row[], chomped: boolean): Endings {
  const endings = new Map<string, number[]>();
  for (const [at, { text }] of rows.entries()) {
    if (text.length > 4096) continue;
    const name = chomped ? text.replace(/^\t+/, "") : text;
    const known = endings.get(name);
    if (known === undefined) endings.set(name, [at]);
    else known.push(at);
  }
  return endings;
}

/** The first of these numbers, which are sorted, from `least` on. */
function nextOf(sorted: readonly number[] = [], least: number): number | null {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return sorted[low] ?? null;
}

/** What a flag says, and where each of its characters stands in the line. */
export interface Flag {
  readonly text: string;
  readonly at: readonly number[];
}

/**
 * The words that begin with `--`, without quotes and backslashes, and where the first other one begins. The backslash
 * is one whatever the escape character is. moby/buildkit, frontend/dockerfile/parser/split_command.go
 */
export function flagsAt({ text }: Logical, from: number): { readonly flags: readonly Flag[]; readonly rest: number } {
  const flags: Flag[] = [];
  let at = from;
  for (;;) {
    while (at < text.length && endsFlag(text, at)) at++;
    if (!text.startsWith("--", at)) return { flags, rest: at };
    const letters: string[] = [];
    const places: number[] = [];
    let quote: string | null = null;
    for (; at < text.length && (quote !== null || !endsFlag(text, at)); at++) {
      const character = text[at] ?? "";
      if (character === quote) quote = null;
      else if (quote === null && (character === '"' || character === "'")) quote = character;
      else if (character !== "\\" || at + 1 < text.length) {
        if (character === "\\") at++;
        letters.push(text[at] ?? "");
        places.push(at);
      }
    }
    const flag = letters.join("");
    if (flag === "--") return { flags, rest: at };
    flags.push({ text: flag, at: places });
  }
}

/** It is read byte by byte there, and two bytes that may be part of a character count as blanks. */
function endsFlag(text: string, at: number): boolean {
  const character = text[at] ?? "";
  if (character <= "\u007f") return SPACE.test(character);
  const whole = /[\udc00-\udfff]/.test(character) ? text.slice(at - 1, at + 1) : character;
  return Buffer.from(whole).some((byte) => byte === 0x85 || byte === 0xa0);
}
