import type { WorkerConfig } from "../config/config.ts";
import { readDockerCredentials } from "../config/docker/credentials.ts";
import { readRegistrySettings } from "../config/registries.ts";
import type { Link } from "../http/transport.ts";
import type { CredentialsFor } from "../model/credentials.ts";
import type { Via } from "../model/observation.ts";
import type { SshTarget } from "../ssh/connection/target.ts";
import type { Vantage } from "../worker/vantage.ts";
import type { Probed } from "./check.ts";
import type { Errand } from "./probes.ts";
import type { Runtime } from "./runtime.ts";
import { readTargets } from "./targets.ts";

/** Where a worker is, and what it may use of this process. */
export interface Place extends Pick<Runtime, "config" | "version" | "passphrase"> {
  /** Null for a worker that is not reached over SSH. */
  readonly target: SshTarget | null;
}

/** A worker that can be asked, and what it has to say about itself. */
export interface Opened {
  readonly link: Link;
  readonly probe: (errand: Errand, signal: AbortSignal) => Promise<Probed>;
}

/** One way to be a worker. */
interface Engine {
  /** What it fetches lands on this machine, and can be released from there. */
  readonly keeps: boolean;
  /** Whether such a worker shows the credentials of this machine. */
  mayLogIn(worker: WorkerConfig): boolean;
  /** Connects to nothing. */
  open(worker: Pick<WorkerConfig, "name" | "proxy">, place: Place): Promise<Opened>;
}

/** What `via` means: nobody else asks for it. An engine is loaded when a worker needs it. */
export const ENGINES: Readonly<Record<Via, Engine>> = {
  local: {
    keeps: true,
    mayLogIn: () => true,
    open: async ({ proxy }, { config, version }) => {
      const { createLocalLink } = await import("../local/engine.ts");
      const link = createLocalLink({ limits: config.limits, proxy, userAgent: `tofu3/${version}` });
      return { link, probe: async (errand, signal) => (await import("./probes.ts")).probeLocal(link, errand, signal) };
    },
  },
  ssh: {
    keeps: false,
    mayLogIn: (worker) => "forwardCredentials" in worker && worker.forwardCredentials,
    open: async ({ name, proxy }, { config, passphrase, target }) => {
      if (target === null) throw new Error(`nothing is known about the host of worker ${name}`);
      const { SshLink } = await import("../ssh/engine.ts");
      const link = new SshLink({ target, limits: config.limits, proxy, ask: passphrase });
      return { link, probe: async (errand, signal) => (await import("./probes.ts")).probeSsh(link, errand, signal) };
    },
  },
};

export interface Vantages {
  readonly vantages: readonly Vantage[];
  /** After the last job. Leaves nothing behind. */
  readonly close: () => Promise<void>;
}

/**
 * One vantage for each worker, for any number of jobs. Connecting to the VMs begins at once, and what becomes of it is told to the first job.
 * Credentials stay here unless a worker has `forwardCredentials`. Throws E_CONFIG and E_CREDENTIALS.
 */
export async function openVantages(runtime: Runtime, signal: AbortSignal): Promise<Vantages> {
  const links = await openLinks(runtime, signal);
  const close = async (): Promise<void> => {
    await Promise.allSettled([...links.values()].map((link) => link.close()));
  };
  try {
    const registries = await readRegistrySettings(runtime.config);
    const credentials = await readDockerCredentials(runtime.authfile, runtime, signal);
    const { workers } = runtime.config;
    const vantages = workers.map((worker) => vantageOf(worker, links, { registries, credentials }));
    return { vantages, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openLinks(runtime: Runtime, signal: AbortSignal): Promise<ReadonlyMap<WorkerConfig, Link>> {
  const targets = await readTargets(runtime);
  const links = new Map<WorkerConfig, Link>();
  // Who has far to go begins first: loading the engine of this machine takes longer than a packet.
  const inOrder = runtime.config.workers.toSorted(
    (one, other) => Number(ENGINES[one.via].keeps) - Number(ENGINES[other.via].keeps),
  );
  for (const worker of inOrder) {
    const { link } = await ENGINES[worker.via].open(worker, { ...runtime, target: targets.get(worker.name) ?? null });
    links.set(worker, link);
    void link.warm?.(signal);
  }
  return links;
}

function vantageOf(
  worker: WorkerConfig,
  links: ReadonlyMap<WorkerConfig, Link>,
  { registries, credentials }: { readonly registries: Vantage["registries"]; readonly credentials: CredentialsFor },
): Vantage {
  const { name, via } = worker;
  const link = links.get(worker);
  if (link === undefined) throw new Error(`no link for worker ${name}`);
  const own = ENGINES[via].mayLogIn(worker) ? credentials : null;
  return { name, via, link, credentials: own, registries, authorities: new Map() };
}
