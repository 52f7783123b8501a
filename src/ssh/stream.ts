import { setMaxListeners } from "node:events";
import { Tofu3Error } from "../errors.ts";
import { certificateFor, Wishes } from "./certify.ts";
import type { CurlSettings } from "./script/curlconfig.ts";
import { within } from "../http/deadline.ts";
import type { JobReply } from "./script/reply.ts";
import { LET_GO, partJob, streamJob, sumOf } from "./job.ts";
import type { Shell, ShellJob } from "./shell.ts";
import { outcomeOf, type TransferOutcome } from "./outcome.ts";
import { tooLarge } from "../http/strict.ts";
import type { PendingContent } from "./queue.ts";
import type { Content, Query } from "../http/transport.ts";

/** So long the VM's hash waits for another part; a `Retry-After` may cost a minute. */
const HELD_MS = 90_000;
const LET_GO_MS = 5000;
/** curl's key of every part. */
const PROCESS = 1;

/**
 * One body, hashed on the VM while it arrives. `item` is settled with the first answer; the promise resolves when the
 * shell is free again or has ended.
 */
export async function performStream(shell: Shell, item: PendingContent, settings: CurlSettings): Promise<void> {
  const stream = new Stream(shell, item, settings);
  try {
    item.resolve(await stream.start());
  } catch (error) {
    item.reject(error);
    return;
  }
  await Promise.race([stream.freed, shell.gone]);
}

/**
 * `arriving`: curl writes into the VM's hash. `held`: the part was cut, and the hash waits for another one, until
 * somebody asks for it, discards it, aborts, ends the job, or takes too long. `free`: the hash has ended.
 */
type State = { readonly name: "arriving" | "free" } | { readonly name: "held"; readonly letGo: () => void };

class Stream {
  readonly freed: Promise<void>;
  readonly #shell: Shell;
  readonly #item: PendingContent;
  readonly #settings: CurlSettings;
  readonly #meter: Meter;
  #state: State = { name: "arriving" };
  #free: () => void = () => undefined;
  /** Bytes of the body in all parts that were wanted. */
  #received = 0;
  #part = 1;

  constructor(shell: Shell, item: PendingContent, settings: CurlSettings) {
    this.#shell = shell;
    this.#item = item;
    this.#settings = settings;
    this.#meter = new Meter(item.query);
    this.freed = new Promise((resolve) => (this.#free = resolve));
    setMaxListeners(0, ...this.#ends);
  }

  async start(): Promise<Content> {
    const { query, signal, owner } = this.#item;
    const wishes = new Wishes([this.#item], this.#settings);
    const job = streamJob(query, query.algorithm, this.#settings, wishes.transfers.size > 0);
    const head = [...this.#shell.questionLines(owner.question), ...this.#shell.caLines(query.trust?.ca ?? null)];
    const lines = [...head, ...job.lines];
    let reply: JobReply | null = null;
    try {
      reply = await this.#run({ ...job, lines }, signal);
    } finally {
      wishes.settle(reply);
    }
    return this.#contentOf(query, reply);
  }

  async #more(query: Query, signal: AbortSignal): Promise<Content> {
    this.#part++;
    return this.#contentOf(query, await this.#run(partJob(query, this.#settings), signal));
  }

  get #ends(): readonly AbortSignal[] {
    return [this.#item.signal, this.#item.owner.over];
  }

  #run(job: ShellJob, signal: AbortSignal): Promise<JobReply> {
    const onMeter = (bytes: number): void => this.#meter.advance(this.#received + bytes);
    return within(null, [signal, this.#item.owner.over], (limit) => this.#shell.run({ ...job, onMeter }, limit));
  }

  async #contentOf(asked: Query, reply: JobReply): Promise<Content> {
    const { algorithm, maxBytes } = this.#item.query;
    let outcome: TransferOutcome;
    try {
      outcome = outcomeOf(this.#part, PROCESS, asked, reply, this.#settings);
    } catch (error) {
      await this.#release(reply);
      throw error;
    }
    const { answer, size, fault, resumable } = outcome;
    const wanted = answer.status === 206 || (answer.status === 200 && this.#part === 1);
    const all = wanted ? this.#received + size : this.#received;
    this.#received = Math.min(all, maxBytes);
    this.#meter.correct(this.#received);
    const cut = all > maxBytes ? tooLarge(maxBytes) : wanted ? fault : null;
    const certificate = certificateFor({ owner: this.#item.owner, query: asked });
    const common = { ...answer, certificate, size: this.#received, cut, head: Buffer.alloc(0) };
    // What is not wanted has gone into the hash all the same: it is good for nothing more.
    if (wanted && resumable && cut === fault) return { ...common, digest: null, ...this.#hold(reply) };
    const last = await this.#release(reply);
    if (cut?.code === "E_VM_DISK") {
      // Nothing is written but to the hash, which ends at the limit or because it is broken.
      sumOf("-", algorithm, last);
      return { ...common, cut: tooLarge(maxBytes), digest: null, more: null };
    }
    return { ...common, digest: wanted && cut === null ? sumOf("-", algorithm, reply) : null, more: null };
  }

  #hold(reply: JobReply): Pick<Content, "more" | "discard"> {
    const discard = (): void => {
      if (this.#takeBack(held)) this.#release(reply).catch(this.#free);
    };
    const timer = setTimeout(discard, HELD_MS);
    const letGo = (): void => {
      clearTimeout(timer);
      for (const end of this.#ends) end.removeEventListener("abort", discard);
    };
    const held: State = { name: "held", letGo };
    this.#state = held;
    for (const end of this.#ends) end.addEventListener("abort", discard, { once: true });
    if (this.#ends.some(({ aborted }) => aborted)) discard();
    return {
      more: async (query, signal) => {
        if (this.#takeBack(held)) return this.#more(query, signal);
        throw new Tofu3Error("E_CUT", "the VM has let go of the body that was cut", { stage: "body" });
      },
      discard,
    };
  }

  /** Whether this is what is held; it is not from now on. */
  #takeBack(held: State): boolean {
    if (this.#state !== held || held.name !== "held") return false;
    held.letGo();
    this.#state = { name: "arriving" };
    return true;
  }

  /**
   * The shell is free when the VM's hash has ended, which is at once after a part that curl brought to its end. Returns
   * what the hash said.
   */
  async #release(reply: JobReply): Promise<JobReply> {
    const mustLetGo = reply.exits.get(PROCESS) !== 0 && this.#shell.alive;
    const last = mustLetGo ? await within(LET_GO_MS, [], (limit) => this.#shell.run(LET_GO, limit)) : reply;
    this.#state = { name: "free" };
    this.#free();
    return last;
  }
}

/** Progress while a part arrives, corrected by what it came to. */
class Meter {
  readonly #query: PendingContent["query"];
  #told = 0;

  constructor(query: PendingContent["query"]) {
    this.#query = query;
  }

  advance(bytes: number): void {
    this.correct(Math.max(this.#told, Math.min(bytes, this.#query.maxBytes)));
  }

  correct(bytes: number): void {
    if (bytes !== this.#told) this.#query.onBytes(bytes - this.#told);
    this.#told = bytes;
  }
}
