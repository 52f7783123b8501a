import { setMaxListeners } from "node:events";

/**
 * How many questions are under way at once, in all and at one registry. How many requests that makes on the wire is for
 * each vantage to decide.
 */
const MOST = 512;
const MOST_EACH = 256;

/** The questions for one registry. */
interface Line {
  /** Called with false once the registry is asked no more. */
  readonly waiting: ((go: boolean) => void)[];
  running: number;
  /** How many may be under way. The first goes alone: it tells what the registry allows, and gets the token. */
  most: number;
  /** How often it has asked for patience. */
  slowed: number;
  /** It asked for patience until then, by the clock of `performance`. */
  notBefore: number;
  /** As its headers say; null if they do not. */
  left: number | null;
  /** Why it is asked no more. */
  closed: string | null;
}

/**
 * Takes turns between registries, and asks each of them politely: one that wants patience, or allows no more, keeps
 * only its own questions waiting.
 */
export class Turns {
  readonly #lines = new Map<string, Line>();
  #running = 0;
  /** Why nothing is asked any more, anywhere. */
  #closed: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** Runs `work` when it is its turn; returns the reason, as a clause, if the registry is asked no more by then. */
  async take<T>(
    registry: string,
    work: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | { readonly closed: string }> {
    const line = this.#lineOf(registry);
    if (!(await this.#wait(line, signal))) return { closed: line.closed ?? "it is asked no more" };
    const { slowed } = line;
    try {
      return await work();
    } finally {
      line.running -= 1;
      this.#running -= 1;
      // one that was asked before the registry wanted patience says nothing about it
      if (slowed === line.slowed) line.most = slowed === 0 ? MOST_EACH : Math.min(MOST_EACH, line.most + 1);
      this.#pump();
    }
  }

  /** The registry wants to be left alone for so long; it is asked one by one then, and one more with each answer. */
  slow(registry: string, ms: number): void {
    const line = this.#lineOf(registry);
    line.most = 1;
    line.slowed += 1;
    line.notBefore = Math.max(line.notBefore, performance.now() + ms);
  }

  /** What the registry still allows. */
  allow(registry: string, left: number, why: string): void {
    const line = this.#lineOf(registry);
    line.left = left;
    if (left <= 0) this.close(registry, why);
  }

  /** Nothing more is asked there. */
  close(registry: string, why: string): void {
    const line = this.#lineOf(registry);
    line.closed ??= why;
    this.#pump();
  }

  closeAll(why: string): void {
    this.#closed ??= why;
    for (const registry of this.#lines.keys()) this.close(registry, why);
  }

  #lineOf(registry: string): Line {
    const known = this.#lines.get(registry);
    if (known !== undefined) return known;
    const line: Line = { waiting: [], running: 0, most: 1, slowed: 0, notBefore: 0, left: null, closed: this.#closed };
    this.#lines.set(registry, line);
    return line;
  }

  #wait(line: Line, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        line.waiting.splice(line.waiting.indexOf(settle), 1);
        reject(signal.reason as Error);
      };
      const settle = (go: boolean): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(go);
      };
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      setMaxListeners(0, signal);
      signal.addEventListener("abort", onAbort, { once: true });
      line.waiting.push(settle);
      this.#pump();
    });
  }

  /** Lets go whoever may: one of each registry in turn. */
  #pump(): void {
    let soonest = Infinity;
    for (let moved = true; moved;) {
      moved = false;
      for (const [registry, line] of this.#lines) {
        if (line.waiting.length === 0) continue;
        if (line.closed !== null) {
          for (const settle of line.waiting.splice(0)) settle(false);
          continue;
        }
        const wait = line.notBefore - performance.now();
        if (wait > 0) soonest = Math.min(soonest, wait);
        else if (this.#mayGo(line)) {
          line.running += 1;
          this.#running += 1;
          line.waiting.shift()?.(true);
          moved = true;
          // the next round begins behind this one
          this.#lines.delete(registry);
          this.#lines.set(registry, line);
          break;
        }
      }
    }
    if (soonest !== Infinity) this.#pumpIn(soonest);
  }

  #mayGo({ running, most, left }: Line): boolean {
    return running < Math.min(most, left ?? most) && this.#running < MOST;
  }

  #pumpIn(ms: number): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#pump();
    }, Math.ceil(ms));
  }
}
