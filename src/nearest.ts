/**
 * The candidate most likely meant: at most a third of its letters differ, or the word is a prefix of it. Case, dashes
 * and underscores do not count. Null when none is close.
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const typed = plain(word);
  const ranked = candidates
    .map((candidate) => ({ candidate, wanted: plain(candidate) }))
    .map(({ candidate, wanted }) => ({ candidate, wanted, slips: slipsBetween(typed, wanted) }))
    .filter(
      ({ wanted, slips }) =>
        slips <= Math.max(1, Math.floor(wanted.length / 3)) || (typed.length >= 3 && wanted.startsWith(typed)),
    )
    .sort((a, b) => a.slips - b.slips);
  return ranked[0]?.candidate ?? null;
}

/** All names are short; a longer word matches none of them anyway. */
const LONGEST = 64;

function plain(text: string): string {
  return text.slice(0, LONGEST).toLowerCase().replace(/[_-]/g, "");
}

/** Swapped letters count as one slip. */
function slipsBetween(typed: string, wanted: string): number {
  const letters = (text: string): string => Array.from(text).sort().join("");
  return typed !== wanted && letters(typed) === letters(wanted) ? 1 : editDistance(typed, wanted);
}

/** Levenshtein distance: insertions, deletions, replacements. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let index = 0; index < left.length; index++) {
    const next = [index + 1];
    for (let column = 1; column <= right.length; column++) {
      const replaced = at(row, column - 1) + (left[index] === right[column - 1] ? 0 : 1);
      next.push(Math.min(at(row, column) + 1, at(next, column - 1) + 1, replaced));
    }
    row = next;
  }
  return at(row, right.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
