import { asError } from "../../errors.ts";
import type { Tofu3Error } from "../../errors.ts";
import { formatSelection, type Job } from "../../model/job.ts";
import type { Transport } from "../../http/transport.ts";
import type { Asked, Notes, Observation } from "../../model/observation.ts";
import { questionLine } from "../../model/question.ts";
import { hostKeyOf, isFile } from "../../model/subject.ts";
import { fetchBlobs, fetchRoot } from "./blobs.ts";
import { lookAtFile } from "./file.ts";
import { lookAtFileMirrors, lookAtImageMirrors } from "./mirrors.ts";
import { systemClock } from "../fetch/clock.ts";
import { conclude, endJob, faultFrom } from "./ending.ts";
import type { Stops } from "./ending.ts";
import { walkDocuments } from "./expand.ts";
import { notesOf, openNotebook } from "../fetch/notebook.ts";
import { watchExit } from "../fetch/exit.ts";
import { originOf } from "../fetch/registry.ts";
import { createSession } from "../fetch/session.ts";
import type { Errand, Session } from "../fetch/session.ts";
import { faultOf, letGoOfDocuments, manifestsIn, objectsOf, rootPlaceOf } from "./tree.ts";
import type { Place } from "./tree.ts";
import type { Vantage } from "../vantage.ts";

/**
 * What connects a look to the rest of the run. `keep` is null for all but one vantage; `admit` is null if anything may
 * be fetched.
 */
export interface Hooks extends Errand {
  readonly stops: Stops;
}

/**
 * What one vantage sees of one job. Whatever ends it early, the observation has what was seen until then. Rejects only
 * with the reason of `signal`; a stop is E_STOPPED, the job's own deadline E_TIMEOUT. Begins and ends the job; the
 * vantage stays open.
 */
export async function look(job: Job, vantage: Vantage, hooks: Hooks, signal: AbortSignal): Promise<Observation> {
  const { stops, ...errand } = hooks;
  const clock = vantage.clock ?? systemClock;
  const book = openNotebook();
  const startedAt = clock.now().toISOString();
  const root = rootPlaceOf(job);
  const deadline = AbortSignal.timeout(job.limits.totalSeconds * 1000);
  const limit = AbortSignal.any([signal, deadline, stops.all]);
  const asked = { ...job.subject, ...formatSelection(job.selection) };
  const transport = vantage.link.begin(hostKeyOf(job.subject), questionFor(job, vantage.name, asked));
  const exits = watchExit(vantage, job.limits, limit);
  const looked = await attempt(() => {
    const session = createSession(vantage, originOf(job, vantage), transport, { ...job, book, errand });
    return walk(session, job, root, stops, { limit, onOpen: () => exits?.begin() });
  });
  const done = looked === null && faultOf(root) === null;
  const [end, exit] = await Promise.all([
    endJob(transport, stops.all),
    exits?.conclude({ registry: hostKeyOf(job.subject), callers: book.callers, done }) ?? null,
  ]);
  signal.throwIfAborted();
  const { outcome, error } = conclude(root, looked, { deadline, stops, seconds: job.limits.totalSeconds, end });
  const fault = error === null ? null : faultFrom(error);
  errand.watch({ kind: "end", worker: vantage.name, outcome, error: fault });
  return {
    worker: vantage.name,
    via: vantage.via,
    asked,
    outcome,
    startedAt,
    finishedAt: clock.now().toISOString(),
    digest: root.seen?.computed ?? null,
    objects: objectsOf(root),
    evidence: { ...notesOf(book, exit), ...receiptsOf(transport) },
    error: fault,
  };
}

/** A VM signs what it sees in a whole verification; of parts it would sign mostly questions. */
function questionFor({ run, depth }: Job, worker: string, asked: Asked): string | null {
  return run === undefined || depth !== "everything" ? null : questionLine(run, worker, asked);
}

function receiptsOf(transport: Transport): Pick<Notes, "receipts"> {
  const receipts = transport.receipts?.() ?? [];
  return receipts.length === 0 ? {} : { receipts };
}

async function walk(
  session: Session,
  job: Job,
  root: Place,
  stops: Stops,
  { limit: signal, onOpen }: { readonly limit: AbortSignal; readonly onOpen: () => void },
): Promise<void> {
  const worker = session.vantage.name;
  session.watch({ kind: "phase", worker, phase: "connecting" });
  session.book.identity = await session.transport.open(signal);
  onOpen();
  session.watch({ kind: "phase", worker, phase: "resolving" });
  if (job.depth === "blob") {
    await fetchRoot(session, root, AbortSignal.any([signal, stops.blobs]));
    return;
  }
  const { subject } = job;
  if (isFile(subject)) {
    await lookAtFile(session, { ...job, subject }, root, signal);
    if (faultOf(root) === null) await lookAtFileMirrors(session, { ...job, subject }, root, signal);
    return;
  }
  await walkDocuments(session, { ...job, subject }, root, signal);
  const fault = faultOf(root);
  if (job.depth !== "everything" || (fault !== null && fault.code !== "E_MISMATCH")) return;
  if (fault === null) {
    const manifests = manifestsIn(root);
    session.admit?.(objectsOf(root), (digest) => manifests.get(digest) ?? null);
  }
  letGoOfDocuments(root);
  session.watch({ kind: "phase", worker, phase: "fetching" });
  await fetchBlobs(session, root, AbortSignal.any([signal, stops.blobs]));
  if (faultOf(root) === null) await lookAtImageMirrors(session, { ...job, subject }, root, signal);
}

async function attempt(work: () => Promise<void>): Promise<Tofu3Error | null> {
  try {
    await work();
    return null;
  } catch (thrown) {
    return asError(thrown);
  }
}
