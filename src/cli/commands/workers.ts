import { loadConfig } from "../../config/load.ts";
import { indistinctOf } from "../../consensus/distinct.ts";
import type { WorkerReport } from "../../coordinator/check.ts";
import { visible } from "../../errors.ts";
import type { Policy } from "../../model/policy.ts";
import type { Indistinct } from "../../model/verdict.ts";
import { jsonText } from "../../report/json.ts";
import { PLAIN, type Paint } from "../../report/paint.ts";
import { samenessText } from "../../report/sentence.ts";
import { renderGrid } from "../../report/table.ts";
import { counted, listed } from "../../report/text.ts";
import { checkWorkers } from "../../coordinator/workers.ts";
import { paintFor } from "../color.ts";
import { EXIT_OK, exitOf } from "../exit.ts";
import { runtimeOf } from "../runtime.ts";
import type { Settings, WorkersCheckArguments } from "../argv/invocation.ts";
import type { Io } from "../io.ts";
import { openProgress } from "../progress/progress.ts";

type Asked = Pick<Policy, "distinct">;

/**
 * What every worker is and what it lacks. Returns 0 if `verify` could agree, 12 if a worker is unusable, 13 if the
 * workers are not distinct.
 */
export async function workersCheckCommand(
  wanted: WorkersCheckArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const config = await loadConfig(settings.config, io);
  const { policy } = config;
  const names = config.workers.map((worker) => visible(worker.name, 40));
  if (!settings.quiet && settings.progress) io.stderr.write(`tofu3: reaching ${listed(names)}\n`);
  const silent = await openProgress(io, { ...settings, progress: false }, []);
  const reports = await checkWorkers(await runtimeOf(config, settings, io, silent), wanted.registry, signal);
  if (settings.json) io.stdout.write(jsonText(objectOf(reports, policy, io.version)));
  else if (!settings.quiet)
    io.stdout.write(renderWorkers(reports, policy, paintFor(io.stdout, io.env, settings.color)));
  else for (const line of todoLines(reports, policy, PLAIN)) io.stderr.write(`tofu3: ${line}\n`);
  if (!reports.every(isUsable)) return exitOf("incomplete");
  return indistinct(reports, policy).length === 0 ? EXIT_OK : exitOf("indistinct");
}

function objectOf(reports: readonly WorkerReport[], policy: Policy, version: string): unknown {
  const found = indistinct(reports, policy);
  const met = found.length === 0 && reports.every(isUsable);
  return {
    schemaVersion: 1,
    tool: { name: "tofu3", version },
    workers: reports,
    sameMachine: indistinct(reports, { distinct: ["machine"] }).flatMap(({ why, workers }) =>
      why === "machine" ? [workers] : [],
    ),
    indistinct: found,
    policy: { distinct: policy.distinct, days: policy.days, met },
  };
}

/** Considers only workers that were reached; the identity of the others does not matter yet. */
function indistinct(reports: readonly WorkerReport[], { distinct }: Asked): readonly Indistinct[] {
  const reached = reports.filter((report) => isUsable(report) || report.machine !== null);
  return indistinctOf(
    reached.map(({ worker, hostKey, machine, boot }) => ({ worker, evidence: { hostKey, machine, boot } })),
    distinct,
  );
}

/** A row per worker, then a line for each thing that needs attention. */
export function renderWorkers(reports: readonly WorkerReport[], policy: Asked, paint: Paint): string {
  const head = ["WORKER", "VIA", "STATE", "ROUND TRIP", "CLOCK", "SYSTEM", "CURL", "HASH TOOL", "MACHINE", "HOST KEY"];
  const grid = renderGrid(
    head,
    reports.map((report) => rowOf(report, paint)),
    paint,
    [3, 4],
  );
  const blocks = [[grid], todoLines(reports, policy, paint), [lastLine(reports, policy, paint)]];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

function lastLine(reports: readonly WorkerReport[], policy: Asked, paint: Paint): string {
  const usable = reports.filter(isUsable).length;
  const last = `${usable} of ${counted(reports.length, "worker")} usable`;
  if (usable < reports.length) return paint.unsure(last);
  if (indistinct(reports, policy).length === 0) return paint.good(last);
  return paint.unsure(`${last}, but not distinct: verify would say indistinct`);
}

function isUsable({ state }: WorkerReport): boolean {
  return state === "usable";
}

function rowOf(report: WorkerReport, paint: Paint): string[] {
  const { worker, via, state, roundTripMs, clockOffsetMs, os, curl, hashTool, machine, hostKey } = report;
  const tone = isUsable(report) ? paint.good : report.reachable ? paint.unsure : paint.bad;
  return [
    visible(worker, 40),
    via,
    tone(state.replaceAll("-", " ")),
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

function todoLines(reports: readonly WorkerReport[], policy: Asked, paint: Paint): string[] {
  return [...reports.flatMap((report) => todoOf(report, paint)), ...samenessLines(reports, policy, paint)];
}

function todoOf({ worker, lacks, warnings, error }: WorkerReport, paint: Paint): string[] {
  const name = paint.strong(visible(worker, 40));
  const hint = error?.hint == null ? "" : `; ${paint.faint("hint:")} ${visible(error.hint)}`;
  const fault = error === null ? [] : [`${name}: ${visible(error.message)}${hint}`];
  return [
    ...fault,
    ...lacks.map(({ what, todo }) => `${name}: ${visible(what)}: ${visible(todo)}`),
    ...warnings.map(({ what, todo }) => `${paint.unsure("warning")}: ${name}: ${visible(what)}: ${visible(todo)}`),
  ];
}

const ONE_EACH = "give each worker a machine of its own";
const TODO: Readonly<Record<Indistinct["why"], string>> = {
  "host key": `${ONE_EACH}; if one is a copy of the other, make new host keys on it: rm /etc/ssh/ssh_host_*; ssh-keygen -A`,
  machine: `${ONE_EACH}; if one is a copy of the other: rm -f /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup`,
  "unknown machine": "give it an identity: systemd-machine-id-setup, or dbus-uuidgen --ensure=/etc/machine-id",
};

/** Sameness that the policy does not forbid is a warning. */
function samenessLines(reports: readonly WorkerReport[], policy: Asked, paint: Paint): string[] {
  const asked = indistinct(reports, policy).map((each) => `${samenessText(each)}: ${TODO[each.why]}`);
  if (policy.distinct.includes("machine")) return asked;
  const same = indistinct(reports, { distinct: ["machine"] }).filter(({ why }) => why === "machine");
  const warnings = same.map(({ workers }) => {
    return `${paint.unsure("warning")}: ${listed(workers)} are the same machine: what they see alike counts as one view`;
  });
  return [...asked, ...warnings];
}
