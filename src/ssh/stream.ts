import { setMaxListeners } from "node:events";
import { Tofu3Error } from "../errors.ts";
import type { CurlSettings } from "./script/curlconfig.ts";
import { within } from "../http/deadline.ts";
import type { JobReply } from "./script/reply.ts";
import { LET_GO, partJob, streamJob, sumOf } from "./job.ts";
import type { Shell, ShellJob } from "./shell.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import { tooLarge } from "../http/strict.ts";
import type { PendingContent } from "./queue.ts";
import type { Content, Query } from "../http/transport.ts";

/** So long the VM's hash waits for another part; a `Retry-After` may cost a minute. */
const HELD_MS = 90_000;
const LET_GO_MS = 5000;
/** curl's key of every part. */
const PROCESS = 1;

/**
 * One body, hashed on the VM while it arrives. After a cut the VM's hash waits for another part. `item` is settled with the first answer; the
 * promise resolves when the shell is free again or has ended. The end of its job ends what is under way and lets go of what was cut.
 */
export async function performStream(shell: Shell, item: PendingContent, settings: CurlSettings): Promise<void> {
  const { query, signal, owner } = item;
  let received = 0;
  let metered = 0;
  let part = 1;
  let held: NodeJS.Timeout | null = null;
  let free: () => void = () => undefined;
  const freed = new Promise<void>((resolve) => (free = resolve));
  setMaxListeners(0, signal, owner.over);

  /** Progress while a part arrives, corrected by what it came to. */
  function onMeter(bytes: number): void {
    const all = Math.min(received + bytes, query.maxBytes);
    if (all > metered) query.onBytes(all - metered);
    metered = Math.max(metered, all);
  }

  function count(bytes: number): void {
    received = bytes;
    if (bytes !== metered) query.onBytes(bytes - metered);
    metered = bytes;
  }

  function runPart(job: ShellJob, partSignal: AbortSignal): Promise<JobReply> {
    return within(null, [partSignal, owner.over], (limit) => shell.run({ ...job, onMeter }, limit));
  }

  /** The shell is free when the VM's hash has ended, which is at once after a part that curl brought to its end. Returns what the hash said. */
  async function release(reply: JobReply): Promise<JobReply> {
    const mustLetGo = reply.exits.get(PROCESS) !== 0 && shell.alive;
    const last = mustLetGo ? await within(LET_GO_MS, [], (limit) => shell.run(LET_GO, limit)) : reply;
    free();
    return last;
  }

  function hold(reply: JobReply): Pick<Content, "more" | "discard"> {
    const discard = (): void => {
      if (held === null) return;
      clearTimeout(held);
      held = null;
      for (const each of [signal, owner.over]) each.removeEventListener("abort", discard);
      release(reply).catch(() => free());
    };
    held = setTimeout(discard, HELD_MS);
    const mine = held;
    for (const each of [signal, owner.over]) each.addEventListener("abort", discard, { once: true });
    if (signal.aborted || owner.over.aborted) discard();
    return {
      more: async (next, nextSignal) => {
        if (held !== mine) throw new Tofu3Error("E_CUT", "the VM has let go of the body that was cut", { stage: "body" });
        clearTimeout(held);
        held = null;
        for (const each of [signal, owner.over]) each.removeEventListener("abort", discard);
        part++;
        return contentOf(next, await runPart(partJob(next, part, shell.nonce, settings), nextSignal));
      },
      discard,
    };
  }

  async function contentOf(asked: Query, reply: JobReply): Promise<Content> {
    let outcome: Outcome;
    try {
      outcome = outcomeOf(part, PROCESS, asked, reply, settings);
    } catch (error) {
      await release(reply);
      throw error;
    }
    const { answer, size } = outcome;
    const wanted = answer.status === 206 || (answer.status === 200 && part === 1);
    const before = received;
    const cut = !wanted ? null : before + size > query.maxBytes ? tooLarge(query.maxBytes) : outcome.fault;
    count(wanted ? Math.min(before + size, query.maxBytes) : before);
    const common = { ...answer, size: received, cut, head: Buffer.alloc(0) };
    // What is not wanted has gone into the hash all the same: it is good for nothing more.
    if (wanted && outcome.resumable && cut === outcome.fault) return { ...common, digest: null, ...hold(reply) };
    const last = await release(reply);
    if (cut?.code === "E_VM_DISK") {
      // Nothing is written but to the hash, which ends at the limit or because it is broken.
      sumOf("-", query.algorithm, last);
      return { ...common, cut: tooLarge(query.maxBytes), digest: null, more: null };
    }
    return { ...common, digest: wanted && cut === null ? sumOf("-", query.algorithm, reply) : null, more: null };
  }

  const job = streamJob(query, query.algorithm, shell.nonce, settings);
  const lines = [...shell.caLines(query.trust?.ca ?? null), ...job.lines];
  try {
    item.resolve(await contentOf(query, await runPart({ ...job, lines }, signal)));
  } catch (error) {
    item.reject(error);
    return;
  }
  await Promise.race([freed, shell.gone]);
}
