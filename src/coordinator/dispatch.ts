import { Tofu3Error, USAGE_CODES } from "../errors.ts";
import type { Job } from "../model/job.ts";
import type { Observation } from "../model/observation.ts";
import type { Watch } from "../model/progress.ts";
import type { Digest } from "../oci/digest.ts";
import type { Vantage } from "../worker/vantage.ts";
import { observe } from "../worker/walk.ts";

/** The usage-class trouble that a worker found in the artifact (nothing matches, it does not fit the destination); null when there is none. */
export function usageFaultOf(observation: Observation): Observation["error"] {
  const { error } = observation;
  return error !== null && USAGE_CODES.some((code) => code === error.code) ? error : null;
}

/**
 * The same job to every vantage at once, one observation each, in the order of the vantages. Two different roots stop the blob downloads of everybody:
 * gigabytes are not needed to disagree. Rejects only with the reason of `signal`.
 */
export async function dispatch(
  job: Job,
  vantages: readonly Vantage[],
  watch: Watch,
  signal: AbortSignal,
): Promise<readonly Observation[]> {
  const enough = new AbortController();
  const roots = new Set<Digest>();
  const listen: Watch = (progress) => {
    if (progress.kind === "root") roots.add(progress.digest);
    if (roots.size > 1) enough.abort(new Tofu3Error("E_STOPPED", "the workers already disagree"));
    watch(progress);
  };
  return Promise.all(
    vantages.map(async (vantage) => {
      const observation = await observe(job, vantage, listen, enough.signal, signal);
      if (usageFaultOf(observation) !== null) enough.abort(new Tofu3Error("E_STOPPED", "nothing can come of it"));
      return observation;
    }),
  );
}
