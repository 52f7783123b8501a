import { wantsColor } from "../color.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io } from "../io.ts";
import { jsonProgress } from "./json.ts";
import { plainProgress } from "./plain.ts";
import type { ProgressView } from "./view.ts";

const SILENT: ProgressView = {
  watch: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  stop: () => undefined,
};

/** Live lines on a terminal, plain lines elsewhere, or what was asked for; nothing if unwanted. */
export async function openProgress(io: Io, settings: Settings, workers: readonly string[]): Promise<ProgressView> {
  switch (modeOf(io, settings)) {
    case "none":
      return SILENT;
    case "json":
      return jsonProgress(io.stderr, workers, clock);
    case "plain":
      return plainProgress(io.stderr, workers, clock);
    case "live": {
      const { terminalProgress } = await import("./terminal.ts");
      return terminalProgress(io.stderr, workers, wantsColor(io.stderr, io.env, settings.color), clock);
    }
  }
}

/** Live lines and log lines would overwrite each other, so logging implies plain lines. */
export function modeOf({ stderr, env }: Io, settings: Settings): "live" | "plain" | "json" | "none" {
  if (settings.quiet) return "none";
  if (settings.progress !== "auto") return settings.progress;
  return stderr.isTTY === true && env["TERM"] !== "dumb" && settings.logLevel === "silent" ? "live" : "plain";
}

export function clock(): number {
  return performance.now();
}
