import { isGeneratedArchive, isMovingUrl } from "../../file/name.ts";
import type { Finding } from "../../model/diagnosis.ts";
import { isFile } from "../../model/subject.ts";
import type { Glance } from "../../model/probe.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { imageConfigOf } from "../../oci/imageconfig.ts";
import type { Digest } from "../../oci/digest.ts";
import { differingManifests, relationOf, type Relation } from "../compare.ts";
import { agreementsIn } from "../history.ts";
import { camps, leadingPair, oddOnes } from "../camps.ts";
import { claimedDigests, destinationOf, isEverywhere } from "../moved.ts";
import type { Case, Rule } from "./case.ts";
import { otherIssuer } from "./issuer.ts";

function isSplit({ verdict, observations }: Case): boolean {
  return verdict.outcome === "disagreed" && camps(observations).length > 1;
}

/** What the tag led to at one worker, look by look; null where it got no answer. */
function looksOf(worker: string, { observations, probes }: Case): readonly (Digest | null)[] {
  return [observations, ...(probes?.again ?? [])].map(
    (round) => round.find((each) => each.worker === worker)?.digest ?? null,
  );
}

export const interception: Rule = (each) => {
  if (!isSplit(each)) return null;
  const odd = oddOnes(each.observations);
  const because = otherIssuer(each.observations, odd);
  return because === null ? null : { class: "interception", confidence: "likely", odd, because };
};

/** No look saw the same bytes as another. */
export const dynamic: Rule = (each) => {
  if (!isSplit(each) || (each.probes?.again.length ?? 0) < 2) return null;
  const looks = each.observations.flatMap(({ worker }) => looksOf(worker, each));
  const digests = new Set(looks).size;
  if (looks.includes(null) || digests < looks.length) return null;
  return { class: "dynamic", confidence: "likely", odd: [], because: { kind: "dynamic", digests } };
};

/** Files of other bytes that hold the same: one OpenPGP key, or what they unpack to. */
export const sameInside: Rule = (each) => {
  const { observations, probes } = each;
  const pair = leadingPair(observations);
  const [first] = observations;
  if (!isSplit(each) || pair === null || first === undefined || camps(observations).length !== 2) return null;
  const [left, right] = [probes?.files?.get(pair[0]), probes?.files?.get(pair[1])];
  if (left === undefined || right === undefined) return null;
  const odd = oddOnes(observations);
  const fingerprints = left.keys;
  if (fingerprints.length > 0 && fingerprints.join() === right.keys.join())
    return { class: "reserialised", confidence: "possible", odd, because: { kind: "same-key", fingerprints } };
  if (left.inner === null || left.inner !== right.inner) return null;
  const generated = isFile(first.asked) && isGeneratedArchive(first.asked.url);
  return { class: "recompressed", confidence: "likely", odd, because: { kind: "same-inside", generated } };
};

/** The URL says by itself that what it leads to changes. */
export const moving: Rule = (each) => {
  const [first] = each.observations;
  if (!isSplit(each) || first === undefined || !isFile(first.asked) || !isMovingUrl(first.asked.url)) return null;
  return { class: "dynamic", confidence: "possible", odd: [], because: { kind: "moving" } };
};

/** The documents differ, and what they lead to does not. */
export const related: Rule = (each) => {
  if (!isSplit(each) || each.probes === null || camps(each.observations).length !== 2) return null;
  const relation = relationBetween(each);
  if (relation === null) return null;
  // what layers unpack to is only what the configs say of them
  const confidence = relation === "recompressed" ? "possible" : "likely";
  return { class: relation, confidence, odd: oddOnes(each.observations), because: { kind: "related" } };
};

function relationBetween({ observations, probes }: Case): Relation {
  const pair = leadingPair(observations);
  const [first] = observations;
  if (pair === null || first === undefined || probes === null) return null;
  const [left, right] = [probes.documents.get(pair[0]), probes.documents.get(pair[1])];
  if (left === undefined || right === undefined) return null;
  const relation = relationOf([left, right], first.asked, probes.configs);
  if (relation !== null || left.kind !== "index" || right.kind !== "index") return relation;
  const [mine, theirs] = differingManifests([left, right], first.asked, probes.documents);
  return mine === undefined || theirs === undefined ? null : relationOf([mine, theirs], first.asked, probes.configs);
}

/** One worker is given an older digest, which everybody is given by that digest. */
export const stale: Rule = (each) => {
  if (!isSplit(each)) return null;
  const odd = oddOnes(each.observations);
  const [majority, other, ...more] = camps(each.observations);
  if (majority === undefined || other === undefined || more.length > 0 || odd.length !== other[1].length) return null;
  if (!isEverywhere(other[0], workersOf(each), each.probes?.byDigest ?? [])) return null;
  const agreements = agreementsIn(each.past);
  const at = agreements.findLast(({ digest }) => digest === other[0])?.at ?? null;
  const newer = agreements.findLast(({ digest }) => digest === majority[0])?.at ?? null;
  const finding = (confidence: Finding["confidence"]): Finding => {
    return { class: "stale-replica", confidence, odd, because: { kind: "stale", digest: other[0], at } };
  };
  if (at !== null) return newer === null || newer > at ? finding("likely") : null;
  const [old, young] = [createdOf(other[0], each), createdOf(majority[0], each)];
  return newer === null && old !== null && young !== null && old < young ? finding("possible") : null;
};

function workersOf({ observations }: Case): readonly string[] {
  return observations.map(({ worker }) => worker);
}

/** When a document says that it was made, in milliseconds; it says so itself. */
function createdOf(digest: Digest, { probes }: Case): number | null {
  const document = probes?.documents.get(digest);
  if (document === undefined) return null;
  const time = Date.parse(document.annotations["org.opencontainers.image.created"] ?? configTime(document, probes));
  return Number.isNaN(time) ? null : time;
}

function configTime(document: Manifest, probes: Case["probes"]): string {
  const bytes = document.kind === "manifest" ? probes?.configs.get(document.config.digest) : undefined;
  return (bytes === undefined ? null : imageConfigOf(bytes)?.created) ?? "";
}

/**
 * One worker is shown something else than the others. It is the more certain the longer it clings to it, and where
 * nobody else is given its digest.
 */
export const splitView: Rule = (each) => {
  if (!isSplit(each)) return null;
  const { observations, probes } = each;
  const odd = oddOnes(observations);
  const [digest = null, ...more] = camps(observations)
    .filter(([, workers]) => workers.every((worker) => odd.includes(worker)))
    .map(([camp]) => camp);
  const others = workersOf(each).filter((worker) => !odd.includes(worker));
  const alone = digest !== null && others.length > 0 && others.every((worker) => isRefused(digest, worker, each));
  const stays = odd.every((worker) => isConstant(looksOf(worker, each)));
  const apart = others.every((worker) => looksOf(worker, each).at(-1) !== digest);
  const clings = (probes?.again.length ?? 0) > 0 && stays && apart;
  const confidence = alone && clings ? "sure" : alone || clings ? "likely" : "possible";
  const because = { kind: "split", digest: more.length > 0 ? null : digest, alone, clings } as const;
  return { class: "split-view", confidence, odd, because };
};

function isConstant(looks: readonly (Digest | null)[]): boolean {
  return new Set(looks).size === 1 && looks[0] !== null;
}

/** The worker asked for it by its digest, and was told that it does not exist, or was given other bytes. */
function isRefused(digest: Digest, worker: string, { probes }: Case): boolean {
  const answers = (probes?.byDigest ?? []).filter((each) => each.asked === digest && each.worker === worker);
  return answers.length > 0 && answers.every((each) => isGone(each) || isOther(each));
}

function isGone({ fault }: Glance): boolean {
  return fault?.code === "E_NOT_FOUND";
}

function isOther({ digest, asked }: Glance): boolean {
  return digest !== null && digest !== asked;
}

/**
 * The tag moved, as it seems, and some of what it led to is gone, so that nobody can confirm it: no outcome of its own.
 * Its publisher may have removed it.
 */
export const replaced: Rule = (each) => {
  const { observations, probes, past } = each;
  if (!isSplit(each) || probes === null) return null;
  const to = destinationOf(observations, probes.again, past);
  if (to === null) return null;
  const { byDigest } = probes;
  const gone = (digest: Digest): boolean =>
    workersOf(each).every((worker) => byDigest.some((answer) => answer.asked === digest && answer.worker === worker)) &&
    byDigest.every((answer) => answer.asked !== digest || isGone(answer));
  const from = [...claimedDigests(observations, probes.again)].filter((digest) => digest !== to).sort();
  const explained = [to, ...from].every((digest) => gone(digest) || isEverywhere(digest, workersOf(each), byDigest));
  if (!explained || !from.some(gone)) return null;
  const because = { kind: "moved", from, to, at: null } as const;
  return { class: "tag-moved", confidence: "possible", odd: oddOnes(observations), because };
};
