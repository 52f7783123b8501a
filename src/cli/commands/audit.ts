import { resolve } from "node:path";
import { loadConfig } from "../../config/load.ts";
import { Tofu3Error } from "../../errors.ts";
import { AUDIT_EXITS, type Audit } from "../../model/audit.ts";
import { parseBaseline, type Baseline } from "../../pins/findings/baseline.ts";
import { findingsOf } from "../../pins/findings/findings.ts";
import { outcomeOf, subjectsOf, summaryOf } from "../../pins/findings/subjects.ts";
import { renderAuditGithub } from "../../report/audit/github.ts";
import { renderAuditHtml } from "../../report/audit/html.ts";
import { renderAuditJson } from "../../report/audit/json.ts";
import { renderAuditJunit } from "../../report/audit/junit.ts";
import { AUDIT_REPORTS, type AuditFormat } from "../../report/audit/kinds.ts";
import { renderAuditMarkdown } from "../../report/audit/markdown.ts";
import { renderAuditSarif } from "../../report/audit/sarif.ts";
import { renderAuditTable } from "../../report/audit/table.ts";
import { readSmallText } from "../../smallfile.ts";
import { paintFor } from "../color.ts";
import { tellError } from "../errors.ts";
import { EXIT_BROKEN, EXIT_OK } from "../exit.ts";
import type { AuditArguments } from "../argv/commands/audit.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io, Output } from "../io.ts";
import { planReports, writeReports } from "../reports.ts";
import { search } from "../search.ts";

const WIDTH = 120;

/** What the references of a tree lead to, as all workers see them. Returns 20 for findings, 21 if it cannot know. */
export async function auditCommand(
  wanted: AuditArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const startedAt = io.now().toISOString();
  const reports = await planReports(wanted.reports, AUDIT_REPORTS, io);
  const baseline = wanted.baseline === null ? null : await readBaseline(wanted.baseline, io);
  const config = await loadConfig(settings.config, io);
  const { tree, examined } = await search(
    { ...wanted, days: 1, choose: (all) => all, keepTexts: false },
    config,
    settings,
    io,
    signal,
  );
  const { failOn, honourComments } = wanted;
  const { findings, suppressed } = findingsOf(tree.mentions, examined.examinations, {
    failOn,
    baseline,
    honourComments,
  });
  const subjects = subjectsOf(examined.examinations);
  const audit: Audit = {
    schemaVersion: 1,
    tool: { name: "tofu3", version: io.version },
    startedAt,
    finishedAt: io.now().toISOString(),
    depth: wanted.depth,
    workers: config.workers.map(({ name }) => name).sort(),
    outcome: outcomeOf(findings, tree.unread),
    summary: summaryOf(subjects, findings, tree.unread),
    files: tree.files,
    subjects,
    findings,
    suppressed,
    unread: tree.unread,
  };
  if (!settings.quiet || wanted.format !== "table") {
    const paint = paintFor(io.stdout, io.env, settings.color);
    io.stdout.write(
      wanted.format === "table"
        ? renderAuditTable(audit, paint, { details: wanted.details, width: widthOf(io.stdout) })
        : RENDERERS[wanted.format](audit),
    );
  } else if (audit.outcome !== "clean") io.stderr.write(`tofu3: ${audit.summary}\n`);
  const reported = await writeReports(reports, (kind) => RENDERERS[kind](audit), io);
  if (examined.ledgerFault !== null) tellError(io.stderr, examined.ledgerFault, false);
  if (audit.outcome === "clean") return reported === EXIT_OK && examined.ledgerFault !== null ? EXIT_BROKEN : reported;
  return AUDIT_EXITS[audit.outcome];
}

/** Of a terminal; elsewhere, what most terminals and logs show. */
function widthOf({ columns }: Output): number {
  return columns === undefined || columns === 0 ? WIDTH : columns;
}

const RENDERERS: Readonly<Record<Exclude<AuditFormat, "table">, (audit: Audit) => string>> = {
  json: renderAuditJson,
  github: renderAuditGithub,
  sarif: renderAuditSarif,
  junit: renderAuditJunit,
  markdown: renderAuditMarkdown,
  html: renderAuditHtml,
};

async function readBaseline(path: string, io: Io): Promise<Baseline> {
  const text = await readSmallText(resolve(io.cwd, path), {
    what: "the baseline",
    code: "E_USAGE",
    limit: 64 * 1024 * 1024,
  });
  if (text !== null) return parseBaseline(text);
  throw new Tofu3Error("E_USAGE", `cannot read the baseline ${JSON.stringify(path)}: there is no such file`, {
    hint: "tofu3 audit --json > FILE writes one",
  });
}
