import { isUsage, Tofu3Error } from "../errors.ts";
import type { Job } from "../model/job.ts";
import type { Observation } from "../model/observation.ts";
import type { Progress, Watch } from "../model/progress.ts";
import type { Digest } from "../oci/digest.ts";
import { comparedType } from "../oci/mediatype.ts";
import type { Stops } from "../worker/walk/ending.ts";
import type { Vantage } from "../worker/vantage.ts";
import { look, type Hooks } from "../worker/walk/look.ts";
import { ENGINES } from "./vantages.ts";

/**
 * Once two workers contradict each other, or one was served false bytes, how long the others have to see their own root
 * and more: long enough for a report that covers every worker, short enough for an alarm.
 */
export const GRACE_MS = 5000;

/** Decides when to stop all workers early. It can only cut short what is a disagreement already. */
interface Brake {
  readonly stops: Stops;
  readonly listen: (progress: Progress) => void;
  /** A wrong request needs no blobs. Roots and documents are still fetched, so as not to miss a difference there. */
  readonly onUsageFault: () => void;
  readonly release: () => void;
}

function createBrake(): Brake {
  const [blobs, all] = [new AbortController(), new AbortController()];
  const roots = { digests: new Set<Digest>(), types: new Set<string>() };
  let grace: NodeJS.Timeout | undefined;
  const stop = (controller: AbortController, why: string): void => controller.abort(new Tofu3Error("E_STOPPED", why));
  const alarm = (why: string): void => {
    grace ??= setTimeout(() => stop(all, why), GRACE_MS);
  };
  return {
    stops: { blobs: blobs.signal, all: all.signal },
    listen: (progress) => {
      if (progress.kind === "mismatch") alarm("a worker was served false bytes");
      if (progress.kind === "root") {
        roots.digests.add(progress.digest);
        if (progress.mediaType !== null) roots.types.add(comparedType(progress.mediaType));
      }
      if (roots.digests.size < 2 && roots.types.size < 2) return;
      alarm("roots differ");
      stop(blobs, "roots differ");
    },
    onUsageFault: () => stop(blobs, "another worker cannot carry out the request"),
    release: () => clearTimeout(grace),
  };
}

/**
 * Sends the same job to every vantage at once; returns one observation each, in the order of the vantages. Two
 * different roots stop all blob downloads at once: gigabytes are not needed to disagree. Any alarm stops everything
 * GRACE_MS later. The first local vantage fills the quarantine. Rejects only with the reason of `signal`.
 */
export async function dispatch(
  job: Job,
  vantages: readonly Vantage[],
  { keep, admit, watch, witness }: Omit<Hooks, "stops">,
  signal: AbortSignal,
): Promise<readonly Observation[]> {
  const brake = createBrake();
  const listen: Watch = (progress) => {
    brake.listen(progress);
    watch(progress);
  };
  const keeper = vantages.find(({ via }) => ENGINES[via].keeps);
  try {
    return await Promise.all(
      vantages.map(async (vantage) => {
        const observation = await look(
          job,
          vantage,
          { keep: vantage === keeper ? keep : null, admit, witness, watch: listen, stops: brake.stops },
          signal,
        );
        if (observation.error !== null && isUsage(observation.error.code)) brake.onUsageFault();
        return observation;
      }),
    );
  } finally {
    brake.release();
  }
}
