import { bits, type BatchMode } from "./job.ts";
import type { Receipt } from "../model/observation.ts";
import type { Content, ContentQuery, Page, Query, SeenCertificate } from "../http/transport.ts";

/** The job that a query belongs to. */
export interface Owner {
  /** A shell never serves two registries. */
  readonly registry: string;
  /** What it was told of the certificate of a host; null while it is being told. */
  readonly certified: Map<string, SeenCertificate | null>;
  /** The job has ended and no longer wants answers. */
  readonly over: AbortSignal;
  /** What the VM is to sign at the head of its receipts; null if it signs nothing for this job. */
  readonly question: string | null;
  /** What it signed. */
  readonly signed: Receipt[];
}

interface Waiting {
  readonly owner: Owner;
  readonly signal: AbortSignal;
  /** Queries with equal keys may share one curl; different registries have different keys. */
  readonly key: string;
  /** Its batch died, or had too little room for it. A blob now goes alone, as a stream; a document with few others. */
  readonly alone: boolean;
  readonly reject: (error: unknown) => void;
}

export interface PendingPage extends Waiting {
  readonly kind: "read";
  readonly query: Query;
  readonly resolve: (page: Page) => void;
}

export interface PendingContent extends Waiting {
  readonly kind: "content";
  readonly query: ContentQuery;
  readonly resolve: (content: Content) => void;
}

export type Pending = PendingPage | PendingContent;

/** Queries for one curl: at most 256, with at most 64 MiB of files. */
export interface Batch {
  readonly kind: "batch";
  readonly mode: BatchMode;
  readonly items: readonly [Pending, ...Pending[]];
  /** Bytes of room for each body; may be less than a document's limit. */
  readonly room: number;
}

export type Work = Batch | { readonly kind: "stream"; readonly items: readonly [PendingContent] };

/** Larger blobs are streamed: hashed on the way, never stored on the VM. */
const MOST_BATCHED_BYTES = 16 * 1024 * 1024;
/** The most that the files of one batch may take on the VM. */
const MOST_BATCH_BYTES = 64 * 1024 * 1024;
const MOST_BATCH_ITEMS = 256;

/** Shares a curl with others, and a shell with other jobs. */
export function isSmall(pending: Pending): boolean {
  return (
    pending.kind === "read" ||
    (!pending.alone && pending.query.expectedBytes !== null && pending.query.maxBytes <= MOST_BATCHED_BYTES)
  );
}

/**
 * Documents may be megabytes but are mostly a few thousand bytes: many share the room, and one that does not fit is
 * fetched again.
 */
function batchOf(first: Pending, queue: readonly Pending[]): Batch {
  const sharesRoom = first.kind === "read" && !first.alone;
  const others: Pending[] = [];
  let largest = first.query.maxBytes;
  for (const each of queue) {
    if (
      each === first ||
      each.key !== first.key ||
      each.kind !== first.kind ||
      each.alone !== first.alone ||
      !isSmall(each)
    )
      continue;
    const most = Math.max(largest, each.query.maxBytes);
    if (others.length + 1 >= MOST_BATCH_ITEMS || (!sharesRoom && most * (others.length + 2) > MOST_BATCH_BYTES)) break;
    largest = most;
    others.push(each);
  }
  const room = sharesRoom ? Math.min(largest, Math.floor(MOST_BATCH_BYTES / (others.length + 1))) : largest;
  return {
    kind: "batch",
    mode: first.kind === "read" ? "r" : bits(first.query.algorithm),
    items: [first, ...others],
    room,
  };
}

/**
 * The next work for an idle shell: documents first, then in order of arrival, but the largest of the large blobs first.
 * Null if nothing waits.
 */
export function nextWork(queue: readonly Pending[]): Work | null {
  const document = queue.find((each) => each.kind === "read");
  if (document !== undefined) return batchOf(document, queue);
  const [first] = queue;
  if (first === undefined) return null;
  if (isSmall(first)) return batchOf(first, queue);
  const large = queue.filter((each): each is PendingContent => each.kind === "content" && !isSmall(each));
  const [largest] = large.toSorted((one, other) => other.query.maxBytes - one.query.maxBytes);
  return largest === undefined ? null : { kind: "stream", items: [largest] };
}

/** The queue without what `work` takes. */
export function without(queue: readonly Pending[], work: Work): Pending[] {
  const taken = new Set<Pending>(work.items);
  return queue.filter((each) => !taken.has(each));
}

/** The number of works in the queue, counted up to `most`. */
export function countWorks(queue: readonly Pending[], most: number): number {
  let rest = queue;
  for (let count = 0; ; count++) {
    const work = count < most ? nextWork(rest) : null;
    if (work === null) return count;
    rest = without(rest, work);
  }
}
