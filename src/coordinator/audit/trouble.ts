import type { Stage } from "../../errors.ts";
import type { Observation } from "../../model/observation.ts";

/** So many failures of one worker in a row, and it is not tried again. */
const PATIENCE = 3;
const ON_THE_WAY: readonly (Stage | null)[] = ["dns", "connect", "tls"];

/** Where an audit gives up. */
export interface GivenUp {
  /** Null: everywhere, since the worker itself is not reached. */
  readonly registry: string | null;
  /** A sentence. */
  readonly why: string;
}

/**
 * Notices that a worker does not get through to a registry, or is not reached itself: hundreds of further questions
 * would each wait as long, and no verdict is possible without it.
 */
export class Trouble {
  readonly #inARow = new Map<string, number>();

  /** Where to give up after these observations; null to go on. */
  after(registry: string, observations: readonly Observation[]): GivenUp | null {
    let found: GivenUp | null = null;
    for (const { worker, outcome, error } of observations) {
      if (error?.code === "E_RATE_LIMIT")
        found ??= { registry, why: `${registry} asks ${worker} to wait: ${error.message}` };
      const lost = outcome === "failed" && error?.stage === "ssh";
      const stuck = outcome === "failed" && error !== null && ON_THE_WAY.includes(error.stage);
      const why = error?.message ?? "";
      if (this.#count(worker, lost)) found ??= { registry: null, why: `worker ${worker} is not reached: ${why}` };
      if (lost) continue;
      if (this.#count(`${registry} ${worker}`, stuck)) {
        found ??= { registry, why: `worker ${worker} does not get through to ${registry}: ${why}` };
      }
    }
    return found;
  }

  #count(name: string, failed: boolean): boolean {
    const count = failed ? (this.#inARow.get(name) ?? 0) + 1 : 0;
    this.#inARow.set(name, count);
    return count >= PATIENCE;
  }
}
