import type { Stage } from "../../errors.ts";
import type { Fault, Observation } from "../../model/observation.ts";

/** So many failures of one worker, one after the other, and it is not tried again. Each has had its retries. */
const PATIENCE = 2;
const ON_THE_WAY: readonly (Stage | null)[] = ["dns", "connect", "tls"];

/** Where an audit gives up. */
export interface GivenUp {
  /** Null: everywhere, since the worker itself is not reached. */
  readonly registry: string | null;
  /** A clause. */
  readonly why: string;
}

interface Streak {
  count: number;
  /** Questions from before this one failed for the same reason. */
  since: number;
}

/**
 * Notices that a worker does not get through to a registry, or is not reached itself: hundreds of further questions
 * would each wait as long, and no verdict is possible without it.
 */
export class Trouble {
  readonly #streaks = new Map<string, Streak>();
  #asked = 0;

  /** Call it when a question is asked, and hand what it returns to `after`. */
  begin(): number {
    return ++this.#asked;
  }

  /** Where to give up after these observations; null to go on. */
  after(
    question: number,
    registry: string,
    observations: readonly Pick<Observation, "worker" | "outcome" | "error">[],
  ): GivenUp | null {
    let found: GivenUp | null = null;
    for (const { worker, outcome, error } of observations) {
      if (error?.code === "E_RATE_LIMIT")
        found ??= { registry, why: `${registry} asks ${worker} to wait: ${error.message}` };
      const fault = outcome === "failed" ? error : null;
      const why = fault?.message ?? "";
      if (this.#count(question, worker, fault?.stage === "ssh"))
        found ??= { registry: null, why: `worker ${worker} is not reached: ${why}` };
      if (fault?.stage === "ssh") continue;
      if (this.#count(question, `${registry} ${worker}`, isStuck(fault)))
        found ??= { registry, why: `worker ${worker} does not get through to ${registry}: ${why}` };
    }
    return found;
  }

  /** Many questions are under way at once: those that fail together are one failure. */
  #count(question: number, name: string, failed: boolean): boolean {
    const streak = this.#streaks.get(name) ?? { count: 0, since: 0 };
    this.#streaks.set(name, streak);
    if (!failed) streak.count = 0;
    else if (question > streak.since) Object.assign(streak, { count: streak.count + 1, since: this.#asked });
    return streak.count >= PATIENCE;
  }
}

function isStuck(fault: Fault | null): boolean {
  return fault !== null && (ON_THE_WAY.includes(fault.stage) || fault.code === "E_TIMEOUT");
}
