import { inspect } from "node:util";

/** A string that cannot be printed by accident. `reveal()` is called by the two transports only; the others use `derive()`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** A secret made of this one: a header of a password. What `make` returns stays secret. */
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
