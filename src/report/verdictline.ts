import { visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Outcome } from "../model/verdict.ts";
import type { Paint } from "./paint.ts";

/** `AGREED  3 of 3 workers saw sha256:…`: the line that must be readable in five seconds. No newline at its end. */
export function verdictLine(evidence: Evidence, paint: Paint): string {
  return `${paint.strong(paintOf(evidence.outcome, paint)(evidence.outcome.toUpperCase()))}  ${visible(evidence.summary, 2000)}`;
}

/** Green for agreement, red where somebody saw something else, yellow where nobody knows. */
export function paintOf(outcome: Outcome, paint: Paint): (text: string) => string {
  if (outcome === "agreed") return paint.good;
  return outcome === "disagreed" || outcome === "changed" ? paint.bad : paint.unsure;
}
