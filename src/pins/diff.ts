import { visible } from "../errors.ts";
import { applyEdits, type Replacement } from "./edits.ts";

/** Lines around a change, as `diff -u` has them. */
const CONTEXT = 3;

/** Lines `from` to `to`, exclusive, that become others. Each line has its line break, if it has one. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

/**
 * What `edits` do to a file as a unified diff, for `git apply` and `patch -p1`: byte for byte, so it may hold whatever
 * the file holds. Empty without edits. `path` is relative, with `/`.
 */
export function unifiedDiff(path: string, text: string, edits: readonly Replacement[]): string {
  const lines = linesOf(text);
  const changes = changesOf(text, lines, edits);
  if (changes.length === 0) return "";
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1);
    if (last !== undefined && change.from - (last.at(-1)?.to ?? 0) <= 2 * CONTEXT) last.push(change);
    else hunks.push([change]);
  }
  let shift = 0;
  const bodies = hunks.map((hunk) => {
    const body = renderHunk(lines, hunk, shift);
    for (const { from, to, lines: next } of hunk) shift += next.length - (to - from);
    return body;
  });
  return `--- ${fileName(`a/${path}`)}\n+++ ${fileName(`b/${path}`)}\n${bodies.join("")}`;
}

/** The same for a terminal: nothing in it but text, tabs and line breaks. */
export function shownDiff(diff: string): string {
  return diff
    .split("\n")
    .map((line) =>
      line
        .replace(/\r$/, "")
        .split("\t")
        .map((part) => visible(part, Infinity))
        .join("\t"),
    )
    .join("\n");
}

/** Each with its line break; a lone carriage return is none, as for git. */
function linesOf(text: string): readonly string[] {
  const lines: string[] = [];
  let at = 0;
  for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", at)) {
    lines.push(text.slice(at, end + 1));
    at = end + 1;
  }
  return at < text.length ? [...lines, text.slice(at)] : lines;
}

function changesOf(text: string, lines: readonly string[], edits: readonly Replacement[]): readonly Change[] {
  const changes: Change[] = [];
  let [line, start] = [0, 0];
  for (let index = 0; index < edits.length;) {
    const at = edits[index]?.start ?? 0;
    while (lines[line]?.endsWith("\n") === true && start + (lines[line]?.length ?? 0) <= at)
      start += lines[line++]?.length ?? 0;
    // from the line of the edit to the one where it ends, with the other edits that begin there
    let [to, end, until] = [line, start, index];
    for (let next = edits[index]; next !== undefined; next = edits[until]) {
      const isLast = to === lines.length && lines[to - 1]?.endsWith("\n") === false;
      if (until > index && next.start >= end && !isLast) break;
      while (to < lines.length && end <= next.end) end += lines[to++]?.length ?? 0;
      until += 1;
    }
    const here = edits
      .slice(index, until)
      .map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
    const change = trimmed(lines, { from: line, to, lines: linesOf(applyEdits(text.slice(start, end), here)) });
    if (change !== null) changes.push(change);
    [line, start, index] = [to, end, until];
  }
  return changes;
}

/** Without the lines at both ends that stay as they are; null if all do. */
function trimmed(lines: readonly string[], { from, to, lines: next }: Change): Change | null {
  let [head, tail] = [0, 0];
  const most = Math.min(to - from, next.length);
  while (head < most && lines[from + head] === next[head]) head += 1;
  while (tail < most - head && lines[to - 1 - tail] === next[next.length - 1 - tail]) tail += 1;
  if (head + tail === next.length && head + tail === to - from) return null;
  return { from: from + head, to: to - tail, lines: next.slice(head, next.length - tail) };
}

function renderHunk(lines: readonly string[], changes: readonly Change[], shift: number): string {
  const begin = Math.max((changes[0]?.from ?? 0) - CONTEXT, 0);
  const end = Math.min((changes.at(-1)?.to ?? 0) + CONTEXT, lines.length);
  const body: string[] = [];
  let [at, grown] = [begin, 0];
  for (const { from, to, lines: next } of changes) {
    body.push(...marked(" ", lines.slice(at, from)), ...marked("-", lines.slice(from, to)), ...marked("+", next));
    grown += next.length - (to - from);
    at = to;
  }
  body.push(...marked(" ", lines.slice(at, end)));
  const count = end - begin;
  return `@@ -${range(begin, count)} +${range(begin + shift, count + grown)} @@\n${body.join("")}`;
}

/** Lines count from 1; an empty range is named by the line before it. */
function range(begin: number, count: number): string {
  if (count === 1) return `${begin + 1}`;
  return `${count === 0 ? begin : begin + 1},${count}`;
}

function marked(mark: string, lines: readonly string[]): readonly string[] {
  return lines.map((line) =>
    line.endsWith("\n") ? `${mark}${line}` : `${mark}${line}\n\\ No newline at end of file\n`,
  );
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\u000b": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  '"': '\\"',
  "\\": "\\\\",
};

/** In quotes and octal where git writes it so; a name with a blank ends in a tab, so that no tool takes it for a date. */
function fileName(path: string): string {
  if (!/[\u0000-\u001f"\\\u007f-\uffff]/.test(path)) return path.includes(" ") ? `${path}\t` : path;
  const bytes = [...Buffer.from(path)].map((byte) => {
    const char = String.fromCharCode(byte);
    if (ESCAPES[char] !== undefined) return ESCAPES[char];
    return byte < 0x20 || byte >= 0x7f ? `\\${byte.toString(8).padStart(3, "0")}` : char;
  });
  return `"${bytes.join("")}"`;
}
