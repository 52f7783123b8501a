import { stripVTControlCharacters } from "node:util";
import { createLogUpdate } from "log-update";
import type { Output } from "../io.ts";
import { widthOf } from "./width.ts";

/** Lines that are redrawn in place. */
export interface LiveLines {
  /** No line may be as long as the terminal is wide, and there may not be as many as it has rows. */
  draw(render: (columns: number, rows: number) => string): void;
  clear(): void;
  /** What is there by then stays. */
  done(): void;
}

export function openLines(stderr: Output): LiveLines {
  const stream = sized(stderr);
  const update = createLogUpdate(stream as unknown as Parameters<typeof createLogUpdate>[0]);
  let drawn: { readonly text: string; readonly columns: number } | null = null;
  const forget = (): void => {
    drawn = null;
    update.done();
  };
  /** A terminal that is made narrower wraps what stands there, and log-update does not know. */
  const eraseWrapped = (): void => {
    if (drawn === null || drawn.columns === stream.columns) return;
    // line by line: some terminals keep what a whole screen had when that is erased at once
    stderr.write(`${"\u001b[1A\u001b[2K".repeat(rowsOf(drawn.text, stream.columns))}\r`);
    forget();
  };
  return {
    draw(render) {
      eraseWrapped();
      const { columns, rows } = stream;
      const text = render(columns, rows);
      update(text);
      drawn = { text, columns };
    },
    clear() {
      eraseWrapped();
      update.clear();
      drawn = null;
    },
    done: forget,
  };
}

/** The rows that these lines take at this width. */
function rowsOf(text: string, columns: number): number {
  return text
    .split("\n")
    .reduce((rows, line) => rows + Math.max(1, Math.ceil(widthOf(stripVTControlCharacters(line)) / columns)), 0);
}

interface Sized extends Output {
  readonly columns: number;
  readonly rows: number;
}

/** As it is now. A terminal of unknown size reports 0 columns, which log-update would take literally. */
function sized(stderr: Output): Sized {
  const size = (): readonly (number | undefined)[] => stderr.getWindowSize?.() ?? [stderr.columns, stderr.rows];
  return {
    isTTY: true,
    get columns() {
      return size()[0] || 80;
    },
    get rows() {
      return size()[1] || 24;
    },
    write: (text) => stderr.write(text),
  };
}
