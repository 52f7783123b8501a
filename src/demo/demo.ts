import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Tofu3Error } from "../errors.ts";
import { startDemoRegistry, type DemoRegistry } from "./registry.ts";
import { makeIdentity, startDemoVm, VM_PATH, type DemoVm } from "./vm.ts";

export interface Demo {
  readonly reference: string;
  /** A tofu3.yaml with one local and two SSH workers. */
  readonly yaml: string;
  /** In a directory that only this user can read, and that `stop` removes. */
  readonly identityFile: string;
  /** The worker that sees other bytes; null without `tamper`. */
  readonly tampered: string | null;
  stop(): Promise<void>;
}

/** Throws E_VM_TOOL with the tools that this machine lacks for the demo. */
async function requireTools(): Promise<void> {
  const probe =
    'command -v curl >&2 || echo curl; for t in openssl sha256sum shasum; do command -v $t >&2 && exit; done; echo "openssl, sha256sum or shasum"';
  const { stdout } = await promisify(execFile)("/bin/sh", ["-c", probe], { env: { PATH: VM_PATH } }).catch(
    (cause: unknown) => {
      throw new Tofu3Error("E_VM_TOOL", "the demo cannot run /bin/sh", { cause });
    },
  );
  const missing = stdout.trim().split("\n").filter(Boolean);
  if (missing.length === 0) return;
  throw new Tofu3Error("E_VM_TOOL", `the demo needs what this machine does not have: ${missing.join(" and ")}`, {
    hint: "apt-get install curl openssl",
  });
}

function yamlOf(vms: readonly DemoVm[], identityFile: string, tampered: string | null, proxy: string): string {
  const workers = vms.flatMap((vm) => [
    `  - name: ${vm.name}`,
    "    via: ssh",
    `    host: ${vm.host}`,
    `    port: ${vm.port}`,
    `    user: ${vm.user}`,
    `    identityFile: ${JSON.stringify(identityFile)}`,
    `    hostKey: ${vm.hostKey}`,
    ...(vm.name === tampered ? [`    proxy: ${proxy}`] : []),
  ]);
  const policy = ["policy:", "  distinct: [] # all of this is one machine", ""];
  return ["workers:", "  - name: here", "    via: local", ...workers, ...policy].join("\n");
}

/**
 * Starts a registry and two SSH VMs on loopback, without root and without the network. With `tamper`, one VM reaches
 * the registry through a proxy that substitutes another, self-consistent artifact. `stop()` or `signal` ends
 * everything.
 */
export async function startDemo(options: { tamper: boolean }, signal: AbortSignal): Promise<Demo> {
  signal.throwIfAborted();
  await requireTools();
  const directory = await mkdtemp(join(tmpdir(), "tofu3-demo-"));
  const started: (DemoRegistry | DemoVm)[] = [];
  async function end(): Promise<void> {
    await Promise.all(started.map((each) => each.stop()));
    await rm(directory, { recursive: true, force: true });
  }
  let ending: Promise<void> | undefined;
  const stop = (): Promise<void> => (ending ??= end());
  try {
    const identity = await makeIdentity(directory);
    const registry = await startDemoRegistry();
    started.push(registry);
    const vms: DemoVm[] = [];
    for (const name of ["fra", "sgp"]) {
      const vm = await startDemoVm({ name, directory, identity });
      started.push(vm);
      vms.push(vm);
    }
    signal.throwIfAborted();
    signal.addEventListener("abort", () => void stop(), { once: true });
    const tampered = options.tamper ? "sgp" : null;
    const yaml = yamlOf(vms, identity.file, tampered, registry.tamperedWay);
    return { reference: registry.reference, yaml, identityFile: identity.file, tampered, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
