import { inspect } from "node:util";

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
