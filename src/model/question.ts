import type { Asked } from "./observation.ts";

/**
 * What a VM signs at the head of its receipts: one line of printable ASCII. Without it, what was seen in one
 * verification, or of one thing, could be passed off as seen in another.
 */
export function questionLine(run: string, worker: string, asked: Asked): string {
  const text = JSON.stringify({ run, worker, ...ordered(asked) });
  return text.replace(/[^\x20-\x7e]/g, (odd) => `\\u${odd.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same text for the same question, in whatever order a report has its keys. */
function ordered(asked: Asked): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(asked).sort(([one], [other]) => (one < other ? -1 : 1)));
}
