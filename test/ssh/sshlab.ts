import { existsSync, readdirSync } from "node:fs";
import type { Limits } from "../../src/model/job.ts";
import { createSshTransport, type SshOptions, type SshTransport } from "../../src/ssh/engine.ts";
import type { SshTarget } from "../../src/ssh/connection/target.ts";
import { makeFolder } from "../lab/processes.ts";
import { startSshd, type Sshd, type SshdOptions } from "../lab/sshd.ts";

export const LIMITS: Limits = {
  manifestBytes: 4 << 20,
  documentBytes: 64 * 1024 * 1024,
  blobBytes: 2 ** 36,
  unpackedBytes: 2 ** 40,
  redirects: 5,
  retries: 5,
  connectSeconds: 20,
  idleSeconds: 20,
  totalSeconds: 120,
};

export interface Vm extends Sshd {
  /** Temporary folder of its sessions. */
  readonly temporary: string;
  /** What stands in it. */
  readonly leftovers: () => string[];
}

/** A VM of the lab; `TMPDIR` of its sessions is a folder of its own unless told otherwise. */
export async function startVm(options: SshdOptions = {}): Promise<Vm> {
  const folder = await makeFolder("vm");
  const place = options.env?.["TMPDIR"] ?? folder.path;
  const vm = await startSshd({ ...options, env: { TMPDIR: place, ...options.env } });
  return {
    ...vm,
    temporary: place,
    leftovers: () => (existsSync(place) ? readdirSync(place) : []),
    async stop() {
      await vm.stop();
      await folder.remove();
    },
  };
}

export function targetOf(
  vm: Pick<Sshd, "host" | "port" | "user" | "identityFile" | "knownHostsFile">,
  more: Partial<SshTarget> = {},
): SshTarget {
  return {
    worker: "fra",
    host: vm.host,
    port: vm.port,
    user: vm.user,
    identityFiles: [{ file: vm.identityFile, named: true }],
    agent: null,
    identitiesOnly: false,
    hostKey: null,
    knownHostsFiles: [vm.knownHostsFile],
    hostKeyAlias: null,
    jump: null,
    ...more,
  };
}

export function sshTransportTo(
  target: SshTarget,
  more: { limits?: Partial<Limits>; proxy?: SshOptions["proxy"]; ask?: SshOptions["ask"] } = {},
): SshTransport {
  return createSshTransport({ target, limits: { ...LIMITS, ...more.limits }, proxy: more.proxy ?? null, ask: more.ask ?? null });
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
