import type { Finding } from "../../model/diagnosis.ts";
import type { Observation } from "../../model/observation.ts";
import type { Probes } from "../../model/probe.ts";
import type { Entry } from "../../model/record.ts";
import type { Verdict } from "../../model/verdict.ts";
import type { Rule } from "./case.ts";
import { falseContent, mirrored, otherTypes } from "./content.ts";
import { dynamic, interception, moving, related, replaced, sameInside, splitView, stale } from "./split.ts";
import { absence, change, gap, impostor, move, sameness } from "./withheld.ts";

/** In order: the first rule that finds something names the class. */
const RULES: readonly Rule[] = [
  ...[absence, impostor, gap, change, move, sameness],
  ...[mirrored, falseContent, otherTypes],
  ...[interception, dynamic, related, sameInside, moving, stale, replaced, splitView],
];

/**
 * What happened, in one of the classes of the contract; null only where the workers agree. It reads what is known and
 * changes no outcome. `past`: the ledger's entries for the subject, oldest first.
 */
export function diagnose(
  verdict: Verdict,
  observations: readonly Observation[],
  probes: Probes | null,
  past: readonly Entry[],
): Finding | null {
  if (verdict.outcome === "agreed" || verdict.outcome === "pending") return null;
  const each = { verdict, observations, probes, past };
  for (const rule of RULES) {
    const finding = rule(each);
    if (finding !== null) return finding;
  }
  return { class: "unexplained", confidence: "possible", odd: [], because: { kind: "unknown" } };
}
