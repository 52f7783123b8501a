import type { Config } from "../config/config.ts";
import { Tofu3Error, visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Progress, Watch } from "../model/progress.ts";
import type { Subject } from "../model/subject.ts";
import { renderJson } from "../report/json.ts";
import { PLAIN } from "../report/paint.ts";
import { verdictLine } from "../report/verdictline.ts";
import type { VerifyRequest } from "../coordinator/verify.ts";
import { paintFor } from "./color.ts";
import { tellError } from "./errors.ts";
import { runtimeOf } from "./runtime.ts";
import type { Settings } from "./argv/invocation.ts";
import type { Io } from "./io.ts";
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
  if (event.kind === "bytes") return;
  const { kind, worker, ...details } = event;
  const trouble = event.kind === "retry" || (event.kind === "end" && event.error !== null);
  log(trouble ? "warn" : "debug", `${worker}: ${kind}`, details);
}

/** Prints the result, and nothing else, to stdout. With `--quiet`, only a pinned reference, and only if all agree. */
export async function tellEvidence(evidence: Evidence, subject: Subject, settings: Settings, io: Io): Promise<void> {
  if (settings.json) {
    io.stdout.write(renderJson(evidence));
  } else if (!settings.quiet) {
    const { renderTable } = await import("../report/table.ts");
    io.stdout.write(renderTable(evidence, paintFor(io.stdout, io.env, settings.color)));
  } else if (evidence.outcome === "agreed" && evidence.artifact !== null) {
    const { registry, repository } = subject;
    io.stdout.write(`${registry}/${repository}@${evidence.artifact.digest}\n`);
  } else {
    io.stderr.write(`tofu3: ${verdictLine(evidence, PLAIN)}\n`);
  }
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
