import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDaemon, type Daemon } from "./daemon.ts";

export interface DockerdOptions {
  readonly env: Readonly<Record<string, string>>;
  /** `registry-mirrors`, as URLs. */
  readonly mirrors?: readonly string[];
  /** Beyond loopback. */
  readonly insecure?: readonly string[];
}

export interface Dockerd extends Daemon {
  /** For the `docker` that is to use it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Debian's dockerd, without bridge, iptables and images. */
export async function startDockerd({ env, mirrors = [], insecure = [] }: DockerdOptions): Promise<Dockerd> {
  const daemon = await startDaemon(
    "dockerd",
    (folder) => {
      const config = join(folder, "daemon.json");
      writeFileSync(config, JSON.stringify({ "registry-mirrors": mirrors, "insecure-registries": insecure }));
      return [
        ...["dockerd", "--config-file", config, "--bridge=none", "--iptables=false", "--ip6tables=false"],
        ...["--storage-driver=vfs", "--data-root", join(folder, "root"), "--exec-root", join(folder, "exec")],
        ...["--pidfile", join(folder, "pid"), "-H", `unix://${join(folder, "sock")}`],
      ];
    },
    /API listen on/,
    env,
  );
  return { ...daemon, env: { ...env, DOCKER_HOST: `unix://${daemon.socket}` } };
}
