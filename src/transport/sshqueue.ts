import type { Content, ContentQuery, Page, Query } from "./transport.ts";

interface Waiting {
  readonly signal: AbortSignal;
  /** Queries with the same key may share one curl. */
  readonly key: string;
  /** It was in a batch that died: it goes alone, and streamed. */
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

export type Work =
  | { readonly kind: "batch"; readonly mode: "r" | "256" | "512"; readonly items: readonly Pending[] }
  | { readonly kind: "stream"; readonly items: readonly [PendingContent] };

/** Larger blobs are streamed, hashed on the way, and never stored on the VM. */
const MOST_BATCHED_BYTES = 16 * 1024 * 1024;
/** What the files of one batch may take on the VM. */
const MOST_BATCH_BYTES = 64 * 1024 * 1024;
const MOST_BATCH_ITEMS = 256;

function isSmall(pending: Pending): boolean {
  return pending.kind === "read" || (!pending.alone && pending.query.expectedBytes !== null && pending.query.maxBytes <= MOST_BATCHED_BYTES);
}

function batchOf(first: Pending, queue: readonly Pending[]): Work {
  const items: Pending[] = [];
  let largest = 0;
  for (const each of queue) {
    if (each.key !== first.key || each.kind !== first.kind || !isSmall(each)) continue;
    const size = each.query.maxBytes;
    if (items.length >= MOST_BATCH_ITEMS || (items.length > 0 && Math.max(largest, size) * (items.length + 1) > MOST_BATCH_BYTES)) break;
    largest = Math.max(largest, size);
    items.push(each);
  }
  return { kind: "batch", mode: first.kind === "read" ? "r" : first.query.algorithm === "sha256" ? "256" : "512", items };
}

/** What the next idle shell should do: documents, then the largest streams, then batches of small blobs. Null when nothing waits. */
export function nextWork(queue: readonly Pending[]): Work | null {
  const document = queue.find((each) => each.kind === "read");
  if (document !== undefined) return batchOf(document, queue);
  const large = queue.filter((each): each is PendingContent => each.kind === "content" && !isSmall(each));
  large.sort((a, b) => b.query.maxBytes - a.query.maxBytes);
  const [largest] = large;
  const small = queue.find((each) => isSmall(each));
  if (small !== undefined && (largest === undefined || queue.indexOf(small) < queue.indexOf(largest))) return batchOf(small, queue);
  return largest === undefined ? null : { kind: "stream", items: [largest] };
}
