import { execFile, spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface Launched {
  readonly pid: number;
  readonly logFile: string;
  /** Settles when it has ended, however that came. */
  readonly ended: Promise<void>;
  /** Null while it runs, and of one that a signal ended. */
  readonly exitCode: () => number | null;
  readonly log: () => string;
  /** SIGTERM, after three seconds SIGKILL, to it and what it started in its process group. */
  readonly stop: () => Promise<void>;
  /** SIGKILL to it alone; what it started lives on as it can. */
  readonly kill9: () => Promise<void>;
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();
const folders = new Set<string>();

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

process.once("exit", () => {
  for (const child of running) killGroup(child, "SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A private folder that is gone with `await folder.remove()`, at the latest after the last test of the run. */
export async function makeFolder(name: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `tofu3-lab-${name}-`));
  folders.add(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      folders.delete(path);
    },
  };
}

/** Ends with this process even where that is killed: Linux tells the child of its parent's death. */
const WITH_PARENT = existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"] : [];

/** Starts a server in a process group of its own, its output in `logFile`. */
export function launch(command: readonly string[], options: { logFile: string; env?: NodeJS.ProcessEnv }): Launched {
  const [program, ...args] = [...WITH_PARENT, ...command];
  if (program === undefined) throw new Error("no command");
  const log = openSync(options.logFile, "a", 0o600);
  const env = options.env ?? process.env;
  const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log], env });
  closeSync(log);
  running.add(child);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  }).then(() => void running.delete(child));
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${command.join(" ")}`);
  return {
    pid,
    logFile: options.logFile,
    ended,
    exitCode: () => child.exitCode,
    log: () => readFileSync(options.logFile, "utf8"),
    async stop() {
      killGroup(child, "SIGTERM");
      const last = setTimeout(() => killGroup(child, "SIGKILL"), 3000);
      await ended;
      clearTimeout(last);
    },
    async kill9() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Runs a program to its end; rejects, with what it wrote, when that is not exit status 0. */
export async function runTool(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 64 << 20, ...options });
    return stdout;
  } catch (error) {
    const { stderr, stdout } = error as { stderr?: string; stdout?: string };
    throw new Error(`${program} ${args.join(" ")}: ${stderr ?? ""}${stdout ?? ""}`.trim(), { cause: error });
  }
}

/** Asks until the answer is not `undefined`. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  seconds = 15,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A TCP port that nobody listens on at this address just now; somebody may be faster, so a caller tries again. */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  const server = createServer().listen(0, address);
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", reject);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
