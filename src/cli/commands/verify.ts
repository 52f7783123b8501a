import { randomBytes } from "node:crypto";
import { loadConfig } from "../../config/load.ts";
import type { Evidence } from "../../model/evidence.ts";
import { redact } from "../../report/redact.ts";
import { tellError } from "../errors.ts";
import { EXIT_OK, exitOfEvidence } from "../exit.ts";
import type { Settings, VerifyArguments } from "../argv/invocation.ts";
import type { Io } from "../io.ts";
import { readSubject } from "../subject.ts";
import { checkReports, writeReports } from "../reports.ts";
import { runVerification, tellEvidence, tellNotices, tellReleaseError } from "../verification.ts";

/** Three vantages look at one artifact; answers the exit code of the verdict, and of its release where that failed. */
export async function verifyCommand(
  wanted: VerifyArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const subject = readSubject(wanted.reference, settings, io);
  await checkReports(wanted.reports, io.cwd);
  const config = await loadConfig(settings.config, io);
  const seen = await runVerification({ ...wanted, subject, remember: true }, config, settings, io, signal);
  const evidence = wanted.redact ? redact(seen, randomBytes(16).toString("hex")) : seen;
  await tellEvidence(evidence, subject, settings, io);
  const reported = await tryReports(wanted.reports, evidence, io);
  tellNotices(evidence, settings, io);
  tellReleaseError(evidence, io);
  const code = exitOfEvidence(evidence);
  return code === EXIT_OK ? reported : code;
}

async function tryReports(paths: readonly string[], evidence: Evidence, io: Io): Promise<number> {
  try {
    await writeReports(paths, evidence, io.cwd);
    return EXIT_OK;
  } catch (error) {
    return tellError(io.stderr, error, false);
  }
}
