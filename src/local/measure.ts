import { createHash } from "node:crypto";
import { Tofu3Error } from "../errors.ts";
import { parseDigest, type Digest } from "../oci/digest.ts";
import { orAborted } from "../http/deadline.ts";
import { exchange, type ExchangeOptions, type Flow, type Receiver } from "./exchange.ts";
import { openKeep, type KeepFile } from "./keep.ts";
import { DRAIN_BYTES } from "./read.ts";
import { declaredLength, tooLarge } from "../http/strict.ts";
import type { Answer, Content, ContentQuery, Query } from "../http/transport.ts";

const HEAD_BYTES = 4 * 1024;
/** Of content: enough to see what it is instead. */
const MOST_SHOWN = 100;

/** State shared by the parts of one body. */
interface Measurement {
  readonly query: ContentQuery;
  /** The connections for a query: parts may come from different hosts. */
  readonly optionsFor: (query: Query) => ExchangeOptions;
  readonly hash: ReturnType<typeof createHash>;
  /** Its first bytes. */
  head: Buffer;
  size: number;
  /** A part is in progress, or the body is complete. */
  taken: boolean;
}

/** One answer while its body arrives. `wanted`: it is content, not an error page. */
interface Part {
  answer: Answer | null;
  wanted: boolean;
  declared: number | null;
  received: number;
  head: Buffer;
  file: KeepFile | null;
}

/** See `Transport.measure`. */
export async function measureContent(
  query: ContentQuery,
  optionsFor: (query: Query) => ExchangeOptions,
  signal: AbortSignal,
): Promise<Content> {
  const body = { query, optionsFor, hash: createHash(query.algorithm), head: Buffer.alloc(0), size: 0, taken: false };
  return measurePart(query, body, signal);
}

async function measurePart(query: Query, body: Measurement, signal: AbortSignal): Promise<Content> {
  if (body.taken) throw new Tofu3Error("E_BUG", "two parts of one body at once", { stage: "http" });
  body.taken = true;
  const part: Part = { answer: null, wanted: false, declared: null, received: 0, head: Buffer.alloc(0), file: null };
  const continued = body.size > 0;
  try {
    const cut = await exchange(query, body.optionsFor(query), receiverOf(query, body, part), signal).then(
      () => shortage(part),
      (thrown: unknown) => cutOf(part, thrown, signal),
    );
    if (part.file !== null) await orAborted(part.file.finish(), signal);
    return contentOf(part, body, cut, continued);
  } catch (thrown) {
    // nothing of this part was hashed, so another one may still continue the body
    if (part.received === 0 && part.file === null) body.taken = false;
    await orAborted(part.file?.discard() ?? Promise.resolve(), signal).catch(() => undefined);
    throw thrown;
  }
}

function receiverOf(query: Query, body: Measurement, part: Part): Receiver {
  let flow: Flow | null = null;
  return {
    onAnswer: (answer, given) => {
      flow = given;
      part.answer = answer;
      // a whole body after some part would be hashed twice
      part.wanted = answer.status === 206 || (answer.status === 200 && body.size === 0);
      if (!part.wanted) return false;
      part.declared = declaredLength(answer.status, answer.headers);
      const { keep } = body.query;
      if (keep !== null)
        part.file = openKeep(keep, body.size, { onRoom: () => given.resume(), onFault: (fault) => given.fail(fault) });
      return true;
    },
    onChunk: (chunk) => {
      part.received += chunk.length;
      if (!part.wanted) {
        if (part.head.length < HEAD_BYTES) part.head = Buffer.concat([part.head, chunk]).subarray(0, HEAD_BYTES);
        if (part.received >= DRAIN_BYTES) flow?.stop();
        return;
      }
      if (part.received > query.maxBytes) throw tooLarge(query.maxBytes);
      body.hash.update(chunk);
      if (body.head.length < MOST_SHOWN)
        body.head = Buffer.concat([body.head, chunk.subarray(0, MOST_SHOWN - body.head.length)]);
      body.size += chunk.length;
      body.query.onBytes(chunk.length);
      if (part.file?.write(chunk) === false) flow?.pause();
    },
  };
}

function shortage(part: Part): Tofu3Error | null {
  if (!part.wanted || part.declared === null || part.declared === part.received) return null;
  return new Tofu3Error("E_CUT", `${part.received} of ${part.declared} bytes arrived`, { stage: "body" });
}

const CUTS: readonly string[] = ["E_CUT", "E_TIMEOUT", "E_FRAMING", "E_TOO_LARGE"];

/**
 * The fault as the reason for a cut; null if it hit the body of an error answer, which nobody needs. Rethrows anything
 * that is not a cut.
 */
function cutOf(part: Part, thrown: unknown, signal: AbortSignal): Tofu3Error | null {
  signal.throwIfAborted();
  if (part.answer === null || !(thrown instanceof Tofu3Error) || thrown.stage !== "body" || !CUTS.includes(thrown.code))
    throw thrown;
  return part.wanted ? thrown : null;
}

function contentOf(part: Part, body: Measurement, cut: Tofu3Error | null, continued: boolean): Content {
  if (part.answer === null) throw new Tofu3Error("E_BUG", "an exchange without an answer", { stage: "http" });
  const complete = part.wanted && cut === null;
  const resumable = cut === null ? !part.wanted && continued : cut.code === "E_CUT" || cut.code === "E_TIMEOUT";
  body.taken = !resumable;
  return {
    ...part.answer,
    size: body.size,
    digest: complete ? digestOf(body) : null,
    cut,
    // a part that nobody asked for is refused, and its bytes say nothing
    head: part.answer.status === 200 && part.wanted ? body.head : part.head,
    more: resumable ? (query, signal) => measurePart(query, body, signal) : null,
  };
}

function digestOf(body: Measurement): Digest {
  return parseDigest(`${body.query.algorithm}:${body.hash.digest("hex")}`);
}
