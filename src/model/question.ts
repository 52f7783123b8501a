import type { Asked } from "./observation.ts";
import { fieldsOf } from "./subject.ts";

/**
 * What a VM signs at the head of its receipts: one line of printable ASCII. Without it, what was seen in one
 * verification, or of one thing, could be passed off as seen in another.
 */
export function questionLine(run: string, worker: string, asked: Asked): string {
  const { platform, osVersion, bottle } = asked;
  const text = JSON.stringify({ run, worker, ...fieldsOf(asked), platform, osVersion, bottle });
  return text.replace(/[^\x20-\x7e]/g, (odd) => `\\u${odd.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
