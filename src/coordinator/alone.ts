import type { Config } from "../config/config.ts";
import { readDefaults } from "../config/defaults.ts";
import { defaultServe } from "../config/serve.ts";
import { readDockerCredentials } from "../config/docker/credentials.ts";
import { findConfig } from "../config/load.ts";
import { readRegistrySettings } from "../config/registries.ts";
import type { Limits } from "../model/job.ts";
import type { Vantage } from "../worker/vantage.ts";
import type { Runtime } from "./runtime.ts";
import { ENGINES } from "./vantages.ts";
import { watchedLink } from "./watched.ts";

/** What one vantage takes from the process and its user. */
export type Surroundings = Pick<Runtime, "env" | "home" | "cwd" | "authfile" | "version" | "exchange">;

/**
 * This machine alone, for commands without a verdict. Works without a configuration; if there is one (`configFile` is
 * `--config`), its registries, its limits and the proxy of its local worker apply. Call `close` after the last job.
 * Throws E_CONFIG, E_CREDENTIALS.
 */
export async function openLocalVantage(
  configFile: string | null,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<{ vantage: Vantage; limits: Limits; close: () => Promise<void> }> {
  const config = (await findConfig(configFile, surroundings)) ?? emptyConfig();
  const { name, proxy } = config.workers.find(({ via }) => ENGINES[via].keeps) ?? { name: "here", proxy: null };
  const credentials = await readDockerCredentials(surroundings.authfile, surroundings, signal);
  const registries = await readRegistrySettings(config);
  const place = { config, version: surroundings.version, passphrase: null, target: null, log: () => undefined };
  const opened = await ENGINES.local.open({ name, proxy }, place);
  const link = watchedLink(opened.link, name, surroundings);
  const vantage: Vantage = { name, via: "local", link, credentials, registries, authorities: new Map() };
  return { vantage, limits: config.limits, close: () => link.close() };
}

function emptyConfig(): Config {
  const exits = { echo: [], geo: { country: null, asn: null } };
  const { policy, limits } = readDefaults();
  const base = {
    file: "",
    workers: [],
    registries: new Map<string, never>(),
    mirrors: new Map<string, never>(),
    ledger: null,
    sign: null,
    trust: null,
    trustVms: null,
    exits,
  };
  return { ...base, policy, limits, serve: defaultServe() };
}
