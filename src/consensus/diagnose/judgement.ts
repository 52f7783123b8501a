import type { Comparison, Finding } from "../../model/diagnosis.ts";
import type { Day, History } from "../../model/history.ts";
import type { Observation } from "../../model/observation.ts";
import type { Policy } from "../../model/policy.ts";
import type { Probes } from "../../model/probe.ts";
import type { Past, RecordedObject } from "../../model/record.ts";
import { inTreeOrder } from "../../model/tree.ts";
import type { Verdict } from "../../model/verdict.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { kindOfMediaType } from "../../oci/mediatype.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { leadingPair } from "../camps.ts";
import { comparisonsOf } from "../compare.ts";
import { daysOf } from "../days.ts";
import { indistinctOf } from "../distinct.ts";
import { historyOf } from "../history.ts";
import { judge } from "../judge.ts";
import { neededOf } from "../needed.ts";
import { diagnose } from "./diagnose.ts";

/** What the workers told, in the job and when they were asked again. */
export interface Testimony {
  readonly observations: readonly Observation[];
  /** The roots that could be read, by digest. */
  readonly roots: ReadonlyMap<Digest, Manifest>;
  readonly probes: Probes | null;
  /** What differs inside blobs that were kept. */
  readonly layers: readonly Comparison[];
}

/** The verdict, and what follows from the same testimony and the same past. */
export interface Judged {
  readonly verdict: Verdict;
  readonly finding: Finding | null;
  readonly compared: readonly Comparison[];
  /** Whether the workers are what the policy requires of them. */
  readonly isMet: boolean;
  /** Null if they did not all see one root, or it is contradicted. */
  readonly root: Digest | null;
  readonly days: readonly Day[];
  readonly history: History | null;
  /** The tree below the root, cut at 200. */
  readonly objects: readonly RecordedObject[];
  /** As much of it as another judgement needs; null if it is not known. */
  readonly past: Past | null;
}

const MOST_OBJECTS = 200;

/** The same testimony, policy and past give the same judgement, whoever asks and whenever. */
export function judgementOf(
  { observations, probes, layers, roots }: Testimony,
  policy: Policy,
  past: Past | null,
): Judged {
  const verdict = judge(observations, policy, { past, probes });
  const finding = diagnose(verdict, observations, probes, past?.entries ?? []);
  const [first] = observations;
  const pair = leadingPair(observations);
  const documents =
    first === undefined || pair === null || probes === null ? [] : comparisonsOf(pair, first.asked, probes);
  const root = agreedRoot(verdict, observations);
  const days = root === null || past === null ? [] : daysOf(observations, root, past, verdict.outcome);
  const objects = recordedObjects(observations, past?.depth === "root" ? roots : null);
  const now = { objects, ...(past?.depth === undefined ? {} : { depth: past.depth }) };
  const history = root === null || past === null ? null : historyOf(past.entries, root, now);
  const isMet = verdict.reason?.kind !== "days" && indistinctOf(observations, policy.distinct).length === 0;
  const compared = [...documents, ...layers];
  return { verdict, finding, compared, isMet, root, days, history, objects, past: past && neededOf(past) };
}

/** The one root that all workers saw, whatever else the verdict minds. */
function agreedRoot({ outcome }: Verdict, observations: readonly Observation[]): Digest | null {
  const [digest, ...others] = new Set(observations.map((each) => each.digest));
  const whole = outcome === "agreed" || outcome === "pending" || outcome === "changed" || outcome === "indistinct";
  return whole && digest !== undefined && others.length === 0 ? digest : null;
}

/** With `roots`, the entries of an index that was looked at alone, as its bytes name them. */
function recordedObjects([first]: readonly Observation[], roots: Testimony["roots"] | null): readonly RecordedObject[] {
  const own = (first?.objects ?? []).filter(({ role }) => role !== "mirror");
  const seen = inTreeOrder(own).map(({ role, digest, parent, platform }) => ({
    role,
    digest,
    parent,
    platform,
  }));
  const root = first?.digest == null ? undefined : roots?.get(first.digest);
  return [...seen, ...(root === undefined ? [] : entriesIn(root))].slice(0, MOST_OBJECTS);
}

function entriesIn(root: Manifest): readonly RecordedObject[] {
  if (root.kind !== "index") return [];
  return root.manifests.map(({ digest, mediaType, platform }) => {
    const kind = kindOfMediaType(mediaType);
    const role = kind === null ? "blob" : kind === "index" ? "index" : "manifest";
    return { role, digest, parent: root.digest, platform: platform === null ? null : formatPlatform(platform) };
  });
}
