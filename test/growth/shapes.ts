import type { Work } from "./growth.ts";

export interface Row {
  readonly parser: string;
  readonly shape: string;
  readonly work: Work;
}

/** One parser of text and the shapes that are worst for it, by their names; `count` is how often a part of it stands there. */
export function rowsOf(
  parser: string,
  parse: (text: string) => unknown,
  shapes: Readonly<Record<string, (count: number) => string>>,
): Row[] {
  return Object.entries(shapes).map(([shape, make]) => ({
    parser,
    shape,
    work: (parts) => {
      const text = make(parts);
      return () => parse(text);
    },
  }));
}

/** A part so many times, between two ends. */
export function many(part: string, before = "", after = ""): (count: number) => string {
  return (count) => `${before}${part.repeat(count)}${after}`;
}

/** So many parts that differ. */
export function numbered(part: (index: number) => string, before = "", after = "", between = ","): (count: number) => string {
  return (count) => `${before}${Array.from({ length: count }, (_, index) => part(index)).join(between)}${after}`;
}
