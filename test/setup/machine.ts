import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, type Outcome } from "../lab/cli.ts";
import { makeFolder, runTool } from "../lab/processes.ts";
import { startSshd, type Sshd } from "../lab/sshd.ts";

/** A machine whose users, homes and sshd can be changed without changing this one. */
export interface Machine {
  /** Before a command, to run it there. */
  readonly prefix: readonly string[];
  /** Runs a script there with this shell, as root. */
  readonly sh: (script: string, shell?: readonly string[]) => Promise<Outcome>;
  /** Path and content of every file below /etc, /home and /usr/local/lib, without backups of the user database. */
  readonly files: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Folders of its own, over those of this machine, in a mount namespace that goes with its last process. */
const PRIVATE = `set -eu
cp -a /etc "$0/etc"; cp -a /usr/local/lib "$0/lib"
mount --bind "$0/etc" /etc; mount --bind "$0/lib" /usr/local/lib
for folder in /home /run /root /var/mail; do mount -t tmpfs none "$folder"; done
mkdir -p /run/sshd; chmod 700 /root; rm -f /etc/ssh/sshd_config.d/*
echo ready
exec cat`;

/** Root on Linux only: it needs mounts and users. */
export async function startMachine(): Promise<Machine> {
  const folder = await makeFolder("machine");
  const child = spawn("unshare", ["--mount", "sh", "-c", PRIVATE, folder.path], { stdio: ["pipe", "pipe", "pipe"] });
  const ended = once(child, "close");
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [ready] = (await Promise.race([once(child.stdout, "data"), ended])) as unknown[];
  if (!String(ready).includes("ready"))
    throw new Error(`a machine of its own needs root and Linux (unshare --mount): ${said}`);
  const prefix = ["nsenter", "-t", String(child.pid), "-m", "--"];
  const sh: Machine["sh"] = (script, shell = ["sh"]) => run([], { prefix: [...prefix, ...shell, "-s"], stdin: script });
  return {
    prefix,
    sh,
    async files() {
      const list = `cd /; set -- /etc /home /root /var/mail /usr/local/lib
        find "$@" -printf "%m %u %p\\n" | grep -v -- "-$" | sort
        find "$@" -type f ! -name "*-" -exec sha256sum {} + | sort -k 2`;
      return (await sh(list)).stdout;
    },
    async stop() {
      child.stdin.end();
      await ended;
      await folder.remove();
    },
  };
}

/** Its sshd, as a distribution sets it up, which lets root in with a key of the lab. */
export async function startItsSshd(machine: Machine, config: readonly string[] = []): Promise<Sshd> {
  const sshd = await startSshd({
    prefix: machine.prefix,
    config: ["AuthorizedKeysFile .ssh/authorized_keys", "StrictModes yes", "UsePAM no", ...config],
  });
  await runTool("nsenter", [
    ...machine.prefix.slice(1),
    ...["sh", "-c", `mkdir -p /root/.ssh; cat "$0" >>/root/.ssh/authorized_keys`, `${sshd.identityFile}.pub`],
  ]);
  return sshd;
}

/**
 * A folder for PATH in which `ssh` is the real one with an own ~/.ssh: OpenSSH takes the home of the user database, not
 * HOME. `lab` is an alias for this sshd.
 */
export async function userSsh(folder: string, vm: Sshd, user: string): Promise<{ path: string; config: string }> {
  const path = join(folder, "bin");
  const config = join(folder, "ssh_config");
  await mkdir(path);
  await writeFile(
    config,
    `Host lab\n  HostName ${vm.host}\n  Port ${vm.port}\n  User ${user}\n  IdentityFile ${vm.identityFile}\n  UserKnownHostsFile ${vm.knownHostsFile}\n  StrictHostKeyChecking yes\n`,
  );
  await writeFile(join(path, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F "${config}" "$@"\n`);
  await chmod(join(path, "ssh"), 0o755);
  return { path: `${path}:${process.env["PATH"] ?? ""}`, config };
}
