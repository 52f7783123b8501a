/** Colours as `paint.ts` writes them; `visible` lets nothing else through. */
const COLOUR = /\u001b\[\d+m/g;

/** Characters of a text on a terminal, without colours. */
export function seenLength(text: string): number {
  return text.replace(COLOUR, "").length;
}

/** Lines of at most `width` characters, broken at blanks; a word that is longer, such as a digest, stays whole. */
export function folded(text: string, width: number): readonly string[] {
  const [first = "", ...words] = text.split(" ");
  const lines = [first];
  for (const word of words) {
    const line = lines.at(-1) ?? "";
    if (seenLength(line) + 1 + seenLength(word) > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

/** Of the longest word, which no folding makes shorter. */
export function wordLength(text: string): number {
  return Math.max(...text.split(" ").map(seenLength));
}
