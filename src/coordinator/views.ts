import { differingBlobs, type BlobAt } from "../consensus/blobs.ts";
import { messageOf, Tofu3Error, visible } from "../errors.ts";
import { keepViews } from "../evidence/folder.ts";
import { firstDifference } from "../evidence/layers.ts";
import { orAborted, within } from "../http/deadline.ts";
import type { Comparison } from "../model/diagnosis.ts";
import type { ImageJob, Job } from "../model/job.ts";
import type { Observation } from "../model/observation.ts";
import type { Given } from "../model/probe.ts";
import { isFile } from "../model/subject.ts";
import type { Digest } from "../oci/digest.ts";
import type { Vantage } from "../worker/vantage.ts";
import { readBlob } from "../worker/walk/glance.ts";
import type { Explanation } from "./explain.ts";

/** A blob is read into memory, and comes from a VM through SSH. */
const MOST_BYTES = 64 * 1024 * 1024;
const PATIENCE_MS = 120_000;

/** What was kept, as far as reports tell of it. */
export interface Kept {
  /** What differs inside the first blobs that differ. */
  readonly layers: readonly Comparison[];
  readonly remarks: readonly string[];
}

/**
 * Keeps what the workers were given when they disagreed: the documents, and the first blobs that differ, which are
 * fetched for it where they were seen. Never rejects: what cannot be kept is told.
 */
export async function keepEvidence(
  folder: string,
  job: Job,
  vantages: readonly Vantage[],
  { observations, probes, given }: Explanation & { readonly observations: readonly Observation[] },
  signal: AbortSignal,
): Promise<Kept> {
  const views = [...given];
  const layers: Comparison[] = [];
  const remarks: string[] = [];
  const { subject } = job;
  const pair = isFile(subject) ? null : differingBlobs(observations, probes);
  await telling(remarks, "the blobs that differ could not be fetched to be kept", async () => {
    if (pair === null || isFile(subject)) return;
    const about = { ...job, subject };
    const [left, right] = await within(PATIENCE_MS, [signal], (limit) =>
      Promise.all([fetchAgain(pair.left, about, vantages, limit), fetchAgain(pair.right, about, vantages, limit)]),
    );
    views.push(left, right);
    layers.push(await compared(pair.at, left, right));
  });
  await telling(remarks, `evidence could not be kept in ${visible(folder, 300)}`, async () => {
    await keepViews(folder, views);
    remarks.push(`what the workers were given is in ${visible(folder, 300)}`);
  });
  return { layers, remarks };
}

async function telling(remarks: string[], what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    remarks.push(`${what}: ${visible(messageOf(thrown), 300)}`);
  }
}

type Fetched = Given & { readonly computed: Digest };

async function fetchAgain(
  { worker, digest, size }: BlobAt,
  job: ImageJob,
  vantages: readonly Vantage[],
  limit: AbortSignal,
): Promise<Fetched> {
  const vantage = vantages.find(({ name }) => name === worker);
  if (vantage === undefined) throw new Tofu3Error("E_BUG", `there is no worker ${worker}`);
  if ((size ?? 0) > MOST_BYTES) throw new Tofu3Error("E_LIMIT", `${digest} has more than ${MOST_BYTES} bytes`);
  const { bytes, computed } = await orAborted(readBlob(vantage, job, { digest, maxBytes: MOST_BYTES }, limit), limit);
  return { worker, bytes, computed };
}

async function compared(at: string, left: Fetched, right: Fetched): Promise<Comparison> {
  const [one, other] = [left.bytes.length, right.bytes.length];
  const size = one === other ? [] : [{ what: "size", left: String(one), right: String(other) }];
  const inside = await firstDifference(left.bytes, right.bytes).catch(() => []);
  return { at, left: left.computed, right: right.computed, changes: [...inside, ...size], more: 0 };
}
