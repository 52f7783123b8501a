import { wantsColor } from "../color.ts";
import type { Settings } from "../argv/invocation.ts";
import type { Io } from "../io.ts";
import { plainProgress } from "./plain.ts";
import type { ProgressView } from "./view.ts";

const SILENT: ProgressView = {
  watch: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  stop: () => undefined,
};

/**
 * Live lines on a terminal, plain lines elsewhere, nothing if unwanted. Live lines and log lines would overwrite each
 * other, so logging implies plain lines.
 */
export async function openProgress(io: Io, settings: Settings, workers: readonly string[]): Promise<ProgressView> {
  if (settings.quiet || !settings.progress) return SILENT;
  if (!isLive(io, settings)) return plainProgress(io.stderr, workers, clock);
  const { terminalProgress } = await import("./terminal.ts");
  return terminalProgress(io.stderr, workers, wantsColor(io.stderr, io.env, settings.color), clock);
}

/** Whether lines can be redrawn in place. */
export function isLive({ stderr, env }: Io, { logLevel }: Settings): boolean {
  return stderr.isTTY === true && env["TERM"] !== "dumb" && logLevel === "silent";
}

function clock(): number {
  return performance.now();
}
