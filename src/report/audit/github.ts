import { visible } from "../../errors.ts";
import { LEVELS, type Audit, type AuditFinding, type Level } from "../../model/audit.ts";
import type { Place } from "../../model/mention.ts";
import { annotation, property } from "../annotation.ts";
import { PLAIN } from "../paint.ts";
import { listed } from "../text.ts";
import { auditLine } from "./table.ts";

/** GitHub shows so many annotations of each level in one step, and drops the others. */
const MOST = 10;
const COMMANDS = { error: "error", warning: "warning", note: "notice" } as const satisfies Record<Level, string>;

/** Workflow commands that become annotations: the gravest of each level, and lines that say what else there is. */
export function renderAuditGithub(audit: Audit): string {
  const levels = LEVELS.map((level) => {
    return { level, commands: audit.findings.filter((each) => each.level === level).flatMap(commandsOf) };
  });
  const more = levels
    .filter(({ commands }) => commands.length > MOST)
    .map(({ level, commands }) => `${commands.length - MOST} more of level ${level}`);
  const lines = [
    ...levels.flatMap(({ commands }) => commands.slice(0, MOST)),
    ...(more.length === 0 ? [] : [`and ${listed(more)}: --format table --details lists them all`]),
    auditLine(audit, PLAIN),
  ];
  return `${lines.join("\n")}\n`;
}

function commandsOf(finding: AuditFinding): readonly string[] {
  const { kind, level, reference, message, next, places } = finding;
  const text = [
    `${visible(reference, 500)}: ${visible(message, 2000)}`,
    ...(next === null ? [] : [visible(next, 500)]),
  ];
  return places.map((place) => {
    return annotation(COMMANDS[level], [...placeOf(place), property("title", `tofu3: ${kind}`)], text.join("\n"));
  });
}

/** Columns only count within one line. */
function placeOf({ file, line, column, endLine, endColumn }: Place): readonly string[] {
  const columns = line === endLine ? [`col=${column}`, `endColumn=${endColumn}`] : [];
  return [property("file", visible(file, 1000)), `line=${line}`, `endLine=${endLine}`, ...columns];
}
