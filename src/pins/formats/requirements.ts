import { Tofu3Error } from "../../errors.ts";
import { normalizedProject } from "../../file/releases.ts";
import { parseFileUrl } from "../../file/url.ts";
import { PYPI } from "../../model/listed.ts";
import type { Mention } from "../../model/mention.ts";
import { trimEnd } from "../../oci/trim.ts";
import { isDigest } from "../../oci/digest.ts";
import { Lines } from "../text.ts";
import type { Format, Found, TextFile } from "./format.ts";
import { byHand, fileMention, mentionOf, NO_DIGEST, OWN_PIN, shownUrl, unresolved, type Page } from "./mentions.ts";
import { notHonoured } from "./remarks.ts";
import { rowsOf, type Row } from "./rows.ts";

/**
 * What pip installs, by its URL or by its checksum at an index.
 * https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
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
  const all = requirementsOf(file.text);
  // an option counts for the whole file, wherever it stands
  const index = indexOf(all.map((words) => words.map(({ text }) => text)));
  const mentions = all.flatMap((words) => [...mentionsOf(page, words), ...releasesOf(page, words, index)]);
  return { mentions, unread: notHonoured(file, page.lines, "#") };
}

function requirementsOf(text: string): readonly (readonly Word[])[] {
  const all: Word[][] = [];
  let words: Word[] = [];
  let rows = 0;
  for (const row of rowsOf(text)) {
    const { own, continues } = wordsOf(row);
    words.push(...own);
    rows += 1;
    if (continues && rows < MOST_ROWS) continue;
    all.push(words);
    [words, rows] = [[], 0];
  }
  return [...all, words];
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

function urlBehind(word: Word, at: number): Word | null {
  const url = cutBefore(word, at);
  return isUrl(url.text) ? url : null;
}

function cutBefore({ start, text }: Word, at: number): Word {
  return { start: start + at, text: text.slice(at) };
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
  return hashWords(words).map(({ text }) => text.slice("sha256:".length).toLowerCase());
}

/** `sha256:HEX` of each, at its place. */
function hashWords(words: readonly Word[]): readonly Word[] {
  return words.flatMap((word, at) => {
    const value = word.text.startsWith("--hash=") ? cutBefore(word, "--hash=".length) : words[at + 1];
    const isHash = word.text === "--hash" || word.text.startsWith("--hash=");
    return isHash && value?.text.startsWith("sha256:") === true ? [value] : [];
  });
}

/** Where releases come from; why that cannot be known, as a clause. */
type Index = { readonly url: string } | { readonly why: string };

function indexOf(all: readonly (readonly string[])[]): Index {
  const options = all.filter(([first]) => first?.startsWith("-") === true).map((words) => words.join(" "));
  if (options.some((each) => /^(?:--extra-index-url|--find-links|-f|--no-index)(?![\w-])/.test(each)))
    return { why: "its file names several places where releases come from" };
  const urls = options.flatMap((each) => /^(?:--index-url|-i)[ =]?(\S+)$/.exec(each)?.[1] ?? []);
  const url = urls.at(-1);
  if (url === undefined) return { url: PYPI };
  try {
    const { url: asked, pin } = parseFileUrl(url);
    return pin === null && !asked.includes("?") ? { url: `${trimEnd(asked, "/")}/` } : { why: NO_INDEX };
  } catch (error) {
    if (!(error instanceof Tofu3Error)) throw error;
    return { why: NO_INDEX };
  }
}

const NO_INDEX = "its index is no plain https: URL";
const RELEASE =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?)(?:\[[^\]]{0,1000}\])?===?([A-Za-z0-9.!+_-]{1,100})(?:;|$)/;

/** `NAME==VERSION` with checksums: one mention for each file of the release. PEP 440, PEP 508 */
function releasesOf(page: Page, words: readonly Word[], index: Index): readonly Mention[] {
  const end = words.findIndex(({ text }) => text.startsWith("-"));
  const named = words.slice(0, end === -1 ? words.length : end).map(({ text }) => text);
  const [, name, version] = RELEASE.exec(named.join("").slice(0, LONGEST)) ?? [];
  if (name === undefined || version === undefined) return [];
  const project = normalizedProject(name);
  return hashWords(words).map(({ start, text }) => {
    const spot = { start, end: start + text.length, text: `${name}==${version} ${text}`.slice(0, LONGEST) };
    const digest = text.toLowerCase();
    if (!isDigest(digest)) return mentionOf(page, spot, unresolved(NO_DIGEST), byHand(NO_DIGEST));
    if ("why" in index) return mentionOf(page, spot, unresolved(index.why), byHand(index.why));
    const listed = { index: index.url, project, version, digest };
    return mentionOf(page, spot, { kind: "listed", listed }, byHand(OWN_PIN));
  });
}
