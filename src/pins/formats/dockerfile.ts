import type { Mention, Pinning, Source } from "../../model/mention.ts";
import { Lines } from "../text.ts";
import { addedBy, StageVariables } from "./dockeradd.ts";
import { addVariables, expand, type Value, type Variables } from "./dockerargs.ts";
import { sourceOf, wordAt, type Logical, type Word } from "./dockerline.ts";
import { flagsAt, instructionsOf, keywordAt, type Flag } from "./dockerlines.ts";
import type { Format, Found, TextFile } from "./format.ts";
import {
  byHand,
  distinctPlaces,
  mentionOf,
  pinningAt,
  targetOf,
  unresolved,
  type Page,
  type Sighting,
  type Spot,
} from "./mentions.ts";
import { notHonoured } from "./remarks.ts";

const DIRECTIVES: readonly string[] = ["syntax", "escape", "check"];

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
    const target = sighting.target ?? (sighting.why === null ? targetOf(spot.text) : unresolved(sighting.why));
    return mentionOf(page, spot, target, whole ? pinning : byHand("the file has it in escaped characters"));
  });
  return distinctPlaces(mentions);
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
  const sightings: Sighting[] = head.syntax === null ? [] : [head.syntax];
  const variables = new Map<string, Value>();
  const own = new StageVariables();
  for (const line of instructionsOf(source, head.escape)) {
    let { keyword, rest } = keywordAt(line, 0);
    const isLater = keyword === "ONBUILD";
    if (isLater) ({ keyword, rest } = keywordAt(line, rest));
    else if (keyword === "ARG" && stages.none) addVariables(line, rest, variables);
    else if (keyword === "ARG") own.arg(line, rest, variables);
    else if (keyword === "ENV") own.env(line, rest);
    else if (keyword === "FROM") {
      sightings.push(...stages.open(line, rest, variables));
      own.open();
    }
    if (keyword === "ADD") sightings.push(...addedBy(line, rest, isLater ? null : own.known));
    if (keyword === "COPY") stages.refer(line, copiedFrom(line, rest));
    else if (keyword === "RUN") stages.refer(line, mountedFrom(line, rest));
  }
  return [...sightings, ...stages.referred()].sort((a, b) => a.spot.start - b.spot.start);
}

/** The directives in the first lines: the escape character, and the image that reads the file. */
function directivesOf(source: string): { readonly escape: string; readonly syntax: Sighting | null } {
  const start = source.startsWith("\ufeff") ? 1 : 0;
  const shebang = source.startsWith("#!", start);
  const from = shebang ? nextLine(source, start) : start;
  const own = directivesFrom(source, from, "#");
  const syntax = own.get("syntax") ?? directivesFrom(source, from, "//").get("syntax") ?? null;
  // behind a shebang, only the syntax is looked for
  const escape = !shebang && own.get("escape")?.text === "`" ? "`" : "\\";
  return { escape, syntax: syntax === null ? syntaxInJson(source.slice(from), from) : plain(syntax) };
}

/** Each begins a line; the first line without one that is known ends them. */
function directivesFrom(source: string, from: number, marker: string): ReadonlyMap<string, Spot> {
  const found = new Map<string, Spot>();
  for (let start = from; start < source.length; start = nextLine(source, start)) {
    const line = source.slice(start, Math.min(nextLine(source, start), start + 4096));
    const head = line.trimStart();
    const directive = /^(\s{0,100}([a-z][a-z0-9]{0,50})\s{0,100}=\s{0,100})(\S+)/i.exec(head.slice(marker.length));
    const [, before = "", name = "", text = ""] = directive ?? [];
    if (!head.startsWith(marker) || !DIRECTIVES.includes(name.toLowerCase())) break;
    const at = start + line.length - head.length + marker.length + before.length;
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), { start: at, end: at + text.length, text });
  }
  return found;
}

/** `{"syntax": "IMAGE"}`: the image reads whatever else is there. */
function syntaxInJson(source: string, start: number): Sighting | null {
  if (!source.trimStart().startsWith("{")) return null;
  try {
    const fields = Object.entries(JSON.parse(source) as Readonly<Record<string, unknown>>);
    const [, text] = fields.find(([key]) => key.toLowerCase() === "syntax") ?? [];
    if (typeof text !== "string") return null;
    const spot = { start, end: start + source.trimEnd().length, text: text.split(" ", 1).join("") };
    return { spot, pinning: byHand("the file is JSON"), why: null };
  } catch {
    return null;
  }
}

function nextLine(source: string, from: number): number {
  const end = source.indexOf("\n", from);
  return end === -1 ? source.length : end + 1;
}

/** A part of a flag. */
type Part = Flag;

/** The values of `--from=…`. */
function copiedFrom(line: Logical, from: number): readonly Part[] {
  return flagsAt(line, from).flags.flatMap((flag) => valueOf(flag, "--from") ?? []);
}

/** What stands behind the name of a flag; one that has nothing there names what cannot be known. */
function valueOf(flag: Flag, name: string): Part | null {
  if (flag.text !== name && !flag.text.startsWith(`${name}=`)) return null;
  return partOf(flag, flag.text === name ? 0 : name.length + 1);
}

function partOf({ text, at }: Flag, start: number, end = text.length): Part {
  return { text: text.slice(start, end), at: at.slice(start, end) };
}

/** The values of `from=…` in each `--mount=…`. */
function mountedFrom(line: Logical, from: number): readonly Part[] {
  return flagsAt(line, from)
    .flags.flatMap((flag) => valueOf(flag, "--mount") ?? [])
    .flatMap((value) => fieldsOf(value))
    .flatMap((field) => (/^from=/i.test(field.text) ? partOf(field, "from=".length) : []));
}

/** The fields of a line of CSV. */
function fieldsOf(value: Part): readonly Part[] {
  const fields: Part[] = [];
  for (let at = 0; at <= value.text.length; at++) {
    if (value.text[at] !== '"') {
      const comma = value.text.indexOf(",", at);
      const end = comma === -1 ? value.text.length : comma;
      fields.push(partOf(value, at, end));
      at = end;
      continue;
    }
    const letters: number[] = [];
    for (at++; at < value.text.length; at++) {
      if (value.text[at] === '"' && value.text[++at] !== '"') break;
      letters.push(at);
    }
    const text = letters.map((each) => value.text[each]).join("");
    fields.push({ text, at: letters.map((each) => value.at[each] ?? 0) });
  }
  return fields;
}

/** A FROM may name a stage before it, and a COPY or a RUN any other. */
class Stages {
  readonly #names = new Set<string>();
  readonly #references: (readonly [Logical, Part])[] = [];
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
    if (known) return [];
    if (!("text" in value) || value.text !== "") return [sightingOf(line, image, value)];
    // '' names nothing, and a variable that is empty may be filled by whoever builds
    const filled = line.text.slice(image.start, image.end).includes("$");
    return filled ? [sightingOf(line, image, { why: "it is empty" })] : [];
  }

  refer(line: Logical, parts: readonly Part[]): void {
    for (const part of parts) this.#references.push([line, part]);
  }

  /** What the instructions name that is no stage, by name or by number. */
  referred(): readonly Sighting[] {
    return this.#references.flatMap(([line, { text, at }]) => {
      if (text === "scratch" || /^\d{0,18}$/.test(text) || this.#names.has(text.toLowerCase())) return [];
      const word = { start: at[0] ?? 0, end: (at.at(-1) ?? -1) + 1 };
      if (/^--(?:from|mount)$/.test(text))
        return [sightingOf(line, word, { why: "its value does not stand behind it" })];
      if (text.includes("$")) return [sightingOf(line, word, { why: "variables are not filled in there" })];
      const { whole, ...origin } = sourceOf(line, word.start, word.end);
      return [sightingOf(line, word, { text, origin: whole && word.end - word.start === text.length ? origin : null })];
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
