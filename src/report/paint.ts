/** Colours text, or leaves it alone; the caller chooses, since only it knows the terminal. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly unsure: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
}

function same(text: string): string {
  return text;
}

export const PLAIN: Paint = { good: same, bad: same, unsure: same, faint: same, strong: same };

export const COLOURED: Paint = {
  good: (text) => `\u001b[32m${text}\u001b[39m`,
  bad: (text) => `\u001b[31m${text}\u001b[39m`,
  unsure: (text) => `\u001b[33m${text}\u001b[39m`,
  faint: (text) => `\u001b[2m${text}\u001b[22m`,
  strong: (text) => `\u001b[1m${text}\u001b[22m`,
};
