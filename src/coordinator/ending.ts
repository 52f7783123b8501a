import { asError, Tofu3Error } from "../errors.ts";
import { within } from "../http/deadline.ts";
import { toRaise } from "../http/raise.ts";
import type { Destination, Released } from "../model/destination.ts";
import { agreedName, nameInUrl } from "../file/name.ts";
import type { Job } from "../model/job.ts";
import type { Observation } from "../model/observation.ts";
import { isFile } from "../model/subject.ts";
import type { Verdict } from "../model/verdict.ts";
import type { Quarantine } from "../release/quarantine/quarantine.ts";
import { release } from "../release/release.ts";
import type { Runtime } from "./runtime.ts";

/** What became of an agreed artifact. */
export interface Ending {
  readonly released: Released | null;
  readonly releaseError: Tofu3Error | null;
}

export interface Shipment {
  readonly job: Job;
  readonly destination: Destination | null;
  readonly quarantine: Quarantine | null;
  /** By the clock of `performance`. */
  readonly endsAt: number;
}

const NOTHING: Ending = { released: null, releaseError: null };

/**
 * Releases what all agree on, if it was to be released. The verdict stands whatever happens to the release, so this
 * returns errors instead of throwing. The time limit is the workers' own.
 */
export async function endingOf(
  { verdict, observations }: { readonly verdict: Verdict; readonly observations: readonly Observation[] },
  { job, destination, quarantine, endsAt }: Shipment,
  { config, log }: Runtime,
  signal: AbortSignal,
): Promise<Ending> {
  if (verdict.outcome !== "agreed" || destination === null || quarantine === null) return NOTHING;
  const { subject } = job;
  const fileName = isFile(subject) ? fileNameOf(subject.url, observations) : null;
  const context = { subject, fileName, unpackedBytes: job.limits.unpackedBytes };
  const work = (limit: AbortSignal): Promise<Released> =>
    release(verdict, quarantine, destination, { ...context, signal: limit });
  try {
    return { released: await within(Math.max(0, endsAt - performance.now()), [signal], work), releaseError: null };
  } catch (thrown) {
    log("debug", "nothing was released", { trace: thrown instanceof Error ? thrown.stack : null });
    const releaseError = signal.aborted ? interruptionOf(signal) : releaseErrorOf(thrown, config.limits.totalSeconds);
    return { released: null, releaseError };
  }
}

/** What the URL calls it; where it is silent, what all vantages were told. */
function fileNameOf(url: string, observations: readonly Observation[]): string | null {
  const name = nameInUrl(url);
  if (name.kind !== "silent") return name.kind === "name" ? name.name : null;
  const told = observations.map(({ evidence }) => {
    const header = evidence.headers.find((each) => each.startsWith(DISPOSITION));
    return header === undefined ? null : header.slice(DISPOSITION.length);
  });
  return agreedName(told);
}

const DISPOSITION = "content-disposition: ";

function interruptionOf({ reason }: AbortSignal): Tofu3Error {
  if (reason instanceof Tofu3Error) return reason;
  return new Tofu3Error("E_INTERRUPTED", "stopped while the artifact was being released; nothing was released", {
    cause: reason,
  });
}

/** Why nothing was released; `seconds` is the limit of all of the work. */
export function releaseErrorOf(thrown: unknown, seconds: number): Tofu3Error {
  if (!(thrown instanceof DOMException) || thrown.name !== "TimeoutError") return asError(thrown);
  return new Tofu3Error(
    "E_RELEASE",
    `the release was not done within ${seconds} s of the beginning; nothing was released`,
    {
      hint: toRaise("totalSeconds", seconds),
      cause: thrown,
    },
  );
}
