import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import { nameInUrl } from "../../file/name.ts";
import type { Destination, Format } from "../../model/destination.ts";
import type { CommandEnd, Evidence } from "../../model/evidence.ts";
import { isFile, type Subject } from "../../model/subject.ts";
import { openPrivateFolder } from "../../release/quarantine/privatefolder.ts";
import { REPORT_KINDS } from "../../report/kinds.ts";
import { redact } from "../../report/redact.ts";
import { filled, type ExecArguments } from "../argv/commands/exec.ts";
import type { Settings } from "../argv/settings.ts";
import { isFindable, NOT_FOUND, runChild, type ChildEnd } from "../child.ts";
import { EXIT_OK, exitOfEvidence, gravestOf } from "../exit.ts";
import type { Io } from "../io.ts";
import { heldTo } from "../held.ts";
import { planReports } from "../reports.ts";
import { reportSigner, writeVerdictReports, type VerdictReports } from "../verdictreports.ts";
import { readSubject, type Named } from "../subject.ts";
import { runVerification, tellEvidence, tellNotices, tellReleaseError } from "../verification.ts";
import { againLine } from "./verify.ts";

/**
 * Runs a command on what all workers agree on, or nothing. Answers the command's exit code, or the gravest of tofu3's
 * own.
 */
export async function execCommand(
  wanted: ExecArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  if (settings.json) {
    throw new Tofu3Error("E_USAGE", "standard output is the command's: exec prints no JSON object there", {
      hint: "--report FILE.json keeps the verdict",
    });
  }
  const asked = await askedFor(wanted, settings, io);
  const reports = await planReports(wanted.reports, REPORT_KINDS, io);
  const config = await loadConfig(settings.config, io);
  const toWrite = { reports, signer: await reportSigner(reports, wanted.sign, config, io, signal) };
  if (!(await canBeFound(wanted.argv, io))) return NOT_FOUND;
  const { TMPDIR = "" } = io.env;
  // empty is as good as not set, and not the current directory
  const folder = await openPrivateFolder(TMPDIR === "" ? "/tmp" : TMPDIR);
  let isThere = true;
  const remove = async (): Promise<void> => {
    if (!isThere) return;
    isThere = false;
    const left = await folder.remove();
    if (left !== null) io.stderr.write(`tofu3: warning: cannot remove ${visible(folder.path)}: ${left}\n`);
  };
  try {
    const seen = await verifyAll(asked, folder.path, { wanted, config, settings, io, signal });
    const own = gravestOf(seen.map(exitOfEvidence));
    if (own !== EXIT_OK) return await reported(seen, { command: NOT_RUN, code: own }, toWrite, wanted, io);
    signal.throwIfAborted();
    const paths = seen.flatMap(({ released }) => released?.path ?? []);
    const ended = await runChild(filled(wanted.argv, paths), io, remove);
    tellEnd(ended, io);
    return await reported(seen, { command: endOf(ended), code: ended.code }, toWrite, wanted, io);
  } finally {
    await remove();
  }
}

async function askedFor({ references, lock }: ExecArguments, settings: Settings, io: Io): Promise<readonly Named[]> {
  const asked: Named[] = [];
  for (const reference of references) {
    const named = readSubject(reference, "exec", settings, io);
    asked.push(lock === null ? named : { ...named, subject: await heldTo(lock, named.subject, io.cwd) });
  }
  return asked;
}

/** A released file may be the command itself. */
async function canBeFound([name = ""]: readonly string[], io: Io): Promise<boolean> {
  if (/\{\d*\}/.test(name) || (await isFindable(name, io))) return true;
  io.stderr.write(`tofu3: error: there is no command ${JSON.stringify(visible(name, 200))}; nothing was fetched\n`);
  return false;
}

interface Around {
  readonly wanted: ExecArguments;
  readonly config: Config;
  readonly settings: Settings;
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** One after the other, so that each has the workers, the time limit and the lines of progress for itself. */
async function verifyAll(asked: readonly Named[], folder: string, around: Around): Promise<readonly Evidence[]> {
  const { wanted, config, settings, signal } = around;
  // standard output is the command's
  const io: Io = { ...around.io, stdout: around.io.stderr };
  const seen: Evidence[] = [];
  for (const [index, named] of asked.entries()) {
    const { subject } = named;
    const room = join(folder, String(index + 1));
    await mkdir(room, { mode: 0o700 });
    const destination = destinationIn(room, wanted.as, subject);
    const request = { ...wanted, ...named, destination, force: false, remember: true };
    const evidence = await runVerification(request, config, settings, io, signal);
    const again = againLine(request, settings);
    if (!settings.quiet || evidence.outcome !== "agreed")
      await tellEvidence(evidence, subject, { settings, again }, io);
    tellNotices(evidence, settings, io);
    tellReleaseError(evidence, io);
    seen.push(evidence);
  }
  return seen;
}

const ENDINGS: Readonly<Record<Format, string>> = {
  oci: "",
  "oci-archive": ".tar",
  "docker-archive": ".tar",
  "docker-v1": "",
  file: "",
};

/** A bottle gets Homebrew's own name; anything else the last part of its repository's, which has no character to fear. */
function destinationIn(room: string, as: Format | null, subject: Subject): Destination {
  const otherwise = isFile(subject) ? plainName(subject.url) : basename(subject.repository);
  if (as === null || as === "file") return { format: as ?? "auto", path: `${room}/`, force: false, otherwise };
  return { format: as, path: join(room, `${otherwise}${ENDINGS[as]}`), force: false };
}

/** The last segment of a URL, of characters that no shell and no program reads as more than a name. */
function plainName(url: string): string {
  const name = nameInUrl(url);
  return name.kind === "name" && /^[A-Za-z0-9][A-Za-z0-9@+._-]*$/.test(name.name) ? name.name : "file";
}

const NOT_RUN: CommandEnd = { started: false, code: null, signal: null };

function endOf({ code, signal, fault }: ChildEnd): CommandEnd {
  return fault === null ? { started: true, code, signal } : NOT_RUN;
}

/** Tells the command's codes apart from tofu3's own. */
function tellEnd({ code, signal, fault }: ChildEnd, io: Io): void {
  if (fault !== null) io.stderr.write(`tofu3: error: the command cannot be run: ${fault}\n`);
  else if (signal !== null) io.stderr.write(`tofu3: the command was ended by ${signal}: exit code ${code}\n`);
  else if (code !== EXIT_OK) io.stderr.write(`tofu3: the command ended with code ${code}\n`);
}

/** Writes the reports, which say whether the command ran. A report that cannot be written turns a 0 into a fault. */
async function reported(
  seen: readonly Evidence[],
  { command, code }: { readonly command: CommandEnd; readonly code: number },
  reports: VerdictReports,
  { redact: hides }: ExecArguments,
  io: Io,
): Promise<number> {
  const salt = randomBytes(16).toString("hex");
  const told = seen.map((evidence) => ({ ...(hides ? redact(evidence, salt) : evidence), command }));
  const written = await writeVerdictReports(reports, told, null, io);
  return code === EXIT_OK ? written : code;
}
