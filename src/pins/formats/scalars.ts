import { isScalar, type Node } from "yaml";

/** What a scalar says, and where the file has it. */
export interface Text {
  /** Without blanks around it. */
  readonly value: string;
  /** Between the quotes, if there are any; in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** The file has the value letter by letter, without escapes or folded lines. */
  readonly literal: boolean;
}

/** A text of several lines, such as a script. */
export interface Block {
  /** As it is, blanks around it included. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** Where an offset of the value is in the file; null where it has no place of its own. */
  readonly outer: (offset: number) => number | null;
}

const NOTHING = new Set(["", "~", "null", "Null", "NULL"]);

export function isNothing(node: Node): boolean {
  return isScalar(node) && node.type === "PLAIN" && NOTHING.has(String(node.value));
}

/** What a node says; null if it is no text. */
export function textOf(node: Node, text: string): Text | null {
  if (!isScalar(node) || typeof node.value !== "string" || node.range === null || node.range === undefined) {
    return null;
  }
  const [from, to] = node.range;
  const quoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
  const block = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
  const begin = block ? text.indexOf("\n", from) + 1 : quoted ? from + 1 : from;
  const between = text.slice(begin, Math.max(begin, quoted ? to - 1 : to));
  const start = begin + (between.trim() === "" ? 0 : between.length - between.trimStart().length);
  const inner = between.trim();
  const value = node.value.trim();
  return { value, start, end: start + inner.length, literal: inner === value };
}

/** A block scalar (`|`), or a text that the file has as it is. */
export function blockOf(node: Node | null, text: string): Block | null {
  if (!isScalar(node) || typeof node.value !== "string" || !node.range) return null;
  const [start, end] = node.range;
  if (node.type === "BLOCK_LITERAL") return { value: node.value, start, end, outer: outerOf(node.value, text, start) };
  const line = textOf(node, text);
  if (line === null) return null;
  const { value } = line;
  return { value, start: line.start, end: line.end, outer: (at) => (line.literal ? line.start + at : null) };
}

/** A block scalar's lines stand in the file one by one, indented. */
function outerOf(value: string, text: string, from: number): (offset: number) => number | null {
  const starts: (readonly [value: number, file: number | null])[] = [];
  let fileLine = text.indexOf("\n", from) + 1;
  for (let at = 0; at < value.length;) {
    const newline = value.indexOf("\n", at);
    const end = newline === -1 ? value.length : newline;
    const fileEnd = text.indexOf("\n", fileLine);
    const line = text.slice(fileLine, fileEnd === -1 ? undefined : fileEnd).replace(/\r$/, "");
    const own = value.slice(at, end);
    starts.push([at, line.endsWith(own) ? fileLine + line.length - own.length : null]);
    fileLine = fileEnd === -1 ? text.length : fileEnd + 1;
    at = end + 1;
  }
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle]?.[0] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const [line, file] = starts[low] ?? [0, null];
    return file === null ? null : file + offset - line;
  };
}
