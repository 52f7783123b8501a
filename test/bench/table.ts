import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { TARGETS, type Case } from "./cases.ts";
import { spreadOf, type Sample, type Spread } from "./measure.ts";
import { MBIT, RTT_MS } from "./ground.ts";

export interface Measured {
  readonly case: Case;
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

const MEASURES = {
  wall: { unit: "s", of: (sample: Sample) => sample.wallSeconds },
  peak: { unit: "MiB", of: (sample: Sample) => sample.peakMiB },
};

/** Ratios are taken within a round and then summarised, so that a slow minute does not count for one side only. */
function ratios(samples: readonly Sample[], against: readonly Sample[], times: number, of = MEASURES.wall.of): Spread {
  return spreadOf(
    samples.flatMap((each, round) => {
      const other = against[round];
      return other === undefined ? [] : [of(each) / (of(other) * times)];
    }),
  );
}

const two = (value: number): string => value.toFixed(2);
const spread = ({ median, least, most }: Spread): string => `${two(median)} (${two(least)}–${two(most)})`;

interface Row {
  readonly case: string;
  readonly contender: string;
  readonly wall: string;
  readonly ratio: number;
  readonly ratioText: string;
  readonly cpu: string;
  readonly peak: string;
}

/** The base of the ratios of a case is `skopeo copy` once, or what stands first. */
function rowsOf(measured: Measured): Row[] {
  const { samples } = measured;
  const base = samples.get("skopeo copy") ?? [...samples.values()][0] ?? [];
  return [...samples].map(([contender, own]) => {
    const ratio = ratios(own, base, 1);
    return {
      case: measured.case.name,
      contender,
      wall: spread(spreadOf(own.map((each) => each.wallSeconds))),
      ratio: ratio.median,
      ratioText: spread(ratio),
      cpu: two(spreadOf(own.map((each) => each.cpuSeconds)).median),
      peak: String(Math.round(spreadOf(own.map((each) => each.peakMiB)).most)),
    };
  });
}

interface Kept {
  readonly text: string;
  readonly bound: string;
  readonly ratio: string;
  readonly kept: boolean;
}

function targetsOf(all: readonly Measured[]): Kept[] {
  return TARGETS.flatMap((target) => {
    const samplesOf = (name: string, contender: string) =>
      all.find((each) => each.case.name === name)?.samples.get(contender);
    const own = samplesOf(target.case, target.contender);
    const { unit, of } = MEASURES[target.of ?? "wall"];
    const text = `${target.case}: ${target.contender}${target.of === "peak" ? ", peak memory" : ""}`;
    if (own === undefined) return [];
    if (target.against === undefined) {
      const found = spreadOf(own.map(of));
      return [
        {
          text,
          bound: `≤ ${target.bound} ${unit}`,
          ratio: `${spread(found)} ${unit}`,
          kept: found.median <= target.bound,
        },
      ];
    }
    const other = samplesOf(target.againstCase ?? target.case, target.against);
    if (other === undefined) return [];
    const ratio = ratios(own, other, target.times ?? 1, of);
    const times = target.times === undefined ? "" : ` (× ${target.times})`;
    const against = target.againstCase === undefined ? target.against : target.againstCase;
    return [
      {
        text: `${text} / ${against}${times}`,
        bound: `≤ ${target.bound}`,
        ratio: spread(ratio),
        kept: ratio.median <= target.bound,
      },
    ];
  });
}

function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, at) => Math.max(cell.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function renderText(all: readonly Measured[]): string {
  const rows = all.flatMap(rowsOf).map((row) => [row.case, row.contender, row.ratioText, row.wall, row.cpu, row.peak]);
  const targets = targetsOf(all).map((each) => [each.text, each.bound, each.ratio, each.kept ? "kept" : "MISSED"]);
  return `${grid(["CASE", "CONTENDER", "RATIO", "WALL s", "CPU s", "PEAK MiB"], rows)}\n\n${grid(["TARGET", "BOUND", "RATIO", ""], targets)}\n`;
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

function bars(rows: readonly Row[]): string {
  const most = Math.max(...rows.map((row) => row.ratio));
  const width = Math.max(...rows.map((row) => row.contender.length));
  return rows
    .map(
      (row) =>
        `${row.contender.padEnd(width)}  ${"█".repeat(Math.max(1, Math.round((row.ratio / most) * 40)))} ${two(row.ratio)}`,
    )
    .join("\n");
}

function first(program: string, ...args: string[]): string {
  return spawnSync(program, args, { encoding: "utf8" }).stdout.split("\n")[0] ?? "unknown";
}

export function renderMarkdown(all: readonly Measured[], rounds: number): string {
  const cases = all.map((each) => {
    const rows = rowsOf(each);
    const table = markdownTable(
      ["contender", "ratio", "wall s", "CPU s", "peak MiB"],
      rows.map((row) => [row.contender, row.ratioText, row.wall, row.cpu, row.peak]),
    );
    return `### ${each.case.name}\n\n\`\`\`\n${bars(rows)}\n\`\`\`\n\n${table}\n`;
  });
  const targets = markdownTable(
    ["target", "bound", "median ratio (min–max)", ""],
    targetsOf(all).map((each) => [each.text, each.bound, each.ratio, each.kept ? "kept" : "**missed**"]),
  );
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}, ${first("skopeo", "--version")}, ${first("curl", "--version").split(" ").slice(0, 2).join(" ")}, ${first("openssl", "version")}`;
  return `# Benchmarks

Written by \`npm run bench -- --markdown docs/benchmarks.md\`: ${rounds} rounds. The contenders of a case take turns within each round, and ratios are taken within a round. The registry, the
coordinator and the VMs share one machine: ${machine}. WAN: network namespaces, ${RTT_MS} ms round trip, ${MBIT} Mbit/s. Processor time and memory are those of the coordinator's side. Quote the ratios; the seconds drift.

## Targets

${targets}

## Cases

${cases.join("\n")}`;
}
