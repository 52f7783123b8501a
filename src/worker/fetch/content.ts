import { parseContentRange } from "../../oci/contentrange.ts";
import type { Algorithm } from "../../oci/digest.ts";
import { valueOf } from "../../http/strict.ts";
import type { Answer, Content } from "../../http/transport.ts";
import { currentPass } from "./authority.ts";
import { follow, queryFor } from "./exchange.ts";
import type { Send } from "./exchange.ts";
import { noteAnswer } from "./notebook.ts";
import { refusalOf } from "./refusal.ts";
import { isOrigin } from "./registry.ts";
import { withRetries } from "./retry.ts";
import type { Session } from "./session.ts";

/** One body to measure. */
export interface Download {
  readonly session: Session;
  /** What it is called in messages: `blob sha256:… of docker.io/a/b`. */
  readonly what: string;
  readonly url: URL;
  readonly accept: string;
  readonly algorithm: Algorithm;
  /** Null if nobody knows. */
  readonly size: number | null;
  /** Of a body whose size is not known. */
  readonly mostBytes: number;
  /** File that receives the bytes; null to keep nothing. */
  readonly keep: string | null;
  /**
   * Where the rest of a cut body is asked for, and null if it should not be: the URL that sent its start, unless given.
   */
  readonly restAt?: (sent: URL, signal: AbortSignal) => Promise<URL | null>;
}

/** A complete body, or one that is longer than its size. */
export interface Measured {
  readonly content: Content;
  /** The URL that sent it, or its last part. */
  readonly url: URL;
  /** The answer that it began with, and its first bytes where anybody can tell. */
  readonly opening: Answer & Pick<Content, "head">;
  /** It was put together from parts. */
  readonly joined: boolean;
}

/** Statuses that storage hosts send for an expired signed URL. */
const ENDED: ReadonlySet<number> = new Set([400, 403, 404, 410]);
const MOST_WALKS = 3;

interface Meter {
  readonly onBytes: (bytes: number) => void;
  /** The next bytes start at offset 0 again. */
  readonly restart: () => void;
}

/** A download with its meter. */
interface Running extends Download {
  readonly meter: Meter;
}

/** The start of a cut body; the rest of it can be requested. */
interface Start {
  readonly size: number;
  readonly more: NonNullable<Content["more"]>;
  readonly discard: () => void;
  readonly url: URL;
  readonly etag: string;
  readonly total: number;
  readonly opening: Measured["opening"];
}

interface Part {
  readonly content: Content;
  readonly url: URL;
}

/**
 * Fetches a body, hashed where it arrives. A cut body is resumed with a Range request where that is safe, otherwise
 * fetched again; a body joined from parts that is not `right` is fetched once more in one piece before it counts. Throws
 * the fault that ended it.
 */
export async function measureBody(
  download: Download,
  right: (measured: Measured) => boolean,
  signal: AbortSignal,
): Promise<Measured> {
  const running = { ...download, meter: createMeter(download.session) };
  const first = await measureInParts(running, true, signal);
  return first.joined && !right(first) ? measureInParts(running, false, signal) : first;
}

async function measureInParts(download: Running, mayJoin: boolean, signal: AbortSignal): Promise<Measured> {
  const state: { start: Start | null; joinedAt: number | null } = { start: null, joinedAt: null };
  const attempt = async (): Promise<Omit<Measured, "joined">> => {
    const known = state.start;
    state.start = null;
    const rest = known === null ? null : await fetchRest(download, known, signal);
    state.joinedAt = rest === null || known === null ? null : known.size;
    const { content, url } = rest ?? (await fetchWhole(download, signal));
    const opening = rest === null || known === null ? content : known.opening;
    if (content.cut === null || isTooMuch(download, content)) return { content, url, opening };
    if (mayJoin) state.start = startOf(download, { content, url }, opening, rest === null ? null : known);
    else content.discard?.();
    throw content.cut;
  };
  const measured = await withRetries(download.session, download.url, attempt, () => state.joinedAt, signal);
  return { ...measured, joined: state.joinedAt !== null };
}

async function fetchWhole(download: Running, signal: AbortSignal): Promise<Part> {
  const { session, meter, algorithm, size, keep } = download;
  const extras = { algorithm, expectedBytes: size, keep, onBytes: meter.onBytes };
  const ask = {
    url: download.url,
    headers: [["accept", download.accept]] as const,
    maxBytes: size ?? download.mostBytes,
  };
  const send: Send<Content> = (query, each) => {
    meter.restart();
    return session.transport.measure({ ...query, ...extras }, each);
  };
  for (let walks = 1; ; walks += 1) {
    const { answer, url } = await follow(session, ask, send, signal);
    if (answer.status === 200) return { content: answer, url };
    answer.discard?.();
    // a signed URL expires, even while the request waits for its turn: ask for a new one
    const ended = !isOrigin(session.registry, url) && ENDED.has(answer.status);
    if (!ended || walks >= MOST_WALKS) throw refusalOf(download.what, answer, session);
  }
}

/** The rest of a body; null if the answer is not exactly that rest. RFC 9110 §14.4, §13.1.5 */
async function fetchRest(download: Running, start: Start, signal: AbortSignal): Promise<Part | null> {
  const { session, restAt } = download;
  const url = restAt === undefined ? start.url : await restAt(start.url, signal);
  if (url === null) {
    start.discard();
    return null;
  }
  const headers = [["accept", download.accept], ["range", `bytes=${start.size}-`], ["if-range", start.etag]] as const; // prettier-ignore
  const { registry } = session;
  const pass = isOrigin(registry, url) && !registry.isAnonymous ? await currentPass(session, signal) : null;
  const ask = { url, headers, maxBytes: start.total - start.size };
  const content = await start.more(queryFor(session, ask, pass), signal);
  noteAnswer(session.book, url, content);
  const range = parseContentRange(valueOf(content.headers, "content-range") ?? "");
  const isRest = range?.first === start.size && range.last === start.total - 1 && range.total === start.total;
  if (content.status === 206 && isRest && valueOf(content.headers, "etag") === start.etag) return { content, url };
  content.discard?.();
  return null;
}

/**
 * What a Range request can resume after a cut; null, and discarded, if nothing can. Only a strong ETag shows that the
 * rest belongs to the same bytes. RFC 9110 §8.8.1
 */
function startOf(
  download: Download,
  { content, url }: Part,
  opening: Measured["opening"],
  before: Start | null,
): Start | null {
  const { more, size } = content;
  const discard = (): void => content.discard?.();
  const etag = before === null ? valueOf(content.headers, "etag") : before.etag;
  const length = valueOf(content.headers, "content-length");
  const total = before?.total ?? download.size ?? (length === null ? null : Number(length));
  const strong = etag !== null && /^"[\x21\x23-\x7e]*"$/.test(etag);
  if (more !== null && strong && total !== null && size > 0 && size < total) {
    return { size, more, discard, url: before?.url ?? url, etag, total, opening };
  }
  discard();
  return null;
}

/** A body that exceeds its descriptor's size is other content, not a broken limit. */
function isTooMuch({ size }: Download, { cut }: Content): boolean {
  return cut?.code === "E_TOO_LARGE" && size !== null;
}

/** Counts every byte for the notes, but each offset of the body only once for progress. */
function createMeter(session: Session): Meter {
  let at = 0;
  let furthest = 0;
  return {
    onBytes(bytes) {
      session.book.bytes += bytes;
      at += bytes;
      if (at > furthest) session.watch({ kind: "bytes", worker: session.vantage.name, bytes: at - furthest });
      furthest = Math.max(at, furthest);
    },
    restart() {
      at = 0;
    },
  };
}
