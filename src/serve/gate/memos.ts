interface Memo<T> {
  readonly value: T;
  readonly since: number;
  readonly until: number;
}

/** More are forgotten, the oldest first: who asks for a million names gets a million flights, not the memory. */
const MOST = 10_000;

/** Answers that are not asked for again for a while. */
export class Memos<T> {
  readonly #memos = new Map<string, Memo<T>>();
  readonly #now: () => Date;
  readonly #most: number;

  constructor(now: () => Date, most = MOST) {
    this.#now = now;
    this.#most = most;
  }

  keep(key: string, value: T, seconds: number): void {
    this.#memos.delete(key);
    const since = this.#now().getTime();
    this.#memos.set(key, { value, since, until: since + seconds * 1000 });
    const [oldest] = this.#memos.keys();
    if (this.#memos.size > this.#most && oldest !== undefined) this.#memos.delete(oldest);
  }

  find(key: string): T | null {
    const memo = this.#memos.get(key);
    if (memo === undefined) return null;
    const now = this.#now().getTime();
    // a clock that was set back makes nothing last longer
    if (memo.since <= now && now < memo.until) return memo.value;
    this.#memos.delete(key);
    return null;
  }

  forget(key: string): void {
    this.#memos.delete(key);
  }
}
