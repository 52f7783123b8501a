import { Tofu3Error } from "../../errors.ts";
import { parseContentRange } from "../../oci/contentrange.ts";
import { algorithmOf } from "../../oci/digest.ts";
import type { Digest } from "../../oci/digest.ts";
import { valueOf } from "../../http/strict.ts";
import type { Content } from "../../http/transport.ts";
import { currentPass } from "./authority.ts";
import { follow, queryFor } from "./exchange.ts";
import type { Send } from "./exchange.ts";
import { mismatch } from "./mismatch.ts";
import { noteAnswer, noteUnexpected } from "./notebook.ts";
import { refusalOf } from "./refusal.ts";
import { apiUrl, isOrigin } from "./registry.ts";
import { withRetries } from "./retry.ts";
import type { Session } from "./session.ts";

export interface BlobRequest {
  readonly digest: Digest;
  /** Null if the parent gives none: schema 1. */
  readonly size: number | null;
  /** The media type of an index entry of unknown kind; null for blobs of a manifest. */
  readonly entry: string | null;
}

export interface Fetched {
  /** Null if there were more than `wanted.size` bytes. */
  readonly computed: Digest | null;
  readonly size: number;
  /** E_MISMATCH, or null. */
  readonly error: Tofu3Error | null;
}

/** Statuses that storage hosts send for an expired signed URL. */
const ENDED: ReadonlySet<number> = new Set([400, 403, 404, 410]);
const MOST_WALKS = 3;

/** One blob download. */
interface Download {
  readonly session: Session;
  readonly wanted: BlobRequest;
  readonly what: string;
  readonly url: URL;
  readonly accept: string;
  readonly meter: Meter;
}

interface Meter {
  readonly onBytes: (bytes: number) => void;
  /** The next bytes start at offset 0 again. */
  readonly restart: () => void;
}

/** The start of a cut body; the rest of it can be requested. */
interface Start {
  readonly size: number;
  readonly more: NonNullable<Content["more"]>;
  readonly discard: () => void;
  readonly url: URL;
  readonly etag: string;
  readonly total: number;
}

/**
 * Fetches one blob, hashed where it arrives. A cut body is resumed with a Range request where that is safe, otherwise
 * fetched again; a body joined from parts that does not match is fetched once more in one piece before it counts.
 * Throws the fault that ended it, E_LIMIT for a blob larger than allowed.
 */
export async function fetchBlob(session: Session, wanted: BlobRequest, signal: AbortSignal): Promise<Fetched> {
  const { registry, limits } = session;
  const what = `blob ${wanted.digest} of ${registry.name}/${registry.repository}`;
  if (wanted.size !== null && wanted.size > limits.blobBytes) {
    throw new Tofu3Error(
      "E_LIMIT",
      `${what} has ${wanted.size} bytes, more than the ${limits.blobBytes} that are allowed`,
      {
        hint: "raise limits.blobBytes in the configuration",
      },
    );
  }
  const meter = createMeter(session);
  const asBlob = { session, wanted, what, url: apiUrl(registry, `blobs/${wanted.digest}`), accept: "*/*", meter };
  const fetched =
    wanted.entry === null ? await fetchDownload(asBlob, signal) : await fetchEntry(asBlob, wanted.entry, signal);
  if (fetched.error === null) session.keep?.landed?.(wanted.digest, fetched.size);
  return fetched;
}

async function fetchDownload(download: Download, signal: AbortSignal): Promise<Fetched> {
  const first = await fetchInParts(download, true, signal);
  return first.joined && first.error !== null ? fetchInParts(download, false, signal) : first;
}

/**
 * The entries of an index are manifests, even those of unknown kind (distribution-spec 1.1, "Pulling manifests"). But
 * some tools list blobs in an index, such as BuildKit for its cache, and registries serve those as blobs.
 */
async function fetchEntry(asBlob: Download, mediaType: string, signal: AbortSignal): Promise<Fetched> {
  const { registry } = asBlob.session;
  const url = apiUrl(registry, `manifests/${asBlob.wanted.digest}`);
  try {
    return await fetchDownload({ ...asBlob, url, accept: `${mediaType}, */*` }, signal);
  } catch (thrown) {
    if (!(thrown instanceof Tofu3Error) || thrown.code !== "E_NOT_FOUND") throw thrown;
    return fetchDownload(asBlob, signal);
  }
}

async function fetchInParts(
  download: Download,
  mayJoin: boolean,
  signal: AbortSignal,
): Promise<Fetched & { readonly joined: boolean }> {
  const state: { start: Start | null; joinedAt: number | null; url: URL } = {
    start: null,
    joinedAt: null,
    url: download.url,
  };
  const attempt = async (): Promise<Content> => {
    const known = state.start;
    state.start = null;
    const rest = known === null ? null : await fetchRest(download, known, signal);
    state.joinedAt = rest === null || known === null ? null : known.size;
    const { content, url } = rest ?? (await fetchWhole(download, signal));
    state.url = url;
    if (content.cut === null || isTooMuch(download.wanted, content)) return content;
    if (mayJoin) state.start = startOf(download.wanted, content, rest === null ? null : known, url);
    else content.discard?.();
    throw content.cut;
  };
  const content = await withRetries(download.session, download.url, attempt, () => state.joinedAt, signal);
  const compared = comparedWith(download, content);
  if (compared.error !== null) noteUnexpected(download.session.book, state.url, content, content.head, null);
  return { ...compared, joined: state.joinedAt !== null };
}

async function fetchWhole(
  download: Download,
  signal: AbortSignal,
): Promise<{ readonly content: Content; readonly url: URL }> {
  const { session, wanted, meter } = download;
  const extras = {
    algorithm: algorithmOf(wanted.digest),
    expectedBytes: wanted.size,
    keep: session.keep === null ? null : session.keep.blob(wanted.digest),
    onBytes: meter.onBytes,
  };
  const ask = {
    url: download.url,
    headers: [["accept", download.accept]] as const,
    maxBytes: wanted.size ?? session.limits.blobBytes,
  };
  const send: Send<Content> = (query, each) => {
    meter.restart();
    return session.transport.measure({ ...query, ...extras }, each);
  };
  for (let walks = 1; ; walks += 1) {
    const { answer, url } = await follow(session, ask, send, signal);
    if (answer.status === 200) return { content: answer, url };
    answer.discard?.();
    // a signed URL expires, even while the request waits for its turn: ask the registry for a new one
    const ended = !isOrigin(session.registry, url) && ENDED.has(answer.status);
    if (!ended || walks >= MOST_WALKS) throw refusalOf(download.what, answer, session.clock.now());
  }
}

/**
 * The rest of a body, from the URL that sent its start; null if the answer is not exactly that rest. RFC 9110 §14.4,
 * §13.1.5
 */
async function fetchRest(
  download: Download,
  start: Start,
  signal: AbortSignal,
): Promise<{ readonly content: Content; readonly url: URL } | null> {
  const { session } = download;
  const headers = [["accept", download.accept], ["range", `bytes=${start.size}-`], ["if-range", start.etag]] as const; // prettier-ignore
  const pass = isOrigin(session.registry, start.url) ? await currentPass(session, signal) : null;
  const ask = { url: start.url, headers, maxBytes: start.total - start.size };
  const content = await start.more(queryFor(session, ask, pass), signal);
  noteAnswer(session.book, start.url, content);
  const range = parseContentRange(valueOf(content.headers, "content-range") ?? "");
  const isRest = range?.first === start.size && range.last === start.total - 1 && range.total === start.total;
  if (content.status === 206 && isRest && valueOf(content.headers, "etag") === start.etag)
    return { content, url: start.url };
  content.discard?.();
  return null;
}

/**
 * What a Range request can resume after a cut; null, and discarded, if nothing can. Only a strong ETag shows that the
 * rest belongs to the same bytes. RFC 9110 §8.8.1
 */
function startOf(wanted: BlobRequest, content: Content, before: Start | null, url: URL): Start | null {
  const { more, size } = content;
  const discard = (): void => content.discard?.();
  const etag = before === null ? valueOf(content.headers, "etag") : before.etag;
  const length = valueOf(content.headers, "content-length");
  const total = before?.total ?? wanted.size ?? (length === null ? null : Number(length));
  const strong = etag !== null && /^"[\x21\x23-\x7e]*"$/.test(etag);
  if (more !== null && strong && total !== null && size > 0 && size < total) {
    return { size, more, discard, url: before?.url ?? url, etag, total };
  }
  discard();
  return null;
}

/** A body that exceeds its descriptor's size is other content, not a broken limit. */
function isTooMuch(wanted: BlobRequest, content: Content): boolean {
  return content.cut?.code === "E_TOO_LARGE" && wanted.size !== null;
}

function comparedWith(download: Download, content: Content): Fetched {
  const { wanted, what } = download;
  const seen = { computed: content.cut === null ? content.digest : null, size: content.size };
  const same = seen.computed === wanted.digest && (wanted.size === null || wanted.size === seen.size);
  return { ...seen, error: same ? null : mismatch(what, wanted, seen) };
}

/** Counts every byte for the notes, but each offset of the blob only once for progress. */
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
