import { setMaxListeners } from "node:events";
import { Tofu3Error } from "../errors.ts";
import { BatchMeter } from "./batchmeter.ts";
import { certificateFor, Wishes } from "./certify.ts";
import type { CurlSettings } from "./script/curlconfig.ts";
import type { JobReply, Transfer } from "./script/reply.ts";
import { batchJob, sumOf } from "./job.ts";
import type { Shell } from "./shell.ts";
import { isContent, outcomeOf, pageOf } from "./outcome.ts";
import type { Batch, Pending, PendingContent } from "./queue.ts";
import type { Content, Query } from "../http/transport.ts";

/**
 * Runs a batch and settles its queries. Returns those that must be retried alone, because the VM could not store their
 * bodies, they had too little room, or the whole curl died. Rejects if the shell ended. Once no query of the batch is
 * wanted any more, the shell is ended; a `shared` one, whose clean end other jobs need, first gets as long as an honest
 * curl takes to give up.
 */
export async function performBatch(
  shell: Shell,
  batch: Batch,
  settings: CurlSettings,
  shared = false,
): Promise<Pending[]> {
  const { items } = batch;
  const meter = new BatchMeter(items, settings.parallel);
  const onTransfer = (transfer: Transfer): void => {
    const item = items[transfer.index - 1];
    if (
      item?.kind !== "content" ||
      transfer.exit !== 0 ||
      !isContent(transfer.status) ||
      transfer.size > item.query.maxBytes
    )
      return;
    meter.finish(transfer.index - 1, transfer.size);
  };
  const wishes = new Wishes(items, settings);
  const job = batchJob(
    batch.mode,
    items.map((item) => item.query),
    batch.room,
    settings,
    wishes.transfers,
  );
  const [{ owner, query }] = items;
  const lines = [...shell.questionLines(owner.question), ...shell.caLines(query.trust?.ca ?? null), ...job.lines];
  const { connectSeconds, idleSeconds } = settings.limits;
  const graceMs = shared ? (connectSeconds + idleSeconds) * 1000 : 0;
  let reply: JobReply | null = null;
  try {
    reply = await whileWanted(items, graceMs, (signal) =>
      shell.run({ ...job, lines, onTransfer, onMeter: (bytes) => meter.advance(bytes) }, signal),
    );
  } catch (error) {
    items.forEach((_, at) => meter.finish(at, 0));
    throw error;
  } finally {
    wishes.settle(reply);
  }
  return settleAll(batch, reply, meter, settings);
}

/** Settles the queries, but for those that must be retried alone. */
function settleAll({ items, room }: Batch, reply: JobReply, meter: BatchMeter, settings: CurlSettings): Pending[] {
  return items.flatMap((item, at) => {
    const index = at + 1;
    const process = settings.parallel ? 0 : index;
    try {
      const certificate = certificateFor(item);
      if (item.kind === "read") {
        const page = pageOf(index, process, withRoom(item.query, room), reply, settings);
        item.resolve({ ...page, certificate });
      } else {
        const content = contentOf(index, process, item, reply, settings);
        meter.finish(at, content.size);
        item.resolve({ ...content, certificate });
      }
    } catch (error) {
      meter.finish(at, 0);
      if (mayDoAlone(item, room, error)) return [{ ...item, alone: true }];
      item.reject(error);
    }
    return [];
  });
}

/**
 * A batch shares one curl, which any one of its transfers can kill, and must store the bodies. Streamed content avoids
 * both, and a document alone gets all the room that it may use.
 */
function mayDoAlone(item: Pending, room: number, error: unknown): boolean {
  const code = error instanceof Tofu3Error ? error.code : null;
  if (item.kind === "content") return code === "E_VM_DISK" || code === "E_VM_TOOL";
  if (code === "E_VM_TOOL") return !item.alone;
  return room < item.query.maxBytes && (code === "E_VM_DISK" || code === "E_TOO_LARGE");
}

function withRoom(query: Query, room: number): Query {
  return room < query.maxBytes ? { ...query, maxBytes: room } : query;
}

function contentOf(
  index: number,
  process: number,
  { query }: PendingContent,
  reply: JobReply,
  settings: CurlSettings,
): Content {
  const { answer, fault, size } = outcomeOf(index, process, query, reply, settings);
  const nothing = { size: 0, digest: null, cut: null, head: Buffer.alloc(0), more: null };
  if (!isContent(answer.status)) return { ...answer, ...nothing };
  if (fault?.code === "E_VM_DISK" || fault?.code === "E_VM_TOOL") throw fault;
  if (fault !== null) return { ...answer, ...nothing, size: Math.min(size, query.maxBytes), cut: fault };
  return { ...answer, ...nothing, size, digest: sumOf(`b${index}`, query.algorithm, reply) };
}

/** Runs a job and aborts it when no item is wanted any more, after `graceMs`. */
async function whileWanted(
  items: Batch["items"],
  graceMs: number,
  run: (signal: AbortSignal) => Promise<JobReply>,
): Promise<JobReply> {
  const unwanted = new AbortController();
  const endOf = (item: Pending): AbortSignal | null =>
    [item.owner.over, item.signal].find(({ aborted }) => aborted) ?? null;
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    if (!items.every((item) => endOf(item) !== null)) return;
    const end = (): void => unwanted.abort(endOf(items[0])?.reason);
    if (graceMs === 0) end();
    else timer ??= setTimeout(end, graceMs);
  };
  const signals = new Set(items.flatMap((item) => [item.signal, item.owner.over]));
  for (const signal of signals) {
    setMaxListeners(0, signal);
    signal.addEventListener("abort", onAbort);
  }
  onAbort();
  try {
    return await run(unwanted.signal);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", onAbort);
  }
}
