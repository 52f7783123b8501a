import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { VantageIdentity } from "../http/transport.ts";

/**
 * A hash that stands for a machine in observations: it reveals two workers on one machine, and not the identity itself,
 * which machine-id(5) calls confidential. Null for text that is no identity: blank, only zeros (a jail), or a word such
 * as "uninitialized". The remote script does the same.
 */
export function machineIdentity(text: string): string | null {
  const id = text.trim();
  if (/[g-z]/i.test(id) || !/[1-9a-f]/i.test(id)) return null;
  return createHash("sha256").update(`tofu3 machine\n${id}`).digest("hex");
}

/** A file, or a sysctl name. */
type Source = { readonly file: string } | { readonly sysctl: string };

/** Tried in this order, as in the remote script: Linux and D-Bus, FreeBSD and DragonFly, OpenBSD. */
const LASTING: readonly Source[] = [
  { file: "/etc/machine-id" },
  { file: "/var/lib/dbus/machine-id" },
  { sysctl: "kern.hostuuid" },
  { sysctl: "hw.uuid" },
];

/** Identity of the running kernel: Linux, macOS, FreeBSD. */
const BOOT: readonly Source[] = [
  { file: "/proc/sys/kernel/random/boot_id" },
  { sysctl: "kern.bootsessionuuid" },
  { sysctl: "kern.boot_id" },
];

async function readSource(source: Source, signal: AbortSignal): Promise<string> {
  if ("file" in source) return readFile(source.file, { encoding: "utf8", signal });
  const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" };
  return (await promisify(execFile)("sysctl", ["-n", source.sysctl], { env, signal })).stdout;
}

async function firstOf(sources: readonly Source[], signal: AbortSignal): Promise<string | null> {
  for (const source of sources) {
    const identity = await readSource(source, signal).then(machineIdentity, () => null);
    signal.throwIfAborted();
    if (identity !== null) return identity;
  }
  return null;
}

/** This machine's identity; its boot where it has no other. */
export async function readMachine(signal: AbortSignal): Promise<Pick<VantageIdentity, "machine" | "boot">> {
  const boot = await firstOf(BOOT, signal);
  return { machine: (await firstOf(LASTING, signal)) ?? boot, boot };
}
