/** RFC 9110 §14.4. `total` is null if the server does not know it (`*`). */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total: number | null;
}

const SHAPE = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/([0-9]{1,15}|\*)$/i;

/** Null for anything that does not say exactly which bytes follow. */
export function parseContentRange(value: string): ContentRange | null {
  const [, first, last, total] = SHAPE.exec(value) ?? [];
  if (first === undefined || last === undefined || total === undefined) return null;
  const range = { first: Number(first), last: Number(last), total: total === "*" ? null : Number(total) };
  return range.first <= range.last && (range.total === null || range.last < range.total) ? range : null;
}
