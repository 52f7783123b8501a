import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { loadConfig } from "../../config/load.ts";
import { Tofu3Error } from "../../errors.ts";
import type { Evidence } from "../../model/evidence.ts";
import { renderJson } from "../../report/json.ts";
import { reportKind, type ReportKind } from "../../report/kinds.ts";
import { renderMarkdown } from "../../report/markdown.ts";
import type { Subject } from "../../model/subject.ts";
import { holdTo } from "../../pins/lock.ts";
import { readLock } from "../../pins/lockfile.ts";
import { redact } from "../../report/redact.ts";
import { EXIT_OK, exitOfEvidence } from "../exit.ts";
import type { Settings, VerifyArguments } from "../argv/invocation.ts";
import type { Io } from "../io.ts";
import { readSubject } from "../subject.ts";
import { checkReports, writeReports } from "../reports.ts";
import { runVerification, tellEvidence, tellNotices, tellReleaseError } from "../verification.ts";

const WRITERS: Readonly<Record<ReportKind, (evidence: Evidence) => string>> = {
  ".json": renderJson,
  ".md": renderMarkdown,
};

/** Three vantages look at one artifact; answers the exit code of the verdict, and of its release where that failed. */
export async function verifyCommand(
  wanted: VerifyArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const asked = readSubject(wanted.reference, settings, io);
  const subject = wanted.lock === null ? asked : await heldTo(wanted.lock, asked, io.cwd);
  await checkReports(wanted.reports, io.cwd);
  const config = await loadConfig(settings.config, io);
  const seen = await runVerification({ ...wanted, subject, remember: true }, config, settings, io, signal);
  const evidence = wanted.redact ? redact(seen, randomBytes(16).toString("hex")) : seen;
  await tellEvidence(evidence, subject, settings, io);
  const reported = await writeReports(wanted.reports, reportKind, (kind) => WRITERS[kind](evidence), io);
  tellNotices(evidence, settings, io);
  tellReleaseError(evidence, io);
  const code = exitOfEvidence(evidence);
  return code === EXIT_OK ? reported : code;
}

/** The lock is a pin like the one in `name:tag@digest`. Throws E_USAGE. */
async function heldTo(file: string, subject: Subject, cwd: string): Promise<Subject> {
  const path = resolve(cwd, file);
  const found = await readLock(path);
  if (found !== null) return holdTo(found.lock, subject, path);
  throw new Tofu3Error("E_USAGE", `cannot read the lock ${JSON.stringify(path)}: there is no such file`, {
    hint: "tofu3 pin writes it",
  });
}
