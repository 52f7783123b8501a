import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { Tofu3Error } from "../errors.ts";
import type { AskPassphrase } from "../model/credentials.ts";
import type { Io } from "./io.ts";
import type { Pausable } from "./progress/view.ts";

/**
 * Prompts on the terminal without echo, one prompt at a time however many workers ask. Null if stdin or stderr is not a
 * terminal. Ctrl-C, which arrives as a key on a terminal without echo, is turned back into its signal.
 */
export function passphraseAsker(io: Io, progress: Pausable): AskPassphrase | null {
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) return null;
  let turn: Promise<unknown> = Promise.resolve();
  return (prompt, signal) => {
    const answer = turn.then(async () => {
      signal.throwIfAborted();
      progress.pause();
      try {
        return await ask(io, prompt, signal);
      } finally {
        progress.resume();
      }
    });
    turn = answer.catch(() => undefined);
    return answer;
  };
}

async function ask(io: Io, prompt: string, signal: AbortSignal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: io.stdin, output: nowhere, terminal: true, historySize: 0 });
  io.stderr.write(`${prompt}: `);
  try {
    return await new Promise<string>((resolve, reject) => {
      const stopped = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", stopped, { once: true });
      lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
      lines.on("close", () =>
        reject(new Tofu3Error("E_SSH_AUTH", "the terminal was closed before a passphrase was given", { stage: "ssh" })),
      );
      lines.question("", (answer) => {
        signal.removeEventListener("abort", stopped);
        resolve(answer);
      });
    });
  } finally {
    lines.close();
    io.stderr.write("\n");
  }
}
