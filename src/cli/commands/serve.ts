import { setFlagsFromString } from "node:v8";
import { loadConfig } from "../../config/load.ts";
import { withFlags } from "../../config/serveflags.ts";
import { serve } from "../../serve/serve.ts";
import type { ServeArguments } from "../argv/commands/serve.ts";
import type { Settings } from "../argv/settings.ts";
import { EXIT_OK } from "../exit.ts";
import type { Io } from "../io.ts";
import { runtimeOf } from "../runtime.ts";

/** Nothing stands on the terminal. */
const NO_PROGRESS = { pause: () => undefined, resume: () => undefined };

/** Runs the gate until a signal; 0 once what was under way has ended. Who runs a server wants to know of warnings. */
export async function serveCommand(
  wanted: ServeArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  // it runs for months, beside other services: otherwise V8 lets its heap grow far beyond what is in use
  setFlagsFromString("--optimize-for-size");
  const config = await loadConfig(settings.config, io);
  const logLevel = settings.logLevel === "silent" && !settings.quiet ? "warn" : settings.logLevel;
  const runtime = await runtimeOf(
    { ...config, serve: withFlags(config.serve, wanted, io.cwd) },
    { ...settings, logLevel },
    io,
    NO_PROGRESS,
  );
  await serve(runtime, (line) => io.stderr.write(`tofu3: ${line}\n`), signal);
  return EXIT_OK;
}
