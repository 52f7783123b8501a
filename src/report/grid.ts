import Table from "cli-table3";
import { folded, seenLength, wordLength } from "./fold.ts";
import type { Paint } from "./paint.ts";

/** How a grid may give way where its lines would be longer than the terminal. */
export interface Fit {
  /** Columns with numbers. */
  readonly right?: readonly number[];
  /** Columns of the terminal; without it lines are as long as they are. */
  readonly width?: number;
  /** Columns to leave out, the first one first. */
  readonly spare?: readonly number[];
}

/** The last column is folded as long as it keeps so many characters. */
const NARROWEST = 16;
const GAP = 2;

/**
 * Borderless columns, two spaces apart, without trailing blanks. Where they do not fit, spare columns are left out; then
 * the last one is folded; and where nothing helps, each row becomes a block of lines.
 */
export function renderGrid(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
  { right = [], width = Infinity, spare = [] }: Fit = {},
): string {
  const every = head.map((_, column) => column);
  for (let left = 0; left <= spare.length; left++) {
    const shown = every.filter((column) => !spare.slice(0, left).includes(column));
    const widths = shown.map((column) => Math.max(...[head, ...rows].map((row) => seenLength(row[column] ?? ""))));
    const rest = width - sum(widths.slice(0, -1)) - GAP * (widths.length - 1);
    const last = widths.at(-1) ?? 0;
    // a note is folded to half before a column goes
    const least = left === spare.length ? NARROWEST : Math.max(NARROWEST, last / 2);
    const longest = Math.max(...rows.map((row) => wordLength(row[shown.at(-1) ?? 0] ?? "")));
    if (rest < last && rest < Math.max(least, longest)) continue;
    const cells = rows.map((row) => shown.map((column, at) => cellOf(row[column] ?? "", at, shown.length, rest)));
    const titles = shown.map((column) => paint.faint(head[column] ?? ""));
    return drawn(
      titles,
      cells,
      shown.flatMap((column, at) => (right.includes(column) ? [at] : [])),
    );
  }
  return stacked(head, rows, paint, width);
}

function cellOf(text: string, at: number, columns: number, rest: number): string {
  return at === columns - 1 && seenLength(text) > rest ? folded(text, rest).join("\n") : text;
}

function drawn(head: readonly string[], rows: readonly string[][], right: readonly number[]): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (right.includes(column) ? "right" : "left")),
    chars: { ...BORDERLESS, middle: " ".repeat(GAP) },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0, compact: true },
  });
  table.push(...rows);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** `worker   fra` and so on, a block for each row. */
function stacked(head: readonly string[], rows: readonly (readonly string[])[], paint: Paint, width: number): string {
  const longest = Math.max(...head.map((title) => title.length));
  const blocks = rows.map((row) =>
    row.flatMap((cell, column) => {
      if (cell === "") return [];
      const lines = folded(cell, Math.max(NARROWEST, width - longest - GAP));
      const title = (head[column] ?? "").padEnd(longest + GAP);
      return lines.map((line, at) => `${at === 0 ? paint.faint(title) : " ".repeat(title.length)}${line}`);
    }),
  );
  return blocks.map((lines) => lines.join("\n")).join("\n\n");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}

const BORDERLESS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
} as const;
