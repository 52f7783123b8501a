import { readdirSync, readFileSync } from "node:fs";

/** What /proc tells about one process; null when it has ended or belongs to somebody else. */
function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return null;
  }
}

function allProcesses(): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^[0-9]+$/.test(entry))
    .map(Number);
}

/** Ids of the processes whose environment says NAME=VALUE, orphans included. */
export function processesWith(name: string, value: string): number[] {
  return allProcesses().filter((pid) => readProc(pid, "environ")?.split("\0").includes(`${name}=${value}`));
}

/** The command line of a process, its arguments joined by spaces; empty when it has ended. */
export function commandLine(pid: number): string {
  return (readProc(pid, "cmdline") ?? "").replaceAll("\0", " ").trim();
}

/** Ids of its children, as of now. */
export function childrenOf(parent: number): number[] {
  // the second field is the name in parentheses, which may hold spaces
  return allProcesses().filter((pid) => Number(/^.*\) \S (\d+)/s.exec(readProc(pid, "stat") ?? "")?.[1]) === parent);
}
