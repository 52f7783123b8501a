import type { Tofu3Error } from "../errors.ts";
import type { ArtifactObject, Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/diagnosis.ts";
import type { Observation, SeenObject } from "../model/observation.ts";
import type { Released } from "../model/destination.ts";
import type { Policy } from "../model/policy.ts";
import type { Probes } from "../model/probe.ts";
import type { Past } from "../model/record.ts";
import type { Verdict } from "../model/verdict.ts";
import type { Signed } from "../model/signed.ts";
import type { WitnessNote } from "../model/witness.ts";
import { signedBy } from "../receipt/vouch.ts";
import { basisOf } from "./basis.ts";
import { diagnosisOf } from "./diagnosis.ts";
import { inTreeOrder } from "../model/tree.ts";
import { hintsOf, noticesOf } from "./notices.ts";
import { placeText } from "./place.ts";
import { sentenceOf, type Facts } from "./sentence.ts";
import { witnessText } from "./witness.ts";
import { isAboutFile } from "./tally.ts";

/** The results of one verification. */
export interface Parts {
  readonly request: Evidence["request"];
  readonly observations: readonly Observation[];
  readonly verdict: Verdict;
  readonly finding: Finding | null;
  readonly compared: Evidence["compared"];
  readonly days: Evidence["days"];
  readonly history: Evidence["history"];
  readonly entered: Evidence["entered"];
  /** Notices about the ledger. */
  readonly remarks: readonly string[];
  readonly policy: Policy;
  readonly isMet: boolean;
  readonly past: Past | null;
  readonly probes: Probes | null;
  readonly released: Released | null;
  readonly releaseError: Tofu3Error | null;
  readonly witnesses?: readonly WitnessNote[] | undefined;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly version: string;
  /** Of this verification; absent where it is not known. */
  readonly run?: string | undefined;
}

/** The one value behind every report; the same parts in another order give an equal value. */
export function evidenceOf(parts: Parts): Evidence {
  const { verdict, released, releaseError } = parts;
  const facts: Facts = {
    schemaVersion: 1,
    tool: { name: "tofu3", version: parts.version },
    ...(parts.run === undefined ? {} : { run: parts.run }),
    request: parts.request,
    outcome: verdict.outcome,
    quorum: verdict.quorum,
    reason: verdict.reason,
    startedAt: parts.startedAt,
    finishedAt: parts.finishedAt,
    artifact: artifactOf(verdict),
    observations: parts.observations.map(sorted).sort((left, right) => order(left.worker, right.worker)),
    signed: signedIn(parts),
    differences: verdict.differences.map((each) => ({ at: placeText(each.path), ...each })),
    diagnosis: parts.finding && diagnosisOf(parts.finding, isAboutFile(parts.observations)),
    compared: parts.compared,
    policy: { ...parts.policy, met: parts.isMet },
    days: parts.days,
    history: parts.history,
    entered: parts.entered,
    ...witnessesIn(parts),
    notices: noticesIn(parts),
    released: released && { format: released.format, path: released.path },
    releaseError: releaseError && { code: releaseError.code, message: releaseError.message, hint: releaseError.hint },
    basis: basisOf(parts.past, parts.probes),
  };
  return { ...facts, summary: sentenceOf(facts) };
}

function noticesIn(parts: Parts): readonly string[] {
  const { observations, witnesses = [], remarks } = parts;
  return [
    ...noticesOf(parts, isAboutFile(observations)),
    ...hintsOf(observations),
    ...witnesses.map((each) => witnessText(each, observations)),
    ...remarks,
  ];
}

function witnessesIn({ witnesses = [] }: Parts): Pick<Evidence, "witnesses"> {
  const inOrder = (one: WitnessNote, other: WitnessNote): number =>
    order(one.kind, other.kind) || order(one.digest ?? "", other.digest ?? "");
  return witnesses.length === 0 ? {} : { witnesses: witnesses.toSorted(inOrder) };
}

function signedIn({ observations, run }: Parts): readonly Signed[] {
  const all = observations.map((each) => signedBy(each, run ?? null)).filter((each) => each !== null);
  return all.sort((left, right) => order(left.worker, right.worker));
}

function artifactOf(verdict: Verdict): Evidence["artifact"] {
  if (verdict.outcome !== "agreed") return null;
  const { root } = verdict;
  return {
    digest: root.digest,
    mediaType: root.mediaType,
    size: root.size,
    objects: inTreeOrder(verdict.objects).map(artifactObject),
  };
}

function artifactObject(seen: SeenObject): ArtifactObject {
  const { role, digest, mediaType, size, parent, platform, annotations } = seen;
  return { role, digest, mediaType, size, parent, platform, annotations };
}

function sorted(observation: Observation): Observation {
  const { evidence } = observation;
  const retries = [...evidence.retries].sort((a, b) => order(a.url, b.url) || a.attempt - b.attempt);
  const redirects = [...evidence.redirects].sort((a, b) => order(a.from, b.from) || order(a.to, b.to));
  const receipts = evidence.receipts?.toSorted((a, b) => order(a.text, b.text));
  const notes = { ...evidence, retries, redirects, ...(receipts === undefined ? {} : { receipts }) };
  return { ...observation, objects: inTreeOrder(observation.objects), evidence: notes };
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
