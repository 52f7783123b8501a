import type { Config } from "../config/config.ts";
import { Tofu3Error, visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Progress, Watch } from "../model/progress.ts";
import { isFile, type Subject } from "../model/subject.ts";
import { jsonOf, renderJson } from "../report/json.ts";
import { wholeVerdictLine } from "../report/verdictline.ts";
import type { VerifyRequest } from "../coordinator/verify.ts";
import { paintFor } from "./color.ts";
import { tellError } from "./errors.ts";
import { EXIT_OK } from "./exit.ts";
import { runtimeOf } from "./runtime.ts";
import type { Settings } from "./argv/settings.ts";
import { widthOf, type Io } from "./io.ts";
import type { Log } from "./log.ts";
import { openProgress } from "./progress/progress.ts";

/** Runs the workers of `config`, with progress on stderr. Shared by `verify` and `demo`. */
export async function runVerification(
  request: VerifyRequest,
  config: Config,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<Evidence> {
  const workers = config.workers.map((worker) => worker.name);
  const progress = await openProgress(io, settings, workers);
  let ended = false;
  try {
    const { verify } = await import("../coordinator/verify.ts");
    const runtime = await runtimeOf(config, settings, io, progress);
    runtime.log("info", "verifying", { reference: request.reference, configuration: config.file, workers });
    const watch: Watch = (event) => {
      progress.watch(event);
      logProgress(event, runtime.log);
    };
    const evidence = await verify(request, runtime, watch, signal);
    runtime.log("info", evidence.summary, { outcome: evidence.outcome, quorum: evidence.quorum });
    ended = true;
    return evidence;
  } finally {
    // if both go to one terminal, the table already says it all
    progress.stop(!(ended && io.stdout.isTTY === true && !settings.json));
  }
}

function logProgress(event: Progress, log: Log): void {
  if (event.kind === "bytes" || event.kind === "wanted" || event.kind === "object") return;
  const { kind, worker, ...details } = event;
  const trouble = event.kind === "retry" || (event.kind === "end" && event.error !== null);
  log(trouble ? "warn" : "debug", `${worker}: ${kind}`, details);
}

interface Telling {
  readonly settings: Settings;
  readonly again: string | null;
  /** `--format` */
  readonly format?: string | null;
}

/**
 * Prints the result, and nothing else, to stdout. With `--quiet`, only a pinned reference, and only if all agree. `again`
 * is the command that would keep the evidence; null if there is none. With `--format`, a verdict other than agreed goes
 * to stderr. Returns 0, or the exit code of a fault of `format`.
 */
export async function tellEvidence(
  evidence: Evidence,
  subject: Subject,
  { settings, again, format = null }: Telling,
  io: Io,
): Promise<number> {
  if (format !== null) {
    // what was picked need not show that anything is wrong
    if (evidence.outcome !== "agreed") io.stderr.write(`tofu3: ${wholeVerdictLine(evidence)}\n`);
    return (await import("./print.ts")).printFormat(format, jsonOf(evidence), io);
  }
  if (settings.json) {
    io.stdout.write(renderJson(evidence));
  } else if (!settings.quiet) {
    const { renderTable } = await import("../report/table.ts");
    const shown = { width: widthOf(io.stdout), again };
    io.stdout.write(renderTable(evidence, paintFor(io.stdout, io.env, settings.color), shown));
  } else if (evidence.outcome === "agreed" && evidence.artifact !== null) {
    io.stdout.write(`${pinnedText(subject, evidence.artifact.digest)}\n`);
  } else {
    io.stderr.write(`tofu3: ${wholeVerdictLine(evidence)}\n`);
  }
  return EXIT_OK;
}

/** `registry/repository@sha256:…`, `https://host/path#sha256=…`: what other tools take. */
export function pinnedText(subject: Subject, digest: string): string {
  if (isFile(subject)) return `${subject.url}#${digest.replace(":", "=")}`;
  return `${subject.registry}/${subject.repository}@${digest}`;
}

/** What a person should know besides the result, where the result itself does not say it. */
export function tellNotices({ notices }: Evidence, settings: Settings, io: Io): void {
  if (!settings.json && !settings.quiet) return;
  for (const notice of notices) io.stderr.write(`tofu3: notice: ${visible(notice, 2000)}\n`);
}

/** Explains, after the verdict, which stands, why the artifact was not released. */
export function tellReleaseError({ releaseError }: Evidence, io: Io): void {
  if (releaseError === null) return;
  const { code, message, hint } = releaseError;
  tellError(io.stderr, new Tofu3Error(code, message, { hint: hint ?? undefined }), false);
}
