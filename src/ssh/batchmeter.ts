import type { Batch } from "./queue.ts";

/**
 * Progress while a batch runs: what curl's meter says is spread over the contents in their order, and each of them is
 * corrected when it has ended.
 */
export class BatchMeter {
  readonly #items: Batch["items"];
  /** Whether curl's meter is that of all transfers together; otherwise each has a curl of its own, one after another. */
  readonly #together: boolean;
  readonly #told: number[];
  readonly #ended = new Set<number>();

  constructor(items: Batch["items"], together: boolean) {
    this.#items = items;
    this.#together = together;
    this.#told = items.map(() => 0);
  }

  advance(metered: number): void {
    const done = [...this.#ended].reduce((sum, at) => sum + (this.#told[at] ?? 0), 0);
    let rest = this.#together ? metered - done : metered;
    this.#items.forEach((item, at) => {
      if (item.kind !== "content" || this.#ended.has(at) || rest <= 0) return;
      const bytes = Math.min(rest, item.query.expectedBytes ?? item.query.maxBytes);
      rest -= bytes;
      if (bytes > (this.#told[at] ?? 0)) this.#tell(at, bytes);
    });
  }

  /** What has come of the content at this place in the end. */
  finish(at: number, bytes: number): void {
    this.#ended.add(at);
    this.#tell(at, bytes);
  }

  #tell(at: number, bytes: number): void {
    const [item, told = 0] = [this.#items[at], this.#told[at]];
    if (item?.kind === "content" && bytes !== told) item.query.onBytes(bytes - told);
    this.#told[at] = bytes;
  }
}
