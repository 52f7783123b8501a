import { visible, type Tofu3Error } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Paint } from "./paint.ts";
import { requestText } from "./tally.ts";
import { counted, listed as joined } from "./text.ts";
import { verdictLine } from "./verdictline.ts";

/** One verdict of a list: what was asked, the line, and what to do where not all agree. */
export function renderListed(evidence: Evidence, resumed: boolean, paint: Paint): string {
  const { diagnosis, notices, releaseError } = evidence;
  const lines = [
    paint.strong(visible(requestText(evidence.request), 500)),
    `  ${verdictLine(evidence, paint)}${resumed ? ` (on ${evidence.finishedAt}, in the run before)` : ""}`,
    ...(diagnosis === null
      ? []
      : [
          `  why: ${visible(diagnosis.explanation, 1000)} (${diagnosis.class}, ${diagnosis.confidence})`,
          `  next: ${visible(diagnosis.next, 1000)}`,
        ]),
    ...(releaseError === null ? [] : [`  not released: ${visible(releaseError.message, 1000)}`]),
    ...notices.map((notice) => `  notice: ${visible(notice, 1000)}`),
  ];
  return `${lines.join("\n")}\n`;
}

type Listed = { readonly evidence: Evidence } | { readonly error: Tofu3Error };

/** `3 subjects: 2 agreed, 1 disagreed; DIR/SHA256SUMS names 2 files` */
export function renderEnd(all: readonly Listed[], more: string | null, paint: Paint): string {
  const counts = new Map<string, number>();
  for (const each of all) {
    const word = "evidence" in each ? each.evidence.outcome : "not asked";
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const words = [...counts].map(([word, count]) => `${count} ${word}`);
  const line = `${counted(all.length, "subject")}: ${joined(words)}${more === null ? "" : `; ${visible(more, 1000)}`}`;
  return `\n${counts.size === 1 && counts.has("agreed") ? paint.good(line) : paint.unsure(line)}\n`;
}
