import { visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Outcome } from "../model/verdict.ts";
import type { Paint } from "./paint.ts";
import { shortener } from "./text.ts";

/**
 * `AGREED  3 of 3 workers saw sha256:…`: the line that must be readable in five seconds. Digests are whole where all agree, to be copied,
 * and short otherwise, to be told apart. No newline at its end.
 */
export function verdictLine(evidence: Evidence, paint: Paint): string {
  const summary = visible(evidence.summary, 2000);
  const text = evidence.outcome === "agreed" ? summary : shortDigests(summary);
  return `${paint.strong(paintOf(evidence.outcome, paint)(evidence.outcome.toUpperCase()))}  ${text}`;
}

function shortDigests(text: string): string {
  const digests = text.match(DIGEST) ?? [];
  return text.replace(DIGEST, shortener(digests));
}

const DIGEST = /\bsha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})\b/g;

/** Green for agreement, red where somebody saw something else, yellow where nobody knows. */
export function paintOf(outcome: Outcome, paint: Paint): (text: string) => string {
  if (outcome === "agreed") return paint.good;
  return outcome === "disagreed" || outcome === "changed" ? paint.bad : paint.unsure;
}
