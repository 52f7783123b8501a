import { isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import { parseDocuments, type Parsed } from "./parse.ts";
import { blockOf, isNothing, textOf, type Block, type Text } from "./scalars.ts";

export type { Node } from "yaml";

/** A mapping, the key that it stands under, and the mapping that it stands in. */
export interface Mapping {
  readonly node: YAMLMap;
  readonly key: string | null;
  readonly up: Mapping | null;
}

interface Own {
  readonly values: ReadonlyMap<string, Node>;
  readonly merged: readonly Node[];
}

/** Aliases, merge keys and matrices can make a small file arbitrarily large. */
export class TooIntricate extends Error {}

/** About a second. */
const MOST_STEPS = 10_000_000;

/** How often a file's nodes may be looked at, so that work stays linear in its length. */
class Budget {
  #left: number;

  constructor(length: number) {
    this.#left = Math.min(8 * length + 250_000, MOST_STEPS);
  }

  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooIntricate();
  }
}

const MERGE = "<<";
/** Longer than any reference: whoever looks at it has to read all of it. */
const LONG = 4096;

/** One document of a file. Every scalar is text, as written. */
export class Yaml {
  readonly root: Node | null;
  readonly #text: string;
  readonly #budget: Budget;
  readonly #anchored = new Map<Node, Node>();
  readonly #own = new Map<Node, Own>();
  readonly #keyOf = new Map<Node, Node>();

  constructor(root: Node | null, text: string, budget: Budget) {
    this.root = root;
    this.#text = text;
    this.#budget = budget;
    this.#resolveAliases();
  }

  /** Counts work that is not a look at a node. */
  spend(steps: number): void {
    this.#budget.spend(steps);
  }

  /** The value under the last of these keys, each in the value of the one before. */
  get(node: Node | null, ...keys: readonly string[]): Node | null {
    this.#budget.spend(1);
    let at = this.#target(node);
    for (const key of keys) at = this.#lookUp(at, key, new Set());
    return at;
  }

  text(node: Node | null, ...keys: readonly string[]): Text | null {
    const scalar = this.get(node, ...keys);
    const text = scalar === null || isNothing(scalar) ? null : textOf(scalar, this.#text);
    const length = text?.value.length ?? 0;
    this.#budget.spend(length > LONG ? length : length >> 5);
    return text;
  }

  /** A text that is not empty. */
  filledText(node: Node | null, key: string): Text | null {
    const text = this.text(node, key);
    return text?.value === "" ? null : text;
  }

  block(node: Node | null): Block | null {
    const block = blockOf(this.get(node), this.#text);
    this.#budget.spend(block?.value.length ?? 0);
    return block;
  }

  /** Where a value that is null would be written; null if there is a value, or an anchor or a tag of one. */
  gap(node: Node | null, key: string): { readonly start: number; readonly end: number } | null {
    const scalar = this.get(node, key);
    if (!isScalar(scalar) || !isNothing(scalar) || scalar.anchor !== undefined || scalar.tag !== undefined) return null;
    const [start, end] = scalar.range ?? [0, 0];
    if (end > start) return { start, end };
    // the parser has a value that is left out behind the comments
    const keyEnd = this.#keyOf.get(scalar)?.range?.[1];
    const colon = keyEnd === undefined ? -1 : this.#text.indexOf(":", keyEnd);
    return colon === -1 ? null : { start: colon + 1, end: colon + 1 };
  }

  /** The nodes of a sequence; empty if it is none. */
  items(node: Node | null): readonly Node[] {
    const list = this.#target(node);
    if (!isSeq<Node | null>(list)) return [];
    this.#budget.spend(list.items.length);
    return list.items.map((each) => this.#target(each)).filter((each) => each !== null);
  }

  /** The keys and values of a mapping, those of merged mappings last; empty if it is none. */
  entries(node: Node | null): readonly (readonly [string, Node])[] {
    const all = new Map<string, Node>();
    const seen = new Set<Node>();
    const collect = (map: Node | null): void => {
      if (!isMap(map) || seen.has(map)) return;
      seen.add(map);
      const { values, merged } = this.#ownOf(map);
      this.#budget.spend(values.size + merged.length + 1);
      for (const [key, value] of values) if (!all.has(key)) all.set(key, value);
      for (const each of merged) collect(each);
    };
    collect(this.#target(node));
    return [...all].flatMap(([key, value]) => {
      const target = this.#target(value);
      return target === null ? [] : [[key, target] as const];
    });
  }

  isMap(node: Node | null): boolean {
    return isMap(this.#target(node));
  }

  /** Every mapping as the file has it, outer before inner; none twice, as aliases are not followed. */
  *maps(): Generator<Mapping> {
    const open: { node: Node | null; key: string | null; up: Mapping | null }[] = [
      { node: this.root, key: null, up: null },
    ];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { node, key, up } = next;
      if (isSeq<Node | null>(node)) {
        for (const item of node.items.toReversed()) open.push({ node: item, key, up });
      } else if (isMap<Node, Node | null>(node)) {
        const mapping = { node, key, up };
        yield mapping;
        for (const pair of node.items.toReversed())
          open.push({ node: pair.value, key: isScalar(pair.key) ? String(pair.key.value) : null, up: mapping });
      }
    }
  }

  #lookUp(map: Node | null, key: string, seen: Set<Node>): Node | null {
    if (!isMap(map) || seen.has(map)) return null;
    seen.add(map);
    this.#budget.spend(1);
    const { values, merged } = this.#ownOf(map);
    const own = values.get(key);
    if (own !== undefined) return this.#target(own);
    for (const each of merged) {
      const value = this.#lookUp(each, key, seen);
      if (value !== null) return value;
    }
    return null;
  }

  /** Of a key that stands there twice, the last one counts. */
  #ownOf(map: YAMLMap): Own {
    const known = this.#own.get(map);
    if (known !== undefined) return known;
    const values = new Map<string, Node>();
    const merged: Node[] = [];
    for (const { key, value } of (map as YAMLMap<Node, Node | null>).items) {
      const name = this.#target(key);
      if (!isScalar(name) || value === null) continue;
      if (name.value === MERGE) merged.push(...this.#mergedBy(value));
      else values.set(String(name.value), value);
      this.#keyOf.set(value, key);
    }
    const own = { values, merged };
    this.#own.set(map, own);
    return own;
  }

  #mergedBy(value: Node): readonly Node[] {
    const target = this.#target(value);
    return isMap(target) ? [target] : this.items(target);
  }

  #target(node: Node | null): Node | null {
    return isAlias(node) ? (this.#anchored.get(node) ?? null) : node;
  }

  /** An alias means the last anchor of its name before it. */
  #resolveAliases(): void {
    const anchors = new Map<string, Node>();
    const open: (Node | null)[] = [this.root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target !== undefined) this.#anchored.set(node, target);
        continue;
      }
      if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) anchors.set(node.anchor, node);
      if (isMap<Node, Node | null>(node)) {
        for (const pair of node.items.toReversed()) open.push(pair.value, pair.key);
      } else if (isSeq<Node | null>(node)) open.push(...node.items.toReversed());
    }
  }
}

/** A text's documents; one that is not wanted is empty. */
export function parseYaml(
  text: string,
  isWanted: (document: string) => boolean,
  room: number,
): Omit<Parsed, "documents"> & { readonly documents: readonly Yaml[] } {
  const { documents, ...parsed } = parseDocuments(text, isWanted, room);
  const budget = new Budget(text.length);
  return { ...parsed, documents: documents.map((each) => new Yaml(each?.contents ?? null, text, budget)) };
}
