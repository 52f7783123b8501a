import type { Config } from "../config/config.ts";
import { readDefaults } from "../config/defaults.ts";
import { readDockerCredentials } from "../config/docker/credentials.ts";
import { findConfig } from "../config/load.ts";
import { readRegistrySettings } from "../config/registries.ts";
import { localTransport } from "./runtime.ts";
import type { Limits } from "../model/job.ts";
import type { Vantage } from "../worker/vantage.ts";
import { runtimeOf } from "../cli/runtime.ts";
import type { Settings } from "../cli/argv/invocation.ts";
import type { Io } from "../cli/io.ts";
import { openProgress } from "../cli/progress/progress.ts";

/**
 * This machine alone, for what gives no verdict. It works without a configuration; where there is one, its registries, its limits and the
 * proxy of its local worker count. Throws E_CONFIG, E_CREDENTIALS.
 */
export async function localVantage(settings: Settings, io: Io, signal: AbortSignal): Promise<{ vantage: Vantage; limits: Limits }> {
  const config = (await findConfig(settings.config, io)) ?? emptyConfig();
  const runtime = await runtimeOf(config, settings, io, await openProgress(io, { ...settings, progress: false }, []));
  const local = config.workers.find((worker) => worker.via === "local");
  const vantage: Vantage = {
    name: local?.name ?? "here",
    via: "local",
    transport: await localTransport(runtime, local?.proxy ?? null),
    credentials: await readDockerCredentials(settings.authfile, io, signal),
    registries: await readRegistrySettings(config),
    keep: null,
  };
  return { vantage, limits: config.limits };
}

function emptyConfig(): Config {
  return { file: "", workers: [], registries: new Map(), ...readDefaults() };
}

/** One vantage looked: nobody may take it for an answer about what the world sees. */
export function noteNoVerdict(settings: Settings, io: Io): void {
  if (!settings.quiet) io.stderr.write("tofu3: note: only this machine looked and nothing was compared: this is no verdict\n");
}
