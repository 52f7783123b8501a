import type { Config } from "../config/config.ts";
import { readDefaults } from "../config/defaults.ts";
import { readDockerCredentials } from "../config/docker/credentials.ts";
import { findConfig } from "../config/load.ts";
import { readRegistrySettings } from "../config/registries.ts";
import type { Limits } from "../model/job.ts";
import type { Vantage } from "../worker/vantage.ts";
import { localTransport, type Runtime } from "./runtime.ts";

/** What of the process and its user one vantage takes. */
export type Surroundings = Pick<Runtime, "env" | "home" | "cwd" | "authfile" | "version">;

/**
 * This machine alone, for what gives no verdict. It works without a configuration; where there is one (`configFile` is `--config`), its
 * registries, its limits and the proxy of its local worker count. Throws E_CONFIG, E_CREDENTIALS.
 */
export async function localVantage(
  configFile: string | null,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<{ vantage: Vantage; limits: Limits }> {
  const config = (await findConfig(configFile, surroundings)) ?? emptyConfig();
  const local = config.workers.find((worker) => worker.via === "local");
  const vantage: Vantage = {
    name: local?.name ?? "here",
    via: "local",
    transport: await localTransport({ config, version: surroundings.version }, local?.proxy ?? null),
    credentials: await readDockerCredentials(surroundings.authfile, surroundings, signal),
    registries: await readRegistrySettings(config),
    keep: null,
  };
  return { vantage, limits: config.limits };
}

function emptyConfig(): Config {
  return { file: "", workers: [], registries: new Map(), ...readDefaults() };
}
