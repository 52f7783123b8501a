import type { Watch } from "../../model/progress.ts";
import { wantsColor } from "../color.ts";
import type { Settings } from "../argv/invocation.ts";
import type { Io } from "../io.ts";
import { plainProgress } from "./plain.ts";

/** What is told on stderr while workers work. */
export interface ProgressView {
  readonly watch: Watch;
  /** Takes the live lines away while somebody is asked something. */
  pause(): void;
  resume(): void;
  /** Ends it: the cursor is back, no timer is left. `keep` leaves the last state of the live lines where it is. */
  stop(keep: boolean): void;
}

const SILENT: ProgressView = { watch: () => undefined, pause: () => undefined, resume: () => undefined, stop: () => undefined };

/**
 * Live lines on a terminal, plain lines elsewhere, nothing when it is not wanted. Live lines and log lines would write over one another, so
 * whoever asks for logs gets plain lines.
 */
export async function openProgress(io: Io, settings: Settings, workers: readonly string[]): Promise<ProgressView> {
  if (settings.quiet || !settings.progress) return SILENT;
  const live = io.stderr.isTTY === true && io.env["TERM"] !== "dumb" && settings.logLevel === "silent";
  if (!live) return plainProgress(io.stderr, workers, clock);
  const { terminalProgress } = await import("./terminal.ts");
  return terminalProgress(io.stderr, workers, wantsColor(io.stderr, io.env, settings.color), clock);
}

function clock(): number {
  return performance.now();
}
