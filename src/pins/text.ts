import type { Place } from "../model/mention.ts";

/** Where the lines of a text begin, to tell line and column of an offset. A byte order mark is no column. */
export class Lines {
  readonly #starts: readonly number[];
  readonly #text: string;

  constructor(text: string) {
    const starts = [text.startsWith("\ufeff") ? 1 : 0];
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.#starts = starts;
    this.#text = text;
  }

  /** The place from `start` to `end`, exclusive, both offsets in UTF-16 units. */
  place(file: string, start: number, end: number): Place {
    const [from, to] = [this.#at(start), this.#at(end)];
    return { file, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  }

  /** The offset of a line and a column, both from 1. */
  offset(line: number, column: number): number {
    return (this.#starts[line - 1] ?? 0) + column - 1;
  }

  /** The whole line that has this offset, without its line break. */
  lineAt(offset: number): string {
    const { line } = this.#at(offset);
    return this.line(line);
  }

  /** A line by its number, from 1, without its line break; empty if there is none. */
  line(number: number): string {
    const start = this.#starts[number - 1];
    if (start === undefined) return "";
    const end = this.#starts[number] ?? this.#text.length + 1;
    return this.#text.slice(start, end - 1).replace(/\r$/, "");
  }

  /** The offset behind the last character of the line that has this offset, before its line break. */
  endOfLine(offset: number): number {
    const { line } = this.#at(offset);
    return (this.#starts[line - 1] ?? 0) + this.line(line).length;
  }

  #at(offset: number): { readonly line: number; readonly column: number } {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}
