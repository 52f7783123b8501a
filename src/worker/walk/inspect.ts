import { toRaise } from "../../http/raise.ts";
import { asError, Tofu3Error } from "../../errors.ts";
import type { ImageJob, Job } from "../../model/job.ts";
import type { Fault } from "../../model/observation.ts";
import type { Watch } from "../../model/progress.ts";
import { hostKeyOf, rootDigestOf } from "../../model/subject.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { within } from "../../http/deadline.ts";
import { openNotebook } from "../fetch/notebook.ts";
import { originOf } from "../fetch/registry.ts";
import { createSession } from "../fetch/session.ts";
import type { Session } from "../fetch/session.ts";
import { faultFrom } from "./ending.ts";
import { faultOf, rootPlace } from "./tree.ts";
import type { Place } from "./tree.ts";
import type { Vantage } from "../vantage.ts";
import { walkDocuments } from "./expand.ts";

const MOST_SHOWN = 10_000;

/** An index or a manifest that one vantage saw; `document.bytes` is exactly what it received. */
export interface Inspected {
  readonly document: Manifest;
  /** The answer's Content-Type without parameters. */
  readonly mediaType: string;
  /** For the root of `name:tag@digest`: its hash by that digest's algorithm, unless that is sha256. */
  readonly pinned: Digest | null;
  /** Its entry in the parent index; null for the root. */
  readonly descriptor: Descriptor | null;
  /** The indexes and manifests below an index, in its order; configs and layers are in `document`. */
  readonly children: readonly Inspected[];
}

/**
 * The documents that a reference leads to, as one vantage sees them. Compares nothing, keeps nothing, and hashes only
 * the documents. Rejects with the first fault of the tree.
 */
export async function inspect(vantage: Vantage, job: ImageJob, watch: Watch, signal: AbortSignal): Promise<Inspected> {
  return withSession(vantage, job, watch, signal, async (session, limit) => {
    const root = rootPlace(rootDigestOf(job.subject));
    await walkDocuments(session, { ...job, depth: "documents" }, root, limit);
    const fault = faultOf(root);
    if (fault !== null) throw fault;
    return inspected(root, { shown: 0 });
  });
}

/** Begins a job at one vantage and ends it. Rejects with the signal's reason, E_TIMEOUT, or what the work throws. */
export async function withSession<T>(
  vantage: Vantage,
  job: Job,
  watch: Watch,
  signal: AbortSignal,
  work: (session: Session, limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const { totalSeconds } = job.limits;
  const transport = vantage.link.begin(hostKeyOf(job.subject));
  const errand = { watch, keep: null, admit: null, witness: null };
  const session = createSession(vantage, originOf(job, vantage), transport, { ...job, book: openNotebook(), errand });
  return within(totalSeconds * 1000, [signal], async (limit) => {
    try {
      await transport.open(limit);
      return await work(session, limit);
    } catch (cause) {
      signal.throwIfAborted();
      if (!limit.aborted) throw cause;
      const hint = toRaise("totalSeconds", totalSeconds);
      throw new Tofu3Error("E_TIMEOUT", `not done within ${totalSeconds} s (totalSeconds)`, { hint, cause });
    } finally {
      await transport.end();
    }
  });
}

/**
 * One answer to each question, at one vantage, in one job of its own; where the job itself fails, what `failed` makes
 * of that. Rejects with the reason of `signal` only: faults are answers.
 */
export async function askEach<Q, A>(
  vantage: Vantage,
  job: Job,
  questions: readonly Q[],
  answer: (session: Session, question: Q, limit: AbortSignal) => Promise<A>,
  failed: (fault: Fault) => A,
  signal: AbortSignal,
): Promise<readonly A[]> {
  const unwatched = (): void => undefined;
  try {
    return await withSession(vantage, job, unwatched, signal, (session, limit) =>
      Promise.all(questions.map((each) => answer(session, each, limit))),
    );
  } catch (thrown) {
    signal.throwIfAborted();
    const fault = faultFrom(asError(thrown));
    return questions.map(() => failed(fault));
  }
}

/**
 * Shared documents appear at each of their places, so the output is bounded: an index that lists one index twice, and
 * so on four levels deep, is short to write and long to read.
 */
function inspected(place: Place, count: { shown: number }): Inspected {
  const document = place.document?.manifest ?? null;
  if (place.document === null || document === null) throw new Tofu3Error("E_BUG", "a document without bytes");
  count.shown += 1;
  if (count.shown > MOST_SHOWN)
    throw new Tofu3Error("E_LIMIT", `there are more than ${MOST_SHOWN} manifests to show`, {
      hint: "choose with --platform",
    });
  const documents = place.children.filter((child) => child.role !== "blob");
  const { mediaType, pinned } = place.document;
  const children = documents.map((child) => inspected(child, count));
  return { document, mediaType, pinned, descriptor: place.descriptor, children };
}
