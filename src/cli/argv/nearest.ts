/** The candidate that a person most likely meant: at most a third of its letters differ. Null when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate);
    const near = distance <= Math.max(1, Math.floor(candidate.length / 3)) || (word.length >= 3 && candidate.startsWith(word));
    if (near && distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let index = 0; index < Math.min(left.length, 64); index++) {
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
