import { Tofu3Error } from "../errors.ts";
import type { Entry } from "../model/record.ts";
import { isFile, type Subject } from "../model/subject.ts";
import { registryKey } from "../oci/reference.ts";
import { checkLine, hashOf, isJson, NO_JSON, readLine, type LedgerKey, type Place } from "./line.ts";

/** The first line that does not hold, and all that is known before it. */
export interface Broken {
  /** From 1; the number of the entry that should be there. */
  readonly line: number;
  readonly why: string;
  /** No line of any ledger. */
  readonly alien: boolean;
}

/** Which entries are wanted: those about some subjects, or all. */
export type Wanted = readonly Subject[] | "all";

/** What entries about the same tag, the same digest, or the same file have in common. Neither pin nor selection matters. */
export function nameOf(subject: Subject): string {
  if (isFile(subject)) return JSON.stringify([subject.url]);
  const asked = "tag" in subject ? { tag: subject.tag } : { digest: subject.digest };
  return JSON.stringify([registryKey(subject), subject.repository, asked]);
}

/** Entries about the same tag, the same digest, or the same file. */
export function isAbout(asked: Subject, subject: Subject): boolean {
  return nameOf(asked) === nameOf(subject);
}

/** What stands before the repository or the URL in every line, and nowhere in a text: quotes are escaped there. */
const MARKS = ['"repository":"', '"url":"'].map((mark) => Buffer.from(mark));
const QUOTE = 0x22;

/** A ledger as far as it was read, line by line from the first. */
export class Chain {
  /** Those that are wanted, oldest first. */
  readonly entries: Entry[] = [];
  readonly #key: LedgerKey | null;
  /** The wanted entries of each wanted subject; null if all are wanted. */
  readonly #about: ReadonlyMap<string, Entry[]> | null;
  /** As this program writes them. */
  readonly #marked: ReadonlySet<string>;
  #place: Place = { previous: null, entry: 1 };
  #own = 0;
  #broken: Broken | null = null;

  constructor(wanted: Wanted, key: LedgerKey | null) {
    this.#key = key;
    this.#about = wanted === "all" ? null : new Map(wanted.map((subject) => [nameOf(subject), []]));
    this.#marked = new Set(wanted === "all" ? [] : wanted.map(markedOf));
  }

  /** The entries about a subject, which must be a wanted one. */
  about(subject: Subject): readonly Entry[] {
    const entries = this.#about?.get(nameOf(subject));
    if (entries === undefined) throw new Tofu3Error("E_BUG", "nobody wanted to know of this subject");
    return entries;
  }

  /** Where the next line belongs. */
  get place(): Place {
    return this.#place;
  }

  get keyId(): string | null {
    return this.#key?.id ?? null;
  }

  /** How many lines the key signed. */
  get own(): number {
    return this.#own;
  }

  /** Once there is one, no further line is looked at. */
  get broken(): Broken | null {
    return this.#broken;
  }

  /** Takes the next line, without its newline. Returns false from the first one on that does not hold. */
  add(line: Buffer): boolean {
    const why = this.#broken === null ? this.#take(line) : null;
    if (why !== null) this.#broken = { line: this.#place.entry, ...why };
    if (this.#broken !== null) return false;
    this.#place = { previous: hashOf(line), entry: this.#place.entry + 1 };
    return true;
  }

  #take(line: Buffer): Pick<Broken, "why" | "alien"> | null {
    const checked = checkLine(line, this.#place, this.#key);
    if (checked.why !== null) return checked;
    if (this.#mayBeWanted(line)) {
      const entry = readLine(line, this.#place.entry, checked.own);
      if (typeof entry === "string") return { why: entry, alien: false };
      const about = this.#about?.get(nameOf(entry.subject));
      about?.push(entry);
      if (this.#about === null || about !== undefined) this.entries.push(entry);
    } else if (!checked.own && !isJson(line)) {
      return { why: NO_JSON, alien: false };
    }
    if (checked.own) this.#own += 1;
    return null;
  }

  /** Without parsing it: whether the line names a wanted repository or URL. */
  #mayBeWanted(line: Buffer): boolean {
    return this.#about === null || MARKS.some((mark) => this.#names(line, mark));
  }

  #names(line: Buffer, mark: Buffer): boolean {
    for (let at = line.indexOf(mark); at !== -1; at = line.indexOf(mark, at)) {
      at += mark.length;
      if (this.#marked.has(line.toString("utf8", at, line.indexOf(QUOTE, at)))) return true;
    }
    return false;
  }
}

/** What a line about it has between quotes. */
function markedOf(subject: Subject): string {
  return JSON.stringify(isFile(subject) ? subject.url : subject.repository).slice(1, -1);
}
