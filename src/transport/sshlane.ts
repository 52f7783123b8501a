import { randomBytes } from "node:crypto";
import type { Client, ClientChannel } from "ssh2";
import { messageOf, Tofu3Error, visible } from "../errors.ts";
import { createReplyParser, type JobReply, type Transfer } from "./reply.ts";
import { COMMAND } from "./script.ts";

/** What a running job tells before its end. */
export interface JobEvents {
  readonly onTransfer?: (transfer: Transfer) => void;
  /** Bytes received so far by a streaming curl, from its meter; rounded. */
  readonly onMeter?: (bytes: number) => void;
}

/** One remote shell that runs the script and does one job at a time. */
export interface Lane {
  /** Marks the lines that count. */
  readonly nonce: string;
  /** Resolves when the shell is gone. */
  readonly gone: Promise<void>;
  /** What the script said about the VM when it began. */
  readonly greeting: JobReply;
  /** Sends lines and resolves at the `end` that answers them. Rejects when the shell ends first. */
  run(lines: readonly string[], events: JobEvents, signal: AbortSignal): Promise<JobReply>;
  /** The authority file of the lane's folder holds this PEM, or nothing. */
  caLines(pem: string | null): readonly string[];
  /** False once the shell is gone. */
  readonly alive: () => boolean;
  /** Why the shell ended although nobody told it to; null while that has not happened. */
  readonly fault: () => Tofu3Error | null;
  /** Says goodbye and rejects unless the shell ends cleanly. */
  finish(): Promise<void>;
  /** Ends the shell at once; its leash ends everything it started. */
  kill(): void;
}

const MOST_REPLY_BYTES = 256 * 1024 * 1024;
const MOST_STDERR = 2048;
const FINISH_MS = 5000;

const EXIT_WORDS: Readonly<Record<number, readonly [words: string, hint: string]>> = {
  90: ["its script got no input", "the account may have a forced command that does not pass standard input on"],
  93: ["its /bin/sh has no built-in printf, so a secret would show in the process list", "make /bin/sh dash, bash or busybox"],
  94: ["it has no folder for temporary files", "make /tmp writable and free some space"],
  126: ["its shell cannot run", "check the login shell of that account"],
  127: ["it has no /bin/sh", "check the login shell of that account"],
};

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Column 4 of curl's meter; null for any other line. */
export function meteredBytes(line: string): number | null {
  const match = /^\s*\d{1,3}\s+\S+\s+\d{1,3}\s+(\d+(?:\.\d+)?)([kMGT]?)\s+\d/.exec(line);
  return match === null ? null : Math.round(Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1));
}

function openChannel(client: Client, signal: AbortSignal): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    client.exec(COMMAND, (error, channel) => {
      signal.removeEventListener("abort", onAbort);
      if (error) reject(error);
      else if (signal.aborted) channel.close();
      else resolve(channel);
    });
  });
}

/** Opens a shell on the VM and waits until the script has begun. Rejects with the raw ssh2 error when no channel is to be had. */
export async function openLane(worker: string, client: Client, signal: AbortSignal): Promise<Lane> {
  const channel = await openChannel(client, signal);
  const nonce = randomBytes(16).toString("hex");
  let alive = true;
  let said = "";
  let fault: Tofu3Error | null = null;
  let bye = false;
  let finishing = false;
  let exit: number | null = null;
  let job: { events: JobEvents; resolve: (reply: JobReply) => void; reject: (error: unknown) => void } | null = null;
  let ca: string | null = null;

  function gone(): Tofu3Error {
    const [words, hint] = (exit === null ? undefined : EXIT_WORDS[exit]) ?? [
      exit === null ? "the connection to it was lost" : `its shell ended with status ${exit}`,
      "tofu3 workers check",
    ];
    const stderr = said.trim() === "" ? "" : `; it said: ${visible(said.trim().split("\n").at(-1) ?? "", 200)}`;
    return new Tofu3Error(exit !== null && exit in EXIT_WORDS ? "E_VM_TOOL" : "E_SSH", `worker "${worker}" stopped answering: ${words}${stderr}`, { stage: "ssh", hint });
  }

  function settle(error: unknown): void {
    const running = job;
    job = null;
    running?.reject(error);
  }

  function kill(): void {
    alive = false;
    channel.close();
    channel.stdin.destroy();
    settle(fault ?? gone());
  }

  const parser = createReplyParser(nonce, MOST_REPLY_BYTES, {
    onBegin: () => undefined,
    onTransfer: (transfer) => job?.events.onTransfer?.(transfer),
    onOther: (line) => {
      const bytes = meteredBytes(line);
      if (bytes !== null) job?.events.onMeter?.(bytes);
    },
    onEnd: (reply) => {
      const running = job;
      job = null;
      running?.resolve(reply);
    },
    onBye: () => {
      bye = true;
    },
  });

  channel.on("data", (chunk: Buffer) => {
    if (fault !== null) return;
    try {
      parser.feed(chunk);
    } catch (error) {
      fault = error instanceof Tofu3Error ? error : new Tofu3Error("E_VM_REPLY", messageOf(error), { stage: "ssh", cause: error });
      kill();
    }
  });
  // Unread, it would fill the window and stall the session.
  channel.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("latin1")).slice(-MOST_STDERR);
  });
  channel.on("exit", (code: number | null) => {
    exit = code;
  });
  const closed = new Promise<void>((resolve) => {
    channel.on("close", () => {
      if (alive && !finishing) fault ??= gone();
      alive = false;
      settle(fault ?? gone());
      resolve();
    });
  });
  channel.on("error", () => undefined);
  channel.stdin.on("error", () => undefined);

  function run(lines: readonly string[], events: JobEvents, jobSignal: AbortSignal): Promise<JobReply> {
    return new Promise<JobReply>((resolve, reject) => {
      if (!alive) {
        reject(fault ?? gone());
        return;
      }
      const onAbort = (): void => {
        settle(jobSignal.reason);
        kill();
      };
      const done = (): void => jobSignal.removeEventListener("abort", onAbort);
      job = {
        events,
        resolve: (reply) => {
          done();
          resolve(reply);
        },
        reject: (error: unknown) => {
          done();
          reject(error as Error);
        },
      };
      if (jobSignal.aborted) onAbort();
      else jobSignal.addEventListener("abort", onAbort, { once: true });
      if (alive) channel.write(lines.map((line) => `${line}\n`).join(""));
    });
  }

  async function finish(): Promise<void> {
    if (!alive) throw fault ?? gone();
    finishing = true;
    channel.write("bye\n");
    const late = AbortSignal.timeout(FINISH_MS);
    const overdue = new Promise<void>((resolve) => late.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([closed, overdue]);
    kill();
    if (!bye || exit !== 0) {
      throw new Tofu3Error("E_VM_REPLY", `the remote shell of worker "${worker}" did not end cleanly (${exit === null ? "no exit status" : `exit ${exit}`}), so its answers do not count`, {
        stage: "ssh",
        hint: "run it again; if it happens again: tofu3 workers check",
      });
    }
  }

  function caLines(pem: string | null): readonly string[] {
    if (pem === ca || pem === null) return [];
    ca = pem;
    return ["A", ...pem.split(/\r?\n/).map((line) => `a${line}`)];
  }

  const greeting = await run([nonce], {}, signal);
  return { nonce, gone: closed, greeting, run, caLines, alive: () => alive, fault: () => fault, finish, kill };
}
