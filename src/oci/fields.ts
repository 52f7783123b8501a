import { Tofu3Error, visible } from "../errors.ts";
import { foldKey } from "./json.ts";

/** The members of one JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** Field names, keyed by their fold. */
export type Names = ReadonlyMap<string, string>;

export function namesOf(...names: readonly string[]): Names {
  return new Map(names.map((name) => [foldKey(name), name]));
}

/** Throws E_MANIFEST with the JSON path. */
export function refuse(path: string, reason: string): never {
  throw new Tofu3Error("E_MANIFEST", `cannot use the manifest: ${path}: ${reason}`);
}

/** A value for a message, truncated and printable. */
export function quoted(value: unknown): string {
  return visible(value === undefined ? "nothing" : JSON.stringify(value), 120);
}

/**
 * An object without any key that is a known name in another case: to a parser that ignores case `Layers` is `layers`,
 * to any other it is nothing.
 */
export function fieldsAt(value: unknown, path: string, known: Names): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refuse(path, `not an object: ${quoted(value)}`);
  for (const key of Object.keys(value)) {
    const name = known.get(foldKey(key));
    if (name !== undefined && name !== key) refuse(path, `the key ${quoted(key)} is "${name}" to some parsers only`);
  }
  return value as Fields;
}

/** An array of at most `most` values. */
export function listAt(value: unknown, path: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) return refuse(path, value === undefined ? "missing" : `not an array: ${quoted(value)}`);
  if (value.length > most) refuse(path, `${value.length} entries, more than ${most}`);
  return value;
}

/** An optional member; `null` counts as missing. */
export function optionalAt(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? (fields[name] ?? null) : null;
}

/** A string; null if missing or empty. */
export function optionalTextAt(fields: Fields, name: string, path: string): string | null {
  const value = optionalAt(fields, name);
  if (value === null || value === "") return null;
  return typeof value === "string" ? value : refuse(`${path}.${name}`, `not a string: ${quoted(value)}`);
}

/** A map of strings; empty if missing. image-spec 1.1, annotations.md */
export function annotationsAt(fields: Fields, path: string): Readonly<Record<string, string>> {
  const value = optionalAt(fields, "annotations");
  if (value === null) return {};
  const map = fieldsAt(value, `${path}.annotations`, new Map());
  for (const [key, text] of Object.entries(map)) {
    if (typeof text !== "string") refuse(`${path}.annotations[${quoted(key)}]`, `not a string: ${quoted(text)}`);
  }
  return map as Readonly<Record<string, string>>;
}
