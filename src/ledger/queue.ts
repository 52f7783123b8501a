import type { Entry, Verification } from "../model/record.ts";
import type { Subject } from "../model/subject.ts";

/** What is to be entered, and what its author made besides. */
export interface Made<T> {
  readonly verification: Verification;
  readonly result: T;
}

export interface Entered<T> {
  readonly entry: Entry;
  /** `sha256:…` of the line. */
  readonly hash: string;
  readonly result: T;
}

/** One that waits to be entered. It is settled once; what is said to it afterwards is of no effect. */
export interface Candidate {
  readonly subject: Subject;
  readonly signal: AbortSignal;
  /** Makes its verification; `entered` tells it where that stands. May throw. */
  readonly make: (past: readonly Entry[]) => {
    readonly verification: Verification;
    readonly entered: (entry: Entry, hash: string) => void;
  };
  readonly reject: (reason: unknown) => void;
}

/** Bounds how long others wait for the lock. */
const MOST_AT_ONCE = 256;

/** Commits one group after the other: whoever comes while one is under way belongs to the next. */
export class Queue {
  readonly #commit: (group: readonly Candidate[]) => Promise<void>;
  #waiting: Candidate[] = [];
  #running = false;

  /** `commit` settles everybody in the group; if it rejects, that is for all who were not settled. */
  constructor(commit: (group: readonly Candidate[]) => Promise<void>) {
    this.#commit = commit;
  }

  add<T>(subject: Subject, make: (past: readonly Entry[]) => Made<T>, signal: AbortSignal): Promise<Entered<T>> {
    return new Promise((resolve, reject) => {
      const makeOne: Candidate["make"] = (past) => {
        const { verification, result } = make(past);
        return { verification, entered: (entry, hash) => resolve({ entry, hash, result }) };
      };
      this.#waiting.push({ subject, signal, make: makeOne, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, MOST_AT_ONCE);
      await this.#commit(group).catch((error: unknown) => {
        for (const { signal, reject } of group) reject(signal.aborted ? signal.reason : error);
      });
    }
    this.#running = false;
  }
}
