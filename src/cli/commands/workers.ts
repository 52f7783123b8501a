import { loadConfig } from "../../config/load.ts";
import type { WorkerReport } from "../../coordinator/check.ts";
import { visible } from "../../errors.ts";
import { jsonText } from "../../report/json.ts";
import { PLAIN, type Paint } from "../../report/paint.ts";
import { renderGrid } from "../../report/table.ts";
import { counted, listed } from "../../report/text.ts";
import { checkWorkers } from "../../workers.ts";
import { paintFor } from "../color.ts";
import { EXIT_OK, exitOf } from "../exit.ts";
import { houseOf } from "../house.ts";
import type { Settings } from "../invocation.ts";
import type { Io } from "../io.ts";
import { openProgress } from "../progress.ts";

/** What every worker is and what it lacks; answers 0 when all are usable, 12 otherwise. */
export async function workersCheckCommand(settings: Settings, io: Io, signal: AbortSignal): Promise<number> {
  const config = await loadConfig(settings.config, io);
  const names = config.workers.map((worker) => visible(worker.name, 40));
  if (!settings.quiet && settings.progress) io.stderr.write(`tofu3: reaching ${listed(names)}\n`);
  const silent = await openProgress(io, { ...settings, progress: false }, []);
  const reports = await checkWorkers(await houseOf(config, settings, io, silent), signal);
  const tool = { name: "tofu3", version: io.version };
  if (settings.json) io.stdout.write(jsonText({ schemaVersion: 1, tool, workers: reports, sameMachine: sameMachine(reports) }));
  else if (!settings.quiet) io.stdout.write(renderWorkers(reports, paintFor(io.stdout, io.env, settings.color)));
  else for (const line of reports.flatMap((report) => todoOf(report, PLAIN))) io.stderr.write(`tofu3: ${line}\n`);
  return reports.every(isUsable) ? EXIT_OK : exitOf("incomplete");
}

/** A row for each worker, then one line for each thing that somebody has to do something about. */
export function renderWorkers(reports: readonly WorkerReport[], paint: Paint): string {
  const head = ["WORKER", "VIA", "STATE", "ROUND TRIP", "CLOCK", "SYSTEM", "CURL", "HASH TOOL", "MACHINE", "HOST KEY"];
  const grid = renderGrid(
    head,
    reports.map((report) => rowOf(report, paint)),
    paint,
    [3, 4],
  );
  const todo = reports.flatMap((report) => todoOf(report, paint));
  const same = sameMachine(reports).map((workers) => {
    return `${paint.unsure("warning")}: ${listed(workers)} are the same machine: what they see alike counts as one view`;
  });
  const usable = reports.filter(isUsable).length;
  const last = `${usable} of ${counted(reports.length, "worker")} usable`;
  const blocks = [[grid], todo, same, [usable === reports.length ? paint.good(last) : paint.unsure(last)]];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

function isUsable(report: WorkerReport): boolean {
  return report.reachable && report.error === null && report.lacks.length === 0;
}

function rowOf(report: WorkerReport, paint: Paint): string[] {
  const { worker, via, roundTripMs, clockOffsetMs, os, curl, hashTool, machine, hostKey } = report;
  const state = isUsable(report) ? paint.good("usable") : report.reachable ? paint.unsure("lacking") : paint.bad("unreachable");
  return [
    visible(worker, 40),
    via,
    state,
    roundTripMs === null ? NONE : `${roundTripMs} ms`,
    clockOffsetMs === null ? NONE : `${clockOffsetMs > 0 ? "+" : ""}${(clockOffsetMs / 1000).toFixed(1)} s`,
    visible(os ?? NONE, 40),
    visible(curl ?? NONE, 40),
    visible(hashTool ?? NONE, 40),
    machine === null ? NONE : visible(machine, 12),
    visible(hostKey ?? NONE, 100),
  ];
}

const NONE = "–";

function todoOf({ worker, lacks, error }: WorkerReport, paint: Paint): string[] {
  const name = paint.strong(visible(worker, 40));
  const hint = error?.hint == null ? "" : `; ${paint.faint("hint:")} ${visible(error.hint)}`;
  const fault = error === null ? [] : [`${name}: ${visible(error.message)}${hint}`];
  return [...fault, ...lacks.map(({ what, todo }) => `${name}: ${visible(what)}: ${visible(todo)}`)];
}

/** Names of workers that run on one machine, in groups. */
function sameMachine(reports: readonly WorkerReport[]): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const { worker, machine } of reports) {
    if (machine !== null) groups.set(machine, [...(groups.get(machine) ?? []), visible(worker, 40)].sort());
  }
  return [...groups.values()].filter((workers) => workers.length > 1);
}
