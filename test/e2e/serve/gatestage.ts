import { join } from "node:path";
import { PROGRAM, run, type Outcome, type RunOptions } from "../../lab/cli.ts";
import { startFence, type Fence } from "../../lab/clients/fence.ts";
import { makeHome, type Home } from "../../lab/clients/home.ts";
import { writeConfig } from "../../lab/config.ts";
import { startLiar, type Liar } from "../../lab/liar.ts";
import { freePort, launch, until, type Launched } from "../../lab/processes.ts";
import type { Stoppable } from "../../lab/uselab.ts";
import { SHORT, startVm, type Vm } from "../stage.ts";

const VANTAGES = ["here", "fra", "sgp"] as const;

/** A running `tofu3 serve`. Its addresses are `127.0.0.1:PORT`. */
export interface RunningGate {
  /** Without a default upstream. */
  readonly general: string;
  /** Of its first upstream. */
  readonly own: string;
  readonly store: string;
  readonly process: Launched;
  /** `tofu3 serve ARGUMENTS…` with its configuration. */
  readonly serve: (args: readonly string[], options?: RunOptions) => Promise<Outcome>;
}

export interface GateOptions {
  /** The first one, and ghcr.io, have an address of their own. */
  readonly upstream: string;
  /** More keys of `serve`. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A registry that tells vantages apart under all of its names, a fence around the rest of the world, and two VMs. */
export interface GateStage {
  readonly upstream: Liar;
  readonly fence: Fence;
  readonly home: Home;
  readonly sgp: Vm;
  readonly startGate: (options: GateOptions) => Promise<RunningGate>;
  /** What was asked of the upstream, or of the rest of the world, without a gate. */
  readonly around: () => readonly string[];
}

export type Lab = <T extends Stoppable>(starting: Promise<T>) => Promise<T>;

export async function startGateStage(lab: Lab): Promise<GateStage> {
  // whoever comes without the proxy of a vantage went around the gate
  const upstream = await lab(startLiar({ vantages: VANTAGES, sources: { "127.0.0.1": "around" } }));
  const fence = await lab(startFence());
  const [fra, sgp] = await Promise.all([lab(startVm()), lab(startVm())]);
  const home = await lab(makeHome(fence.env));
  const around = (): readonly string[] => [
    ...upstream.requests
      .filter(({ vantage }) => vantage === "around")
      .map(({ method, target }) => `${method} ${target}`),
    ...fence.attempts(),
  ];
  const startGate = async ({ upstream: name, settings }: GateOptions): Promise<RunningGate> => {
    const folder = await lab(makeHome({}));
    const ports = [await freePort(), await freePort(), await freePort()];
    const [general = "", own = "", bottles = ""] = ports.map((port) => `127.0.0.1:${port}`);
    const store = join(folder.path, "store");
    const config = await writeConfig(folder.path, {
      local: { proxy: upstream.proxyOf("here") },
      workers: [
        { name: "fra", vm: fra, proxy: upstream.proxyOf("fra") },
        { name: "sgp", vm: sgp, proxy: upstream.proxyOf("sgp") },
      ],
      others: {
        registries: { [name]: { plainHttp: true }, "ghcr.io": { plainHttp: true } },
        limits: { ...SHORT, idleSeconds: 30, totalSeconds: 120 },
        serve: {
          ...{ listen: [general, `${own}=${name}`, `${bottles}=ghcr.io`], upstreams: [name, "ghcr.io"], store },
          ...settings,
        },
      },
    });
    const process = await lab(launchGate(config, folder));
    const serve: RunningGate["serve"] = (args, options = {}) =>
      run(["serve", ...args, "--config", config], { ...options, env: { ...home.env, ...options.env } });
    return { general, own, store, process, serve };
  };
  return { upstream, fence, home, sgp, startGate, around };
}

async function launchGate(config: string, { path, env }: Home): Promise<Launched> {
  const command = [process.execPath, PROGRAM, "serve", "--config", config, "--log-level", "info"];
  const server = launch(command, { logFile: join(path, "log"), env: { PATH: process.env["PATH"], ...env } });
  let ended = false;
  void server.ended.then(() => (ended = true));
  await until(
    "the gate listens",
    () => {
      if (ended) throw new Error(`the gate does not start: ${server.log()}`);
      return server.log().match(/listening on /g)?.length === 3 || undefined;
    },
    60,
  );
  return server;
}
