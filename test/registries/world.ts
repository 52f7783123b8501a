import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { verify, type VerifyOptions } from "../../src/api.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import { makeAuthority } from "../lab/authority.ts";
import { run, type Outcome, type RunOptions } from "../lab/cli.ts";
import { writeConfig } from "../lab/config.ts";
import { startLiar, type Liar, type LiarRequest } from "../lab/liar.ts";
import { makeFolder } from "../lab/processes.ts";
import { startSshd } from "../lab/sshd.ts";

/**
 * Registries under their own names, without leaving this machine: every worker goes through a proxy of its own, and
 * behind the proxies one server answers for all names, with a certificate that the configuration trusts for them.
 */
export interface World {
  readonly liar: Liar;
  /** tofu3.yaml with the workers `here`, `fra` and `sgp`. */
  readonly config: string;
  readonly folder: string;
  /** What `tofu3 verify` makes of it, in this process. */
  readonly look: (reference: string, options?: VerifyOptions) => Promise<Evidence>;
  /** The program itself. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Outcome>;
  /** What was asked of a host so far. */
  readonly asked: (host: string) => readonly LiarRequest[];
  readonly stop: () => Promise<void>;
}

export const VANTAGES = ["fra", "here", "sgp"] as const;

export async function startWorld(
  hosts: readonly string[],
  limits: Readonly<Record<string, number>> = {},
): Promise<World> {
  const folder = await makeFolder("world");
  const authority = await makeAuthority(folder.path);
  const certificate = await authority.issue("world", hosts);
  const liar = await startLiar({ vantages: VANTAGES, certificate });
  const vms = await Promise.all([startSshd(), startSshd()]);
  const [fra, sgp] = vms;
  const home = join(folder.path, "home");
  await mkdir(home);
  const config = await writeConfig(folder.path, {
    local: { proxy: liar.proxyOf("here") },
    workers: [
      { name: "fra", vm: fra, proxy: liar.proxyOf("fra") },
      { name: "sgp", vm: sgp, proxy: liar.proxyOf("sgp") },
    ],
    others: {
      registries: Object.fromEntries(hosts.map((host) => [host, { caFile: authority.caFile }])),
      limits: { retries: 1, connectSeconds: 20, idleSeconds: 20, totalSeconds: 50, ...limits },
    },
  });
  return {
    liar,
    config,
    folder: folder.path,
    look: (reference, options = {}) => verify(reference, { config, env: {}, home, cwd: folder.path, ...options }),
    run: (args, options = {}) =>
      run(args, { cwd: folder.path, ...options, env: { HOME: home, TOFU3_CONFIG: config, ...options.env } }),
    asked: (host) => liar.requests.filter((request) => request.host === host),
    async stop() {
      await Promise.all(vms.map((vm) => vm.stop()));
      await liar.stop();
      await folder.remove();
    },
  };
}
