import { setTimeout as sleep } from "node:timers/promises";
import { differingEntries } from "../consensus/compare.ts";
import { leadingPair } from "../consensus/camps.ts";
import { claimedDigests } from "../consensus/moved.ts";
import { orAborted, within } from "../http/deadline.ts";
import type { Comparison } from "../model/diagnosis.ts";
import type { ImageJob } from "../model/job.ts";
import type { Observation } from "../model/observation.ts";
import type { Given, Glance, Probes } from "../model/probe.ts";
import type { Watch } from "../model/progress.ts";
import { tagOf } from "../model/subject.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Vantage } from "../worker/vantage.ts";
import { glimpse, readBlob, type Glimpse } from "../worker/walk/glance.ts";

/** All questions together, besides the waits: an alarm is not held up by somebody who does not answer. */
const PROBE_MS = 12_000;
/** One question may be repeated this often. */
const RETRIES = 1;
/** More claims than this are not followed: a registry decides how many there are. */
const MOST_CLAIMS = 6;
const MOST_CONFIG_BYTES = 1024 * 1024;

/** A root document that a worker was given in the job, byte for byte. */
export interface Witnessed extends Given {
  readonly digest: Digest;
  readonly document: Manifest | null;
}

export interface Explanation {
  readonly probes: Probes;
  /** Every document and config that somebody was given, in the job or when asked again. */
  readonly given: readonly Given[];
  /** What differs inside of files. */
  readonly layers?: readonly Comparison[];
}

/** The probes under way. */
interface Inquiry {
  readonly job: ImageJob;
  readonly vantages: readonly Vantage[];
  readonly documents: Map<Digest, Manifest>;
  readonly configs: Map<Digest, Uint8Array>;
  /** Who was given a document by this digest, so that what it names can be read there. */
  readonly holders: Map<Digest, Vantage>;
  readonly given: Given[];
  readonly limit: AbortSignal;
}

/**
 * Asks the vantages again after a disagreement about a tag: twice what the tag leads to, with a wait before each, then
 * for every digest that anybody was given, by digest; and reads the documents below, as far as they explain the
 * difference. Bounded in time and size; what is not answered by then stays unknown. Never rejects.
 */
export async function explain(
  job: ImageJob,
  vantages: readonly Vantage[],
  {
    observations,
    witnessed,
  }: { readonly observations: readonly Observation[]; readonly witnessed: readonly Witnessed[] },
  watch: Watch,
  signal: AbortSignal,
): Promise<Explanation> {
  const again: (readonly Glance[])[] = [];
  const byDigest: Glance[] = [];
  const documents = new Map(
    witnessed.flatMap(({ digest, document }) => (document === null ? [] : [[digest, document]])),
  );
  const configs = new Map<Digest, Uint8Array>();
  const given: Given[] = [...witnessed];
  // one without any answer to the job would only use up the time of the others
  const able = vantages.filter(({ name }) => observations.some((each) => each.worker === name && each.digest !== null));
  const tag = tagOf(job.subject);
  const waits = [job.limits.againSeconds / 3, (job.limits.againSeconds * 2) / 3].map((seconds) => seconds * 1000);
  const patience = PROBE_MS + job.limits.againSeconds * 1000;
  await within(patience, [signal], async (limit) => {
    const limits = { ...job.limits, retries: Math.min(RETRIES, job.limits.retries) };
    const inquiry = { job: { ...job, limits }, vantages: able, documents, configs, holders: new Map(), given, limit };
    if (tag !== null) {
      for (const { name } of able) watch({ kind: "again", worker: name });
      for (const wait of waits) {
        await sleep(wait, undefined, { signal: limit });
        again.push(await ask(inquiry, [tag]));
      }
      byDigest.push(...(await ask(inquiry, [...claimedDigests(observations, again)].slice(0, MOST_CLAIMS))));
    }
    await readBelow(inquiry, observations);
  }).catch(() => undefined);
  return { probes: { again, byDigest, documents, configs }, given };
}

/** One round: the same questions to every vantage at once. A vantage that does not answer in time has no glance. */
async function ask(inquiry: Inquiry, asked: readonly string[]): Promise<readonly Glance[]> {
  const { job, vantages, limit } = inquiry;
  const answers = vantages.map(async (vantage) => {
    const glimpses = await orAborted(glimpse(vantage, job, asked, limit), limit).catch(() => null);
    return (glimpses ?? []).map((each, at) => glanceOf(inquiry, vantage, asked[at] ?? "", each));
  });
  return (await Promise.all(answers)).flat();
}

function glanceOf(
  inquiry: Inquiry,
  vantage: Vantage,
  asked: string,
  { digest, mediaType, bytes, document, fault }: Glimpse,
): Glance {
  if (digest !== null) inquiry.given.push({ worker: vantage.name, bytes });
  if (digest !== null && document !== null && fault === null) {
    inquiry.documents.set(digest, document);
    inquiry.holders.set(digest, vantage);
  }
  return { worker: vantage.name, asked, digest, mediaType, fault };
}

/** Of two roots that differ: the first manifests that differ, and their configs. */
async function readBelow(inquiry: Inquiry, observations: readonly Observation[]): Promise<void> {
  const pair = leadingPair(observations);
  const [first] = observations;
  if (pair === null || first === undefined) return;
  const [left, right] = pair.map((digest) => inquiry.documents.get(digest));
  if (left === undefined || right === undefined) return;
  let manifests: readonly (Manifest | undefined)[] = [left, right];
  if (left.kind === "index" && right.kind === "index") {
    const entries = differingEntries([left, right], first.asked);
    if (entries === null) return;
    const wanted = entries.map(({ digest }, at) =>
      readDocumentBelow(inquiry, digest, pair[at] ?? pair[0], observations),
    );
    manifests = await Promise.all(wanted);
  }
  const [mine, theirs] = manifests;
  if (mine?.kind !== "manifest" || theirs?.kind !== "manifest") return;
  await Promise.all(
    [mine, theirs].map((each, at) => readConfig(inquiry, each.config, pair[at] ?? pair[0], observations)),
  );
}

/** A vantage that was given this root, and so is likely to be given what it names. */
function holderOf({ holders, vantages }: Inquiry, root: Digest, observations: readonly Observation[]): Vantage | null {
  const giver = observations.find(({ digest }) => digest === root)?.worker;
  return holders.get(root) ?? vantages.find(({ name }) => name === giver) ?? null;
}

async function readDocumentBelow(
  inquiry: Inquiry,
  digest: Digest,
  root: Digest,
  observations: readonly Observation[],
): Promise<Manifest | undefined> {
  const { job, limit, documents, given } = inquiry;
  const vantage = holderOf(inquiry, root, observations);
  if (!documents.has(digest) && vantage !== null) {
    const [seen] = await orAborted(glimpse(vantage, job, [digest], limit), limit);
    if (seen?.document != null && seen.fault === null) {
      documents.set(digest, seen.document);
      given.push({ worker: vantage.name, bytes: seen.bytes });
    }
  }
  return documents.get(digest);
}

async function readConfig(
  inquiry: Inquiry,
  { digest, size }: { readonly digest: Digest; readonly size: number | null },
  root: Digest,
  observations: readonly Observation[],
): Promise<void> {
  const { job, limit, configs, given } = inquiry;
  const vantage = holderOf(inquiry, root, observations);
  if (vantage === null || size === null || size > MOST_CONFIG_BYTES) return;
  const wanted = { digest, maxBytes: MOST_CONFIG_BYTES };
  const read = await orAborted(readBlob(vantage, job, wanted, limit), limit).catch(() => null);
  if (read === null) return;
  given.push({ worker: vantage.name, bytes: read.bytes });
  if (read.computed === digest) configs.set(digest, read.bytes);
}
