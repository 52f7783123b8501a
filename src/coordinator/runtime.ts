import { userInfo } from "node:os";
import type { Config, SshWorkerConfig, WorkerConfig } from "../config/config.ts";
import { readDockerCredentials } from "../config/docker/credentials.ts";
import { readRegistrySettings } from "../config/registries.ts";
import { checkDistinct, checkHostKeys, type Endpoint, type PinnedWorker } from "../config/rules.ts";
import { parseJumps, resolveHost, type SshHost, type SshSurroundings } from "../config/ssh/host.ts";
import { sshFiles } from "../config/ssh/include.ts";
import type { AskPassphrase, CredentialsFor } from "../model/credentials.ts";
import type { Admit, Keep } from "../model/keep.ts";
import type { SshTarget } from "../ssh/connection/target.ts";
import type { Transport } from "../http/transport.ts";
import type { Vantage } from "../worker/vantage.ts";

/** Everything of a process and its user that a verification may use. */
export interface Runtime {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly home: string;
  /** Absolute. */
  readonly cwd: string;
  /** `--authfile`. */
  readonly authfile: string | null;
  readonly now: () => Date;
  readonly version: string;
  /** Null where nobody can be asked. */
  readonly passphrase: AskPassphrase | null;
  readonly log: (level: "debug" | "info" | "warn" | "error", message: string, details?: Readonly<Record<string, unknown>>) => void;
}

function targetOf(worker: string, found: SshHost, hostKey: string | null, jump: SshTarget | null): SshTarget {
  return {
    worker,
    host: found.host,
    port: found.port,
    user: found.user,
    identityFiles: found.identityFiles,
    agent: found.identityAgent,
    identitiesOnly: found.identitiesOnly,
    hostKey,
    knownHostsFiles: [...found.userKnownHostsFiles, "/etc/ssh/ssh_known_hosts"],
    hostKeyAlias: found.hostKeyAlias,
    jump,
  };
}

/** The chain of ProxyJump, the last hop being the host itself. */
async function readTarget(
  worker: SshWorkerConfig,
  surroundings: SshSurroundings,
): Promise<{ target: SshTarget; endpoint: Endpoint }> {
  const found = await resolveHost(worker.host, worker, surroundings);
  let jump: SshTarget | null = null;
  for (const hop of found.proxyJump === null ? [] : parseJumps(found.proxyJump)) {
    const over = await resolveHost(hop.host, { port: hop.port, user: hop.user, identityFile: null }, surroundings);
    jump = targetOf(worker.name, over, null, jump);
  }
  const endpoint = { name: worker.name, host: found.host, port: found.port, proxyJump: found.proxyJump };
  return { target: targetOf(worker.name, found, worker.hostKey, jump), endpoint };
}

/** A file that cannot be read is told by the worker that needs it. */
async function pinned(target: SshTarget): Promise<PinnedWorker> {
  const { readPinnedKeys } = await import("../ssh/connection/trust.ts");
  return { name: target.worker, keys: await readPinnedKeys(target).catch(() => []) };
}

/** Where each SSH worker leads, after ~/.ssh/config and known_hosts. Throws E_CONFIG when two of them lead to one machine. */
export async function readTargets(runtime: Runtime): Promise<ReadonlyMap<string, SshTarget>> {
  const surroundings = { env: runtime.env, home: runtime.home, localUser: userInfo().username, files: sshFiles };
  const workers = runtime.config.workers.filter((each) => each.via === "ssh");
  const found = await Promise.all(workers.map((worker) => readTarget(worker, surroundings)));
  checkDistinct(found.map((each) => each.endpoint));
  checkHostKeys(await Promise.all(found.map(({ target }) => pinned(target))));
  return new Map(found.map(({ target }) => [target.worker, target]));
}

/** The transport of this machine, for one worker or for a command that needs no workers. */
export async function localTransport(
  runtime: Pick<Runtime, "config" | "version">,
  proxy: WorkerConfig["proxy"],
): Promise<Transport> {
  const { createLocalTransport } = await import("../local/engine.ts");
  return createLocalTransport({
    limits: runtime.config.limits,
    proxy,
    userAgent: `tofu3/${runtime.version}`,
  });
}

async function sshTransport(runtime: Runtime, target: SshTarget, proxy: WorkerConfig["proxy"]): Promise<Transport> {
  const { createSshTransport } = await import("../ssh/engine.ts");
  return createSshTransport({ target, limits: runtime.config.limits, proxy, ask: runtime.passphrase });
}

/**
 * One vantage for each worker. Connecting to the VMs begins at once, and what becomes of it is told to whoever opens the transport. Credentials
 * stay here unless a worker has `forwardCredentials`. Throws E_CONFIG and E_CREDENTIALS.
 */
export async function openVantages(
  runtime: Runtime,
  keep: Keep | null,
  admit: Admit | null,
  signal: AbortSignal,
): Promise<readonly Vantage[]> {
  const remote = await connectAll(runtime, signal);
  try {
    const registries = await readRegistrySettings(runtime.config);
    const credentials = await readDockerCredentials(runtime.authfile, runtime, signal);
    return await Promise.all(
      runtime.config.workers.map((worker) => openVantage(runtime, worker, { remote, registries, credentials, keep, admit })),
    );
  } catch (error) {
    await Promise.all([...remote.values()].map((transport) => transport.close().catch(() => undefined)));
    throw error;
  }
}

async function connectAll(runtime: Runtime, signal: AbortSignal): Promise<ReadonlyMap<string, Transport>> {
  const targets = await readTargets(runtime);
  const remote = new Map<string, Transport>();
  for (const worker of runtime.config.workers) {
    const target = targets.get(worker.name);
    if (target === undefined) continue;
    const transport = await sshTransport(runtime, target, worker.proxy);
    remote.set(worker.name, transport);
    transport.open(signal).catch(() => undefined);
  }
  return remote;
}

interface Furnishings {
  readonly remote: ReadonlyMap<string, Transport>;
  readonly registries: Vantage["registries"];
  readonly credentials: CredentialsFor;
  readonly keep: Keep | null;
  readonly admit: Admit | null;
}

async function openVantage(
  runtime: Runtime,
  worker: WorkerConfig,
  { remote, registries, credentials, keep, admit }: Furnishings,
): Promise<Vantage> {
  const { name, via } = worker;
  const common = { name, via, registries, ...(admit === null ? {} : { admit }) };
  if (via === "local") return { ...common, transport: await localTransport(runtime, worker.proxy), credentials, keep };
  const transport = remote.get(name);
  if (transport === undefined) throw new Error(`no transport for worker ${name}`);
  return { ...common, transport, credentials: worker.forwardCredentials ? credentials : null, keep: null };
}
