import { visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import { annotation, property } from "./annotation.ts";
import { requestText } from "./tally.ts";

/** One annotation of a workflow: the verdict, what to do, and the command that would keep the evidence. */
export function renderGithub(evidence: Evidence, again: string | null = null): string {
  const { outcome, summary, diagnosis, releaseError } = evidence;
  const level = releaseError === null ? (LEVELS[outcome] ?? "warning") : "error";
  const lines = [
    `${visible(requestText(evidence.request), 500)}: ${visible(summary, 2000)}`,
    ...(diagnosis === null ? [] : [`next: ${visible(diagnosis.next, 500)}`]),
    ...(outcome === "disagreed" && again !== null ? [`to keep the evidence: ${visible(again, 1000)}`] : []),
    ...(releaseError === null ? [] : [visible(releaseError.message, 500)]),
  ];
  return `${annotation(level, [property("title", `tofu3: ${outcome}`)], lines.join("\n"))}\n`;
}

const LEVELS: Partial<Record<Evidence["outcome"], "error" | "notice">> = {
  disagreed: "error",
  changed: "error",
  agreed: "notice",
};
