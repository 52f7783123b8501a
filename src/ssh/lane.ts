import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Client, ClientChannel } from "ssh2";
import { messageOf, Tofu3Error } from "../errors.ts";
import { meteredBytes } from "./script/curlmeter.ts";
import { settledWithin } from "../http/deadline.ts";
import { createReplyParser, type JobReply, type Transfer } from "./script/reply.ts";
import { COMMAND } from "./script/script.ts";
import { NOT_A_WORKER, wordsForExit } from "./connection/faults.ts";
import { createShellWords } from "./words.ts";

export interface LaneJob {
  readonly lines: readonly string[];
  /** Bytes of header blocks and documents that the reply may have. */
  readonly mostBytes: number;
  readonly onTransfer?: (transfer: Transfer) => void;
  /** Bytes received so far by a streaming curl, from its meter; rounded down. */
  readonly onMeter?: (bytes: number) => void;
}

/** One remote shell that runs the script and does one job at a time. */
export interface Lane {
  /** Marks the lines that count. */
  readonly nonce: string;
  /** Resolves when the shell is gone, or was told to go. */
  readonly gone: Promise<void>;
  /** What the script said about the VM when it began. */
  readonly greeting: JobReply;
  /** Sends lines and resolves at the `end` that answers them. Rejects when the shell ends first; an abort ends the shell. */
  run(job: LaneJob, signal: AbortSignal): Promise<JobReply>;
  /** Lines that make the authority file of the lane's folder hold this PEM; none where it does already, or for null. */
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

export interface LaneSurroundings {
  readonly worker: string;
  readonly client: Client;
  /** Why the connection is gone; null while it is there. */
  readonly lost: () => string | null;
}

/** What a running job's promise is settled with. */
interface Running {
  readonly job: LaneJob;
  readonly resolve: (reply: JobReply) => void;
  readonly reject: (error: Error) => void;
}

const FINISH_MS = 5000;
const LAST_WORDS_MS = 1000;

/** What listens to the channel is attached before another packet is looked at: a shell that ends at once has told its exit status by then. */
function openChannel<T>(client: Client, attach: (channel: ClientChannel) => T, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    client.exec(COMMAND, (error, channel) => {
      signal.removeEventListener("abort", onAbort);
      if (error) reject(error);
      else if (signal.aborted) channel.on("error", () => undefined).close();
      else resolve(attach(channel));
    });
  });
}

/** Opens a shell on the VM and waits until the script has begun. Rejects with the raw ssh2 error when no channel is to be had. */
export async function openLane(surroundings: LaneSurroundings, signal: AbortSignal): Promise<Lane> {
  const { said, ...shell } = await openChannel(surroundings.client, (channel) => attachShell(surroundings, channel), signal);
  try {
    return { ...shell, greeting: await shell.run({ lines: [shell.nonce], mostBytes: 0 }, signal) };
  } catch (error) {
    const inTime = !(error instanceof DOMException && error.name === "TimeoutError");
    if (inTime || said() === "") throw error;
    const message = `worker "${surroundings.worker}" lets us in and does not run the worker script${said()}`;
    throw new Tofu3Error("E_VM_REPLY", message, { stage: "ssh", hint: NOT_A_WORKER, cause: error });
  }
}

function attachShell(
  { worker, lost }: LaneSurroundings,
  channel: ClientChannel,
): Omit<Lane, "greeting"> & { readonly said: () => string } {
  const nonce = randomBytes(16).toString("hex");
  let state: "open" | "finishing" | "over" = "open";
  const words = createShellWords();
  let begun = false;
  let fault: Tofu3Error | null = null;
  let bye = false;
  let exit: number | null = null;
  let running: Running | null = null;
  let ca: string | null = null;
  let leave: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => (leave = resolve));

  function ending(): Tofu3Error {
    const { code, what, hint } = wordsForExit({ exit, lost: lost(), begun });
    const happened = begun || lost() !== null ? "stopped answering" : "lets us in and does not run the worker script";
    return new Tofu3Error(code, `worker "${worker}" ${happened}: ${what}${words.said()}`, { stage: "ssh", hint });
  }

  function settle(use: (running: Running) => void): void {
    const ended = running;
    running = null;
    if (ended !== null) use(ended);
  }

  function leaveWith(error: Error): void {
    state = "over";
    settle(({ reject }) => reject(error));
    leave();
  }

  function kill(): void {
    if (state !== "over") leaveWith(fault ?? ending());
    channel.close();
    channel.stdin.destroy();
  }

  const parser = createReplyParser(nonce, {
    onBegin: () => {
      begun = true;
      words.onBegin();
    },
    onTransfer: (transfer) => running?.job.onTransfer?.(transfer),
    onOther: (line) => {
      const bytes = running?.job.onMeter === undefined ? null : meteredBytes(line);
      if (bytes !== null) running?.job.onMeter?.(bytes);
    },
    onEnd: (reply) => {
      if (running === null)
        throw new Tofu3Error("E_VM_REPLY", `worker "${worker}" answered what it was not asked`, { stage: "ssh" });
      settle(({ resolve }) => resolve(reply));
    },
    onBye: () => {
      bye = true;
    },
  });

  channel.on("data", (chunk: Buffer) => {
    if (state === "over") return;
    words.onOutput(chunk);
    try {
      parser.feed(chunk);
    } catch (error) {
      fault = error instanceof Tofu3Error ? error : new Tofu3Error("E_BUG", messageOf(error), { stage: "ssh", cause: error });
      kill();
    }
  });
  // Unread, it would fill the window and stall the session.
  channel.stderr.on("data", words.onError);
  function onGone(): void {
    if (state === "open") fault ??= ending();
    if (state !== "over") leaveWith(fault ?? ending());
  }

  channel.on("exit", (code: number | null) => {
    exit ??= code;
    // Its last words may still be on their way; but what it started can keep the channel open for hours.
    setTimeout(() => {
      onGone();
      kill();
    }, LAST_WORDS_MS).unref();
  });
  channel.on("close", onGone);
  channel.on("error", () => undefined);
  channel.stdin.on("error", () => undefined);

  function run(job: LaneJob, jobSignal: AbortSignal): Promise<JobReply> {
    return new Promise<JobReply>((resolve, reject) => {
      if (running !== null) throw new Tofu3Error("E_BUG", "two jobs at once for one remote shell");
      if (state !== "open") throw fault ?? ending();
      const onAbort = (): void => {
        leaveWith(jobSignal.reason as Error);
        kill();
      };
      const done = (): void => jobSignal.removeEventListener("abort", onAbort);
      running = {
        job,
        resolve: (reply) => {
          done();
          resolve(reply);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      setMaxListeners(0, jobSignal);
      jobSignal.addEventListener("abort", onAbort, { once: true });
      if (jobSignal.aborted) onAbort();
      else {
        parser.allow(job.mostBytes);
        channel.write(job.lines.map((line) => `${line}\n`).join(""));
      }
    });
  }

  async function finish(): Promise<void> {
    if (state !== "open") throw fault ?? ending();
    state = "finishing";
    channel.write("bye\n");
    await settledWithin(FINISH_MS, gone);
    kill();
    if (!bye || exit !== 0) {
      const how = exit === null ? "no exit status" : `exit ${exit}`;
      throw new Tofu3Error(
        "E_VM_REPLY",
        `the remote shell of worker "${worker}" did not end cleanly (${how}), so its answers support nothing`,
        {
          stage: "ssh",
          hint: "run it again; if it happens again, something on the VM ends its shells",
        },
      );
    }
  }

  function caLines(pem: string | null): readonly string[] {
    if (pem === ca || pem === null) return [];
    ca = pem;
    return ["A", ...pem.split(/\r?\n/).map((line) => `a${line}`)];
  }

  return { nonce, gone, run, caLines, alive: () => state === "open", fault: () => fault, finish, kill, said: words.said };
}
