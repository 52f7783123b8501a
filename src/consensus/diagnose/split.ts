import type { Finding } from "../../model/diagnosis.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { imageConfigOf } from "../../oci/imageconfig.ts";
import type { Digest } from "../../oci/digest.ts";
import { differingEntries, relationOf, type Relation } from "../compare.ts";
import { agreementsIn } from "../history.ts";
import { camps, leadingPair, oddOnes } from "../camps.ts";
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

/** No worker was given the same bytes twice. */
export const dynamic: Rule = (each) => {
  if (!isSplit(each) || (each.probes?.again.length ?? 0) < 2) return null;
  const looks = each.observations.map(({ worker }) => looksOf(worker, each));
  const changing = looks.every((digests) => !digests.includes(null) && new Set(digests).size === digests.length);
  const digests = new Set(looks.flat()).size;
  if (!changing) return null;
  return { class: "dynamic", confidence: "likely", odd: [], because: { kind: "dynamic", digests } };
};

/** The documents differ, and what they lead to does not. */
export const related: Rule = (each) => {
  if (!isSplit(each) || each.probes === null || camps(each.observations).length !== 2) return null;
  const relation = relationBetween(each);
  const odd = oddOnes(each.observations);
  return relation === null ? null : { class: relation, confidence: "likely", odd, because: { kind: "related" } };
};

function relationBetween({ observations, probes }: Case): Relation {
  const pair = leadingPair(observations);
  const [first] = observations;
  if (pair === null || first === undefined || probes === null) return null;
  const [left, right] = [probes.documents.get(pair[0]), probes.documents.get(pair[1])];
  if (left === undefined || right === undefined) return null;
  const relation = relationOf([left, right], first.asked, probes.configs);
  if (relation !== null || left.kind !== "index" || right.kind !== "index") return relation;
  const entries = differingEntries([left, right], first.asked);
  const [mine, theirs] = (entries ?? []).map(({ digest }) => probes.documents.get(digest));
  return mine === undefined || theirs === undefined ? null : relationOf([mine, theirs], first.asked, probes.configs);
}

/** One worker is given an older digest, which everybody is given by that digest. */
export const stale: Rule = (each) => {
  if (!isSplit(each)) return null;
  const odd = oddOnes(each.observations);
  const [majority, other, ...more] = camps(each.observations);
  if (majority === undefined || other === undefined || more.length > 0 || odd.length !== other[1].length) return null;
  if (!isEverywhere(other[0], each)) return null;
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

/** Every worker is given it when it asks for it by its digest. */
function isEverywhere(digest: Digest, { observations, probes }: Case): boolean {
  const seen = (probes?.byDigest ?? []).filter((each) => each.asked === digest && each.digest === digest);
  return observations.every(({ worker }) => seen.some((each) => each.worker === worker));
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
  const digest = camps(observations).find(([, workers]) => odd.includes(workers[0] ?? ""))?.[0] ?? null;
  if (wentAway(each)) return null;
  const others = observations.map(({ worker }) => worker).filter((worker) => !odd.includes(worker));
  const asked = (probes?.byDigest ?? []).filter((glance) => glance.asked === digest && others.includes(glance.worker));
  const alone = asked.length > 0 && asked.every((glance) => glance.digest !== digest);
  const clings = (probes?.again.length ?? 0) > 0 && odd.every((worker) => isConstant(looksOf(worker, each)));
  const confidence = alone && clings ? "sure" : alone || clings ? "likely" : "possible";
  return { class: "split-view", confidence, odd, because: { kind: "split", digest, alone, clings } };
};

function isConstant(looks: readonly (Digest | null)[]): boolean {
  return new Set(looks).size === 1 && looks[0] !== null;
}

/** All lead to one digest in the end, and nobody is given the other one any more: its publisher may have removed it. */
function wentAway(each: Case): boolean {
  const last = each.probes?.again.at(-1) ?? [];
  const [to, ...more] = new Set(last.map(({ digest }) => digest));
  if (to == null || more.length > 0 || last.length < each.observations.length) return false;
  return goneDigests(each, to).length > 0;
}

function goneDigests({ observations, probes }: Case, to: Digest): Digest[] {
  return camps(observations)
    .map(([digest]) => digest)
    .filter(
      (digest) => digest !== to && (probes?.byDigest ?? []).filter((glance) => glance.asked === digest).length > 0,
    )
    .filter((digest) =>
      (probes?.byDigest ?? []).every((glance) => glance.asked !== digest || glance.fault?.code === "E_NOT_FOUND"),
    );
}

/** The tag moved, as it seems, and what it led to is gone, so that nobody can confirm it: no outcome of its own. */
export const replaced: Rule = (each) => {
  if (!isSplit(each) || !wentAway(each)) return null;
  const to = each.probes?.again.at(-1)?.[0]?.digest;
  if (to == null) return null;
  const because = { kind: "moved", from: goneDigests(each, to), to, at: null } as const;
  return { class: "tag-moved", confidence: "possible", odd: oddOnes(each.observations), because };
};
