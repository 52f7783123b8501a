import { Tofu3Error } from "../errors.ts";
import { exchange, type ExchangeOptions, type Flow } from "./exchange.ts";
import { declaredLength, tooLarge } from "../http/strict.ts";
import type { Answer, Page, Query } from "../http/transport.ts";

/** The most that is read of an error page. */
export const DRAIN_BYTES = 64 * 1024;

/** See `Transport.read`. */
export async function readPage(query: Query, options: ExchangeOptions, signal: AbortSignal): Promise<Page> {
  const seen: { answer: Answer | null; wanted: boolean; declared: number | null } = {
    answer: null,
    wanted: false,
    declared: null,
  };
  const chunks: Buffer[] = [];
  let received = 0;
  let flow: Flow | null = null;
  const receiver = {
    onAnswer: (answer: Answer, given: Flow): boolean => {
      flow = given;
      seen.answer = answer;
      seen.wanted = query.method !== "HEAD" && (answer.status === 200 || answer.status === 206);
      if (seen.wanted) seen.declared = declaredLength(answer.status, answer.headers);
      return seen.wanted;
    },
    onChunk: (chunk: Buffer): void => {
      received += chunk.length;
      if (seen.wanted && received > query.maxBytes) throw tooLarge(query.maxBytes);
      chunks.push(chunk);
      if (!seen.wanted && received >= DRAIN_BYTES) flow?.stop();
    },
  };
  await exchange(query, options, receiver, signal).catch((thrown: unknown) => {
    const harmless = thrown instanceof Tofu3Error && thrown.stage === "body" && seen.answer !== null && !seen.wanted;
    if (!harmless || signal.aborted) throw thrown;
  });
  const { answer, declared } = seen;
  if (answer === null) throw new Tofu3Error("E_BUG", "an exchange without an answer", { stage: "http" });
  if (declared !== null && declared !== received)
    throw new Tofu3Error("E_CUT", `${received} of ${declared} bytes arrived`, { stage: "body" });
  return { ...answer, body: seen.wanted ? Buffer.concat(chunks) : Buffer.concat(chunks).subarray(0, DRAIN_BYTES) };
}
