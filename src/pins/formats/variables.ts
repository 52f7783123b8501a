import { fillVariables, quoted, unknown, type Filled } from "./filled.ts";
import type { Text } from "./scalars.ts";
import type { Node, Yaml } from "./yaml.ts";

export type Texts = ReadonlyMap<string, Text>;

/** Variables with a value in the file, which may name each other. */
export class Variables {
  readonly #texts: readonly Texts[];
  readonly #filled = new Map<string, Filled>();

  /** The first of these that has a name counts. */
  constructor(...texts: readonly Texts[]) {
    this.#texts = texts;
  }

  /** Null if the file has none. */
  value(name: string): Filled | null {
    const known = this.#filled.get(name);
    if (known !== undefined) return known;
    const text = this.#texts.map((each) => each.get(name)).find((each) => each !== undefined);
    if (text === undefined) return null;
    this.#filled.set(name, unknown(`the variable ${quoted(name)} names itself`));
    const filled = fillVariables(text, (other) => this.value(other));
    this.#filled.set(name, filled);
    return filled;
  }
}

/** The texts of a mapping, or those under `key` in each of its values. */
export function textsOf(document: Yaml, mapping: Node | null, key: string | null = null): Texts {
  const texts = new Map<string, Text>();
  for (const [name, value] of document.entries(mapping)) {
    const text = document.text(value) ?? (key === null ? null : document.text(value, key));
    if (text !== null) texts.set(name, text);
  }
  return texts;
}
