import { sourceOf, wordAt, type Logical, type Word } from "./dockerline.ts";

/** What a word with variables comes to. */
export type Value =
  | {
      readonly text: string;
      /** Where the file has all of the text in one piece; null if it is put together. */
      readonly origin: { readonly start: number; readonly end: number } | null;
    }
  /** A clause. */
  | { readonly why: string };

/** The variables that a FROM knows. */
export type Variables = ReadonlyMap<string, Value>;

const DEEPEST = 16;
/** Longer than any reference. */
const LONGEST = 4096;
/** BuildKit sets these itself. */
const PREDEFINED = /^(?:BUILD|TARGET)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT|STAGE)$/;
const NAME = /[A-Za-z_]\w*/y;

/**
 * The variables of an ARG line in front of the first FROM, added to those before it. A value is filled in where it is
 * set, from what is known by then, so that no two can need each other.
 */
export function addVariables(line: Logical, from: number, known: Map<string, Value>): void {
  for (let word = wordAt(line, from); word !== null; word = wordAt(line, word.end)) {
    NAME.lastIndex = word.start;
    const name = NAME.exec(line.text)?.[0];
    const equals = word.start + (name ?? "").length;
    if (name !== undefined && equals === word.end && known.has(name))
      known.set(name, { why: `the variable ${name.slice(0, 100)} is declared again without a value` });
    if (name === undefined || line.text[equals] !== "=") continue;
    known.set(name, expand(line, { start: equals + 1, end: word.end }, known));
  }
}

/** The word with its variables filled in, and without its quotes. */
export function expand(line: Logical, word: Word, known: Variables): Value {
  return new Expansion(line, word.end, known).read(word.start, null, 0);
}

/** Reads a word once from left to right. */
class Expansion {
  readonly #line: Logical;
  readonly #end: number;
  readonly #known: Variables;
  #at = 0;

  constructor(line: Logical, end: number, known: Variables) {
    this.#line = line;
    this.#end = end;
    this.#known = known;
  }

  /** To the closing `until`, which it leaves behind. */
  read(from: number, until: string | null, depth: number): Value {
    this.#at = from;
    if (depth > DEEPEST) {
      this.#at = this.#end;
      return { why: "its variables are nested too deeply" };
    }
    const parts: Value[] = [];
    let quoted = false;
    while (this.#at < this.#end) {
      const character = this.#line.text[this.#at];
      if (character === until && !quoted) break;
      if (character === '"') {
        quoted = !quoted;
        this.#at++;
      } else if (character === "'" && !quoted) parts.push(this.#single());
      else if (character === "$") parts.push(this.#variable(depth));
      else parts.push(this.#literal(until, quoted));
    }
    this.#at++;
    return joined(parts);
  }

  #single(): Value {
    const start = this.#at + 1;
    const close = this.#line.text.indexOf("'", start);
    const end = close === -1 || close > this.#end ? this.#end : close;
    this.#at = end + 1;
    return this.#text(start, end);
  }

  #literal(until: string | null, quoted: boolean): Value {
    const { text, escape } = this.#line;
    if (text[this.#at] === escape) {
      const start = Math.min(this.#at + 1, this.#end);
      this.#at += 2;
      return this.#text(start, Math.min(start + 1, this.#end));
    }
    const start = this.#at++;
    for (; this.#at < this.#end; this.#at++) {
      const character = text[this.#at];
      if (character === escape || character === '"' || character === "$") break;
      if (!quoted && (character === "'" || character === until)) break;
    }
    return this.#text(start, this.#at);
  }

  #text(start: number, end: number): Value {
    const source = sourceOf(this.#line, start, end);
    return { text: this.#line.text.slice(start, end), origin: source.whole ? source : null };
  }

  #variable(depth: number): Value {
    const { text } = this.#line;
    const braced = text[this.#at + 1] === "{";
    NAME.lastIndex = this.#at + (braced ? 2 : 1);
    const name = NAME.exec(text)?.[0];
    if (name === undefined || NAME.lastIndex > this.#end) {
      this.#at = this.#end;
      return { why: "it has a $ that begins no variable" };
    }
    this.#at = NAME.lastIndex;
    if (!braced) return this.#valueOf(name);
    if (text[this.#at] === "}") {
      this.#at++;
      return this.#valueOf(name);
    }
    return this.#modified(name, depth);
  }

  #valueOf(name: string): Value {
    const value = this.#known.get(name);
    if (value !== undefined) return value;
    const short = name.slice(0, 100);
    if (PREDEFINED.test(name)) return { why: `only a build knows the variable ${short}` };
    return { why: `the variable ${short} has no default` };
  }

  /** `${NAME:-word}`, `${NAME-word}`, `${NAME:+word}`, `${NAME+word}`, `${NAME:?word}`, `${NAME?word}` */
  #modified(name: string, depth: number): Value {
    const { text } = this.#line;
    const colon = text[this.#at] === ":";
    const operator = text[this.#at + (colon ? 1 : 0)] ?? "";
    if (!"-+?".includes(operator) || operator === "") {
      this.#at = this.#end;
      return { why: `the variable ${name.slice(0, 100)} is changed in a way that is not computed` };
    }
    const word = this.read(this.#at + (colon ? 2 : 1), "}", depth + 1);
    const value = this.#known.get(name) ?? (PREDEFINED.test(name) ? this.#valueOf(name) : null);
    const missing = value === null || (colon && "text" in value && value.text === "");
    if (value !== null && "why" in value) return value;
    if (operator === "+") return missing ? { text: "", origin: null } : word;
    if (!missing) return value;
    return operator === "-" ? word : this.#valueOf(name);
  }
}

function joined(parts: readonly Value[]): Value {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const texts: string[] = [];
  let length = 0;
  for (const part of parts) {
    if ("why" in part) return part;
    texts.push(part.text);
    length += part.text.length;
    if (length > LONGEST) return { why: `it is longer than ${LONGEST} characters` };
  }
  return { text: texts.join(""), origin: null };
}
