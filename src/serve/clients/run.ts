import { spawn, type ChildProcess } from "node:child_process";
import { kill as killGroup } from "node:process";
import { messageOf } from "../../errors.ts";

export interface Ran {
  /** Null: it was not there to be started, or had to be ended. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly end: "ended" | "missing" | "late";
}

const MOST_BYTES = 4 << 20;
const GRACE_MS = 2000;

/** Runs a client in a process group of its own; after `ms`, or when told to stop, all of it is ended. */
export async function runClient(
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  ms: number,
  signal: AbortSignal,
): Promise<Ran> {
  signal.throwIfAborted();
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const state = { isLate: false };
  const stop = (): void => {
    kill(child, "SIGTERM");
    setTimeout(() => kill(child, "SIGKILL"), GRACE_MS).unref();
  };
  const late = setTimeout(() => {
    state.isLate = true;
    stop();
  }, ms);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const fault = await new Promise<unknown>((resolve) =>
      child.once("error", resolve).once("close", () => resolve(null)),
    );
    signal.throwIfAborted();
    const end = fault === null ? (state.isLate ? "late" : "ended") : "missing";
    const why = fault === null ? stderr() : messageOf(fault);
    return { code: end === "ended" ? child.exitCode : null, stdout: stdout(), stderr: why, end };
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", stop);
  }
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    killGroup(-pid, signal);
  } catch {
    // it has ended
  }
}

/** What follows the first mebibytes is read, and forgotten. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    if (size < MOST_BYTES) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
