/** BuildKit's unicode.IsSpace, which is not what JavaScript takes for a blank. */
export const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

const LETTER = /[\p{L}\p{Nd}_]/u;
const DIGIT = /\p{Nd}/u;
const SPECIAL = "@*#?-$!0";
/** Deeper than anybody writes, and what BuildKit itself would still read. */
const DEEPEST = 1000;

/** It cannot be split, as a quote or a brace is not closed. */
class Unclosed extends Error {}

/**
 * The words of a line as BuildKit splits them to find heredocs: nothing is filled in, and with `raw` quotes and
 * backslashes stay. Null where it gives up. moby/buildkit, frontend/dockerfile/shell/lex.go
 */
export function shellWords(line: string, raw: boolean): readonly string[] | null {
  try {
    return new Lexer(line, raw).words();
  } catch (error) {
    if (error instanceof Unclosed) return null;
    throw error;
  }
}

class Lexer {
  readonly #characters: readonly string[];
  readonly #raw: boolean;
  #rawEscapes: boolean;
  #at = 0;

  constructor(line: string, raw: boolean) {
    this.#characters = Array.from(line);
    this.#raw = raw;
    this.#rawEscapes = raw;
  }

  words(): readonly string[] {
    const words: string[] = [];
    this.#read(null, words, 0);
    return words;
  }

  #next(): string | undefined {
    return this.#characters[this.#at++];
  }

  /** To the end, or behind the closing `stop`: all of it as one text, and in words. */
  #read(stop: string | null, words: string[], depth: number): string {
    if (depth > DEEPEST) throw new Unclosed();
    const all: string[] = [];
    let word: string[] = [];
    const end = (): void => {
      if (word.length > 0) words.push(word.join(""));
      word = [];
    };
    const split = (text: string): void => {
      for (const character of text) {
        if (!SPACE.test(character)) word.push(character);
        else end();
      }
    };
    for (let character = this.#next(); character !== undefined; character = this.#next()) {
      if (character === stop) {
        end();
        return all.join("");
      }
      if (character === "'" || character === '"') {
        const text = character === "'" ? this.#single() : this.#double(depth);
        all.push(text);
        if (text !== "") word.push(text);
      } else if (character === "$") {
        const text = this.#dollar(depth);
        all.push(text);
        split(text);
      } else if (character === "\\") {
        const escaped = this.#next();
        const kept = `${this.#rawEscapes ? "\\" : ""}${escaped ?? ""}`;
        all.push(kept);
        if (kept !== "") word.push(kept);
      } else {
        all.push(character);
        split(character);
      }
    }
    if (stop !== null) throw new Unclosed();
    end();
    return all.join("");
  }

  #single(): string {
    const text: string[] = [];
    for (let character = this.#next(); character !== "'"; character = this.#next()) {
      if (character === undefined) throw new Unclosed();
      text.push(character);
    }
    return this.#quoted(text, "'");
  }

  #double(depth: number): string {
    const text: string[] = [];
    for (let character = this.#next(); character !== '"'; character = this.#next()) {
      if (character === undefined) throw new Unclosed();
      if (character === "$") text.push(this.#dollar(depth));
      else if (character === "\\") {
        const escaped = this.#characters[this.#at];
        const special = escaped === '"' || escaped === "$" || escaped === "\\";
        if (this.#rawEscapes) text.push("\\");
        if (special) text.push(this.#next() ?? "");
        else text.push("\\");
      } else text.push(character);
    }
    return this.#quoted(text, '"');
  }

  #quoted(text: readonly string[], quote: string): string {
    return this.#raw ? `${quote}${text.join("")}${quote}` : text.join("");
  }

  /** No variable has a value, so that each stays as it is written. */
  #dollar(depth: number): string {
    if (this.#characters[this.#at] !== "{") return `$${this.#name()}`;
    this.#at++;
    const first = this.#characters[this.#at];
    if (first === undefined || first === "{" || first === "}" || first === ":") throw new Unclosed();
    const name = this.#name();
    let operator = this.#next();
    if (operator === "}") return `\${${name}}`;
    if (operator === "/") {
      if (this.#characters[this.#at] === "/") this.#at++;
      const pattern = this.#inner("/", true, depth);
      return `\${${name}/${pattern}/${this.#inner("}", true, depth)}}`;
    }
    let mark = operator ?? "";
    if (operator === ":") {
      operator = this.#next();
      mark += operator ?? "";
    } else if (operator === undefined || !"+-?#%".includes(operator)) throw new Unclosed();
    return `\${${name}${mark}${this.#inner("}", operator === "#" || operator === "%", depth)}}`;
  }

  #inner(stop: string, rawEscapes: boolean, depth: number): string {
    const before = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    const text = this.#read(stop, [], depth + 1);
    this.#rawEscapes = before;
    return text;
  }

  #name(): string {
    const first = this.#characters[this.#at] ?? "";
    if (first !== "" && !DIGIT.test(first) && SPECIAL.includes(first)) {
      this.#at++;
      return first;
    }
    const whole = DIGIT.test(first) ? DIGIT : LETTER;
    const from = this.#at;
    while (whole.test(this.#characters[this.#at] ?? "")) this.#at++;
    return this.#characters.slice(from, this.#at).join("");
  }
}
