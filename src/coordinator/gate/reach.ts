import { asError, Tofu3Error } from "../../errors.ts";
import { orAborted, within } from "../../http/deadline.ts";
import type { Fault } from "../../model/observation.ts";
import type { Vantage } from "../../worker/vantage.ts";
import { faultFrom } from "../../worker/walk/ending.ts";

/** By worker, whether it takes a job that asks nobody anything, within so many seconds, and ends it cleanly. */
export async function reachEach(
  vantages: readonly Vantage[],
  seconds: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Fault | null>> {
  const faults = vantages.map(async (vantage) => [vantage.name, await faultAt(vantage, seconds, signal)] as const);
  return new Map(await Promise.all(faults));
}

async function faultAt({ name, link }: Vantage, seconds: number, signal: AbortSignal): Promise<Fault | null> {
  const job = link.begin("");
  try {
    await within(seconds * 1000, [signal], async (limit) => {
      await job.open(limit);
      await orAborted(job.end(), limit);
    });
    return null;
  } catch (thrown) {
    signal.throwIfAborted();
    void job.end().catch(() => undefined);
    return faultFrom(thrown instanceof DOMException ? silent(name, seconds, thrown) : asError(thrown));
  }
}

function silent(worker: string, seconds: number, cause: unknown): Tofu3Error {
  return new Tofu3Error("E_TIMEOUT", `worker "${worker}" did not answer within ${seconds} s`, { stage: "ssh", cause });
}
