import { asError, Tofu3Error } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import type { Job } from "../model/job.ts";
import type { Fault, Observation } from "../model/observation.ts";
import type { Watch } from "../model/progress.ts";
import { fetchBlobs } from "./blobs.ts";
import { systemClock } from "./clock.ts";
import { hintFor } from "./hint.ts";
import { notesOf, openNotebook } from "./notebook.ts";
import { createSession } from "./session.ts";
import type { Session } from "./session.ts";
import { faultOf, manifestIn, objectsOf, placesOf, rootPlace } from "./tree.ts";
import type { Place } from "./tree.ts";
import type { Vantage } from "./vantage.ts";
import { walkDocuments } from "./expand.ts";

/** The registry answered, and would not. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["E_AUTH", "E_DENIED", "E_NOT_FOUND"]);

/**
 * What one vantage sees of one job. `stopBlobs` ends the blob downloads at once: what was seen counts, with E_STOPPED and its reason. Rejects with the
 * reason of `signal` and for nothing else; the job's own deadline is an observation (E_TIMEOUT). Opens the transport and closes it.
 */
export async function observe(
  job: Job,
  vantage: Vantage,
  watch: Watch,
  stopBlobs: AbortSignal,
  signal: AbortSignal,
): Promise<Observation> {
  const clock = vantage.clock ?? systemClock;
  const book = openNotebook();
  const startedAt = clock.now().toISOString();
  const { tag, digest } = job.reference;
  const root = rootPlace(tag === undefined ? (digest ?? null) : null);
  const deadline = AbortSignal.timeout(job.limits.totalSeconds * 1000);
  const limit = AbortSignal.any([signal, deadline]);
  const looked = await attempt(() =>
    look(createSession(vantage, job.reference, job.limits, book, watch), job, root, stopBlobs, limit),
  );
  const closed = await attempt(() => vantage.transport.close());
  signal.throwIfAborted();
  const error = closed ?? errorOf(root, looked, { deadline, stopBlobs, seconds: job.limits.totalSeconds });
  const outcome = closed === null ? outcomeOf(error) : "failed";
  const fault = error === null ? null : faultFrom(error);
  watch({ kind: "end", worker: vantage.name, outcome, error: fault });
  return {
    worker: vantage.name,
    via: vantage.via,
    outcome,
    startedAt,
    finishedAt: clock.now().toISOString(),
    // a session that did not end well may have made up what it answered
    digest: closed === null ? (root.seen?.computed ?? null) : null,
    objects: closed === null ? objectsOf(root) : [],
    evidence: notesOf(book),
    error: fault,
  };
}

async function look(session: Session, job: Job, root: Place, stopBlobs: AbortSignal, signal: AbortSignal): Promise<void> {
  const worker = session.vantage.name;
  session.watch({ kind: "phase", worker, phase: "connecting" });
  session.book.identity = await session.vantage.transport.open(signal);
  session.watch({ kind: "phase", worker, phase: "resolving" });
  await walkDocuments(session, job, root, signal);
  const fault = faultOf(root);
  if (job.depth === "documents" || (fault !== null && fault.code !== "E_MISMATCH")) return;
  if (fault === null) session.vantage.admit?.(objectsOf(root), (digest) => manifestIn(root, digest));
  session.watch({ kind: "phase", worker, phase: "fetching" });
  await fetchBlobs(session, root, AbortSignal.any([signal, stopBlobs]));
}

interface Ends {
  readonly deadline: AbortSignal;
  readonly stopBlobs: AbortSignal;
  readonly seconds: number;
}

/** Other bytes outrank everything; then why we stopped; then what went wrong first in the order of the tree. */
function errorOf(root: Place, looked: Tofu3Error | null, ends: Ends): Tofu3Error | null {
  const fault = looked ?? faultOf(root);
  if (fault === null || fault.code === "E_MISMATCH") return fault;
  if (ends.deadline.aborted) {
    return new Tofu3Error("E_TIMEOUT", `not done within ${ends.seconds} s`, {
      cause: fault,
      hint: "raise limits.totalSeconds in the configuration",
    });
  }
  const documents = placesOf(root).filter((place) => place.role === "index" || place.role === "manifest");
  if (ends.stopBlobs.aborted && looked === null && documents.every((place) => place.error === null)) {
    const { reason } = ends.stopBlobs as { readonly reason: unknown };
    const why = reason instanceof Tofu3Error ? reason.message : "it is not needed any more";
    return new Tofu3Error("E_STOPPED", `the rest was not downloaded: ${why}`, { cause: fault });
  }
  return fault;
}

function outcomeOf(error: Tofu3Error | null): Observation["outcome"] {
  if (error === null || error.code === "E_MISMATCH" || error.code === "E_STOPPED") return "saw";
  return REFUSALS.has(error.code) ? "refused" : "failed";
}

function faultFrom(error: Tofu3Error): Fault {
  return { code: error.code, stage: error.stage, message: error.message, hint: error.hint ?? hintFor(error.code) };
}

async function attempt(work: () => Promise<void>): Promise<Tofu3Error | null> {
  try {
    await work();
    return null;
  } catch (thrown) {
    return asError(thrown);
  }
}
