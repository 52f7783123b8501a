import { Tofu3Error } from "../errors.ts";
import type { CurlSettings } from "./curlconfig.ts";
import type { JobReply } from "./reply.ts";
import { bits, outcomeOf, streamConfig, sumOf } from "./sshjob.ts";
import type { Lane } from "./sshlane.ts";
import type { Content, ContentQuery, Query } from "./transport.ts";

const HELD_MS = 90_000;

/**
 * One body, hashed on the VM while it arrives. After a cut the VM's hash waits for another part; `deliver` is called with the first answer,
 * and the returned promise resolves when the shell is free again.
 */
export async function streamContent(
  lane: Lane,
  query: ContentQuery,
  settings: CurlSettings,
  signal: AbortSignal,
  deliver: (content: Content) => void,
): Promise<void> {
  let received = 0;
  let metered = 0;
  const onMeter = (bytes: number): void => {
    if (bytes > metered) query.onBytes(bytes - metered);
    metered = Math.max(bytes, metered);
  };
  let freed: () => void = () => undefined;
  const free = new Promise<void>((resolve) => (freed = resolve));

  function settle(bytes: number): void {
    query.onBytes(bytes - metered);
    metered = 0;
  }

  async function contentOf(part: number, asked: Query, reply: JobReply, partSignal: AbortSignal): Promise<Content> {
    const failed = (reply.exits.get(1) ?? 0) !== 0;
    let outcome;
    try {
      outcome = outcomeOf(part, asked, reply, settings);
    } catch (error) {
      if (failed) await giveUp(partSignal);
      freed();
      throw error;
    }
    const { fault, size, answer } = outcome;
    settle(size);
    received += size;
    const tooLong = received > query.maxBytes;
    const body = answer?.status === 200 || answer?.status === 206;
    if (answer === null) throw new Tofu3Error("E_BUG", "an outcome without an answer");
    if (!failed || tooLong || !body) {
      if (failed) await giveUp(partSignal);
      freed();
      const cut = tooLong ? new Tofu3Error("E_TOO_LARGE", `the body is longer than ${query.maxBytes} bytes`, { stage: "body" }) : fault;
      const digest = cut === null ? sumOf("-", query.algorithm, reply) : null;
      return { ...answer, size: received, digest, cut, head: Buffer.alloc(0), more: null };
    }
    const timer = setTimeout(() => void giveUp(signal).then(freed, freed), HELD_MS);
    return {
      ...answer,
      size: received,
      digest: null,
      cut: fault,
      head: Buffer.alloc(0),
      more: async (next, nextSignal) => {
        clearTimeout(timer);
        const lines = [...streamConfig(next, part + 1, lane.nonce, settings), "."].map((line) => `m${line}`);
        const answered = await lane.run(lines, { onMeter }, nextSignal);
        return contentOf(part + 1, next, answered, nextSignal);
      },
      discard: () => {
        clearTimeout(timer);
        void giveUp(signal).then(freed, freed);
      },
    };
  }

  async function giveUp(partSignal: AbortSignal): Promise<void> {
    if (lane.alive()) await lane.run(["m-"], {}, partSignal);
  }

  const lines = [
    ...lane.caLines(query.trust?.ca ?? null),
    ...streamConfig(query, 1, lane.nonce, settings).map((line) => `t${line}`),
    `s${bits(query.algorithm)} ${query.maxBytes + 1}`,
  ];
  const reply = await lane.run(lines, { onMeter }, signal);
  deliver(await contentOf(1, query, reply, signal));
  await Promise.race([free, lane.gone]);
}
