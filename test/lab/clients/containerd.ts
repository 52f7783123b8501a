import { mkdirSync, writeFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startDaemon, type Daemon } from "./daemon.ts";

export interface Containerd extends Daemon {
  /** For the `ctr` that is to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** What `--hosts-dir` names. */
  readonly hosts: string;
  /** Every `hosts.toml`, by the registry, or `_default`. */
  readonly setHosts: (texts: Readonly<Record<string, string>>) => Promise<void>;
}

/** Debian's containerd, without its CRI plugin; with a snapshotter that mounts nothing. */
export async function startContainerd(env: Readonly<Record<string, string>>): Promise<Containerd> {
  const daemon = await startDaemon(
    "containerd",
    (folder) => {
      const config = join(folder, "config.toml");
      mkdirSync(join(folder, "hosts"));
      writeFileSync(config, configText(folder));
      return ["containerd", "--config", config];
    },
    /containerd successfully booted/,
    env,
  );
  const hosts = join(daemon.folder, "hosts");
  return {
    ...daemon,
    env: { ...env, CONTAINERD_ADDRESS: daemon.socket, CONTAINERD_SNAPSHOTTER: "native" },
    hosts,
    async setHosts(texts) {
      await rm(hosts, { recursive: true, force: true });
      for (const [registry, text] of Object.entries(texts)) {
        await mkdir(join(hosts, registry), { recursive: true });
        await writeFile(join(hosts, registry, "hosts.toml"), text);
      }
    },
  };
}

function configText(folder: string): string {
  const snapshotters = ["aufs", "btrfs", "devmapper", "overlayfs", "zfs"].map((each) => `snapshotter.v1.${each}`);
  const disabled = ["grpc.v1.cri", ...snapshotters].map((each) => `"io.containerd.${each}"`);
  return `version = 2
root = "${join(folder, "root")}"
state = "${join(folder, "state")}"
disabled_plugins = [${disabled.join(", ")}]
[grpc]
  address = "${join(folder, "sock")}"
[ttrpc]
  address = "${join(folder, "sock.ttrpc")}"
`;
}
