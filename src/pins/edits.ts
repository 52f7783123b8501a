import { Tofu3Error } from "../errors.ts";

/** One stretch of a text, in UTF-16 units, and what stands there afterwards. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The order in which they are applied: an insertion comes before what begins at the same place. */
export function byPlace(a: Replacement, b: Replacement): number {
  return a.start - b.start || a.end - b.end;
}

/** Whether the two cannot both be applied. Those that only touch can, and so can two that are the same. */
export function collide(a: Replacement, b: Replacement): boolean {
  if (a.start === b.start && a.end === b.end) return a.text !== b.text;
  return a.start < b.end && b.start < a.end;
}

/** The stretches between the replacements, in order: one more than there are replacements. Throws E_BUG. */
function keptOf(text: string, replacements: readonly Replacement[]): readonly string[] {
  const kept: string[] = [];
  let at = 0;
  for (const { start, end } of replacements) {
    if (start < at || end < start || end > text.length || splits(text, start) || splits(text, end))
      throw new Tofu3Error("E_BUG", `an edit from ${start} to ${end} does not fit its text`);
    kept.push(text.slice(at, start));
    at = end;
  }
  return [...kept, text.slice(at)];
}

/** Two halves of one character that are encoded apart are no character any more. */
function splits(text: string, offset: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(Math.max(offset - 1, 0), offset + 1));
}

/** The text with all replacements, which are sorted and do not overlap. Throws E_BUG if they do not fit. */
export function applyEdits(text: string, replacements: readonly Replacement[]): string {
  const [first = "", ...others] = keptOf(text, replacements);
  return first + others.map((kept, index) => `${replacements[index]?.text ?? ""}${kept}`).join("");
}

/** Whether `after` is `before` but for the replacements, byte by byte; `text` is what `before` says. */
export function keepsTheRest(
  before: Uint8Array,
  after: Uint8Array,
  text: string,
  replacements: readonly Replacement[],
): boolean {
  const encoder = new TextEncoder();
  const matches = (whole: Uint8Array, at: number, part: Uint8Array): boolean =>
    Buffer.compare(whole.subarray(at, at + part.length), part) === 0;
  let [old, now] = [0, 0];
  for (const [index, kept] of keptOf(text, replacements).entries()) {
    const same = encoder.encode(kept);
    if (!matches(before, old, same) || !matches(after, now, same)) return false;
    const replaced = replacements[index];
    if (replaced === undefined) return before.length === old + same.length && after.length === now + same.length;
    old += same.length + encoder.encode(text.slice(replaced.start, replaced.end)).length;
    now += same.length + encoder.encode(replaced.text).length;
  }
  return false;
}
