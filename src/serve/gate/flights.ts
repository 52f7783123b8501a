import type { FlightView } from "./gate.ts";

/** What a flight brings, by key. Everybody who waits for one key gets the same. */
export type Landings<T> = ReadonlyMap<string, T>;

/** One question to the vantages, whoever waits for it. It outlives whoever began it. */
export interface Flight<T> {
  readonly landed: Promise<Landings<T>>;
  waiting: number;
}

/** Documents are small and block everything else: they do not wait behind layers. */
export type Lane = "documents" | "blobs";

interface Entry<T> extends Flight<T> {
  readonly what: string;
  readonly since: Date;
  readonly begin: () => void;
  isQueued: boolean;
}

/** At most so many flights at a time in each lane, the others in order; one flight for each key. */
export class Flights<T> {
  readonly #byKey = new Map<string, Entry<T>>();
  readonly #lanes: Readonly<Record<Lane, { running: number; readonly queue: Entry<T>[] }>> = {
    documents: { running: 0, queue: [] },
    blobs: { running: 0, queue: [] },
  };
  readonly #atOnce: number;
  readonly #now: () => Date;
  #isClosed = false;

  constructor(atOnce: number, now: () => Date) {
    this.#atOnce = atOnce;
    this.#now = now;
  }

  /** The flight that brings this key; null if there is none. */
  find(key: string): Flight<T> | null {
    return this.#byKey.get(key) ?? null;
  }

  /** How many wait for their turn. */
  queuedIn(lane: Lane): number {
    return this.#lanes[lane].queue.length;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Begins one for keys that no flight brings; `work` never rejects, and brings all of them. */
  start(keys: readonly string[], what: string, lane: Lane, work: () => Promise<Landings<T>>): Flight<T> {
    const { promise, resolve } = withResolvers<Landings<T>>();
    const run = async (): Promise<void> => {
      const landings = await work();
      for (const key of keys) this.#byKey.delete(key);
      this.#lanes[lane].running -= 1;
      this.#next(lane);
      resolve(landings);
    };
    const entry = {
      landed: promise,
      waiting: 0,
      what,
      since: this.#now(),
      begin: () => void run(),
      isQueued: true,
    };
    for (const key of keys) this.#byKey.set(key, entry);
    this.#lanes[lane].queue.push(entry);
    this.#next(lane);
    return entry;
  }

  views(): readonly FlightView[] {
    return [...new Set(this.#byKey.values())].map(({ what, since, waiting, isQueued }) => ({
      what,
      since: since.toISOString(),
      waiting,
      isQueued,
    }));
  }

  /** Those under way end by themselves, and those that wait have their turn: whoever closes makes them short. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#byKey.size > 0) await Promise.all([...this.#byKey.values()].map(({ landed }) => landed));
  }

  #next(lane: Lane): void {
    const { queue } = this.#lanes[lane];
    while (this.#lanes[lane].running < this.#atOnce) {
      const entry = queue.shift();
      if (entry === undefined) return;
      this.#lanes[lane].running += 1;
      entry.isQueued = false;
      entry.begin();
    }
  }
}

/** As `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let settle: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => (settle = resolve));
  return { promise, resolve: (value) => settle(value) };
}
