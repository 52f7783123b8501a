import { visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Outcome } from "../model/verdict.ts";
import { PLAIN, type Paint } from "./paint.ts";
import { sentenceOf } from "./sentence.ts";
import { shortener } from "./text.ts";

/**
 * `AGREED  3 of 3 workers saw sha256:…`: the line that must be readable in five seconds. Digests are in full if all
 * agree, to be copied, and short otherwise, to be told apart. No trailing newline.
 */
export function verdictLine(evidence: Evidence, paint: Paint): string {
  return lineOf(evidence, paint, verdictSentence(evidence));
}

/** The same without the word of the outcome. */
export function verdictSentence(evidence: Evidence): string {
  const digests: string[] = [];
  const whole = sentenceOf(evidence, (digest) => (digests.push(digest), digest));
  return evidence.outcome === "agreed" ? whole : sentenceOf(evidence, shortener(digests));
}

/** The same with every digest in full. */
export function wholeVerdictLine(evidence: Evidence): string {
  return lineOf(evidence, PLAIN, sentenceOf(evidence));
}

function lineOf({ outcome }: Evidence, paint: Paint, text: string): string {
  return `${paint.strong(paintOf(outcome, paint)(outcome.toUpperCase()))}  ${visible(text, 2000)}`;
}

/** Green for agreement, red where workers saw something else, yellow for no answer. */
export function paintOf(outcome: Outcome, paint: Paint): (text: string) => string {
  if (outcome === "agreed") return paint.good;
  return outcome === "disagreed" || outcome === "changed" ? paint.bad : paint.unsure;
}
