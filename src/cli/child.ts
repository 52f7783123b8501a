import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { constants } from "node:os";
import { delimiter, resolve } from "node:path";
import { isatty } from "node:tty";
import { messageOf, visible } from "../errors.ts";
import type { Io } from "./io.ts";

/** How a command of the user ended. */
export interface ChildEnd {
  /** As a shell would answer it: 127 for no such command, 126 for one that cannot be run, 128+N for signal N. */
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  /** Why it was not started; null if it was. */
  readonly fault: string | null;
}

export const NOT_RUNNABLE = 126;
export const NOT_FOUND = 127;

/** What a terminal sends to every process in its foreground. */
const TYPED: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGHUP"];
const PASSED_ON: readonly NodeJS.Signals[] = [...TYPED, "SIGTERM", "SIGUSR1", "SIGUSR2"];

/**
 * Whether a command could be found, so that nothing is fetched for a misspelt one. Without a PATH only the system knows.
 */
export async function isFindable(name: string, { env, cwd }: Pick<Io, "env" | "cwd">): Promise<boolean> {
  const path = env["PATH"];
  if (name === "" || (path === undefined && !name.includes("/"))) return name !== "";
  const folders = name.includes("/") || path === undefined ? [""] : path.split(delimiter);
  const found = await Promise.all(folders.map((folder) => isThere(resolve(cwd, folder, name))));
  return found.includes(true);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Runs a command with this process's standard streams, environment and directory, without a shell, and then `after`.
 * Signals that reach this process meanwhile are the command's: they are passed on, unless the terminal sent them to both,
 * and this process goes on to the end of `after`.
 */
export async function runChild(argv: readonly string[], io: Io, after: () => Promise<void>): Promise<ChildEnd> {
  const child: { kill: (name: NodeJS.Signals) => void } = { kill: () => undefined };
  const restore = takeSignals((name) => {
    if (!(TYPED.includes(name) && isInForeground())) child.kill(name);
  });
  try {
    return await new Promise<ChildEnd>((end) => start(argv, io, child, end));
  } finally {
    await after();
    restore();
  }
}

function start(
  [program = "", ...args]: readonly string[],
  { env, cwd }: Io,
  child: { kill: (name: NodeJS.Signals) => void },
  end: (ended: ChildEnd) => void,
): void {
  try {
    const started = spawn(program, args, { stdio: "inherit", env: { ...env }, cwd });
    child.kill = (name) => void started.kill(name);
    started.once("error", (error) => end(failedStart(error)));
    started.once("exit", (code, signal) =>
      end({ code: code ?? (signal === null ? NOT_RUNNABLE : 128 + constants.signals[signal]), signal, fault: null }),
    );
  } catch (error) {
    end(failedStart(error));
  }
}

function failedStart(error: unknown): ChildEnd {
  const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
  return { code: isMissing ? NOT_FOUND : NOT_RUNNABLE, signal: null, fault: visible(messageOf(error), 300) };
}

/** Replaces all listeners, without a gap, and returns what brings them back. */
function takeSignals(listener: (name: NodeJS.Signals) => void): () => void {
  const replaced = PASSED_ON.map((name) => {
    const earlier = process.rawListeners(name) as ((name: NodeJS.Signals) => void)[];
    process.on(name, listener);
    for (const each of earlier) process.off(name, each);
    return { name, earlier };
  });
  return () => {
    for (const { name, earlier } of replaced) {
      for (const each of earlier) process.on(name, each);
      process.off(name, listener);
    }
  };
}

/** Whether what is typed at this process's terminal reaches it, and so the command that it started. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "latin1");
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return group === foreground;
  } catch {
    return [0, 1, 2].some((stream) => isatty(stream));
  }
}
