import type { Digest } from "../../oci/digest.ts";

/** A file on the shelf. Times are milliseconds since 1970. */
interface Item {
  size: number;
  usedAt: number;
  /** When the disk was last told of its use. */
  notedAt: number;
  /** The folders of the repositories that may give it out. */
  readonly rights: Set<string>;
  /** What the file looked like when its bytes were hashed; null if they were not since the start. */
  stamp: string | null;
}

/** What lies on the shelf, who may have it, and what may not go; all of it in memory, the least used first. */
export class Stock {
  readonly #items = new Map<Digest, Item>();
  readonly #repositories = new Map<string, Set<Digest>>();
  /** How many need it right now. */
  readonly #held = new Map<Digest, number>();
  /** How many tags name it. */
  readonly #named = new Map<Digest, number>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get digests(): readonly Digest[] {
    return [...this.#items.keys()];
  }

  sizeOf(digest: Digest): number | null {
    return this.#items.get(digest)?.size ?? null;
  }

  /** What was put before stays, but for the size, and for the stamp of what it was. */
  put(digest: Digest, size: number, now: number): void {
    const item = this.#items.get(digest);
    this.#bytes += size - (item?.size ?? 0);
    if (item === undefined)
      this.#items.set(digest, { size, usedAt: now, notedAt: now, rights: new Set(), stamp: null });
    else {
      item.size = size;
      item.stamp = null;
      this.use(digest, now);
    }
  }

  /** The folders of the repositories that had it. */
  remove(digest: Digest): readonly string[] {
    const item = this.#items.get(digest);
    if (item === undefined) return [];
    this.#items.delete(digest);
    this.#bytes -= item.size;
    for (const folder of item.rights) this.#repositories.get(folder)?.delete(digest);
    return [...item.rights];
  }

  stampOf(digest: Digest): string | null {
    return this.#items.get(digest)?.stamp ?? null;
  }

  stamp(digest: Digest, stamp: string): void {
    const item = this.#items.get(digest);
    if (item !== undefined) item.stamp = stamp;
  }

  rightsOf(digest: Digest): readonly string[] {
    return [...(this.#items.get(digest)?.rights ?? [])];
  }

  objectsOf(folder: string): readonly Digest[] {
    return [...(this.#repositories.get(folder) ?? [])];
  }

  mayGive(folder: string, digest: Digest): boolean {
    return this.#items.get(digest)?.rights.has(folder) === true;
  }

  grant(folder: string, digest: Digest): void {
    const item = this.#items.get(digest);
    if (item === undefined) return;
    item.rights.add(folder);
    const objects = this.#repositories.get(folder) ?? new Set();
    this.#repositories.set(folder, objects.add(digest));
  }

  revoke(folder: string, digest: Digest): void {
    this.#items.get(digest)?.rights.delete(folder);
    this.#repositories.get(folder)?.delete(digest);
  }

  use(digest: Digest, now: number): void {
    const item = this.#items.get(digest);
    if (item === undefined) return;
    item.usedAt = now;
    this.#items.delete(digest);
    this.#items.set(digest, item);
  }

  /** Whether the disk should be told of a use, which from now on it was. */
  shouldNote(digest: Digest, now: number, everyMs: number): boolean {
    const item = this.#items.get(digest);
    if (item === undefined || now - item.notedAt < everyMs) return false;
    item.notedAt = now;
    return true;
  }

  /** What the disk remembers of earlier uses; the latest counts. Sort it afterwards. */
  remember(digest: Digest, usedAt: number): void {
    const item = this.#items.get(digest);
    if (item === undefined) return;
    item.usedAt = Math.max(item.usedAt, usedAt);
    item.notedAt = item.usedAt;
  }

  sort(): void {
    const items = [...this.#items].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    this.#items.clear();
    for (const [digest, item] of items) this.#items.set(digest, item);
  }

  /** Idempotent undo. */
  hold(digest: Digest): () => void {
    return counted(this.#held, digest);
  }

  /** Idempotent undo. */
  name(digest: Digest): () => void {
    return counted(this.#named, digest);
  }

  isFree(digest: Digest): boolean {
    return !this.#held.has(digest) && !this.#named.has(digest);
  }

  /** The least used that may go, of `bytes` together or more; null if there are not so many. */
  leastUsed(bytes: number): readonly Digest[] | null {
    const chosen: Digest[] = [];
    let sum = 0;
    for (const [digest, { size }] of this.#items) {
      if (sum >= bytes) break;
      if (!this.isFree(digest) || size === 0) continue;
      chosen.push(digest);
      sum += size;
    }
    return sum >= bytes ? chosen : null;
  }
}

function counted(counts: Map<Digest, number>, digest: Digest): () => void {
  counts.set(digest, (counts.get(digest) ?? 0) + 1);
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    const left = (counts.get(digest) ?? 1) - 1;
    if (left === 0) counts.delete(digest);
    else counts.set(digest, left);
  };
}
