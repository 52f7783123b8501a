import type { WorkerConfig } from "../config/config.ts";
import { readDockerCredentials } from "../config/docker/credentials.ts";
import { readRegistrySettings } from "../config/registries.ts";
import type { Link } from "../http/transport.ts";
import type { CredentialsFor } from "../model/credentials.ts";
import type { Via } from "../model/observation.ts";
import type { Lack } from "../ssh/facts.ts";
import type { SshTarget } from "../ssh/connection/target.ts";
import type { ExitPlan, Vantage } from "../worker/vantage.ts";
import type { Probed } from "./check.ts";
import type { Errand } from "./probes.ts";
import { renewedCredentials } from "./credentials.ts";
import { readExitPlan } from "./geo.ts";
import type { Runtime } from "./runtime.ts";
import { readTargets } from "./targets.ts";
import { watchedLink } from "./watched.ts";

/** Where a worker is, and what it may use of this process. */
export interface Opening extends Pick<Runtime, "config" | "version" | "passphrase" | "log"> {
  /** Null for a worker that is not reached over SSH. */
  readonly target: SshTarget | null;
}

/** An opened worker, with the probe for `workers check`. */
export interface Opened {
  readonly link: Link;
  readonly probe: (errand: Errand, signal: AbortSignal) => Promise<Probed>;
}

/** One implementation of a worker. */
interface Engine {
  /** Whether its blobs arrive on this machine, where they can be released. */
  readonly keeps: boolean;
  /** Whether it may use this machine's credentials. */
  mayLogIn(worker: WorkerConfig): boolean;
  /** Does not connect. */
  open(worker: Pick<WorkerConfig, "name" | "proxy">, opening: Opening): Promise<Opened>;
}

/** The implementations by `via`, which nothing outside `config/` looks at. Each engine is loaded when a worker needs it. */
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
    open: async ({ name, proxy }, { config, passphrase, target, log }) => {
      if (target === null) throw new Error(`nothing is known about the host of worker ${name}`);
      const { SshLink } = await import("../ssh/engine.ts");
      const warnings: Lack[] = [];
      const warn = (what: string, todo: string): void => {
        warnings.push({ what, todo });
        log("warn", what, { worker: name });
      };
      const link = new SshLink({ target, limits: config.limits, proxy, ask: passphrase, warn });
      const probe: Opened["probe"] = async (errand, signal) => {
        const probed = await (await import("./probes.ts")).probeSsh(link, errand, signal);
        return { ...probed, warnings: [...warnings, ...(probed.warnings ?? [])] };
      };
      return { link, probe };
    },
  },
};

export interface Vantages {
  readonly vantages: readonly Vantage[];
  /** Call after the last job. Leaves nothing behind. */
  readonly close: () => Promise<void>;
}

/**
 * One vantage per worker, for any number of jobs. Connections to the VMs start at once; a failure surfaces in the first
 * job. Credentials stay on this machine unless a worker has `forwardCredentials`. Throws E_CONFIG and E_CREDENTIALS.
 */
export async function openVantages(runtime: Runtime, signal: AbortSignal): Promise<Vantages> {
  return openAll(runtime, () => readDockerCredentials(runtime.authfile, runtime, signal), signal);
}

/** The same for a process that runs for days: credentials may change meanwhile, and those of helpers expire. */
export async function openLastingVantages(runtime: Runtime, signal: AbortSignal): Promise<Vantages> {
  return openAll(runtime, () => renewedCredentials(runtime, signal), signal);
}

/** The same without credentials and client certificates: whoever is served by them inherits nothing of this user's. */
export async function openAnonymousVantages(runtime: Runtime, signal: AbortSignal): Promise<Vantages> {
  return openAll(runtime, () => Promise.resolve(null), signal);
}

async function openAll(
  runtime: Runtime,
  readCredentials: () => Promise<CredentialsFor | null>,
  signal: AbortSignal,
): Promise<Vantages> {
  const links = await openLinks(runtime, signal);
  const close = async (): Promise<void> => {
    await Promise.allSettled([...links.values()].map((link) => link.close()));
  };
  try {
    const settings = await readRegistrySettings(runtime.config);
    const credentials = await readCredentials();
    const registries = credentials === null ? withoutCertificates(settings) : settings;
    const exits = await readExitPlan(runtime.config);
    const { workers } = runtime.config;
    const vantages = workers.map((worker) => vantageOf(worker, links, { registries, credentials, exits }));
    return { vantages, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function withoutCertificates(settings: Vantage["registries"]): Vantage["registries"] {
  return (hostPort) => {
    const { trust, ...others } = settings(hostPort);
    return { ...others, trust: trust === null ? null : { ...trust, clientCertificate: null } };
  };
}

async function openLinks(runtime: Runtime, signal: AbortSignal): Promise<ReadonlyMap<WorkerConfig, Link>> {
  const targets = await readTargets(runtime);
  const links = new Map<WorkerConfig, Link>();
  // remote workers start first: loading the local engine takes longer than a network round trip
  const inOrder = runtime.config.workers.toSorted(
    (one, other) => Number(ENGINES[one.via].keeps) - Number(ENGINES[other.via].keeps),
  );
  for (const worker of inOrder) {
    const { link } = await ENGINES[worker.via].open(worker, { ...runtime, target: targets.get(worker.name) ?? null });
    links.set(worker, watchedLink(link, worker.name, runtime));
    void link.warm?.(signal);
  }
  return links;
}

/** What all vantages get alike. */
interface Common {
  readonly registries: Vantage["registries"];
  readonly credentials: CredentialsFor | null;
  readonly exits: ExitPlan | null;
}

function vantageOf(
  worker: WorkerConfig,
  links: ReadonlyMap<WorkerConfig, Link>,
  { registries, credentials, exits }: Common,
): Vantage {
  const { name, via } = worker;
  const link = links.get(worker);
  if (link === undefined) throw new Error(`no link for worker ${name}`);
  const own = ENGINES[via].mayLogIn(worker) ? credentials : null;
  return { name, via, link, credentials: own, registries, exits, authorities: new Map() };
}
