import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { loadConfig } from "../../config/load.ts";
import type { Listed } from "../../coordinator/list/list.ts";
import type { VerifyRequest } from "../../coordinator/verify.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import type { Signer } from "../../evidence/keys/signer.ts";
import type { Evidence } from "../../model/evidence.ts";
import { WHOLE } from "../../model/job.ts";
import { isFile, type Subject } from "../../model/subject.ts";
import { SUMS_NAME, writeSums } from "../../release/sums.ts";
import { renderFailure } from "../../report/failure.ts";
import { onOneLine, renderJson } from "../../report/json.ts";
import { REPORT_KINDS } from "../../report/kinds.ts";
import { renderEnd, renderListed } from "../../report/list.ts";
import { redact } from "../../report/redact.ts";
import { counted } from "../../report/text.ts";
import type { VerifyArguments } from "../argv/commands/verify.ts";
import type { Settings } from "../argv/settings.ts";
import { paintFor } from "../color.ts";
import { EXIT_OK, exitOfError, exitOfEvidence, gravestOf } from "../exit.ts";
import type { Io } from "../io.ts";
import { heldTo } from "../held.ts";
import { readEntries, type Entry } from "../list.ts";
import { destinationIn, folderOf, makeFolder, refuseSameNames, type ListFolder } from "../listfolder.ts";
import { pinnedBy } from "../pinning.ts";
import { planReports } from "../reports.ts";
import { runtimeOf } from "../runtime.ts";
import { readSubject } from "../subject.ts";
import { pinnedText } from "../verification.ts";
import { reportSigner, writeVerdictReports } from "../verdictreports.ts";
import { signerFor } from "../signing.ts";

/** Nothing moves on the screen while a passphrase is asked for. */
const STILL = { pause: () => undefined, resume: () => undefined };

/**
 * Several subjects over one set of vantages: a verdict for each, one exit code for all, the gravest. With `-o DIR`, what
 * agreed is released there, and `SHA256SUMS` names it.
 */
export async function verifyManyCommand(
  wanted: VerifyArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const entries = await entriesOf(wanted, io);
  const folder = folderOf(wanted, io);
  const requests: VerifyRequest[] = [];
  const into = folder === null ? null : { path: folder, force: wanted.force, taken: new Map<string, Subject>() };
  for (const entry of entries) requests.push(await requestOf(entry, wanted, into, settings, io));
  refuseSameNames(requests);
  const reports = await planReports(wanted.reports, REPORT_KINDS, io);
  const config = await loadConfig(settings.config, io);
  const asksStatements = reports.some(({ kind }) => kind === "statements");
  const signer =
    asksStatements || folder === null
      ? await reportSigner(reports, wanted.sign, config, io, signal)
      : await signerFor(wanted.sign, config, io, signal);
  if (folder !== null) await makeFolder(folder);
  const { verifyAll } = await import("../../coordinator/list/list.ts");
  const runtime = await runtimeOf(config, settings, io, STILL);
  const printer = printerFor(wanted, settings, io);
  const list = { requests, folder, force: wanted.force };
  const listed = await verifyAll(list, runtime, watchFor(printer, requests, settings, io), signal);
  const seen = listed.flatMap((each) => ("evidence" in each ? [hidden(each.evidence, wanted)] : []));
  const told = await concluded(seen, folder, signer, io);
  const reported = await writeVerdictReports({ reports, signer: asksStatements ? signer : null }, seen, null, io);
  if (!settings.json && !settings.quiet)
    io.stdout.write(renderEnd(listed, told, paintFor(io.stdout, io.env, settings.color)));
  return gravestOf([...listed.map(exitOfListed), reported]);
}

async function entriesOf(wanted: VerifyArguments, io: Io): Promise<readonly Entry[]> {
  const { references, list, pin, sums, mirrors } = wanted;
  if (list !== null) {
    if (pin !== null || sums !== null || mirrors.length > 0) throw ofOne();
    return readEntries(list, io);
  }
  if (pin !== null || mirrors.length > 0) throw ofOne();
  return references.map((reference) => ({
    where: reference,
    wanted: { ...wanted, references: [reference], destination: null },
  }));
}

function ofOne(): Tofu3Error {
  return new Tofu3Error("E_USAGE", "a checksum or a mirror is that of one subject", {
    hint: "write it behind its subject, on its line of the list",
  });
}

async function requestOf(
  { where, wanted: own }: Entry,
  wanted: VerifyArguments,
  into: ListFolder | null,
  settings: Settings,
  io: Io,
): Promise<VerifyRequest> {
  try {
    const [reference = ""] = own.references;
    const named = readSubject(reference, "verify", settings, io);
    // what the command selects is selected from images; what a line selects, from its own subject
    const selection = isFile(named.subject) ? (wanted.list === null ? WHOLE : own) : { ...wanted, ...chosen(own) };
    const pinned = await pinnedBy(
      { ...own, witness: own.witness || (wanted.witness && isFile(named.subject)) },
      named,
      io,
    );
    const subject = wanted.lock === null ? pinned.subject : await heldTo(wanted.lock, pinned.subject, io.cwd);
    const { platform, osVersion, bottle } = selection;
    const { days, keepEvidence, force } = wanted;
    const destination = into === null ? null : destinationIn(into, own.destination, subject);
    return { ...pinned, subject, platform, osVersion, bottle, destination, force, days, keepEvidence, remember: true };
  } catch (thrown) {
    if (!(thrown instanceof Tofu3Error) || wanted.list === null) throw thrown;
    throw new Tofu3Error(thrown.code, `${where}: ${thrown.message}`, { hint: thrown.hint ?? undefined, cause: thrown });
  }
}

/** What a line selects goes before what the command does. */
function chosen({ platform, osVersion, bottle }: VerifyArguments): Partial<VerifyArguments> {
  const own = { platform, osVersion, bottle };
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null));
}

function hidden(evidence: Evidence, { redact: hides }: VerifyArguments): Evidence {
  return hides ? redact(evidence, randomBytes(16).toString("hex")) : evidence;
}

/** Prints each verdict when it and those before it are there. */
function printerFor(wanted: VerifyArguments, settings: Settings, io: Io): (listed: Listed) => void {
  const paint = paintFor(io.stdout, io.env, settings.color);
  return (listed) => {
    if (!("evidence" in listed)) {
      if (settings.json) io.stdout.write(onOneLine(renderFailure(listed.error, io.version)));
      else tellFault(listed.request.reference, listed.error, io);
      return;
    }
    const evidence = hidden(listed.evidence, wanted);
    if (settings.json) io.stdout.write(onOneLine(renderJson(evidence)));
    else if (!settings.quiet) io.stdout.write(renderListed(evidence, listed.resumed, paint));
    else if (evidence.outcome === "agreed" && evidence.artifact !== null)
      io.stdout.write(`${pinnedText(listed.request.subject, evidence.artifact.digest)}\n`);
    else io.stderr.write(`tofu3: ${evidence.outcome.toUpperCase()}  ${visible(evidence.summary, 2000)}\n`);
  };
}

function tellFault(reference: string, { message, hint }: Tofu3Error, { stderr }: Io): void {
  stderr.write(`tofu3: error: ${visible(reference, 300)}: ${message}\n`);
  if (hint !== null) stderr.write(`tofu3: hint: ${hint}\n`);
}

function watchFor(
  print: (listed: Listed) => void,
  requests: readonly VerifyRequest[],
  settings: Settings,
  { stderr }: Io,
) {
  const waiting = new Map<VerifyRequest, Listed>();
  let next = 0;
  const speaks = !settings.quiet && settings.progress !== "none";
  return {
    resumed: (count: number) => {
      if (!settings.quiet)
        stderr.write(
          `tofu3: note: ${counted(count, "verdict")} of the run before ${count === 1 ? "stands" : "stand"}\n`,
        );
    },
    warned: (text: string) => void stderr.write(`tofu3: warning: ${visible(text, 2000)}\n`),
    done: (listed: Listed, done: number, of: number) => {
      const what = "evidence" in listed ? listed.evidence.outcome : "not asked";
      if (speaks) stderr.write(`tofu3: ${done} of ${of}: ${what}: ${visible(listed.request.reference, 300)}\n`);
      waiting.set(listed.request, listed);
      for (let request = requests[next]; request !== undefined; request = requests[next]) {
        const ready = waiting.get(request);
        if (ready === undefined) return;
        print(ready);
        next += 1;
      }
    },
  };
}

/** Writes `SHA256SUMS`, and with a key the statements about all of it. Returns what the last line says of them. */
async function concluded(
  seen: readonly Evidence[],
  folder: string | null,
  signer: Signer | null,
  io: Io,
): Promise<string | null> {
  if (folder === null) return null;
  const named = await writeSums(folder, seen, true);
  const sums = `${join(folder, SUMS_NAME)} names ${counted(named, "file")}`;
  if (signer === null) return sums;
  const path = join(folder, `${SUMS_NAME}.intoto.jsonl`);
  const reports = [{ kind: "statements", path, append: false } as const];
  const code = await writeVerdictReports({ reports, signer }, seen, null, io);
  return code === EXIT_OK ? `${sums}, and ${path} has the signed evidence` : sums;
}

function exitOfListed(listed: Listed): number {
  return "evidence" in listed ? exitOfEvidence(listed.evidence) : exitOfError(listed.error.code);
}
