import type { Entry } from "../model/record.ts";
import type { Subject } from "../model/subject.ts";
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

/** Which entries are wanted: those about a subject, or all. */
export type Wanted = Subject | "all";

/** Entries about the same tag, or the same digest. Neither pin nor selection matters. */
export function isAbout(asked: Subject, subject: Subject): boolean {
  if (registryKey(asked) !== registryKey(subject) || asked.repository !== subject.repository) return false;
  if ("tag" in subject) return "tag" in asked && asked.tag === subject.tag;
  return !("tag" in asked) && asked.digest === subject.digest;
}

/** A ledger as far as it was read, line by line from the first. */
export class Chain {
  readonly entries: Entry[] = [];
  readonly #key: LedgerKey | null;
  readonly #wanted: Wanted;
  /** What every line about the subject contains, as this program writes it. */
  readonly #mark: Buffer;
  #place: Place = { previous: null, entry: 1 };
  #own = 0;
  #broken: Broken | null = null;

  constructor(wanted: Wanted, key: LedgerKey | null) {
    this.#wanted = wanted;
    this.#key = key;
    this.#mark = Buffer.from(wanted === "all" ? "" : `"repository":${JSON.stringify(wanted.repository)}`);
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
    if (this.#wanted === "all" || line.includes(this.#mark)) {
      const entry = readLine(line, this.#place.entry, checked.own);
      if (typeof entry === "string") return { why: entry, alien: false };
      if (this.#wanted === "all" || isAbout(entry.subject, this.#wanted)) this.entries.push(entry);
    } else if (!checked.own && !isJson(line)) {
      return { why: NO_JSON, alien: false };
    }
    if (checked.own) this.#own += 1;
    return null;
  }
}
