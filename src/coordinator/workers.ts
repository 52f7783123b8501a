import { readRegistrySettings } from "../config/registries.ts";
import { registryName } from "../config/registryname.ts";
import { Tofu3Error, visible } from "../errors.ts";
import { checkAll, type WorkerReport } from "./check.ts";
import { readCheckPlan } from "./geo.ts";
import type { Runtime } from "./runtime.ts";
import { readTargets } from "./targets.ts";
import { ENGINES } from "./vantages.ts";

function checkedRegistry(text: string | null): string | null {
  if (text !== null && (registryName(text) === null || !/[.:]|^localhost$/.test(text))) {
    throw new Tofu3Error("E_USAGE", `not a registry: ${JSON.stringify(visible(text, 100))}`, {
      hint: "give its host, or host and port: --registry ghcr.io",
    });
  }
  return text;
}

/**
 * Checks every configured worker in parallel, and from each the named registry, or else the worker's proxy. Throws
 * E_CONFIG and E_USAGE; a worker's faults are in its report.
 */
export async function checkWorkers(
  runtime: Runtime,
  registry: string | null,
  signal: AbortSignal,
): Promise<readonly WorkerReport[]> {
  const asked = checkedRegistry(registry);
  const targets = await readTargets(runtime);
  const registries = await readRegistrySettings(runtime.config);
  const exits = await readCheckPlan(runtime.config);
  const workers = await Promise.all(
    runtime.config.workers.map(async (worker) => {
      const { name, via } = worker;
      const { link, probe } = await ENGINES[via].open(worker, { ...runtime, target: targets.get(name) ?? null });
      const errand = { worker, registry: asked, registries, exits, runtime };
      return { worker: name, via, probe: (limit: AbortSignal) => probe(errand, limit), close: () => link.close() };
    }),
  );
  return checkAll(workers, signal);
}
