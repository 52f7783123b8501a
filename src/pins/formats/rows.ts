/** A line of a text, without its line break. */
export interface Row {
  readonly start: number;
  readonly text: string;
}

/** A byte order mark belongs to no line. */
export function rowsOf(text: string): readonly Row[] {
  const rows: Row[] = [];
  for (let start = text.startsWith("\ufeff") ? 1 : 0; start < text.length;) {
    const next = text.indexOf("\n", start);
    const end = next === -1 ? text.length : next;
    rows.push({ start, text: text.slice(start, text[end - 1] === "\r" && end > start ? end - 1 : end) });
    start = end + 1;
  }
  return rows;
}
