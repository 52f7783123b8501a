import { setMaxListeners } from "node:events";
import { Tofu3Error } from "../errors.ts";
import type { Limits } from "../model/job.ts";
import { refusePrivateHost } from "../http/address.ts";
import { curlOptions, quoted, type CurlSettings } from "./script/curlconfig.ts";
import { orAborted, within } from "../http/deadline.ts";
import type { Proxy } from "../http/proxy.ts";
import { performBatch } from "./batch.ts";
import { openSsh } from "./connection/connection.ts";
import type { AskPassphrase } from "../model/credentials.ts";
import type { Lane } from "./lane.ts";
import { createPool, MOST_LANES, type Pool } from "./pool.ts";
import { refusalOf } from "./reach.ts";
import { countWorks, nextWork, without, type Pending, type Work } from "./queue.ts";
import { performStream } from "./stream.ts";
import type { SshTarget } from "./connection/target.ts";
import type { Identity, Query, Transport } from "../http/transport.ts";
import { isCurlSince, readFacts, type VmFacts } from "./facts.ts";

export interface SshOptions {
  readonly target: SshTarget;
  readonly limits: Limits;
  /** For the VM's curl. */
  readonly proxy: Proxy | null;
  readonly ask: AskPassphrase | null;
}

export interface SshTransport extends Transport {
  /** Connects and tells what the VM is; does not throw for what it lacks. */
  probe(signal: AbortSignal): Promise<VmFacts>;
  /** One question and answer with an idle shell: how long it took, and the VM's clock (whole seconds since 1970). */
  ping(signal: AbortSignal): Promise<{ readonly ms: number; readonly clock: number | null }>;
  /** Why the VM gets no TCP connection to the host of this URL, its own proxy left aside, in words; null when it gets one. */
  refusalOf(url: string, signal: AbortSignal): Promise<string | null>;
}

/** A VM that was reached. */
interface Session {
  readonly facts: VmFacts;
  readonly settings: CurlSettings;
  readonly pool: Pool;
}

/** curl, sh and a hash tool of a VM as one vantage: docs/protocol.md. Calls that are under way together share shells and curl processes. */
export function createSshTransport(options: SshOptions): SshTransport {
  const { target, limits } = options;
  const ended = new AbortController();
  setMaxListeners(0, ended.signal);
  let opened: Promise<Session> | null = null;
  let closed: Promise<void> | null = null;
  let scheduled = false;
  let broken: { readonly reason: unknown } | null = null;
  let queue: readonly Pending[] = [];

  async function connect(signal: AbortSignal): Promise<Session> {
    const connection = await openSsh(target, { connectSeconds: limits.connectSeconds, ask: options.ask }, signal);
    const pool = createPool(target.worker, connection, limits.connectSeconds, ended.signal, { onRoom: schedule, onBroken: fail });
    try {
      const { greeting } = await within(limits.connectSeconds * 1000, [signal], (limit) => pool.start(limit));
      const facts = readFacts(connection.hostKey, greeting);
      const settings = { limits, proxy: options.proxy, parallel: facts.parallel, reportsApart: isCurlSince(facts.curl, 63) };
      return { facts, settings, pool };
    } catch (error) {
      connection.close();
      signal.throwIfAborted();
      if (error instanceof Tofu3Error) throw error;
      throw new Tofu3Error(
        "E_TIMEOUT",
        `worker "${target.worker}" let us in and then said nothing for ${limits.connectSeconds} s`,
        {
          stage: "ssh",
          hint: "check the login shell of that account: it must run commands without a terminal",
          cause: error,
        },
      );
    }
  }

  /** Nobody's abort ends the connecting that the others wait for; `close` does. */
  async function session(signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    ended.signal.throwIfAborted();
    opened ??= connect(ended.signal);
    return orAborted(opened, signal);
  }

  async function usable(signal: AbortSignal): Promise<Session> {
    const reached = await session(signal);
    const [lack] = reached.facts.lacks;
    if (lack === undefined) return reached;
    throw new Tofu3Error("E_VM_TOOL", `worker "${target.worker}" cannot work: ${lack.what}`, { stage: "ssh", hint: lack.todo });
  }

  function idleLane(pool: Pool): Lane {
    const lane = pool.idle();
    if (lane === null) throw new Tofu3Error("E_SSH", `worker "${target.worker}" has no idle shell`, { stage: "ssh" });
    return lane;
  }

  async function ping(signal: AbortSignal): Promise<{ ms: number; clock: number | null }> {
    const { pool } = await session(signal);
    const lane = idleLane(pool);
    const start = performance.now();
    const reply = lane.run({ lines: ["ping"], mostBytes: 0 }, signal);
    pool.use(lane, () => reply.then(ignore, ignore));
    const clock = (await reply).info.get("clock");
    return { ms: performance.now() - start, clock: clock === undefined ? null : Number(clock) };
  }

  function schedule(): void {
    if (scheduled || opened === null) return;
    scheduled = true;
    // Calls of the same turn of the event loop are there by then, and share a batch.
    setImmediate(() => {
      scheduled = false;
      void opened?.then(pump, ignore);
    });
  }

  function pump({ pool, settings }: Session): void {
    queue = queue.filter((each) => !each.signal.aborted);
    for (let lane = pool.idle(); lane !== null; lane = pool.idle()) {
      const work = nextWork(queue);
      if (work === null) return;
      queue = without(queue, work);
      const busy = lane;
      pool.use(busy, () => perform(busy, work, settings));
    }
    pool.widen(countWorks(queue, MOST_LANES));
  }

  async function perform(lane: Lane, work: Work, settings: CurlSettings): Promise<void> {
    try {
      if (work.kind === "stream") await performStream(lane, work.items[0], settings, ended.signal);
      else (await performBatch(lane, work, settings, ended.signal)).forEach(enqueue);
    } catch (error) {
      for (const item of work.items) item.reject(error);
    }
  }

  function fail(reason: unknown): void {
    broken ??= { reason };
    for (const each of queue) each.reject(broken.reason);
    queue = [];
  }

  function enqueue(pending: Pending): void {
    if (broken !== null) pending.reject(broken.reason);
    else {
      queue = [...queue, pending];
      schedule();
    }
  }

  /** Puts a query into the queue; its abort takes it out again at once. */
  async function ask<Q extends Query, T>(
    query: Q,
    signal: AbortSignal,
    pendingOf: (common: {
      query: Q;
      key: string;
      signal: AbortSignal;
      alone: boolean;
      resolve: (value: T) => void;
      reject: (error: unknown) => void;
    }) => Pending,
  ): Promise<T> {
    const { settings } = await usable(signal);
    refusePrivatePlace(query);
    quoted(query.url);
    const key = JSON.stringify([curlOptions(query, settings), query.trust?.ca]);
    let onAbort: () => void = ignore;
    try {
      return await new Promise<T>((resolve, reject) => {
        onAbort = () => reject(signal.reason as Error);
        setMaxListeners(0, signal);
        signal.addEventListener("abort", onAbort, { once: true });
        if (signal.aborted) onAbort();
        else enqueue(pendingOf({ query, key, signal, alone: false, resolve, reject }));
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async function end(): Promise<void> {
    ended.abort(new Tofu3Error("E_STOPPED", "the transport was closed", { stage: "ssh" }));
    fail(ended.signal.reason);
    const reached = await opened?.catch(() => null);
    await reached?.pool.close();
  }

  return {
    open: async (signal): Promise<Identity> => {
      const { tools, hostKey, machine, boot } = (await usable(signal)).facts;
      return { tools, hostKey, machine, boot };
    },
    probe: async (signal) => (await session(signal)).facts,
    ping,
    refusalOf: async (url, signal) => {
      const { pool, settings } = await usable(signal);
      const lane = idleLane(pool);
      const refusal = refusalOf(url, lane, settings, ended.signal, signal);
      pool.use(lane, () => refusal.then(ignore, ignore));
      return refusal;
    },
    read: (query, signal) => ask(query, signal, (common) => ({ kind: "read", ...common })),
    measure: (query, signal) =>
      ask(query, signal, (common) => ({ kind: "content", ...common, key: `${query.algorithm} ${common.key}` })),
    close: () => (closed ??= end()),
  };
}

function ignore(): void {
  // settled elsewhere
}

/** The VM's curl connects before anybody can look at the address; a host that says what it is need not come so far. */
function refusePrivatePlace({ url, publicOnly }: Query): void {
  const host = URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, "$1") : "";
  if (publicOnly) refusePrivateHost(host);
}
