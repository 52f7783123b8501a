import { release, type } from "node:os";
import type { SshWorkerConfig, WorkerConfig } from "../config/config.ts";
import { registryName } from "../config/registryname.ts";
import { readRegistrySettings } from "../config/registries.ts";
import { checkAll, type Probed, type Reachable, type WorkerReport } from "./check.ts";
import { asError, Tofu3Error, visible } from "../errors.ts";
import { localTransport, readTargets, type Runtime } from "./runtime.ts";
import { refusalFromHere } from "../local/reach.ts";
import { authority, nameOfProxy, type Proxy } from "../http/proxy.ts";
import type { SshTarget } from "../ssh/connection/target.ts";
import type { Transport } from "../http/transport.ts";
import type { Lack } from "../ssh/facts.ts";
import { reachRegistry } from "../worker/fetch/reach.ts";
import type { Vantage } from "../worker/vantage.ts";

/** What else a worker is asked to do: reach a registry, or at least its proxy. */
interface Errand {
  /** Null: no registry was named, and none is asked. */
  readonly registry: string | null;
  readonly registries: Vantage["registries"];
  readonly runtime: Runtime;
}

async function registryLacks(
  transport: Transport,
  worker: WorkerConfig,
  host: string,
  errand: Errand,
  signal: AbortSignal,
): Promise<readonly Lack[]> {
  const { name, via } = worker;
  const vantage = { name, via, transport, credentials: null, registries: errand.registries, keep: null };
  try {
    const status = await reachRegistry(vantage, host, signal);
    return status < 500 ? [] : [{ what: `${host} answers ${status} to it`, todo: "ask whoever runs the registry, or its proxy" }];
  } catch (thrown) {
    signal.throwIfAborted();
    const { message, hint } = asError(thrown);
    return [{ what: `it does not reach ${host}: ${message}`, todo: hint ?? "look at the way from this worker to the registry" }];
  }
}

/** A proxy that nothing listens at; whether it lets anything through only a registry can tell. */
function proxyLacks(proxy: Proxy, refusal: string | null): Lack[] {
  if (refusal === null) return [];
  const what = `its proxy ${nameOfProxy(proxy)} does not answer: ${refusal}`;
  return [{ what, todo: "start the proxy, or correct or remove proxy: of that worker" }];
}

async function localReachable(worker: WorkerConfig, errand: Errand): Promise<Reachable> {
  const transport = await localTransport(errand.runtime, worker.proxy);
  const { connectSeconds } = errand.runtime.config.limits;
  async function lacksOf(signal: AbortSignal): Promise<readonly Lack[]> {
    if (errand.registry !== null) return registryLacks(transport, worker, errand.registry, errand, signal);
    if (worker.proxy === null) return [];
    const { host, port } = worker.proxy;
    return proxyLacks(worker.proxy, await refusalFromHere(host, port, connectSeconds, signal));
  }
  return {
    worker: worker.name,
    via: "local",
    probe: async (signal) => {
      const { tools, ...identity } = await transport.open(signal);
      const facts = { ...identity, os: `${type()} ${release()}`, curl: null, hashTool: tools.at(-1) ?? null };
      return { facts, roundTripMs: null, clockOffsetMs: null, lacks: await lacksOf(signal) };
    },
    close: () => transport.close(),
  };
}

async function sshReachable(worker: SshWorkerConfig, target: SshTarget, errand: Errand): Promise<Reachable> {
  const { createSshTransport } = await import("../ssh/engine.ts");
  const { runtime } = errand;
  const transport = createSshTransport({
    target,
    limits: runtime.config.limits,
    proxy: worker.proxy,
    ask: runtime.passphrase,
  });
  async function lacksOf(signal: AbortSignal): Promise<readonly Lack[]> {
    if (errand.registry !== null) return registryLacks(transport, worker, errand.registry, errand, signal);
    if (worker.proxy === null) return [];
    const place = `http://${authority(worker.proxy.host, worker.proxy.port)}/`;
    return proxyLacks(worker.proxy, await transport.refusalOf(place, signal));
  }
  return {
    worker: worker.name,
    via: "ssh",
    probe: async (signal): Promise<Probed> => {
      const facts = await transport.probe(signal);
      if (facts.lacks.some(({ what }) => what.includes("folder")))
        return { facts, roundTripMs: null, clockOffsetMs: null, lacks: facts.lacks };
      const { ms, clock } = await transport.ping(signal);
      // The VM tells whole seconds: half a second is the least error.
      const offset = clock === null ? null : clock * 1000 + 500 - (runtime.now().getTime() - ms / 2);
      return {
        facts,
        roundTripMs: Math.round(ms),
        clockOffsetMs: offset === null ? null : Math.abs(offset) <= 1000 ? 0 : Math.round(offset),
        lacks: facts.lacks.length > 0 ? facts.lacks : await lacksOf(signal),
      };
    },
    close: () => transport.close(),
  };
}

function checkedRegistry(text: string | null): string | null {
  if (text !== null && (registryName(text) === null || !/[.:]|^localhost$/.test(text))) {
    throw new Tofu3Error("E_USAGE", `not a registry: ${JSON.stringify(visible(text, 100))}`, {
      hint: "give its host, or host and port: --registry ghcr.io",
    });
  }
  return text;
}

/**
 * Reaches every worker of the configuration in parallel, and from there the registry that was named, or else the worker's proxy. Throws E_CONFIG
 * and E_USAGE; what a worker met is in its report.
 */
export async function checkWorkers(
  runtime: Runtime,
  registry: string | null,
  signal: AbortSignal,
): Promise<readonly WorkerReport[]> {
  const asked = checkedRegistry(registry);
  const targets = await readTargets(runtime);
  const errand = { registry: asked, registries: await readRegistrySettings(runtime.config), runtime };
  const workers = await Promise.all(
    runtime.config.workers.map((worker) => {
      const target = targets.get(worker.name);
      return worker.via === "ssh" && target !== undefined ? sshReachable(worker, target, errand) : localReachable(worker, errand);
    }),
  );
  return checkAll(workers, signal);
}
