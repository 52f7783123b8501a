import type { Mention } from "../../model/mention.ts";
import { Lines } from "../text.ts";
import type { Format, Found, TextFile } from "./format.ts";
import { byHand, fileMention, mentionOf, shownUrl, unresolved, type Page } from "./mentions.ts";
import { notHonoured } from "./remarks.ts";
import { rowsOf, type Row } from "./rows.ts";

/** What pip installs by its URL. https://pip.pypa.io/en/stable/reference/requirements-file-format/ */
export const requirements: Format = {
  source: "requirements",
  claims: ({ path }) =>
    /(?:^|[/._-])(?:requirements|constraints)[^/]{0,100}\.txt$/i.test(path) ||
    /(?:^|\/)requirements\/[^/]{1,200}\.txt$/i.test(path),
  find: readRequirements,
};

/** So many lines are one at most. */
const MOST_ROWS = 1000;
const LONGEST = 4096;

/** A word of a requirement, and where it begins in the file. */
interface Word {
  readonly start: number;
  readonly text: string;
}

function readRequirements(file: TextFile): Found {
  const page: Page = { source: "requirements", file: file.path, lines: new Lines(file.text), marker: "#" };
  const mentions: Mention[] = [];
  let words: Word[] = [];
  let rows = 0;
  for (const row of rowsOf(file.text)) {
    const { own, continues } = wordsOf(row);
    words.push(...own);
    rows += 1;
    if (continues && rows < MOST_ROWS) continue;
    mentions.push(...mentionsOf(page, words));
    [words, rows] = [[], 0];
  }
  mentions.push(...mentionsOf(page, words));
  return { mentions, unread: notHonoured(file, page.lines, "#") };
}

/** Without what stands behind a `#` at the beginning of a word. A backslash at the end goes on in the next line. */
function wordsOf({ start, text }: Row): { readonly own: readonly Word[]; readonly continues: boolean } {
  const own: Word[] = [];
  for (const { 0: word, index } of text.matchAll(/[^ \t]+/g)) {
    if (word.startsWith("#")) return { own, continues: false };
    own.push({ start: start + index, text: word });
  }
  const last = own.at(-1);
  if (last?.text.endsWith("\\") !== true) return { own, continues: false };
  const kept = last.text.slice(0, -1);
  return { own: [...own.slice(0, -1), ...(kept === "" ? [] : [{ ...last, text: kept }])], continues: true };
}

/** `NAME @ URL`, `NAME@URL` or `URL`, with its hashes; what has no sha256 is none. */
function mentionsOf(page: Page, words: readonly Word[]): readonly Mention[] {
  const found = urlOf(words);
  if (found === null || found.text.length > LONGEST) return [];
  const hashes = new Set([...fragmentHashes(found.text), ...optionHashes(words)]);
  const [hash, ...others] = hashes;
  if (hash === undefined) return [];
  const spot = { start: found.start, end: found.start + found.text.length };
  const why =
    others.length > 0
      ? "it allows several checksums, and one file has one"
      : /\$\{[A-Z0-9_]+\}/.test(found.text)
        ? "it has a variable of the environment"
        : null;
  if (why === null) return [fileMention(page, spot, { url: found.text, checksum: `sha256:${hash}` })];
  return [mentionOf(page, { ...spot, text: shownUrl(found.text) }, unresolved(why), byHand(why))];
}

function urlOf(words: readonly Word[]): Word | null {
  const [first, second, third] = words;
  if (first === undefined || first.text.startsWith("-")) return null;
  if (isUrl(first.text)) return first;
  const at = first.text.indexOf("@");
  if (at === -1) {
    if (second?.text === "@" && third !== undefined && isUrl(third.text)) return third;
    return second?.text.startsWith("@") === true ? urlBehind(second, 1) : null;
  }
  if (at === first.text.length - 1) return second !== undefined && isUrl(second.text) ? second : null;
  return urlBehind(first, at + 1);
}

function urlBehind({ start, text }: Word, at: number): Word | null {
  return isUrl(text.slice(at)) ? { start: start + at, text: text.slice(at) } : null;
}

function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** `#sha256=HEX`, also among others: `#egg=NAME&sha256=HEX`. */
function fragmentHashes(url: string): readonly string[] {
  const hash = url.indexOf("#");
  if (hash === -1) return [];
  const fields = url.slice(hash + 1).split("&");
  return fields.flatMap((field) => (field.startsWith("sha256=") ? [field.slice(7).toLowerCase()] : []));
}

/** `--hash=sha256:HEX`, `--hash sha256:HEX` */
function optionHashes(words: readonly Word[]): readonly string[] {
  return words.flatMap(({ text }, at) => {
    const value = text === "--hash" ? (words[at + 1]?.text ?? "") : text.startsWith("--hash=") ? text.slice(7) : "";
    return value.startsWith("sha256:") ? [value.slice(7).toLowerCase()] : [];
  });
}
