import type { Work } from "./growth.ts";

export interface Row {
  readonly parser: string;
  readonly shape: string;
  readonly work: Work;
}

type Shapes = Readonly<Record<string, (count: number) => string>>;

/**
 * One parser of text and the shapes that are worst for it, by their names; `count` is how often a part of it stands
 * there.
 */
export function rowsOf(parser: string, parse: (text: string) => unknown, shapes: Shapes): Row[] {
  return rowsFrom(parser, parse, shapes, (text) => text);
}

/**
 * The same for a parser of bytes. Making them is no cost of the parser: for one that refuses at once it would be all
 * that is measured.
 */
export function byteRowsOf(parser: string, parse: (bytes: Buffer) => unknown, shapes: Shapes): Row[] {
  return rowsFrom(parser, parse, shapes, (text) => Buffer.from(text, "latin1"));
}

function rowsFrom<T>(
  parser: string,
  parse: (input: T) => unknown,
  shapes: Shapes,
  inputOf: (text: string) => T,
): Row[] {
  return Object.entries(shapes).map(([shape, make]) => ({
    parser,
    shape,
    work: (parts) => {
      const input = inputOf(make(parts));
      return () => parse(input);
    },
  }));
}

/** A part so many times, between two ends. */
export function many(part: string, before = "", after = ""): (count: number) => string {
  return (count) => `${before}${part.repeat(count)}${after}`;
}

/** So many parts that differ. */
export function numbered(
  part: (index: number) => string,
  before = "",
  after = "",
  between = ",",
): (count: number) => string {
  return (count) => `${before}${Array.from({ length: count }, (_, index) => part(index)).join(between)}${after}`;
}
