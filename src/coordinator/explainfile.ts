import { setTimeout as sleep } from "node:timers/promises";
import { leadingPair } from "../consensus/camps.ts";
import { asError } from "../errors.ts";
import { contentsOf } from "../evidence/contents.ts";
import { firstDifference } from "../evidence/layers.ts";
import { orAborted, within } from "../http/deadline.ts";
import type { Comparison } from "../model/diagnosis.ts";
import type { Job } from "../model/job.ts";
import { rootOf, type Observation } from "../model/observation.ts";
import type { FileFacts, Given, Glance } from "../model/probe.ts";
import type { Watch } from "../model/progress.ts";
import type { FileSubject } from "../model/subject.ts";
import type { Digest } from "../oci/digest.ts";
import type { Vantage } from "../worker/vantage.ts";
import { faultFrom } from "../worker/walk/ending.ts";
import { readFileAt } from "../worker/walk/file.ts";
import type { Explanation } from "./explain.ts";

/** All questions together, besides the waits: an alarm is not held up by somebody who does not answer. */
const PROBE_MS = 12_000;
const RETRIES = 1;
/** A file is read into memory, and comes from a VM through SSH; a larger one is not asked for again. */
const MOST_BYTES = 16 * 1024 * 1024;

type FileJob = Job & { readonly subject: FileSubject };

/** A file as one vantage was given it when it was asked again. */
interface Again extends Given {
  readonly digest: Digest;
}

/**
 * Asks the vantages for the file again after a disagreement, twice, with a wait before each, and looks into what they
 * are given: what it unpacks to, and the keys in it. Bounded in time and size; what is not answered by then stays
 * unknown. Never rejects.
 */
export async function explainFile(
  job: FileJob,
  vantages: readonly Vantage[],
  observations: readonly Observation[],
  watch: Watch,
  signal: AbortSignal,
): Promise<Explanation> {
  const rounds: (readonly Glance[])[] = [];
  const given = new Map<string, Again>();
  const files = new Map<Digest, FileFacts>();
  const layers: Comparison[] = [];
  const able = vantages.filter(({ name }) => observations.some((each) => each.worker === name && each.digest !== null));
  const patience = PROBE_MS + job.limits.againSeconds * 1000;
  await within(patience, [signal], async (limit) => {
    if (observations.some(({ objects }) => (rootOf(objects)?.size ?? 0) > MOST_BYTES)) return;
    for (const { name } of able) watch({ kind: "again", worker: name });
    for (const part of [1 / 3, 2 / 3]) {
      await sleep(job.limits.againSeconds * 1000 * part, undefined, { signal: limit });
      rounds.push(await Promise.all(able.map((vantage) => askAgain(vantage, job, given, limit))));
    }
    await lookInto([...given.values()], observations, { files, layers });
  }).catch(() => undefined);
  const probes = { again: rounds, byDigest: [], documents: new Map(), configs: new Map(), files };
  return { probes, given: [...given.values()], layers };
}

async function askAgain(
  vantage: Vantage,
  job: FileJob,
  given: Map<string, Again>,
  limit: AbortSignal,
): Promise<Glance> {
  const { name: worker } = vantage;
  const asked = job.subject.url;
  const limits = { ...job.limits, retries: Math.min(RETRIES, job.limits.retries) };
  try {
    const read = readFileAt(vantage, { ...job, limits }, { maxBytes: MOST_BYTES }, limit);
    const { bytes, digest } = await orAborted(read, limit);
    given.set(`${worker} ${digest}`, { worker, bytes, digest });
    return { worker, asked, digest, mediaType: null, fault: null };
  } catch (thrown) {
    return { worker, asked, digest: null, mediaType: null, fault: faultFrom(asError(thrown)) };
  }
}

/** Only bytes that were seen in the job explain what was seen there. */
async function lookInto(
  given: readonly Again[],
  observations: readonly Observation[],
  found: { readonly files: Map<Digest, FileFacts>; readonly layers: Comparison[] },
): Promise<void> {
  const seen = new Map(given.map((each) => [each.digest, each.bytes]));
  for (const digest of new Set(observations.map((each) => each.digest))) {
    const bytes = digest === null ? undefined : seen.get(digest);
    if (digest !== null && bytes !== undefined) found.files.set(digest, await contentsOf(bytes));
  }
  const [left, right] = leadingPair(observations) ?? [];
  const [mine, theirs] = [left && seen.get(left), right && seen.get(right)];
  if (left === undefined || right === undefined || mine === undefined || theirs === undefined) return;
  const inside = await firstDifference(mine, theirs).catch(() => []);
  const size =
    mine.length === theirs.length ? [] : [{ what: "size", left: String(mine.length), right: String(theirs.length) }];
  const changes = [...inside, ...size].slice(0, 20);
  if (changes.length > 0) found.layers.push({ at: "file", left, right, changes, more: 0 });
}
