import { DockerfileParser } from "dockerfile-ast";
import type { Mention, Pinning, Source } from "../../model/mention.ts";
import { Lines } from "../text.ts";
import { addVariables, expand, type Value, type Variables } from "./dockerargs.ts";
import { continuationOf, flagsAt, logicalLine, sourceOf, wordAt, type Logical, type Word } from "./dockerline.ts";
import type { Format, Found, TextFile } from "./format.ts";
import {
  byHand,
  distinctPlaces,
  mentionOf,
  pinningAt,
  targetOf,
  unresolved,
  type Page,
  type Spot,
} from "./mentions.ts";
import { notHonoured } from "./remarks.ts";

export const dockerfile: Format = {
  source: "dockerfile",
  claims: ({ path }) => isDockerfile(path.slice(path.lastIndexOf("/") + 1).toLowerCase()),
  find: readDockerfile,
};

/** `Dockerfile.dockerignore` is what one of them leaves out, `Dockerfile.md` tells of one. */
const OTHERS = /\.(?:dockerignore|md|markdown|rst|adoc)$/;

function isDockerfile(name: string): boolean {
  if (OTHERS.test(name)) return false;
  return /^(?:docker|container)file(?:[.-]|$)/.test(name) || /\.(?:docker|container)file$/.test(name);
}

/** The parser takes two seconds for a megabyte of short lines. */
const LONGEST = 1 << 20;

function readDockerfile(file: TextFile): Found {
  if (file.text.length > LONGEST) {
    return { mentions: [], unread: [{ file: file.path, why: `it is longer than ${LONGEST} characters` }] };
  }
  const lines = new Lines(file.text);
  const mentions = mentionsInDockerfile(file.text, { source: "dockerfile", file: file.path, lines });
  return { mentions, unread: notHonoured(file, lines, "#") };
}

/** The file that a Dockerfile's text stands in. */
export interface Around {
  readonly source: Source;
  readonly file: string;
  readonly lines: Lines;
  /** Where an offset of the text is in the file; null where it has no place of its own. Left out, it is the file. */
  readonly outer?: (offset: number) => number | null;
  /** The place of a mention that has none of its own. */
  readonly otherwise?: { readonly start: number; readonly end: number };
}

/** The mentions in the text of a Dockerfile, which may stand within another file. */
export function mentionsInDockerfile(text: string, around: Around): readonly Mention[] {
  const page: Page = { ...around, marker: "#" };
  const mentions = sightingsIn(text).map((sighting) => {
    const { spot, pinning, whole } = outside(sighting, around);
    const target = sighting.why === null ? targetOf(spot.text) : unresolved(sighting.why);
    return mentionOf(page, spot, target, whole ? pinning : byHand("the file has it in escaped characters"));
  });
  return distinctPlaces(mentions);
}

/** A reference in a Dockerfile's own text. */
interface Sighting {
  readonly spot: Spot;
  readonly pinning: Pinning;
  /** Why it cannot be known; null if it can. */
  readonly why: string | null;
}

/** `whole` if the file has it character by character. */
function outside(
  { spot, pinning }: Sighting,
  { outer, otherwise }: Around,
): { readonly spot: Spot; readonly pinning: Pinning; readonly whole: boolean } {
  if (outer === undefined) return { spot, pinning, whole: true };
  const [start, last] = [outer(spot.start), outer(Math.max(spot.start, spot.end - 1))];
  if (start === null || last === null) {
    return { spot: { start: 0, end: 0, ...otherwise, text: spot.text }, pinning, whole: false };
  }
  const moved = { start, end: spot.end > spot.start ? last + 1 : last, text: spot.text };
  const whole = moved.end - moved.start === spot.end - spot.start;
  return { spot: moved, pinning: pinning.kind === "edits" ? pinningAt(moved) : pinning, whole };
}

function sightingsIn(source: string): readonly Sighting[] {
  const head = directivesOf(source);
  const stages = new Stages();
  const sightings: Sighting[] = head.syntax === null ? [] : [plain(head.syntax)];
  const variables = new Map<string, Value>();
  for (const line of instructionsOf(source, head.escape)) {
    let { keyword, rest } = keywordAt(line, 0);
    if (keyword === "ONBUILD") ({ keyword, rest } = keywordAt(line, rest));
    else if (keyword === "ARG" && stages.none) addVariables(line, rest, variables);
    else if (keyword === "FROM") sightings.push(...stages.open(line, rest, variables));
    if (keyword === "COPY") stages.refer(line, copiedFrom(line, rest));
    else if (keyword === "RUN") stages.refer(line, mountedFrom(line, rest));
  }
  return [...sightings, ...stages.referred()].sort((a, b) => a.spot.start - b.spot.start);
}

/** The word at `from` in upper case, if it is short enough for an instruction, and where it ends. */
function keywordAt(line: Logical, from: number): { readonly keyword: string; readonly rest: number } {
  const word = wordAt(line, from);
  if (word === null || word.end - word.start > "ONBUILD".length) return { keyword: "", rest: line.text.length };
  return { keyword: line.text.slice(word.start, word.end).toUpperCase(), rest: word.end };
}

/** The instructions that may have a reference, or a variable of one. */
function* instructionsOf(source: string, escape: string): Generator<Logical> {
  const text = likeBuildkit(source, escape);
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (!/^(?:FROM|ARG|COPY|RUN|ONBUILD)$/.test(instruction.getKeyword())) continue;
    const { start, end } = instruction.getRange();
    const [from, to] = [start, end].map((each) => (starts[each.line] ?? text.length) + each.character);
    yield logicalLine(source, from ?? 0, to ?? 0, escape);
  }
}

/**
 * The text for dockerfile-ast, which is asked only where instructions begin: without what it reads in another way than
 * BuildKit, and without flags, each of which costs it the whole line. Every character keeps its place.
 */
function likeBuildkit(source: string, escape: string): string {
  const text = source
    .replace(/^\ufeff/, " ")
    .replace(/\r(?!\n)/g, " ")
    .replace(/([ \t])--/g, "$1xx");
  if (!text.includes(escape + escape)) return text;
  return text
    .split("\n")
    .map((line) => {
      const bare = line.trimEnd();
      const doubled = bare.endsWith(escape) && continuationOf(line, escape) === -1;
      return doubled ? `${bare.slice(0, -1)}x${line.slice(bare.length)}` : line;
    })
    .join("\n");
}

/** The directives in the first lines. */
function directivesOf(source: string): { readonly escape: string; readonly syntax: Spot | null } {
  let escape = "\\";
  let syntax: Spot | null = null;
  let start = source.startsWith("\ufeff") ? 1 : 0;
  if (source.startsWith("#!", start)) start = nextLine(source, start);
  for (; start < source.length; start = nextLine(source, start)) {
    const line = source.slice(start, Math.min(nextLine(source, start), start + 4096));
    const directive = /^([ \t]{0,100}#[ \t]{0,100}([a-zA-Z][a-zA-Z0-9]{0,50})[ \t]{0,100}=[ \t]{0,100})(\S+)/.exec(
      line,
    );
    const [, before = "", name = "", text = ""] = directive ?? [];
    if (directive === null) break;
    const from = start + before.length;
    if (name.toLowerCase() === "syntax") syntax ??= { start: from, end: from + text.length, text };
    if (name.toLowerCase() === "escape" && text === "`") escape = text;
  }
  return { escape, syntax };
}

function nextLine(source: string, from: number): number {
  const end = source.indexOf("\n", from);
  return end === -1 ? source.length : end + 1;
}

/** The values of `--from=…`. */
function copiedFrom(line: Logical, from: number): readonly Word[] {
  const { flags } = flagsAt(line, from);
  const values = flags.filter(({ start }) => line.text.startsWith("--from=", start));
  return values.map(({ start, end }) => unquoted(line, { start: start + "--from=".length, end }));
}

/** The values of `from=…` in each `--mount=…`. */
function mountedFrom(line: Logical, from: number): readonly Word[] {
  const { flags } = flagsAt(line, from);
  return flags.flatMap((flag) => {
    if (!line.text.startsWith("--mount=", flag.start)) return [];
    const values: Word[] = [];
    let start = flag.start + "--mount=".length;
    for (const each of line.text.slice(start, flag.end).split(",")) {
      const field = unquoted(line, { start, end: start + each.length });
      if (line.text.startsWith("from=", field.start)) {
        values.push(unquoted(line, { start: field.start + "from=".length, end: field.end }));
      }
      start += each.length + 1;
    }
    return values;
  });
}

function unquoted({ text }: Logical, { start, end }: Word): Word {
  const opened = start < end && (text[start] === '"' || text[start] === "'");
  const closed = end - 1 > start && (text[end - 1] === '"' || text[end - 1] === "'");
  return { start: opened ? start + 1 : start, end: closed ? end - 1 : end };
}

/** A FROM may name a stage before it, and a COPY or a RUN any other. */
class Stages {
  readonly #names = new Set<string>();
  readonly #references: (readonly [Logical, Word])[] = [];
  none = true;

  /** What a FROM names, unless it is an earlier stage; its own name counts from here on. */
  open(line: Logical, from: number, variables: Variables): readonly Sighting[] {
    this.none = false;
    const image = wordAt(line, flagsAt(line, from).rest);
    if (image === null) return [];
    const value = expand(line, image, variables);
    const known = "text" in value && (value.text === "scratch" || this.#names.has(value.text.toLowerCase()));
    const { keyword, rest } = keywordAt(line, image.end);
    const name = keyword === "AS" ? wordAt(line, rest) : null;
    if (name !== null) this.#names.add(line.text.slice(name.start, name.end).toLowerCase());
    return known ? [] : [sightingOf(line, image, value)];
  }

  refer(line: Logical, words: readonly Word[]): void {
    for (const word of words) this.#references.push([line, word]);
  }

  /** What the instructions name that is no stage, by name or by number. */
  referred(): readonly Sighting[] {
    return this.#references.flatMap(([line, word]) => {
      const text = line.text.slice(word.start, word.end);
      if (text === "scratch" || /^\d*$/.test(text) || this.#names.has(text.toLowerCase())) return [];
      if (text.includes("$")) return [sightingOf(line, word, { why: "variables are not filled in there" })];
      const { whole, ...origin } = sourceOf(line, word.start, word.end);
      return [sightingOf(line, word, { text, origin: whole ? origin : null })];
    });
  }
}

function sightingOf(line: Logical, word: Word, value: Value): Sighting {
  const { start, end } = sourceOf(line, word.start, word.end);
  const written = line.text.slice(word.start, word.end);
  if ("why" in value) return { spot: { start, end, text: written }, pinning: byHand(value.why), why: value.why };
  if (value.origin !== null) return plain({ ...value.origin, text: value.text });
  const why = written.includes("$") ? "it is put together from variables" : "it is written in several parts";
  return { spot: { start, end, text: value.text }, pinning: byHand(why), why: null };
}

function plain(spot: Spot): Sighting {
  return { spot, pinning: pinningAt(spot), why: null };
}
