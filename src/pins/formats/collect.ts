import type { Edit, Mention, Pinning, Source, Target, Unread } from "../../model/mention.ts";
import { Lines } from "../text.ts";
import { asWritten, type Filled } from "./filled.ts";
import type { Format, TextFile } from "./format.ts";
import { byHand, claimedBy, mentionOf, pinningAt, targetOf, unresolved } from "./mentions.ts";
import { notHonoured, remarksAt } from "./remarks.ts";
import type { Text } from "./scalars.ts";
import { parseYaml, TooIntricate, type Yaml } from "./yaml.ts";

/** Of what is no reference, being longer than any. */
const MOST_CHARACTERS = 4096;
const ESCAPED = "the file has it in escaped characters";

/** A reference whose parts stand under several keys. */
export interface Parts {
  readonly registry?: Filled | null;
  readonly repository: Filled;
  readonly tag: Filled | null;
  readonly digest: Filled | null;
  /** The repository's text. */
  readonly place: Text;
  /** The text that a person would write the tag in a comment behind. */
  readonly remark: Text;
  readonly pinning: Pinning;
}

/** The mentions of one file, as they come. */
export class Mentions {
  readonly source: Source;
  readonly file: TextFile;
  readonly lines: Lines;
  readonly #found: Map<string, readonly [number, Mention]>;

  constructor(source: Source, file: TextFile, lines: Lines, found: Map<string, readonly [number, Mention]>) {
    this.source = source;
    this.file = file;
    this.lines = lines;
    this.#found = found;
  }

  /** The same file's, of another source. */
  as(source: Source): Mentions {
    return source === this.source ? this : new Mentions(source, this.file, this.lines, this.#found);
  }

  /** A whole reference in one text; an empty one names nothing. */
  whole(text: Text | null, filled: Filled | null = text === null ? null : asWritten(text)): void {
    if (text === null || filled === null) return;
    if (filled.kind === "unknown") {
      this.unknown(text, filled.why);
      return;
    }
    const { from } = filled;
    const value = filled.value.trim();
    if (value === "") return;
    const why = from === null ? "it is put together from variables" : ESCAPED;
    this.#keep(from ?? text, value, from?.literal === true ? pinningAt({ ...from, text: from.value }) : byHand(why));
  }

  /** What is named by other rules than those of references. */
  names(text: Text, target: Target): void {
    this.#add(text, text, text.value, target, byHand("it is no reference of a registry"));
  }

  /** One that is there, but cannot be known. */
  unknown(text: Text, why: string): void {
    this.#add(text, text, text.value, unresolved(why), byHand(why));
  }

  split(parts: Parts): void {
    const { registry = null, repository, tag, digest, place } = parts;
    let written = "";
    for (const [mark, part] of [
      ["", registry],
      [isEmpty(registry) ? "" : "/", repository],
      [":", tag],
      ["@", digest],
    ] as const) {
      if (part?.kind === "unknown") {
        this.unknown(place, part.why);
        return;
      }
      if (part !== null && !isEmpty(part)) written += `${mark}${part.value.trim()}`;
    }
    this.#add(place, parts.remark, written, targetOf(written), parts.pinning);
  }

  /** A mention that another format found within this file. */
  take(mention: Mention): void {
    if (mention.text === "") return;
    const { line, column } = mention.place;
    const start = this.lines.offset(line, column);
    this.#found.set(`${start}:${mention.text}`, [start, mention]);
  }

  #keep(place: Text, written: string, pinning: Pinning): void {
    this.#add(place, place, written, targetOf(written), pinning);
  }

  #add(place: Text, remark: Text, written: string, target: ReturnType<typeof targetOf>, pinning: Pinning): void {
    const key = `${place.start}:${written.slice(0, MOST_CHARACTERS)}`;
    if (this.#found.has(key)) return;
    const page = { source: this.source, file: this.file.path, lines: this.lines, marker: "#" } as const;
    const said = written.slice(0, MOST_CHARACTERS);
    const mention = mentionOf(page, { start: place.start, end: place.end, text: said }, target, pinning);
    this.#found.set(key, [place.start, this.#remarked(mention, remark)]);
  }

  /** A person may write the tag behind a digest that has a line of its own. */
  #remarked(mention: Mention, { start, end }: Text): Mention {
    const { line } = this.lines.place(mention.place.file, start, end);
    if (line === mention.place.line) return mention;
    const { comment, ignores } = remarksAt(this.lines, start, claimedBy(mention.target), "#");
    return { ...mention, comment: comment ?? mention.comment, ignores: [...mention.ignores, ...ignores] };
  }
}

function isEmpty(part: Filled | null): boolean {
  return part === null || (part.kind === "known" && part.value.trim() === "");
}

/** Writes the digest in place of this text, which may be empty. */
export function pinText(text: Text): Pinning {
  if (!text.literal) return byHand(ESCAPED);
  return edits({ start: text.start, end: text.end, before: "", after: "" });
}

/** Adds a digest to a tag, or replaces the one behind it. */
export function pinTag(tag: Text): Pinning {
  if (!tag.literal) return byHand(ESCAPED);
  const at = tag.value.indexOf("@");
  return at === -1
    ? edits({ start: tag.end, end: tag.end, before: "@", after: "" })
    : edits({ start: tag.start + at + 1, end: tag.end, before: "", after: "" });
}

function edits(...all: readonly Edit[]): Pinning {
  return { kind: "edits", edits: all };
}

type Look = (document: Yaml, mentions: Mentions, documents: readonly Yaml[]) => void;

/** Finds what `look` finds in each document of a YAML file, of those that are wanted. */
export function findIn(source: Source, isWanted: (document: string) => boolean, look: Look): Format["find"] {
  return (file, room = Infinity) => {
    const lines = new Lines(file.text);
    const found = new Map<string, readonly [number, Mention]>();
    const unread: Unread[] = [...notHonoured(file, lines, "#")];
    const { documents, brokenAt, cutAt, tokens } = parseYaml(file.text, isWanted, room);
    const lineOf = (offset: number): number => lines.place(file.path, offset, offset).line;
    if (brokenAt !== null) {
      const why = `line ${lineOf(brokenAt)} is no valid YAML, and what follows it may be left out`;
      unread.push({ file: file.path, why });
    }
    if (cutAt !== null) {
      const why = `it has more YAML than is read at once: what begins at line ${lineOf(cutAt)} is left out`;
      unread.push({ file: file.path, why });
    }
    try {
      for (const document of documents) look(document, new Mentions(source, file, lines, found), documents);
    } catch (error) {
      if (!(error instanceof TooIntricate) && !(error instanceof RangeError)) throw error;
      unread.push({ file: file.path, why: "it has more aliases, nesting or matrix jobs than are followed" });
    }
    const mentions = [...found.values()].sort(([one], [other]) => one - other).map(([, mention]) => mention);
    return { mentions, unread, tokens };
  };
}

/**
 * Whether a document has one of these words, or may have: nothing is read without a key that has one of them. Only an
 * escape in double quotes can hide a letter, or part a word.
 */
export function withWords(...words: readonly string[]): (document: string) => boolean {
  return (document) => words.some((word) => document.includes(word)) || /\\[xuU\r\n]/.test(document);
}
