import { messageOf, Tofu3Error, visible } from "../errors.ts";
import type { Limits } from "../model/job.ts";
import type { Secret } from "../secret.ts";
import { curlOptions, type CurlSettings } from "./curlconfig.ts";
import { streamContent } from "./sshstream.ts";
import { openSsh, type SshConnection } from "./sshconnection.ts";
import { batchLines, bits, outcomeOf, pageOf, sumOf } from "./sshjob.ts";
import type { AskPassphrase } from "./sshkeys.ts";
import { openLane, type Lane } from "./sshlane.ts";
import type { SshTarget } from "./sshtarget.ts";
import { nextWork, type Pending, type PendingContent, type Work } from "./sshqueue.ts";
import type { Content, ContentQuery, Identity, Page, Query, Transport } from "./transport.ts";
import { readFacts, type VmFacts } from "./vmfacts.ts";

export interface SshOptions {
  readonly target: SshTarget;
  readonly limits: Limits;
  /** For the VM's curl. */
  readonly proxy: Secret | null;
  readonly ask: AskPassphrase | null;
}

export interface SshTransport extends Transport {
  /** Connects and tells what the VM is; does not throw for what it lacks. */
  probe(signal: AbortSignal): Promise<VmFacts>;
  /** One question and answer with an idle shell: how long it took, and the VM's clock (whole seconds since 1970). */
  ping(signal: AbortSignal): Promise<{ readonly ms: number; readonly clock: number | null }>;
}

/** sshd's MaxSessions is 10 by default and counts a session until the VM's own side has closed. */
const MOST_LANES = 4;
const OPEN_TRIES = 4;

/** curl, sh and a hash tool of a VM as one vantage: docs/protocol.md. Calls that are under way together share shells and curl processes. */
export function createSshTransport(options: SshOptions): SshTransport {
  const { target, limits } = options;
  let connection: SshConnection | null = null;
  let facts: VmFacts | null = null;
  let settings: CurlSettings = { limits, proxy: options.proxy, parallel: false };
  let opened: Promise<void> | null = null;
  let mostLanes = MOST_LANES;
  let opening = 0;
  let scheduled = false;
  let broken: unknown = null;
  // A shell that ended by itself: what it answered before never got its exit status.
  let tainted: Tofu3Error | null = null;
  const ended = new AbortController();
  const lanes = new Set<Lane>();
  const busy = new Set<Lane>();
  let queue: Pending[] = [];

  async function addLane(live: SshConnection, signal: AbortSignal): Promise<Lane> {
    for (let tries = 1; ; tries++) {
      try {
        const lane = await openLane(target.worker, live.client, signal);
        lanes.add(lane);
        return lane;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Tofu3Error) throw error;
        // "open failed": the VM still counts a session that is closing, or allows no more.
        if (tries < OPEN_TRIES && lanes.size === 0) await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** tries));
        else {
          throw new Tofu3Error("E_SSH", `worker "${target.worker}" allows no shell: ${visible(messageOf(error), 200)}`, {
            stage: "ssh",
            hint: "check MaxSessions and forced commands of that account on the VM",
            cause: error,
          });
        }
      }
    }
  }

  async function connect(signal: AbortSignal): Promise<void> {
    connection = await openSsh(target, { connectSeconds: limits.connectSeconds, ask: options.ask }, signal);
    const deadline = AbortSignal.any([signal, ended.signal, AbortSignal.timeout(limits.connectSeconds * 1000)]);
    try {
      const lane = await addLane(connection, deadline);
      facts = readFacts(connection.hostKey, lane.greeting);
      settings = { ...settings, parallel: facts.parallel };
    } catch (error) {
      connection.close();
      signal.throwIfAborted();
      if (!deadline.aborted) throw error;
      throw new Tofu3Error("E_TIMEOUT", `worker "${target.worker}" let us in and then said nothing for ${limits.connectSeconds} s`, {
        stage: "ssh",
        hint: "check the login shell of that account: it must run commands without a terminal",
        cause: error,
      });
    }
  }

  async function probe(signal: AbortSignal): Promise<VmFacts> {
    opened ??= connect(signal);
    await opened;
    if (facts === null) throw new Tofu3Error("E_BUG", "connected without facts");
    return facts;
  }

  async function ping(signal: AbortSignal): Promise<{ ms: number; clock: number | null }> {
    await probe(signal);
    const lane = [...lanes].find((each) => each.alive() && !busy.has(each));
    if (lane === undefined) throw new Tofu3Error("E_SSH", `worker "${target.worker}" has no idle shell`, { stage: "ssh" });
    const start = performance.now();
    const reply = await lane.run(["ping"], {}, signal);
    const clock = reply.info.get("clock");
    return { ms: performance.now() - start, clock: clock === undefined ? null : Number(clock) };
  }

  async function open(signal: AbortSignal): Promise<Identity> {
    const { tools, machine, lacks } = await probe(signal);
    const [lack] = lacks;
    if (lack !== undefined) throw new Tofu3Error("E_VM_TOOL", `worker "${target.worker}" cannot work: ${lack.what}`, { stage: "ssh", hint: lack.todo });
    return { tools, machine };
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    // Calls of the same turn of the event loop are there by then, and share a batch.
    setImmediate(() => {
      scheduled = false;
      pump();
    });
  }

  function widen(works: number): void {
    while (connection !== null && opening < works && lanes.size + opening < mostLanes) {
      opening++;
      addLane(connection, ended.signal).then(
        () => {
          opening--;
          schedule();
        },
        (error: unknown) => {
          opening--;
          mostLanes = Math.max(1, lanes.size);
          if (lanes.size === 0) failAll(error);
          schedule();
        },
      );
    }
  }

  function drop(lane: Lane): void {
    lanes.delete(lane);
    tainted ??= lane.fault();
  }

  function failAll(error: unknown): void {
    broken ??= error;
    const waiting = queue;
    queue = [];
    for (const each of waiting) each.reject(error);
  }

  function pump(): void {
    queue = queue.filter((each) => !each.signal.aborted);
    for (const lane of lanes) {
      if (!lane.alive()) drop(lane);
      else if (!busy.has(lane)) {
        const work = nextWork(queue);
        if (work === null) return;
        queue = queue.filter((each) => !(work.items as readonly Pending[]).includes(each));
        void perform(lane, work);
      }
    }
    if (queue.length > 0) widen(Math.min(queue.length, mostLanes));
  }

  async function perform(lane: Lane, work: Work): Promise<void> {
    busy.add(lane);
    try {
      if (work.kind === "stream") await performStream(lane, work.items[0]);
      else await performBatch(lane, work);
    } catch (error) {
      for (const item of work.items) item.reject(error);
    } finally {
      busy.delete(lane);
      if (!lane.alive()) drop(lane);
      schedule();
    }
  }

  async function performStream(lane: Lane, item: PendingContent): Promise<void> {
    await streamContent(lane, item.query, settings, item.signal, item.resolve);
  }

  async function performBatch(lane: Lane, work: Work & { kind: "batch" }): Promise<void> {
    const abandoned = new AbortController();
    const unlisten = work.items.map((item) => {
      const onAbort = (): void => {
        item.reject(item.signal.reason);
        if (work.items.every((each) => each.signal.aborted)) abandoned.abort(item.signal.reason);
      };
      item.signal.addEventListener("abort", onAbort, { once: true });
      return () => item.signal.removeEventListener("abort", onAbort);
    });
    try {
      const lines = [...lane.caLines(work.items[0]?.query.trust?.ca ?? null), ...batchLines(work.mode, work.items.map((each) => each.query), lane.nonce, settings)];
      const reply = await lane.run(lines, {}, abandoned.signal);
      work.items.forEach((item, at) => settleItem(item, at + 1, reply));
    } finally {
      for (const each of unlisten) each();
    }
  }

  function settleItem(item: Pending, index: number, reply: Parameters<typeof pageOf>[2]): void {
    try {
      if (item.kind === "read") {
        item.resolve(pageOf(index, item.query, reply, settings));
        return;
      }
      if (reply.transfers.get(index) === undefined && !item.alone) {
        // The whole curl died (a body beyond the limit, a full disk): each of its queries goes alone, streamed.
        queue.push({ ...item, alone: true });
        return;
      }
      const { fault, size, answer } = outcomeOf(index, item.query, reply, settings);
      if (answer === null) throw fault ?? new Tofu3Error("E_FRAMING", "the answer has no headers", { stage: "http" });
      if (fault?.code === "E_VM_DISK" && !item.alone) {
        queue.push({ ...item, alone: true });
        return;
      }
      item.query.onBytes(size);
      const digest = fault === null ? sumOf(`b${index}`, item.query.algorithm, reply) : null;
      item.resolve({ ...answer, size, digest, cut: fault, head: Buffer.alloc(0), more: null });
    } catch (error) {
      item.reject(error);
    }
  }

  function enqueue(pending: Pending): void {
    if (pending.signal.aborted) pending.reject(pending.signal.reason);
    else if (broken !== null) pending.reject(broken);
    else {
      pending.signal.addEventListener("abort", () => pending.reject(pending.signal.reason), { once: true });
      queue.push(pending);
      schedule();
    }
  }

  async function ready(signal: AbortSignal): Promise<void> {
    await open(signal);
    if (connection === null || ended.signal.aborted) throw new Tofu3Error("E_BUG", "the transport is closed");
  }

  function keyOf(query: Query): string {
    return JSON.stringify([curlOptions(query, settings), query.trust?.ca]);
  }

  async function read(query: Query, signal: AbortSignal): Promise<Page> {
    await ready(signal);
    return new Promise((resolve, reject) => enqueue({ kind: "read", query, signal, key: keyOf(query), alone: false, resolve, reject }));
  }

  async function measure(query: ContentQuery, signal: AbortSignal): Promise<Content> {
    await ready(signal);
    return new Promise((resolve, reject) => enqueue({ kind: "content", query, signal, key: `${bits(query.algorithm)} ${keyOf(query)}`, alone: false, resolve, reject }));
  }

  async function close(): Promise<void> {
    ended.abort(new Tofu3Error("E_STOPPED", "the transport was closed", { stage: "ssh" }));
    failAll(ended.signal.reason);
    const endings = await Promise.allSettled([...lanes].map((lane) => (busy.has(lane) ? Promise.resolve(lane.kill()) : lane.finish())));
    connection?.close();
    connection = null;
    lanes.clear();
    const failed = endings.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason as Error;
    if (tainted !== null) throw tainted as Tofu3Error;
  }

  return { open, probe, ping, read, measure, close };
}
