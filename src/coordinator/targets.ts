import { userInfo } from "node:os";
import { geteuid } from "node:process";
import type { SshWorkerConfig } from "../config/config.ts";
import { checkDistinct, checkHostKeys, type Endpoint, type PinnedWorker } from "../config/rules.ts";
import { parseJumps, resolveHost, type SshHost, type SshSurroundings } from "../config/ssh/host.ts";
import { sshFiles } from "../config/ssh/include.ts";
import type { SshTarget } from "../ssh/connection/target.ts";
import type { Runtime } from "./runtime.ts";

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

/** The ProxyJump chain, ending with the host itself. */
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

/** Where to connect for one SSH worker. Throws E_CONFIG. */
export async function readTargetOf(
  worker: SshWorkerConfig,
  { env, home }: Pick<Runtime, "env" | "home">,
): Promise<SshTarget> {
  return (await readTarget(worker, { env, home, localUser: localUser(), files: sshFiles })).target;
}

/** Errors in key files are left to the worker that needs the file. */
async function pinned(target: SshTarget): Promise<PinnedWorker> {
  const { readPinnedKeys } = await import("../ssh/connection/trust.ts");
  return { name: target.worker, keys: await readPinnedKeys(target).catch(() => []) };
}

/** A container may run as an id that has no name; then the id is it. */
function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(geteuid?.() ?? 0);
  }
}

/**
 * Where to connect for each SSH worker, by ~/.ssh/config and known_hosts. Throws E_CONFIG if two of them lead to the
 * same machine.
 */
export async function readTargets(runtime: Runtime): Promise<ReadonlyMap<string, SshTarget>> {
  const surroundings = { env: runtime.env, home: runtime.home, localUser: localUser(), files: sshFiles };
  const workers = runtime.config.workers.filter((each) => each.via === "ssh");
  const found = await Promise.all(workers.map((worker) => readTarget(worker, surroundings)));
  checkDistinct(found.map((each) => each.endpoint));
  checkHostKeys(await Promise.all(found.map(({ target }) => pinned(target))));
  return new Map(found.map(({ target }) => [target.worker, target]));
}
