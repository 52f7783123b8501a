import { randomBytes } from "node:crypto";
import { loadConfig } from "../../config/load.ts";
import type { Evidence } from "../../model/evidence.ts";
import { verifyLine } from "../../report/commandline.ts";
import { REPORT_KINDS } from "../../report/kinds.ts";
import { isFile, type Subject } from "../../model/subject.ts";
import { redact } from "../../report/redact.ts";
import { EXIT_OK, exitOfEvidence, gravestOf } from "../exit.ts";
import type { VerifyArguments } from "../argv/commands/verify.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io } from "../io.ts";
import { planReports } from "../reports.ts";
import { heldTo } from "../held.ts";
import { pinnedBy } from "../pinning.ts";
import { readSubject } from "../subject.ts";
import { reportSigner, writeVerdictReports } from "../verdictreports.ts";
import { runVerification, tellEvidence, tellNotices, tellReleaseError } from "../verification.ts";

/** Three vantages look at one artifact; answers the exit code of the verdict, and of its release where that failed. */
export async function verifyCommand(
  wanted: VerifyArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const [reference = "", ...more] = wanted.references;
  if (more.length > 0 || wanted.list !== null)
    return (await import("./verifymany.ts")).verifyManyCommand(wanted, settings, io, signal);
  const named = await pinnedBy(wanted, readSubject(reference, "verify", settings, io), io);
  const asked = wanted.lock === null ? named : { ...named, subject: await heldTo(wanted.lock, named.subject, io.cwd) };
  const { subject } = asked;
  const reports = await planReports(wanted.reports, REPORT_KINDS, io);
  const config = await loadConfig(settings.config, io);
  const signer = await reportSigner(reports, wanted.sign, config, io, signal);
  const seen = await runVerification({ ...wanted, ...asked, remember: true }, config, settings, io, signal);
  const evidence = wanted.redact ? redact(seen, randomBytes(16).toString("hex")) : seen;
  const again = againLine({ ...wanted, ...asked, mirrors: shownMirrors(subject) }, settings);
  const told = await tellEvidence(evidence, subject, { settings, again, format: wanted.format }, io);
  const reported = await writeVerdictReports({ reports, signer }, [evidence], again, io);
  tellNotices(evidence, settings, io);
  tellReleaseError(evidence, io);
  const code = exitOfEvidence(evidence);
  return code === EXIT_OK ? gravestOf([told, reported]) : code;
}

function shownMirrors(subject: Subject): readonly string[] {
  return isFile(subject) ? (subject.mirrors ?? []) : [];
}

type Again = Pick<VerifyArguments, "lock" | "keepEvidence" | "redact"> & Evidence["request"];

/** The same question with the same flags, and a folder for what each worker is given; null where that is kept. */
export function againLine(wanted: Again, { config, authfile }: Settings): string | null {
  // a report for others tells nothing of this machine's files
  if (wanted.keepEvidence !== null || wanted.redact) return null;
  const flag = (name: string, value: string | null): string[] => (value === null ? [] : [`--${name}`, value]);
  const more = [...flag("config", config), ...flag("authfile", authfile), ...flag("lock", wanted.lock)];
  return verifyLine(wanted, [...more, "--keep-evidence", "tofu3-evidence"]);
}
