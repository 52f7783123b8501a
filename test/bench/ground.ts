import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeConfig } from "../lab/config.ts";
import { startGate, type LabGate } from "../lab/gate.ts";
import { launch, runTool, until } from "../lab/processes.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { startSshd, type Sshd } from "../lab/sshd.ts";

/** Where a comparison is run: a registry over https, VMs, and the place that the coordinator is started at. */
export interface Ground {
  readonly name: "loopback" | "gate" | "WAN";
  readonly registry: Registry;
  readonly vms: readonly Sshd[];
  /** Put before a command of the coordinator. */
  readonly prefix: string;
  /** Put before a command that fills the registry. */
  readonly registryPrefix: readonly string[];
  readonly folder: string;
  /** Path of a tofu3.yaml with one local worker and so many VMs. */
  config(vms: number): Promise<string>;
  /** A `tofu3 serve` over two VMs, from its first use on; its default upstream is the registry. */
  gate(): Promise<LabGate>;
  stop(): Promise<void>;
}

export const RTT_MS = 40;
export const MBIT = 200;

async function ground(
  name: Ground["name"],
  registry: Registry,
  vms: readonly Sshd[],
  prefix: readonly string[],
  registryPrefix: readonly string[],
  stop: () => Promise<void>,
): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), `tofu3-bench-${name}-`));
  const known = join(folder, "known_hosts");
  await writeFile(known, vms.map((vm) => `${vm.knownHostsLine}\n`).join(""));
  const config = (count: number): Promise<string> =>
    writeConfig(folder, {
      workers: vms.slice(0, count).map((vm, at) => ({ name: `vm${at + 1}`, vm })),
      registries: [registry],
      others: { serve: { upstreams: [registry.host], minFreeBytes: 0 } },
    });
  let gate: Promise<LabGate> | null = null;
  return {
    name,
    registry,
    vms,
    prefix: prefix.join(" "),
    registryPrefix,
    folder,
    config,
    gate: () => (gate ??= config(2).then((file) => startGate({ config: file, upstream: registry.host }))),
    async stop() {
      await (await gate)?.stop();
      await Promise.all(vms.map((vm) => vm.stop()));
      await registry.stop();
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Everything on 127.0.0.0/8; `gate`: without TLS, as the gate has none there. */
export async function startLoopback(vms: number, name: "loopback" | "gate" = "loopback"): Promise<Ground> {
  const registry = await startRegistry({ tls: name === "loopback", quiet: true });
  const started = await Promise.all(
    Array.from({ length: vms }, (_, at) => startSshd({ address: `127.0.0.${at + 2}` })),
  );
  return ground(name, registry, started, [], [], () => Promise.resolve());
}

/** Why there is no WAN here; null when there can be one. */
export function whyNoWan(): string | null {
  if (process.getuid?.() !== 0) return "it needs root, for network namespaces";
  for (const tool of ["ip", "cc"])
    if (spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0) return `it needs ${tool}`;
  return null;
}

/**
 * A namespace for each machine, joined by wanlink.c: RTT_MS between any two of them, MBIT for each but the registry.
 */
export async function startWan(vms: number): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), "tofu3-bench-link-"));
  const program = join(folder, "wanlink");
  await runTool("cc", ["-O2", "-o", program, join(import.meta.dirname, "wanlink.c")]);
  const names = ["reg", "here", ...Array.from({ length: vms }, (_, at) => `vm${at + 1}`)].map(
    (each) => `t3bench-${each}`,
  );
  const address = (at: number): string => `198.18.255.${at + 1}`;
  for (const name of names)
    await runTool("sh", [
      "-c",
      `ip netns del ${name} 2>/dev/null; ip netns add ${name} && ip -n ${name} link set lo up`,
    ]);
  const hosts = names.map((name, at) => `${name}:${address(at)}:${at === 0 ? 0 : MBIT}:${RTT_MS / 4}`);
  const link = launch([program, ...hosts], { logFile: join(folder, "wanlink.log") });
  await until("the link is there", () => (link.log().includes("ready") ? true : undefined));
  for (const [at, name] of names.entries()) {
    await runTool("sh", [
      "-c",
      `ip -n ${name} addr add ${address(at)}/24 dev wan0 && ip -n ${name} link set wan0 mtu 1500 txqueuelen 5000 up && ip netns exec ${name} sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save'`,
    ]);
  }
  const inside = (at: number): string[] => ["ip", "netns", "exec", names[at] ?? ""];
  const registry = await startRegistry({
    tls: { names: [address(0)] },
    address: address(0),
    prefix: inside(0),
    quiet: true,
  });
  const started = await Promise.all(
    Array.from({ length: vms }, (_, at) => startSshd({ address: address(at + 2), port: 2222, prefix: inside(at + 2) })),
  );
  return ground("WAN", registry, started, inside(1), inside(0), async () => {
    await link.stop();
    for (const name of names) await runTool("ip", ["netns", "del", name]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });
}
