import { visible } from "../../errors.ts";
import { FINDING_KINDS, type FindingKind } from "../../model/findingkind.ts";
import type { Ignore, Unread } from "../../model/mention.ts";
import { parseReference, type Reference } from "../../oci/reference.ts";
import type { Lines } from "../text.ts";
import type { TextFile } from "./format.ts";

/** What a comment may name the tag of: a repository of a registry, or of Git. */
export type Claimed = Reference | "git" | null;

/** What begins a comment. */
export type Marker = "#" | "//";

/** What the comments at a mention say of it. */
export interface Remarks {
  /** The tag that its line claims; null without one. */
  readonly comment: string | null;
  readonly ignores: readonly Ignore[];
}

/** What other tools leave out when they are told to: images without a digest. */
const UNPINNED: readonly FindingKind[] = ["unpinned", "floating-tag"];
const ZIZMOR_RULES: readonly string[] = ["unpinned-images", "unpinned-uses"];
const LONGEST_REMARK = 2000;
const TAG = /^\w[\w.-]{0,127}$/;

/**
 * The remarks on the mention at `offset`: behind it on its line, or in a comment that has the line above for itself.
 * `claimed` is what the mention names; null where that is not known, or has no tags: then nothing is claimed of it.
 */
export function remarksAt(lines: Lines, offset: number, claimed: Claimed, marker: Marker): Remarks {
  const { line, column } = lines.place("", offset, offset);
  const behind = remarksOf(lines, line, marker).filter(({ at }) => at >= column);
  const above = remarksOf(lines, line - 1, marker).filter(({ alone }) => alone);
  const own = [...behind, ...above].flatMap(({ text }) => ownIgnore(text) ?? []);
  const foreign = behind.flatMap(({ text }) => foreignIgnore(text) ?? []);
  const claims = claimed === null ? [] : behind.flatMap(({ text }) => claimOf(text, claimed) ?? []);
  return { comment: claims[0] ?? null, ignores: [...own.filter((each) => typeof each !== "string"), ...foreign] };
}

/** The `tofu3: ignore` comments of a file that are not honoured, and why. */
export function notHonoured(file: TextFile, lines: Lines, marker: Marker): readonly Unread[] {
  const unread: Unread[] = [];
  let last = 0;
  for (let at = file.text.indexOf("tofu3:"); at !== -1; at = file.text.indexOf("tofu3:", at + 1)) {
    const { line } = lines.place(file.path, at, at);
    if (line === last) continue;
    last = line;
    for (const { text } of remarksOf(lines, line, marker)) {
      const ignore = ownIgnore(text);
      if (typeof ignore === "string") unread.push({ file: file.path, why: `line ${line}: ${ignore}`, minor: true });
    }
  }
  return unread;
}

interface Remark {
  readonly text: string;
  /** The column of its marker, from 1. */
  readonly at: number;
  /** The line has nothing but comments. */
  readonly alone: boolean;
}

/** Many mentions may share one line, and it is read once. */
const READ = new WeakMap<Lines, Map<string, readonly Remark[]>>();

/** The comment of a line, and what stands in it behind another marker: `# v1.2 # tofu3: ignore …`. */
function remarksOf(lines: Lines, line: number, marker: Marker): readonly Remark[] {
  const read = READ.get(lines) ?? new Map<string, readonly Remark[]>();
  READ.set(lines, read);
  const key = `${marker}${line}`;
  const known = read.get(key);
  if (known !== undefined) return known;
  const remarks = splitRemarks(lines.line(line), marker);
  read.set(key, remarks);
  return remarks;
}

function splitRemarks(line: string, marker: Marker): readonly Remark[] {
  const start = commentStart(line, marker);
  if (start === -1) return [];
  const alone = line.slice(0, start).trim() === "";
  const comment = line.slice(start, start + LONGEST_REMARK);
  const remarks: Remark[] = [];
  for (let at = 0; at !== -1;) {
    const next = nextMarker(comment, at + marker.length, marker);
    const text = comment.slice(at + marker.length, next === -1 ? undefined : next).trim();
    remarks.push({ text, at: start + at + 1, alone });
    at = next;
  }
  return remarks;
}

function nextMarker(comment: string, from: number, marker: Marker): number {
  for (let at = comment.indexOf(marker, from); at !== -1; at = comment.indexOf(marker, at + 1)) {
    if (isBlank(comment[at - 1])) return at;
  }
  return -1;
}

/** -1 if there is none. A marker in quotes, or in the midst of a word, begins no comment. */
function commentStart(line: string, marker: Marker): number {
  if (!line.includes(marker)) return -1;
  for (let at = 0; at < line.length; at++) {
    const character = line[at];
    if ((character === '"' || character === "'") && opensQuote(line[at - 1])) at = endOfQuote(line, at);
    else if (line.startsWith(marker, at) && (marker === "//" || at === 0 || isBlank(line[at - 1]))) return at;
  }
  return -1;
}

/** An apostrophe within a word opens nothing. */
function opensQuote(before: string | undefined): boolean {
  return before === undefined || isBlank(before) || "[{(,:=".includes(before);
}

/** The offset of the closing quote; of a quote that is not closed on its line, its own. */
function endOfQuote(line: string, open: number): number {
  const quote = line[open];
  for (let at = open + 1; at < line.length; at++) {
    if (line[at] === "\\" && quote === '"') at++;
    else if (line[at] === quote) return at;
  }
  return open;
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t";
}

/** `tofu3: ignore KIND[,KIND] REASON`; why it is not honoured, or null if it is something else. */
function ownIgnore(remark: string): Ignore | string | null {
  const head = /^tofu3:[ \t]{0,8}ignore(?![\w-])/.exec(remark)?.[0];
  if (head === undefined) return null;
  const words = remark
    .slice(head.length)
    .split(/[ \t]/)
    .filter((word) => word !== "");
  const names: string[] = [];
  do names.push(...(words.shift() ?? "").split(","));
  while (names.at(-1) === "" && words.length > 0);
  const kinds = names.filter((name) => name !== "");
  const unknown = kinds.find((name) => !isKind(name));
  if (unknown !== undefined) return `"tofu3: ignore" names no kind of finding: "${visible(unknown, 60)}"`;
  if (kinds.length === 0) return '"tofu3: ignore" names no kind of finding';
  if (words.length === 0) return '"tofu3: ignore" gives no reason';
  return { kinds: kinds.filter(isKind), reason: words.join(" ") };
}

function isKind(name: string): name is FindingKind {
  return FINDING_KINDS.some((kind) => kind === name);
}

/** `ratchet:exclude`, `zizmor: ignore[unpinned-images]`. */
function foreignIgnore(remark: string): Ignore | null {
  if (/(?:^|[ \t])ratchet:exclude(?![\w-])/.test(remark)) return { kinds: UNPINNED, reason: remark };
  const rules = /zizmor:[ \t]{0,8}ignore\[([\w\-, \t]{1,500})\]/.exec(remark)?.[1];
  const heeded = rules?.split(",").some((rule) => ZIZMOR_RULES.includes(rule.trim())) ?? false;
  return heeded ? { kinds: UNPINNED, reason: remark } : null;
}

/** `v1.2`, `tag=v1.2`, `ratchet:NAME:TAG`, `NAME:TAG`; null for other words. */
function claimOf(remark: string, claimed: NonNullable<Claimed>): string | null {
  if (remark === "" || /[ \t]/.test(remark)) return null;
  const tag = remark.startsWith("tag=") ? remark.slice(4) : remark;
  if (TAG.test(tag)) return tag !== remark || /\d/.test(tag) || tag === "latest" ? tag : null;
  if (claimed === "git") return /^ratchet:[^ @]+@([\w.-]{1,128})$/.exec(remark)?.[1] ?? null;
  const name = remark.replace(/^ratchet:/, "").replace(/^docker:\/\//, "");
  try {
    const { registry, repository, tag: said = null } = parseReference(name);
    return registry === claimed.registry && repository === claimed.repository ? said : null;
  } catch {
    return null;
  }
}
