import { visible } from "../../errors.ts";
import type { Audit, AuditFinding, Suppressed } from "../../model/audit.ts";
import { FINDING_KINDS, type FindingKind } from "../../model/findingkind.ts";
import type { Place } from "../../model/mention.ts";
import { counted } from "../text.ts";

const LONGEST_FILE = 300;

/** `Dockerfile:3:6`; printable. */
export function spotOf({ file, line, column }: Place): string {
  return `${fileText(file)}:${line}:${column}`;
}

/** Printable, and no command to a workflow of GitHub, which obeys a line that begins with `::`. */
export function fileText(file: string): string {
  const shown = visible(file, LONGEST_FILE);
  return /^\s*(?:::|##\[)/.test(shown) ? `./${shown}` : shown;
}

/** The findings of each kind that there are, the gravest kind first. */
export function byKind(
  findings: readonly AuditFinding[],
): readonly (readonly [kind: FindingKind, findings: readonly AuditFinding[]])[] {
  return FINDING_KINDS.flatMap((kind) => {
    const all = findings.filter((each) => each.kind === kind);
    return all.length === 0 ? [] : [[kind, all] as const];
  });
}

export function placesIn(findings: readonly AuditFinding[]): number {
  return findings.reduce((sum, { places }) => sum + places.length, 0);
}

/** `42 files were read, 7 have references`, `3 findings are suppressed`, `1 file was not read`: what is not a finding. */
export function asides({ files, suppressed, unread }: Audit): readonly string[] {
  const was = (count: number): string => (count === 1 ? "was" : "were");
  return [
    `${counted(files.read, "file")} ${was(files.read)} read, ${files.withReferences} with references`,
    ...(suppressed.length === 0 ? [] : [suppressedText(suppressed)]),
    ...(unread.length === 0
      ? []
      : [`${counted(unread.length, "file or part", "files or parts")} ${was(unread.length)} not read`]),
  ];
}

function suppressedText(suppressed: readonly Suppressed[]): string {
  const comments = suppressed.filter(({ by }) => by === "comment").length;
  const verb = suppressed.length === 1 ? "is" : "are";
  return `${counted(suppressed.length, "finding")} ${verb} suppressed (${comments} by comments, ${suppressed.length - comments} by the baseline)`;
}
