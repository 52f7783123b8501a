import { existsSync, readdirSync } from "node:fs";
import type { Limits } from "../../src/model/job.ts";
import { SshLink, type SshOptions } from "../../src/ssh/engine.ts";
import type { SshTransport } from "../../src/ssh/transport.ts";
import type { SshTarget } from "../../src/ssh/connection/target.ts";
import { makeFolder } from "../lab/processes.ts";
import { startSshd, type Sshd, type SshdOptions } from "../lab/sshd.ts";

export const LIMITS: Limits = {
  manifestBytes: 4 << 20,
  documentBytes: 64 * 1024 * 1024,
  blobBytes: 2 ** 36,
  fileBytes: 2 ** 36,
  unpackedBytes: 2 ** 40,
  redirects: 5,
  retries: 5,
  againSeconds: 0,
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

interface More {
  readonly limits?: Partial<Limits>;
  readonly proxy?: SshOptions["proxy"];
  readonly ask?: SshOptions["ask"];
  readonly warn?: SshOptions["warn"];
}

export function sshLinkTo(target: SshTarget, more: More = {}): SshLink {
  return new SshLink({
    target,
    limits: { ...LIMITS, ...more.limits },
    proxy: more.proxy ?? null,
    ask: more.ask ?? null,
    warn: more.warn ?? (() => undefined),
  });
}

/** One job of a vantage that has no other: the vantage closes with it. */
export interface OnlySshJob extends Pick<SshTransport, "open" | "read" | "measure" | "probe" | "ping" | "refusalOf"> {
  close(): Promise<void>;
}

export function sshTransportTo(target: SshTarget, more: More = {}): OnlySshJob {
  const link = sshLinkTo(target, more);
  const job = link.begin("registry.example");
  return {
    open: (signal) => job.open(signal),
    read: (query, signal) => job.read(query, signal),
    measure: (query, signal) => job.measure(query, signal),
    probe: (signal) => job.probe(signal),
    ping: (signal) => job.ping(signal),
    refusalOf: (url, signal) => job.refusalOf(url, signal),
    close: () => job.end().finally(() => link.close()),
  };
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
