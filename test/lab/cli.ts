import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface RunOptions {
  /** Replaces the environment but for PATH, HOME and TMPDIR; `undefined` removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Written to its stdin, which then ends. */
  readonly stdin?: string;
  /** After this it is killed, and `signal` is SIGKILL. */
  readonly timeoutMs?: number;
  /** Runs the program inside of this, e.g. `["ip", "netns", "exec", NAME]`. */
  readonly prefix?: readonly string[];
  /** Called with the pid as soon as it runs, so that a test can send it a signal. */
  readonly onStart?: (pid: number) => void;
}

export const PROGRAM = join(import.meta.dirname, "../../bin/tofu3.js");

/** In place of the ledger of whoever runs the tests; a test with a home of its own has the ledger there. */
const STATE = mkdtempSync(join(tmpdir(), "tofu3-state-"));
process.once("exit", () => rmSync(STATE, { recursive: true, force: true }));

function environment(options: RunOptions): NodeJS.ProcessEnv {
  const own = options.env?.["HOME"] === undefined ? { XDG_STATE_HOME: STATE } : {};
  const { PATH, HOME, TMPDIR } = process.env;
  const base = { PATH, HOME, TMPDIR, ...own, ...options.env };
  return Object.fromEntries(Object.entries(base).filter(([, value]) => value !== undefined));
}

/** Runs a program to its end, whatever its exit status. */
export async function runCommand(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program, ...args] = [...(options.prefix ?? []), ...command];
  const started = performance.now();
  const child = spawn(program ?? "", args, {
    cwd: options.cwd,
    env: environment(options),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 60_000);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  if (child.pid !== undefined) options.onStart?.(child.pid);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(deadline);
      const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString("utf8");
      resolve({ code, signal, stdout: text(stdout), stderr: text(stderr), ms: performance.now() - started });
    });
  });
}

/** Runs `tofu3 ARGS…` as a person would, without a terminal. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runCommand([process.execPath, PROGRAM, ...args], options);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Runs `tofu3 ARGS…` on a pseudo-terminal of 120 columns. A terminal has one stream: all output is in `stdout`, with
 * `\r\n`.
 * `stdin` is typed.
 */
export async function runOnTerminal(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const command = ["stty cols 120 rows 40 2>/dev/null; exec", ...[process.execPath, PROGRAM, ...args].map(quote)].join(
    " ",
  );
  return runCommand(["script", "-qec", command, "/dev/null"], {
    ...options,
    env: { TERM: "xterm-256color", ...options.env },
  });
}
