import { loadConfig } from "../../config/load.ts";
import type { Config } from "../../config/config.ts";
import { indistinctOf, type Identified } from "../../consensus/distinct.ts";
import type { WorkerReport } from "../../coordinator/check.ts";
import { visible } from "../../errors.ts";
import { hostKeyDoubt } from "../../model/impostor.ts";
import { DISTINCT, type Policy } from "../../model/policy.ts";
import type { Indistinct } from "../../model/verdict.ts";
import { jsonText } from "../../report/json.ts";
import { PLAIN, type Paint } from "../../report/paint.ts";
import { hostKeyLines, impostorsText } from "../../report/hostkey.ts";
import { samenessText } from "../../report/sentence.ts";
import { needsText, standingText, TODO, type Means, type Standing } from "../../report/standing.ts";
import { renderGrid } from "../../report/grid.ts";
import { counted, listed } from "../../report/text.ts";
import { checkWorkers } from "../../coordinator/workers.ts";
import { paintFor } from "../color.ts";
import { EXIT_OK, exitOf } from "../exit.ts";
import { runtimeOf } from "../runtime.ts";
import type { WorkersCheckArguments } from "../argv/commands/workers.ts";
import type { Settings } from "../argv/settings.ts";
import { widthOf, type Io } from "../io.ts";
import { printFormat } from "../print.ts";
import { openProgress } from "../progress/progress.ts";

/** What the policy wants to differ, and what there is to measure it with. */
type Asked = Pick<Policy, "distinct"> & { readonly means?: Means };

const NO_MEANS: Means = { echo: false, asn: false, country: false };

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
  const policy = { ...config.policy, means: meansOf(config) };
  const names = config.workers.map((worker) => visible(worker.name, 40));
  if (!settings.quiet && settings.progress !== "none") io.stderr.write(`tofu3: reaching ${listed(names)}\n`);
  const silent = await openProgress(io, { ...settings, progress: "none" }, []);
  const reports = await checkWorkers(await runtimeOf(config, settings, io, silent), wanted.registry, signal);
  let printed = EXIT_OK;
  if (wanted.format !== null) printed = printFormat(wanted.format, objectOf(reports, policy, io.version), io);
  else if (settings.json) io.stdout.write(jsonText(objectOf(reports, policy, io.version)));
  else if (!settings.quiet)
    io.stdout.write(renderWorkers(reports, policy, paintFor(io.stdout, io.env, settings.color), widthOf(io.stdout)));
  else for (const line of todoLines(reports, policy, PLAIN)) io.stderr.write(`tofu3: ${line}\n`);
  if (!reports.every(isUsable)) return exitOf("incomplete");
  return indistinct(reports, policy).length === 0 ? printed : exitOf("indistinct");
}

function meansOf({ exits: { echo, geo } }: Config): Means {
  return { echo: echo.length > 0, asn: geo.asn !== null, country: geo.country !== null };
}

function objectOf(reports: readonly WorkerReport[], policy: Policy & Asked, version: string): unknown {
  const found = indistinct(reports, policy);
  const { meets, next } = standing(reports);
  const needs = next && { distinct: next.distinct, needs: needsText(next, policy.means ?? NO_MEANS) };
  const met = found.length === 0 && reports.every(isUsable);
  return {
    schemaVersion: 1,
    tool: { name: "tofu3", version },
    workers: reports,
    sameMachine: indistinct(reports, { distinct: ["machine"] }).flatMap(({ why, workers }) =>
      why === "machine" ? [workers] : [],
    ),
    indistinct: found,
    policy: { distinct: policy.distinct, days: policy.days, met, meets, next: needs },
  };
}

/** Considers only workers that were reached; the identity of the others does not matter yet. */
function indistinct(reports: readonly WorkerReport[], { distinct }: Asked): readonly Indistinct[] {
  const reached = reports.filter((report) => isUsable(report) || report.machine !== null);
  return indistinctOf(reached.map(identified), distinct);
}

function identified({ worker, hostKey, machine, boot, exit }: WorkerReport): Identified {
  return { worker, evidence: { hostKey, machine, boot, exit } };
}

/** What all workers together meet: nothing is known of it while one of them is not usable. */
export function standing(reports: readonly WorkerReport[]): Standing {
  const [first] = DISTINCT;
  return reports.every(isUsable)
    ? standingOf(reports.map(identified))
    : { meets: [], next: { distinct: first, found: [] } };
}

/** What they differ in, and the first thing, from the easiest to meet, that they do not. */
function standingOf(workers: readonly Identified[]): Standing {
  const results = DISTINCT.map((distinct) => ({ distinct, found: indistinctOf(workers, [distinct]) }));
  return {
    meets: results.filter(({ found }) => found.length === 0).map(({ distinct }) => distinct),
    next: results.find(({ found }) => found.length > 0) ?? null,
  };
}

const HEAD = [
  ...["WORKER", "VIA", "STATE", "ROUND TRIP", "CLOCK", "SYSTEM", "CURL", "HASH TOOL", "MACHINE", "HOST KEY"],
] as const;

/** A row per worker, then a line for each thing that needs attention. */
export function renderWorkers(reports: readonly WorkerReport[], policy: Asked, paint: Paint, width = Infinity): string {
  const exits = reports.some(({ exit }) => exit !== null);
  const signs = reports.some(({ signer }) => signer !== null);
  const head = [...HEAD, ...(exits ? ["EXIT", "COUNTRY", "NETWORK"] : []), ...(signs ? ["SIGNS WITH"] : [])];
  const grid = renderGrid(
    head,
    reports.map((report) => [
      ...rowOf(report, paint),
      ...(exits ? exitCells(report) : []),
      ...(signs ? [report.signer ?? NONE] : []),
    ]),
    paint,
    { right: [3, 4], width },
  );
  const meets = standingText(standing(reports), policy.means ?? NO_MEANS);
  const impostors = reports.flatMap(({ worker, error }) => hostKeyLines(worker, error, paint, width));
  const others = reports.filter(({ error }) => hostKeyDoubt(error) === null);
  const blocks = [[grid], todoLines(others, policy, paint), [meets], impostors, [lastLine(reports, policy, paint)]];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

function lastLine(reports: readonly WorkerReport[], policy: Asked, paint: Paint): string {
  const usable = reports.filter(isUsable).length;
  const last = `${usable} of ${counted(reports.length, "worker")} usable`;
  const impostors = impostorsText(reports);
  if (impostors !== "") return paint.bad(`${last}${impostors}`);
  if (usable < reports.length) return paint.unsure(last);
  if (indistinct(reports, policy).length === 0) return paint.good(last);
  return paint.unsure(`${last}, but not distinct: verify would say indistinct`);
}

export function isUsable({ state }: WorkerReport): boolean {
  return state === "usable";
}

function rowOf(report: WorkerReport, paint: Paint): string[] {
  const { worker, via, state, roundTripMs, clockOffsetMs, os, curl, hashTool, machine, hostKey, error } = report;
  const word = state.replaceAll("-", " ");
  const tone = isUsable(report) ? paint.good : report.reachable ? paint.unsure : paint.bad;
  return [
    visible(worker, 40),
    via,
    tone(hostKeyDoubt(error) === null ? word : word.toUpperCase()),
    roundTripMs === null ? NONE : `${roundTripMs} ms`,
    clockOffsetMs === null ? NONE : `${clockOffsetMs > 0 ? "+" : ""}${(clockOffsetMs / 1000).toFixed(1)} s`,
    visible(os ?? NONE, 40),
    visible(curl ?? NONE, 40),
    visible(hashTool ?? NONE, 40),
    machine === null ? NONE : visible(machine, 12),
    visible(hostKey ?? NONE, 100),
  ];
}

function exitCells({ exit }: WorkerReport): string[] {
  const { addresses = [], country = null, asn = null, doubt = null } = exit ?? {};
  const known = addresses.length > 0 && doubt === null;
  return [known ? visible(addresses.join(" "), 100) : NONE, country ?? NONE, asn ?? NONE];
}

const NONE = "–";

function todoLines(reports: readonly WorkerReport[], policy: Asked, paint: Paint): string[] {
  return [...reports.flatMap((report) => todoOf(report, paint)), ...samenessLines(reports, policy, paint)];
}

function todoOf({ worker, lacks, warnings, error, exit }: WorkerReport, paint: Paint): string[] {
  const name = paint.strong(visible(worker, 40));
  const hint = error?.hint == null ? "" : `; ${paint.faint("hint:")} ${visible(error.hint)}`;
  const fault = error === null ? [] : [`${name}: ${visible(error.message)}${hint}`];
  const doubt = exit?.doubt == null ? [] : [`${name}: its exit is not known: ${visible(exit.doubt)}`];
  return [
    ...fault,
    ...doubt,
    ...lacks.map(({ what, todo }) => `${name}: ${visible(what)}: ${visible(todo)}`),
    ...warnings.map(({ what, todo }) => `${paint.unsure("warning")}: ${name}: ${visible(what)}: ${visible(todo)}`),
  ];
}

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
