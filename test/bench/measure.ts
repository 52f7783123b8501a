import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * One run of one command. Processor time and memory are those of the process on this machine and of what it waited for,
 * not of the VMs.
 */
export interface Sample {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** Runs a shell command under GNU time; rejects, with what it wrote, when it fails. */
export async function measure(command: string, folder: string): Promise<Sample> {
  const report = join(folder, "time.txt");
  await rm(report, { force: true });
  const start = process.hrtime.bigint();
  const child = spawn("/usr/bin/time", ["-o", report, "-f", "%U %S %M", "bash", "-c", command], {
    stdio: ["ignore", "ignore", "pipe"],
    // the ledger of whoever measures stays as it is
    env: { ...process.env, XDG_STATE_HOME: join(folder, "state") },
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const wallSeconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (code !== 0) throw new Error(`exit ${code ?? "by signal"}: ${command}\n${said}`);
  const [user = "0", system = "0", peak = "0"] =
    (await readFile(report, "utf8")).trim().split("\n").at(-1)?.split(" ") ?? [];
  return { wallSeconds, cpuSeconds: Number(user) + Number(system), peakMiB: Number(peak) / 1024 };
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return {
    median: sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}
