import { dispatch } from "./dispatch.ts";
import { indistinctOf } from "../consensus/distinct.ts";
import { judge } from "../consensus/judge.ts";
import { asError, Tofu3Error } from "../errors.ts";
import type { Runtime } from "./runtime.ts";
import { ENGINES, openVantages } from "./vantages.ts";
import type { Destination, Released } from "../model/destination.ts";
import type { Evidence } from "../model/evidence.ts";
import { parseSelection, type Job, type SelectionText } from "../model/job.ts";
import type { Admit } from "../model/keep.ts";
import type { Fault, Observation } from "../model/observation.ts";
import type { Watch } from "../model/progress.ts";
import type { Subject } from "../model/subject.ts";
import { planRelease } from "../release/fits.ts";
import { parseDestination } from "../release/destination.ts";
import { openQuarantine, type Quarantine } from "../release/quarantine/quarantine.ts";
import type { Verdict } from "../model/verdict.ts";
import type { Vantage } from "../worker/vantage.ts";
import { release } from "../release/release.ts";
import { evidenceOf } from "../report/evidence.ts";
import { within } from "../http/deadline.ts";

export type { Runtime } from "./runtime.ts";

/** What the user asked for. */
export interface VerifyRequest extends SelectionText {
  /** As written. */
  readonly reference: string;
  /** The reference, parsed. */
  readonly subject: Subject;
  /** `-o DEST`. */
  readonly destination: string | null;
  readonly force: boolean;
}

export function jobOf(
  request: SelectionText & { readonly subject: Subject },
  limits: Job["limits"],
  depth: Job["depth"],
): Job {
  return { subject: request.subject, selection: parseSelection(request), limits, depth };
}

function destinationOf(request: VerifyRequest, runtime: Runtime): Destination | null {
  if (request.destination === null) return null;
  if (!runtime.config.workers.some(({ via }) => ENGINES[via].keeps)) {
    throw new Tofu3Error(
      "E_USAGE",
      "nothing can be released: no worker is local, and only a local worker keeps what it fetches",
      {
        hint: 'add "- { name: here, via: local }" to the workers',
      },
    );
  }
  return parseDestination(request.destination, request.force, runtime.cwd);
}

function requestError({ code, message, hint }: Fault): Tofu3Error {
  return new Tofu3Error(code, message, { hint: hint ?? undefined });
}

interface Ending {
  readonly released: Released | null;
  readonly releaseError: Tofu3Error | null;
}

/**
 * The verdict stands whatever happens to the release, so this returns errors instead of throwing. The time limit is the
 * workers' own.
 */
async function releaseBefore(
  endsAt: number,
  work: (limit: AbortSignal) => Promise<Released>,
  { config, log }: Runtime,
  signal: AbortSignal,
): Promise<Ending> {
  try {
    return { released: await within(Math.max(0, endsAt - performance.now()), [signal], work), releaseError: null };
  } catch (thrown) {
    log("debug", "nothing was released", { trace: thrown instanceof Error ? thrown.stack : null });
    const releaseError = signal.aborted ? interruptionOf(signal) : releaseErrorOf(thrown, config.limits.totalSeconds);
    return { released: null, releaseError };
  }
}

function interruptionOf({ reason }: AbortSignal): Tofu3Error {
  if (reason instanceof Tofu3Error) return reason;
  return new Tofu3Error("E_INTERRUPTED", "stopped while the artifact was being released; nothing was released", {
    cause: reason,
  });
}

function releaseErrorOf(thrown: unknown, seconds: number): Tofu3Error {
  if (!(thrown instanceof DOMException) || thrown.name !== "TimeoutError") return asError(thrown);
  return new Tofu3Error(
    "E_RELEASE",
    `the release was not done within ${seconds} s of the beginning; nothing was released`,
    {
      hint: "raise limits.totalSeconds in the configuration",
      cause: thrown,
    },
  );
}

/** What a request means here. */
interface Plan {
  readonly job: Job;
  readonly destination: Destination | null;
  readonly quarantine: Quarantine | null;
  readonly startedAt: string;
  /** By the clock of `performance`. */
  readonly endsAt: number;
}

async function planOf(request: VerifyRequest, runtime: Runtime): Promise<Plan> {
  const startedAt = runtime.now().toISOString();
  const endsAt = performance.now() + runtime.config.limits.totalSeconds * 1000;
  const job = jobOf(request, runtime.config.limits, "everything");
  const destination = destinationOf(request, runtime);
  const quarantine = destination === null ? null : await openQuarantine(destination);
  return { job, destination, quarantine, startedAt, endsAt };
}

/**
 * Ask, judge, release, tell. Throws for a wrong request, and the signal's reason before the verdict. Faults of the
 * workers, and the result of the release, are evidence.
 */
export async function verify(
  request: VerifyRequest,
  runtime: Runtime,
  watch: Watch,
  signal: AbortSignal,
): Promise<Evidence> {
  let closing = Promise.resolve();
  const lookOnce = async (plan: Plan): Promise<readonly Observation[]> => {
    const { vantages, close } = await openVantages(runtime, signal);
    // every job has ended by then: closing takes round trips, and the verdict does not depend on it
    return lookFrom(vantages, plan, watch, signal).finally(() => void (closing = close()));
  };
  return conclude(request, runtime, lookOnce, signal).finally(() => closing);
}

/** The same with vantages that the caller opens, and closes after the last job. */
export async function verifyFrom(
  vantages: readonly Vantage[],
  request: VerifyRequest,
  runtime: Runtime,
  watch: Watch,
  signal: AbortSignal,
): Promise<Evidence> {
  return conclude(request, runtime, (plan) => lookFrom(vantages, plan, watch, signal), signal);
}

function lookFrom(
  vantages: readonly Vantage[],
  { job, destination, quarantine }: Plan,
  watch: Watch,
  signal: AbortSignal,
): Promise<readonly Observation[]> {
  const admit: Admit | null =
    destination === null ? null : (documents, read) => void planRelease(documents, destination, read);
  return dispatch(job, vantages, { keep: quarantine, admit, watch }, signal);
}

async function conclude(
  request: VerifyRequest,
  runtime: Runtime,
  look: (plan: Plan) => Promise<readonly Observation[]>,
  signal: AbortSignal,
): Promise<Evidence> {
  const plan = await planOf(request, runtime);
  try {
    const observations = await look(plan);
    const { policy } = runtime.config;
    const verdict = judge(observations, policy);
    if (verdict.reason?.kind === "request") throw requestError(verdict.reason.fault);
    const ending = await endingOf(verdict, plan, runtime, signal);
    const { reference, platform, osVersion, bottle } = request;
    return evidenceOf({
      request: { reference, platform, osVersion, bottle },
      observations,
      verdict,
      policy: { ...policy, met: indistinctOf(observations, policy.distinct).length === 0 },
      ...ending,
      startedAt: plan.startedAt,
      finishedAt: runtime.now().toISOString(),
      version: runtime.version,
    });
  } finally {
    await plan.quarantine?.discard();
  }
}

async function endingOf(verdict: Verdict, plan: Plan, runtime: Runtime, signal: AbortSignal): Promise<Ending> {
  const { job, destination, quarantine, endsAt } = plan;
  if (verdict.outcome !== "agreed" || destination === null || quarantine === null)
    return { released: null, releaseError: null };
  const context = { subject: job.subject, unpackedBytes: job.limits.unpackedBytes };
  const work = (limit: AbortSignal): Promise<Released> =>
    release(verdict, quarantine, destination, { ...context, signal: limit });
  return releaseBefore(endsAt, work, runtime, signal);
}
