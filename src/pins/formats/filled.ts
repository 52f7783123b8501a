import { visible } from "../../errors.ts";
import type { Text } from "./scalars.ts";

/** A text with its variables filled in. */
export type Filled =
  | {
      readonly kind: "known";
      readonly value: string;
      /** Where a file has all of the value in one piece; null if it is put together. */
      readonly from: Text | null;
    }
  /** `why` is a clause. */
  | { readonly kind: "unknown"; readonly why: string };

const MOST_CHARACTERS = 4096;
const DEEPEST = 8;
const NAME = /[a-z_]\w*/iy;

export const asWritten = (text: Text): Filled => ({ kind: "known", value: text.value, from: text });

export const unknown = (why: string): Filled => ({ kind: "unknown", why });

/** Where nothing is filled in but by a tool that runs before. */
export function templated(text: Text): Filled {
  if (text.value.includes("{{")) return unknown("a template fills it in");
  return text.value.includes("$") ? unknown("its variables are filled in by another tool") : asWritten(text);
}

/** `name` is printable in a clause after this. */
export const quoted = (name: string): string => visible(name.trim(), 80);

/** What stands behind the first `from` characters of a text, up to `to`. */
export function part(text: Text, from: number, to = text.value.length): Text {
  const value = text.value.slice(from, to);
  return text.literal ? { value, start: text.start + from, end: text.start + to, literal: true } : { ...text, value };
}

/** One piece stands for itself, several are put together. */
export function join(pieces: readonly Filled[]): Filled {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  let value = "";
  for (const piece of pieces) {
    if (piece.kind === "unknown") return piece;
    value += piece.value;
    if (value.length > MOST_CHARACTERS) return unknown("it is too long for a reference");
  }
  return { kind: "known", value, from: null };
}

/** Fills in what stands between two marks, such as `${{` and `}}`; `look` is given what is between them, trimmed. */
export function fillBetween(text: Text, open: string, close: string, look: (name: string) => Filled): Filled {
  const { value } = text;
  if (value.length > MOST_CHARACTERS) return unknown("it is too long for a reference");
  const pieces: Filled[] = [];
  let at = 0;
  for (let begin = value.indexOf(open); begin !== -1; begin = value.indexOf(open, at)) {
    const end = value.indexOf(close, begin + open.length);
    if (end === -1) return unknown(`"${open}" has no "${close}"`);
    if (begin > at) pieces.push(asWritten(part(text, at, begin)));
    pieces.push(look(value.slice(begin + open.length, end).trim()));
    at = end + close.length;
  }
  if (at < value.length || pieces.length === 0) pieces.push(asWritten(part(text, at)));
  return join(pieces);
}

/**
 * Fills in `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}`; `$$` is a dollar sign. `look` knows the
 * variables that have a value; null if this one has none.
 */
export function fillVariables(text: Text, look: (name: string) => Filled | null, depth = 0): Filled {
  const { value } = text;
  if (value.length > MOST_CHARACTERS) return unknown("it is too long for a reference");
  if (depth > DEEPEST) return unknown("its variables are nested too deeply");
  const pieces: Filled[] = [];
  let at = 0;
  for (let dollar = value.indexOf("$"); dollar !== -1; dollar = value.indexOf("$", at)) {
    if (dollar > at) pieces.push(asWritten(part(text, at, dollar)));
    const next = variableAt(text, dollar, look, depth);
    pieces.push(next.filled);
    at = next.end;
  }
  if (at < value.length || pieces.length === 0) pieces.push(asWritten(part(text, at)));
  return join(pieces);
}

function variableAt(
  text: Text,
  dollar: number,
  look: (name: string) => Filled | null,
  depth: number,
): { readonly filled: Filled; readonly end: number } {
  const { value } = text;
  if (value[dollar + 1] === "$") return { filled: { kind: "known", value: "$", from: null }, end: dollar + 2 };
  const braced = value[dollar + 1] === "{";
  const name = nameAt(value, dollar + (braced ? 2 : 1));
  if (name === "") return { filled: unknown('it has a "$" that begins no variable'), end: dollar + 1 };
  const behind = dollar + (braced ? 2 : 1) + name.length;
  if (!braced) return { filled: look(name) ?? withoutDefault(name), end: behind };
  const end = closing(value, behind);
  if (end === -1) return { filled: unknown('"${" has no "}"'), end: value.length };
  const rest = value.slice(behind, end);
  const known = look(name);
  const dash = rest.startsWith(":-") ? 2 : rest.startsWith("-") ? 1 : 0;
  if (rest === "" || (known !== null && dash > 0)) return { filled: known ?? withoutDefault(name), end: end + 1 };
  if (dash > 0) return { filled: fillVariables(part(text, behind + dash, end), look, depth + 1), end: end + 1 };
  return { filled: unknown(`the variable ${name} decides it`), end: end + 1 };
}

const withoutDefault = (name: string): Filled => unknown(`the variable ${quoted(name)} has no default`);

function nameAt(value: string, from: number): string {
  NAME.lastIndex = from;
  return NAME.exec(value)?.[0] ?? "";
}

/** The brace that closes the one before `from`; -1 if none does. */
function closing(value: string, from: number): number {
  let depth = 1;
  for (let at = from; at < value.length; at++) {
    if (value[at] === "{" && value[at - 1] === "$") depth++;
    else if (value[at] === "}" && --depth === 0) return at;
  }
  return -1;
}
