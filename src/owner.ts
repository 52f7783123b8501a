import { createHash } from "node:crypto";
import { readFile, readlink } from "node:fs/promises";

/**
 * A process, as far as /proc tells: its pid, its start time (clock ticks since boot), and a hash of the boot and the
 * process namespace, so that a directory shared with another machine or container is not mistaken for this one's.
 */
export interface Owner {
  readonly pid: string;
  readonly start: string;
  readonly boot: string;
}

const NOBODY: Owner = { pid: "0", start: "0", boot: "00000000" };

/** This process; all zeros without /proc. */
export async function readOwner(): Promise<Owner> {
  try {
    const pid = await readlink("/proc/self");
    const boot = `${await readFile("/proc/sys/kernel/random/boot_id", "utf8")}${await readlink("/proc/self/ns/pid")}`;
    const start = await readStart(pid);
    return start === null ? NOBODY : { pid, start, boot: createHash("sha256").update(boot).digest("hex").slice(0, 8) };
  } catch {
    return NOBODY;
  }
}

/** `unknown` if the owner ran on another machine, boot or namespace, or is not recorded; then only age can tell. */
export async function lifeOf(owner: Owner, self: Owner): Promise<"alive" | "dead" | "unknown"> {
  if (owner.pid === NOBODY.pid || owner.boot !== self.boot) return "unknown";
  return (await readStart(owner.pid)) === owner.start ? "alive" : "dead";
}

/** Field 22 of /proc/PID/stat, proc(5); null for a process that is gone or a zombie. */
async function readStart(pid: string): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  return state === "Z" || state === "X" ? null : (fields[19] ?? null);
}
