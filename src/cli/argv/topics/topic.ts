/** A page of `tofu3 help`, which is also a section of the manual. */
export interface Topic {
  readonly name: string;
  readonly summary: string;
  /** At most 120 columns; a line that begins with blanks is printed as it is. */
  readonly lines: () => readonly string[];
}

/** `term  text` in two columns. */
export function columns(rows: readonly (readonly [term: string, text: string])[], width = 0): string[] {
  const most = Math.max(width, ...rows.map(([term]) => term.length));
  return rows.map(([term, text]) => `    ${term.padEnd(most)}  ${text}`.trimEnd());
}
