import { expect } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Mention } from "../../src/model/mention.ts";
import { visible } from "../../src/errors.ts";
import type { Format, Found } from "../../src/pins/formats/format.ts";

export const OLD = `sha256:${"a".repeat(64)}`;
export const NEW = `sha256:${"b".repeat(64)}`;

/** What is at a mention's place. */
export function sliceOf(text: string, { place }: Mention): string {
  const lines = text.replace(/^\ufeff/, "").split("\n");
  const [first = "", ...rest] = lines.slice(place.line - 1, place.endLine);
  if (rest.length === 0) return first.slice(place.column - 1, place.endColumn - 1);
  return [first.slice(place.column - 1), ...rest.slice(0, -1), rest.at(-1)?.slice(0, place.endColumn - 1)].join("\n");
}

/** The file with the digest written for each of these mentions. */
export function pin(text: string, mentions: readonly Mention[]): string {
  const edits = mentions.flatMap(({ pinning }) => (pinning.kind === "edits" ? pinning.edits : []));
  return edits
    .toSorted((one, other) => other.start - one.start)
    .reduce((all, { start, end, before, after }) => all.slice(0, start) + before + NEW + after + all.slice(end), text);
}

const short = (text: string): string => text.replaceAll(OLD, "OLD").replaceAll(NEW, "NEW");

/** A mention in a line: `LINE:COLUMN what it says -> the line with the digest`, or why not. */
function tell(text: string, mention: Mention): string {
  const { place, target, pinning } = mention;
  const slice = sliceOf(text, mention);
  const said = slice === mention.text ? visible(slice) : `${visible(slice)} = ${mention.text}`;
  const head = `${place.line}:${place.column} ${said}`;
  if (target.kind === "unresolved") return short(`${head} ? ${target.why}`);
  if (pinning.kind === "by-hand") return short(`${head} by hand: ${pinning.why}`);
  const before = text.split("\n");
  const after = pin(text, [mention]).split("\n");
  const changed = after.filter((line, at) => line !== before[at]).map((line) => line.trim());
  return short(`${head} -> ${changed.join(" / ")}`);
}

function trees(text: string): unknown {
  const documents = parseAllDocuments(text, { schema: "failsafe", uniqueKeys: false, logLevel: "silent" });
  return documents.map((each) => each.toJS() as unknown);
}

/** What changes from one tree to another. */
function changes(one: unknown, other: unknown): readonly (readonly [unknown, unknown])[] {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null)
    return one === other ? [] : [[one, other]];
  const [left, right] = [Object.entries(one), Object.entries(other)];
  if (left.length !== right.length) return [[one, other]];
  return left.flatMap(([key, value]: [string, unknown], at) => {
    const [name, changed] = right[at] ?? [];
    return name === key ? changes(value, changed) : [[one, other] as const];
  });
}

/** All mentions of a file, each in a line; fails unless what `pin` writes changes them and nothing else. */
export function told(format: Format, path: string, text: string): readonly string[] {
  const found = look(format, path, text);
  expect(found.unread).toEqual([]);
  for (const [before, after] of changes(trees(text), trees(pin(text, found.mentions)))) {
    expect([before, after]).toEqual([before, expect.stringContaining(NEW)]);
    expect(String(after).replace(/(?::latest@|@)?sha256:b+/g, "")).toBe(String(before).replace(/@?sha256:a+|^~$/g, ""));
  }
  return found.mentions.map((each) => tell(text, each));
}

export function look(format: Format, path: string, text: string): Found {
  expect(format.claims({ path, text })).toBe(true);
  const found = format.find({ path, text });
  for (const { place, source } of found.mentions) expect([place.file, source]).toEqual([path, expect.any(String)]);
  return found;
}
