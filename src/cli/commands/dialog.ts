import { createInterface } from "node:readline";
import { Tofu3Error } from "../../errors.ts";
import type { Io } from "../io.ts";

/** Asks on the terminal, line by line. */
export interface Dialog {
  say(text: string): void;
  /** The trimmed answer; `otherwise` if it is empty. Rejects with the signal's reason, or if the terminal is closed. */
  ask(question: string, otherwise: string): Promise<string>;
  /** Whether the answer is yes; asks again for what is neither yes nor no. */
  confirm(question: string, otherwise: "yes" | "no"): Promise<boolean>;
  /** Until the next question, somebody else may read from the terminal. */
  pause(): void;
  close(): void;
}

/**
 * Questions on stderr, answers on stdin, without a single escape sequence: the terminal itself echoes and edits the
 * line, which suits a screen reader and TERM=dumb, and Ctrl-C is the signal that it is everywhere else. Null if there
 * is no terminal.
 */
export function openDialog(io: Io, signal: AbortSignal): Dialog | null {
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) return null;
  const lines: string[] = [];
  let waiting: (() => void) | null = null;
  let closed = false;
  let reader: ReturnType<typeof createInterface> | null = null;
  const wake = (): void => {
    waiting?.();
    waiting = null;
  };
  const open = (): void => {
    reader = createInterface({ input: io.stdin, terminal: false });
    reader.on("line", (line) => {
      lines.push(line);
      wake();
    });
    const own = reader;
    reader.on("close", () => {
      if (reader === own) closed = true;
      wake();
    });
  };
  const close = (): void => {
    const own = reader;
    reader = null;
    own?.close();
  };
  signal.addEventListener("abort", wake, { once: true });
  async function ask(question: string, otherwise: string): Promise<string> {
    if (reader === null) open();
    io.stderr.write(otherwise === "" ? `${question}: ` : `${question} [${otherwise}]: `);
    while (lines.length === 0) {
      signal.throwIfAborted();
      if (closed)
        throw new Tofu3Error("E_USAGE", "the terminal was closed before everything was answered; nothing was written", {
          hint: "tofu3 init --help has a flag for each answer",
        });
      await new Promise<void>((resolve) => (waiting = resolve));
    }
    return lines.shift()?.trim() || otherwise;
  }
  return {
    say: (text) => void io.stderr.write(`${text}\n`),
    ask,
    async confirm(question, otherwise) {
      for (;;) {
        const answer = (await ask(`${question}: yes or no`, otherwise)).toLowerCase();
        if (["y", "yes"].includes(answer)) return true;
        if (["n", "no"].includes(answer)) return false;
      }
    },
    pause: close,
    close,
  };
}
