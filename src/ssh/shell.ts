import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Client, ClientChannel } from "ssh2";
import { messageOf, Tofu3Error } from "../errors.ts";
import { meteredBytes } from "./script/curlmeter.ts";
import { settledWithin } from "../http/deadline.ts";
import { ReplyParser, type JobReply, type Transfer } from "./script/reply.ts";
import { wordsForExit } from "./connection/faults.ts";
import { authorityLines } from "../model/authority.ts";
import type { Receipt } from "../model/observation.ts";
import { createShellWords } from "./words.ts";

export interface ShellJob {
  readonly lines: readonly string[];
  /** The most bytes of header blocks and documents in the reply. */
  readonly mostBytes: number;
  /** Transfers that report the certificates of their server; none by default. */
  readonly mostChains?: number;
  readonly onTransfer?: (transfer: Transfer) => void;
  /** Bytes that curl has received so far, from its meter; rounded down. */
  readonly onMeter?: (bytes: number) => void;
}

export interface ShellSurroundings {
  readonly worker: string;
  readonly client: Client;
  /** Why the connection was lost; null while it is up. */
  readonly lost: () => string | null;
}

/** How to settle the promise of a running job. */
interface Running {
  readonly job: ShellJob;
  readonly resolve: (reply: JobReply) => void;
  readonly reject: (error: Error) => void;
}

const FINISH_MS = 5000;
/** `ssh-keygen` on a busy machine. */
const SIGN_MS = 30_000;
const MOST_SIGNED_BYTES = 16 * 1024 * 1024;
const LAST_WORDS_MS = 1000;

const NOTHING: JobReply["files"] = new Map();

/** Not empty, and the same bytes in every encoding. */
function isText(text: string | undefined): text is string {
  return text !== undefined && /^[\n\x20-\x7e]+$/.test(text);
}

/** One remote shell that runs the script, one job at a time. */
export class Shell {
  /** Marks the lines that belong to the protocol. */
  readonly nonce = randomBytes(16).toString("hex");
  /** Resolves when the shell is gone, or was told to go. */
  readonly gone: Promise<void>;
  readonly #worker: string;
  readonly #lost: () => string | null;
  readonly #channel: ClientChannel;
  readonly #words = createShellWords();
  readonly #parser: ReplyParser;
  #state: "open" | "finishing" | "over" = "open";
  #begun = false;
  #bye = false;
  #exit: number | null = null;
  #fault: Tofu3Error | null = null;
  #abandoned = false;
  #running: Running | null = null;
  #ca: string | null = null;
  #isAsked = false;
  #leave: () => void = () => undefined;

  constructor({ worker, lost }: ShellSurroundings, channel: ClientChannel) {
    this.#worker = worker;
    this.#lost = lost;
    this.#channel = channel;
    this.gone = new Promise((resolve) => (this.#leave = resolve));
    this.#parser = this.#listen();
    channel.on("data", (chunk: Buffer) => this.#onData(chunk));
    // unread, it would fill the window and stall the session
    channel.stderr.on("data", (chunk: Buffer) => this.#onError(chunk));
    channel.on("exit", (code: number | null) => this.#onExit(code));
    channel.on("close", () => this.#onGone());
    channel.on("error", () => undefined);
    channel.stdin.on("error", () => undefined);
  }

  /** False once the shell is gone, or was told to go. */
  get alive(): boolean {
    return this.#state === "open";
  }

  /** Why the shell ended without being told to; null if it did not. */
  get fault(): Tofu3Error | null {
    return this.#fault;
  }

  /** It was ended in the middle of a job that was no longer wanted. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** What it printed instead of running the script, as the end of a sentence. */
  said(): string {
    return this.#words.said();
  }

  /** Sends lines and resolves at the matching `end`. Rejects if the shell ends first; an abort ends the shell. */
  run(job: ShellJob, signal: AbortSignal): Promise<JobReply> {
    return new Promise<JobReply>((resolve, reject) => {
      if (this.#running !== null) throw new Tofu3Error("E_BUG", "two jobs at once for one remote shell");
      if (this.#state !== "open") throw this.#fault ?? this.#ending();
      const onAbort = (): void => {
        this.#abandoned = true;
        this.#leaveWith(signal.reason as Error);
        this.kill();
      };
      const done = (): void => signal.removeEventListener("abort", onAbort);
      this.#running = {
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
      setMaxListeners(0, signal);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      else {
        this.#parser.allow(job.mostBytes, job.mostChains);
        this.#channel.write(job.lines.map((line) => `${line}\n`).join(""));
      }
    });
  }

  /** Lines that write this PEM to the CA file in the shell's folder; none if it is there already, or for null. */
  caLines(pem: string | null): readonly string[] {
    if (pem === this.#ca || pem === null) return [];
    this.#ca = pem;
    return ["A", ...authorityLines(pem).map((line) => `a${line}`)];
  }

  /** Lines that begin a receipt with this question; none if it has begun, or for null. */
  questionLines(question: string | null): readonly string[] {
    if (this.#isAsked || question === null) return [];
    this.#isAsked = true;
    return [`q${question}`];
  }

  /**
   * Tells the shell to exit; rejects unless it ends cleanly. Resolves with the receipt of what it did, if one was begun
   * and could be signed.
   */
  async finish(): Promise<Receipt | null> {
    if (this.#state !== "open") throw this.#fault ?? this.#ending();
    const receipt = this.#isAsked ? this.#sign() : null;
    this.#state = "finishing";
    this.#channel.write("bye\n");
    await settledWithin(receipt === null ? FINISH_MS : SIGN_MS, this.gone);
    this.kill();
    if (this.#bye && this.#exit === 0) return receipt;
    const how = this.#exit === null ? "no exit status" : `exit ${this.#exit}`;
    throw new Tofu3Error(
      "E_VM_REPLY",
      `the remote shell of worker "${this.#worker}" did not end cleanly (${how}), so its answers support nothing`,
      { stage: "ssh", hint: "run it again; if it happens again, something on the VM ends its shells" },
    );
  }

  async #sign(): Promise<Receipt | null> {
    const job = { lines: ["Q"], mostBytes: MOST_SIGNED_BYTES };
    const { files } = await this.run(job, new AbortController().signal).catch(() => ({ files: NOTHING }));
    const [text, signature] = ["log", "sig"].map((name) => files.get(name)?.toString("latin1") ?? "");
    return isText(text) && isText(signature) ? { text, signature } : null;
  }

  /** Ends the shell at once; its leash ends everything it started. */
  kill(): void {
    if (this.#state !== "over") this.#leaveWith(this.#fault ?? this.#ending());
    this.#channel.close();
    this.#channel.stdin.destroy();
  }

  #listen(): ReplyParser {
    return new ReplyParser(this.nonce, {
      onBegin: () => {
        this.#begun = true;
        this.#words.onBegin();
      },
      onTransfer: (transfer) => this.#running?.job.onTransfer?.(transfer),
      onOther: (line) => this.#onMeter(line),
      onEnd: (reply) => {
        if (this.#running === null)
          throw new Tofu3Error("E_VM_REPLY", `worker "${this.#worker}" sent an answer that nobody asked for`, {
            stage: "ssh",
          });
        this.#settle(({ resolve }) => resolve(reply));
      },
      onBye: () => {
        this.#bye = true;
      },
    });
  }

  #onData(chunk: Buffer): void {
    if (this.#state === "over") return;
    this.#words.onOutput(chunk);
    try {
      this.#parser.feed(chunk);
    } catch (error) {
      this.#fault =
        error instanceof Tofu3Error ? error : new Tofu3Error("E_BUG", messageOf(error), { stage: "ssh", cause: error });
      this.kill();
    }
  }

  #onError(chunk: Buffer): void {
    this.#words.onError(chunk);
    const lines = chunk.toString("latin1").split(/[\r\n]/);
    for (const line of lines) this.#onMeter(line);
  }

  #onMeter(line: string): void {
    const { onMeter } = this.#running?.job ?? {};
    const bytes = onMeter === undefined ? null : meteredBytes(line);
    if (bytes !== null) onMeter?.(bytes);
  }

  #onExit(code: number | null): void {
    this.#exit ??= code;
    // its last output may still be on the way, but a process that it started can keep the channel open for hours
    setTimeout(() => {
      this.#onGone();
      this.kill();
    }, LAST_WORDS_MS).unref();
  }

  #onGone(): void {
    if (this.#state === "open") this.#fault ??= this.#ending();
    if (this.#state !== "over") this.#leaveWith(this.#fault ?? this.#ending());
  }

  #ending(): Tofu3Error {
    const lost = this.#lost();
    const { code, what, hint } = wordsForExit({ exit: this.#exit, lost, begun: this.#begun });
    const happened =
      this.#begun || lost !== null ? "stopped answering" : "lets us in and does not run the worker script";
    return new Tofu3Error(code, `worker "${this.#worker}" ${happened}: ${what}${this.said()}`, { stage: "ssh", hint });
  }

  #settle(use: (running: Running) => void): void {
    const ended = this.#running;
    this.#running = null;
    if (ended !== null) use(ended);
  }

  #leaveWith(error: Error): void {
    this.#state = "over";
    this.#settle(({ reject }) => reject(error));
    this.#leave();
  }
}
