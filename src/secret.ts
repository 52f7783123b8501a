import { inspect } from "node:util";

const LONG = 8;

/** Whether the text ends with the start of the word. */
function endsWithin(text: string, word: string): boolean {
  const from = text.lastIndexOf(word.slice(0, LONG));
  return from >= 0 && word.startsWith(text.slice(from));
}

/**
 * A string that cannot be printed by accident. Only the two transports call `reveal()`; everything else uses
 * `derive()`.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** A secret made from this one, such as a header from a password. The result of `make` stays secret. */
  derive(make: (value: string) => string): Secret {
    return new Secret(make(this.#value));
  }

  /** Whether a text, cut anywhere, shows it or one of its words: those of eight characters and more. */
  isIn(text: string): boolean {
    const words = this.#value.split(/[\s:]/).filter(({ length }) => length >= LONG);
    return words.some((word) => text.includes(word) || endsWithin(text, word));
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}
