import { dispatch, usageFaultOf } from "./coordinator/dispatch.ts";
import { indistinctOf } from "./consensus/distinct.ts";
import { judge, type Expectation } from "./consensus/judge.ts";
import { Tofu3Error } from "./errors.ts";
import { openVantages, type House } from "./house.ts";
import type { Destination, Released } from "./model/destination.ts";
import type { Evidence } from "./model/evidence.ts";
import type { Job } from "./model/job.ts";
import type { Admit } from "./model/keep.ts";
import type { Observation } from "./model/observation.ts";
import type { Watch } from "./model/progress.ts";
import type { Verdict } from "./model/verdict.ts";
import { parsePlatform } from "./oci/platform.ts";
import { parseReference, type Reference } from "./oci/reference.ts";
import { planRelease } from "./release/fits.ts";
import { parseDestination } from "./release/destination.ts";
import { openQuarantine } from "./release/quarantine.ts";
import { release } from "./release/release.ts";
import { evidenceOf } from "./report/evidence.ts";

export type { House } from "./house.ts";

/** What a person asked for, as text. */
export interface VerifyRequest {
  readonly reference: string;
  readonly platform: string | null;
  readonly osVersion: string | null;
  readonly bottle: string | null;
  /** `-o DEST`. */
  readonly destination: string | null;
  readonly force: boolean;
}

/** Neither tag nor digest means `latest`. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: "latest" } : reference;
}

export function jobOf(request: Omit<VerifyRequest, "destination" | "force">, limits: Job["limits"], depth: Job["depth"]): Job {
  const platform = request.platform === null ? null : parsePlatform(request.platform);
  const selection = { platform, osVersion: request.osVersion, bottle: request.bottle };
  return { reference: withDefaultTag(parseReference(request.reference)), selection, limits, depth };
}

/**
 * A wrong selection or destination is the person's mistake only when all workers have one root and nobody says anything else about it: who was
 * stopped because of it says nothing.
 */
function refuseUsage(verdict: Verdict, observations: readonly Observation[]): void {
  const [root, ...others] = new Set(observations.map((each) => each.digest));
  if (verdict.outcome === "disagreed" || root === null || others.length > 0) return;
  const [fault] = observations.flatMap((each) => usageFaultOf(each) ?? []);
  const silent = observations.every((each) => usageFaultOf(each) !== null || each.error?.code === "E_STOPPED");
  if (fault !== undefined && silent) throw new Tofu3Error(fault.code, fault.message, { hint: fault.hint ?? undefined });
}

function destinationOf(request: VerifyRequest, house: House): Destination | null {
  if (request.destination === null) return null;
  if (!house.config.workers.some((each) => each.via === "local")) {
    throw new Tofu3Error("E_USAGE", "nothing can be released: no worker is local, and only a local worker keeps what it fetches", {
      hint: 'add "- { name: here, via: local }" to the workers',
    });
  }
  return parseDestination(request.destination, request.force, house.cwd);
}

/** Ask, judge, release, tell. Throws for what is wrong with the request; what the workers met is evidence. */
export async function verify(request: VerifyRequest, house: House, watch: Watch, signal: AbortSignal): Promise<Evidence> {
  const startedAt = house.now().toISOString();
  const job = jobOf(request, house.config.limits, "everything");
  const destination = destinationOf(request, house);
  const quarantine = destination === null ? null : await openQuarantine(destination);
  try {
    const admit: Admit | null = destination === null ? null : (documents, read) => void planRelease(documents, destination, read);
    const vantages = await openVantages(house, quarantine, admit, signal);
    const observations = await dispatch(job, vantages, watch, signal);
    const { policy } = house.config;
    const expectation: Expectation = {
      pin: (job.reference.tag === undefined ? undefined : job.reference.digest) ?? null,
      tag: job.reference.tag ?? null,
      distinct: policy.distinct,
    };
    const verdict = judge(observations, expectation);
    refuseUsage(verdict, observations);
    const context = { reference: job.reference, signal };
    const released: Released | null =
      verdict.outcome === "agreed" && destination !== null && quarantine !== null
        ? await release(verdict, quarantine, destination, context)
        : null;
    const { reference, platform, osVersion, bottle } = request;
    const finishedAt = house.now().toISOString();
    return evidenceOf({
      request: { reference, platform, osVersion, bottle },
      observations,
      verdict,
      policy: { ...policy, met: indistinctOf(observations, policy.distinct).length === 0 },
      released,
      startedAt,
      finishedAt,
      version: house.version,
    });
  } finally {
    await quarantine?.discard();
  }
}
