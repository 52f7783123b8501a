import { setMaxListeners } from "node:events";
import { Tofu3Error } from "../errors.ts";
import { refusePrivateHost } from "../http/address.ts";
import { orAborted } from "../http/deadline.ts";
import type {
  Content,
  ContentQuery,
  VantageIdentity,
  Page,
  Query,
  SeenCertificate,
  Transport,
} from "../http/transport.ts";
import type { Receipt } from "../model/observation.ts";
import type { VmFacts } from "./facts.ts";
import type { Pool } from "./pool.ts";
import type { Owner, Pending } from "./queue.ts";
import { refusalOf } from "./reach.ts";
import { curlOptions, unbroken, type CurlSettings } from "./script/curlconfig.ts";

/** A connected VM. */
export interface Vm {
  readonly facts: VmFacts;
  readonly settings: CurlSettings;
  readonly pool: Pool;
}

/** What the queries of a job have in common, and how to settle them. */
interface Asked<Q, T> {
  readonly query: Q;
  readonly owner: Owner;
  readonly key: string;
  readonly signal: AbortSignal;
  readonly alone: false;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** One job's view of a VM. It stays with the connection that it started with: if that is lost, so is the job. */
export class SshTransport implements Transport, Owner {
  readonly signed: Receipt[] = [];
  readonly certified = new Map<string, SeenCertificate | null>();
  readonly #worker: string;
  readonly #reach: () => Promise<Vm>;
  readonly #over = new AbortController();
  readonly #registry: string;
  readonly #wanted: string | null;
  #question: string | null = null;
  #reaching: Promise<Vm> | null = null;
  #reached: Vm | null = null;
  #ended: Promise<void> | null = null;

  constructor(registry: string, worker: string, reach: () => Promise<Vm>, question: string | null = null) {
    this.#registry = registry;
    this.#wanted = question;
    this.#worker = worker;
    this.#reach = reach;
    setMaxListeners(0, this.#over.signal);
  }

  /** A shell that signs what it does shall have done it for one job alone. */
  get registry(): string {
    return this.#question === null ? this.#registry : `${this.#registry} ${this.#question}`;
  }

  get question(): string | null {
    return this.#question;
  }

  receipts(): readonly Receipt[] {
    return this.signed;
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  async open(signal: AbortSignal): Promise<VantageIdentity> {
    const { tools, hostKey, machine, boot, clockOffsetMs } = (await this.#usable(signal)).facts;
    return { tools, hostKey, machine, boot, clockOffsetMs };
  }

  /** What the VM is; does not throw for missing tools. */
  async probe(signal: AbortSignal): Promise<VmFacts> {
    return (await this.#vm(signal)).facts;
  }

  /** One round trip to an idle shell: its duration, and the VM's clock (whole seconds since 1970). */
  async ping(signal: AbortSignal): Promise<{ readonly ms: number; readonly clock: number | null }> {
    const { pool } = await this.#vm(signal);
    const start = performance.now();
    const { info } = await pool.useIdle(this, (shell) =>
      shell.run({ lines: [...shell.questionLines(this.#question), "ping"], mostBytes: 0 }, signal),
    );
    const clock = info.get("clock");
    return { ms: performance.now() - start, clock: clock === undefined ? null : Number(clock) };
  }

  /**
   * Why the VM cannot open a TCP connection to the host of this URL, bypassing its own proxy, in words; null if it can.
   */
  async refusalOf(url: string, signal: AbortSignal): Promise<string | null> {
    const { pool, settings } = await this.#usable(signal);
    return pool.useIdle(this, (shell) => refusalOf(url, shell, settings, this, signal));
  }

  read(query: Query, signal: AbortSignal): Promise<Page> {
    return this.#ask<Query, Page>(query, signal, (asked) => ({ kind: "read", ...asked }));
  }

  measure(query: ContentQuery, signal: AbortSignal): Promise<Content> {
    return this.#ask<ContentQuery, Content>(query, signal, (asked) => ({
      kind: "content",
      ...asked,
      key: `${query.algorithm} ${asked.key}`,
    }));
  }

  end(): Promise<void> {
    return (this.#ended ??= this.#end());
  }

  async #end(): Promise<void> {
    this.#over.abort(new Tofu3Error("E_STOPPED", "the job has ended", { stage: "ssh" }));
    await this.#reached?.pool.release(this);
  }

  async #vm(signal: AbortSignal): Promise<Vm> {
    signal.throwIfAborted();
    this.over.throwIfAborted();
    this.#reaching ??= this.#join();
    return orAborted(this.#reaching, signal);
  }

  async #join(): Promise<Vm> {
    const vm = await orAborted(this.#reach(), this.over);
    this.over.throwIfAborted();
    if (vm.facts.signer !== null) this.#question = this.#wanted;
    vm.pool.admit(this);
    return (this.#reached = vm);
  }

  async #usable(signal: AbortSignal): Promise<Vm> {
    const vm = await this.#vm(signal);
    const [lack] = vm.facts.lacks;
    if (lack === undefined) return vm;
    throw new Tofu3Error("E_VM_TOOL", `worker "${this.#worker}" cannot work: ${lack.what}`, {
      stage: "ssh",
      hint: lack.todo,
    });
  }

  /** Queues a query; an abort removes it at once. */
  async #ask<Q extends Query, T>(
    query: Q,
    signal: AbortSignal,
    pendingOf: (asked: Asked<Q, T>) => Pending,
  ): Promise<T> {
    const { settings, pool } = await this.#usable(signal);
    refusePrivatePlace(query);
    unbroken(query.url);
    const key = JSON.stringify([this.registry, curlOptions(query, settings), query.trust?.ca]);
    let onAbort: () => void = () => undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        onAbort = () => reject(signal.reason as Error);
        setMaxListeners(0, signal);
        signal.addEventListener("abort", onAbort, { once: true });
        if (signal.aborted) onAbort();
        else pool.enqueue(pendingOf({ query, owner: this, key, signal, alone: false, resolve, reject }));
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}

/**
 * The VM's curl connects before its address can be checked; a URL whose host is visibly private is refused before that.
 */
function refusePrivatePlace({ url, publicOnly }: Query): void {
  const host = URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, "$1") : "";
  if (publicOnly) refusePrivateHost(host);
}
