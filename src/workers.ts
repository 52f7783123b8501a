import { release, type } from "node:os";
import { checkAll, type Reachable, type WorkerReport } from "./coordinator/check.ts";
import { localTransport, readTargets, type House } from "./house.ts";
import type { SshWorkerConfig, WorkerConfig } from "./config/config.ts";
import type { SshTarget } from "./transport/sshtarget.ts";

async function localReachable(house: House, worker: WorkerConfig): Promise<Reachable> {
  const transport = await localTransport(house, worker.proxy);
  return {
    worker: worker.name,
    via: "local",
    probe: async (signal) => {
      const { tools, ...identity } = await transport.open(signal);
      const facts = {
        ...identity,
        os: `${type()} ${release()}`,
        curl: null,
        hashTool: tools.at(-1) ?? null,
        clock: null,
        parallel: true,
        tools,
        lacks: [],
      };
      return { facts, roundTripMs: null, clockOffsetMs: null };
    },
    close: () => transport.close(),
  };
}

async function sshReachable(house: House, worker: SshWorkerConfig, target: SshTarget): Promise<Reachable> {
  const { createSshTransport } = await import("./transport/ssh.ts");
  const transport = createSshTransport({
    target,
    limits: house.config.limits,
    proxy: worker.proxy?.url ?? null,
    ask: house.passphrase,
  });
  return {
    worker: worker.name,
    via: "ssh",
    probe: async (signal) => {
      const facts = await transport.probe(signal);
      if (facts.lacks.some(({ what }) => what.includes("folder"))) return { facts, roundTripMs: null, clockOffsetMs: null };
      const { ms, clock } = await transport.ping(signal);
      // The VM tells whole seconds: half a second is the least error.
      const offset = clock === null ? null : clock * 1000 + 500 - (house.now().getTime() - ms / 2);
      return {
        facts,
        roundTripMs: Math.round(ms),
        clockOffsetMs: offset === null ? null : Math.abs(offset) <= 1000 ? 0 : Math.round(offset),
      };
    },
    close: () => transport.close(),
  };
}

/** Reaches every worker of the configuration in parallel. Throws E_CONFIG; what a worker met is in its report. */
export async function checkWorkers(house: House, signal: AbortSignal): Promise<readonly WorkerReport[]> {
  const targets = await readTargets(house);
  const workers = await Promise.all(
    house.config.workers.map((worker) => {
      const target = targets.get(worker.name);
      return worker.via === "ssh" && target !== undefined ? sshReachable(house, worker, target) : localReachable(house, worker);
    }),
  );
  return checkAll(workers, signal);
}
