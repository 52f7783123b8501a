import { eastAsianWidth } from "get-east-asian-width";

/** Marks that stand on the character before them. */
const MARK = /^\p{M}$/u;

/** The columns that a text takes on a terminal. It has no control or format characters. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += widthOfChar(char);
  return width;
}

/** As much of its start as fits, with `…` where something is missing. */
export function fitted(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let start = "";
  let width = 1;
  for (const char of text) {
    width += widthOfChar(char);
    if (width > columns) break;
    start += char;
  }
  return columns < 1 ? "" : `${start}…`;
}

export function padded(text: string, columns: number, side: "left" | "right"): string {
  const blanks = " ".repeat(Math.max(0, columns - widthOf(text)));
  return side === "left" ? text + blanks : blanks + text;
}

function widthOfChar(char: string): number {
  return MARK.test(char) ? 0 : eastAsianWidth(char.codePointAt(0) ?? 0);
}
