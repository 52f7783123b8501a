import { asError, Tofu3Error } from "../../errors.ts";
import type { ImageJob } from "../../model/job.ts";
import { manifestName, pinOf } from "../../model/subject.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { kindOfMediaType } from "../../oci/mediatype.ts";
import { contradictionOf, givenDocument, nameOf, readDocument } from "./document.ts";
import type { Document } from "./document.ts";
import { overlong, tellMismatch } from "../fetch/mismatch.ts";
import { createGate } from "../../parallel.ts";
import type { Gate } from "../../parallel.ts";
import type { Session } from "../fetch/session.ts";
import { seenIn } from "./tree.ts";
import type { Place } from "./tree.ts";

/** Entries of all documents of one artifact. */
const MOST_ENTRIES = 10_000;
const DOCUMENTS_AT_A_TIME = 32;

/** Bytes of indexes and manifests read or requested so far. */
interface Budget {
  bytes: number;
  entries: number;
}

/** One job on its way through the documents. */
export interface Walk {
  readonly session: Session;
  readonly job: ImageJob;
  readonly gate: Gate;
  /** Each document is fetched once, however often it is listed. */
  readonly documents: Map<string, Promise<Document>>;
  /**
   * The children of each opened document. Each is opened once, however often it is listed, but an index may be searched
   * in one place and taken whole in another.
   */
  readonly opened: Map<string, Place[]>;
  readonly signal: AbortSignal;
  readonly spent: Budget;
  matches: number;
}

export function createWalk(session: Session, job: ImageJob, signal: AbortSignal): Walk {
  return {
    session,
    job,
    gate: createGate(DOCUMENTS_AT_A_TIME),
    documents: new Map(),
    opened: new Map(),
    signal,
    spent: { bytes: 0, entries: 1 },
    matches: 0,
  };
}

/**
 * Reads the document of a place, once however often it is listed, and compares it with its descriptor. What is wrong is
 * stored at the place; nothing is thrown.
 */
export async function readInto(walk: Walk, place: Place): Promise<void> {
  try {
    const document = await documentOf(walk, place);
    place.document = document;
    place.seen = seenIn(document);
    place.role = (document.manifest?.kind ?? kindOfMediaType(document.mediaType)) === "index" ? "index" : "manifest";
    if (place.descriptor === null) announce(walk.session, document);
    place.error =
      document.error ?? (place.descriptor === null ? null : contradictionOf(walk.session, document, place.descriptor));
  } catch (thrown) {
    place.error = overlongAt(walk, place, thrown) ?? asError(thrown);
  }
  tellMismatch(walk.session, place.error);
}

/** A document longer than its descriptor says is a view, even though it is not read to its end. */
function overlongAt({ session }: Walk, place: Place, thrown: unknown): Tofu3Error | null {
  const { descriptor } = place;
  if (descriptor === null || place.seen !== null) return null;
  const error = overlong(nameOf(session, descriptor.digest), descriptor, thrown, mostBytesOf(session, descriptor));
  if (error !== null) place.seen = { computed: null, size: descriptor.size ?? 0 };
  return error;
}

/** Unlimited by the descriptor for schema 1, where nothing says which bytes a descriptor counts. */
function mostBytesOf({ limits }: Session, descriptor: Descriptor | null): number {
  const sized = descriptor !== null && kindOfMediaType(descriptor.mediaType) !== "schema1";
  return Math.min(sized ? (descriptor.size ?? Infinity) : Infinity, limits.manifestBytes);
}

function documentOf(walk: Walk, place: Place): Promise<Document> {
  const { subject } = walk.job;
  const asked = place.asked ?? manifestName(subject);
  const known = walk.documents.get(asked);
  if (known !== undefined) return known;
  const { session } = walk;
  const read = walk.gate(async () => {
    const maxBytes = mostBytesOf(session, place.descriptor);
    const isRoot = place.descriptor === null;
    const { given } = walk.job;
    const received = await withinBudget(walk, place.descriptor?.size ?? 0, async () =>
      given?.digest === asked
        ? givenDocument(session, given)
        : readDocument(session, asked, { pin: isRoot ? pinOf(subject) : null, maxBytes, isRoot }, walk.signal),
    );
    const document = received.error === null ? await kept(session, received) : received;
    if (place.descriptor !== null)
      session.watch({ kind: "bytes", worker: session.vantage.name, bytes: document.bytes.length });
    if (place.descriptor !== null) session.watch({ kind: "object", worker: session.vantage.name });
    return document;
  });
  walk.documents.set(asked, read);
  return read;
}

/** What was received is a view, even if it cannot be kept. */
async function kept(session: Session, document: Document): Promise<Document> {
  try {
    await session.keep?.document(document.computed, document.bytes);
    return document;
  } catch (thrown) {
    return { ...document, error: asError(thrown) };
  }
}

/** Counts an index's declared size before the request, and the received size once it is there. Throws E_LIMIT. */
async function withinBudget(walk: Walk, declared: number, read: () => Promise<Document>): Promise<Document> {
  const { spent } = walk;
  const { documentBytes, manifestBytes } = walk.session.limits;
  if (spent.bytes + declared > documentBytes) {
    throw new Tofu3Error("E_LIMIT", `the artifact has more than ${documentBytes} bytes of indexes and manifests`, {
      stage: "body",
      hint: "select less with --platform, or raise limits.documentBytes in the configuration",
    });
  }
  spent.bytes += declared;
  try {
    const document = await read();
    spent.bytes += document.bytes.length - declared;
    return document;
  } catch (thrown) {
    if (thrown instanceof Tofu3Error && thrown.code === "E_TOO_LARGE") spent.bytes += manifestBytes;
    throw thrown;
  }
}

function announce(session: Session, document: Document): void {
  const worker = session.vantage.name;
  const bytes = document.bytes.length;
  session.book.claimedDigest = document.claimed;
  session.witness?.(worker, document.computed, document.bytes, document.manifest);
  session.watch({
    kind: "root",
    worker,
    digest: document.computed,
    mediaType: document.guessed ? null : document.mediaType,
  });
  session.watch({ kind: "wanted", worker, objects: 1, bytes });
  session.watch({ kind: "bytes", worker, bytes });
  session.watch({ kind: "object", worker });
}

/** Throws E_LIMIT. */
export function spendEntries(walk: Walk, entries: number): void {
  walk.spent.entries += entries;
  if (walk.spent.entries <= MOST_ENTRIES) return;
  throw new Tofu3Error("E_LIMIT", `the artifact has more than ${MOST_ENTRIES} objects`, {
    stage: "body",
    hint: "select less with --platform",
  });
}
