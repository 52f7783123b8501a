/** Which bytes of a representation a request wants. */
export type Span =
  | { readonly kind: "whole" }
  /** Both inclusive. */
  | { readonly kind: "part"; readonly first: number; readonly last: number }
  | { readonly kind: "unsatisfiable" };

const WHOLE: Span = { kind: "whole" };
const UNSATISFIABLE: Span = { kind: "unsatisfiable" };

/**
 * RFC 9110 §14.2. A range that cannot be read is ignored, as is one for another version (`If-Range`); several ranges
 * are served as the whole, which §14.2 allows. `size` is in bytes, `etag` a strong one with its quotes.
 *
 * Not `range-parser`: its 1.x reads `1x-2` as 1-2 and refuses a suffix that is longer than the file; a single range is
 * these few lines.
 */
export function spanOf(range: string | undefined, ifRange: string | undefined, etag: string, size: number): Span {
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return WHOLE;
  const [, from, to] = /^bytes=[ \t]{0,8}([0-9]{0,15})-([0-9]{0,15})$/i.exec(range) ?? [];
  if (from === undefined || to === undefined || (from === "" && to === "")) return WHOLE;
  if (from === "") return suffixOf(Number(to), size);
  const first = Number(from);
  const last = to === "" ? Infinity : Number(to);
  if (last < first) return WHOLE;
  return first >= size ? UNSATISFIABLE : { kind: "part", first, last: Math.min(last, size - 1) };
}

/** The last bytes. §14.1.2: satisfiable unless it is of no length; of an empty file it is the whole. */
function suffixOf(length: number, size: number): Span {
  if (length === 0) return UNSATISFIABLE;
  return size === 0 ? WHOLE : { kind: "part", first: Math.max(0, size - length), last: size - 1 };
}
