import { isUsage } from "../errors.ts";
import { rootOf, type Fault, type Observation, type SeenObject } from "../model/observation.ts";
import type { Policy } from "../model/policy.ts";
import type { Probes } from "../model/probe.ts";
import type { Entry, Past } from "../model/record.ts";
import { isFile, pinOf, tagOf, type Subject } from "../model/subject.ts";
import type { Agreed, Agreement, Difference, NotAgreed, Reason, Verdict } from "../model/verdict.ts";
import { versionMismatch } from "../oci/homebrew.ts";
import { isComplete, supports, unsureOf } from "./complete.ts";
import { countOf, daysOf } from "./days.ts";
import { differencesOf } from "./difference.ts";
import { indistinctOf } from "./distinct.ts";
import { historyOf } from "./history.ts";
import { moveOf } from "./moved.ts";
import { byQuestion } from "./question.ts";

/** Fewer distinct workers than this never agree, whatever they saw. */
export const QUORUM = 3;

/** How the root that all workers saw contradicts the request. */
function contradictionOf(root: SeenObject, objects: readonly SeenObject[], subject: Subject): Reason | null {
  const pin = pinOf(subject);
  if (pin !== null && (root.pinned ?? root.computed) !== pin) return { kind: "pin", root: root.digest, pin };
  const tag = tagOf(subject);
  if (tag === null) return null;
  const entries = objects.filter((each) => each.parent === root.digest && each.role !== "mirror");
  const mismatch = versionMismatch({ annotations: root.annotations, manifests: entries }, tag);
  return mismatch && { kind: "version", root: root.digest, mismatch };
}

/** How the ledger contradicts the root, where the policy minds; who names the new digest as the pin has accepted it. */
function changeOf(
  root: SeenObject,
  subject: Subject,
  { onChange }: Partial<Policy>,
  entries: readonly Entry[],
): Reason | null {
  if (onChange !== "fail" || pinOf(subject) !== null) return null;
  const history = historyOf(entries, root.digest);
  return history.change === "none" || history.change === "first"
    ? null
    : { kind: "ledger", root: root.digest, history };
}

function quorumOf(observations: readonly Observation[]): string {
  const groups = new Map<string, Set<string>>();
  for (const each of observations) {
    if (!supports(each) || each.digest === null) continue;
    groups.set(each.digest, (groups.get(each.digest) ?? new Set()).add(each.worker));
  }
  const largest = [...groups.values()].reduce((most, { size }) => Math.max(most, size), 0);
  return `${largest}/${observations.length}`;
}

/**
 * A selection or destination is the user's mistake only when all workers have the same root and report nothing else
 * about it; a worker that was stopped because of the mistake reports nothing.
 */
function requestFaultOf(observations: readonly Observation[]): Fault | null {
  const [root, ...others] = new Set(observations.map((each) => each.digest));
  if (root == null || others.length > 0) return null;
  const faults = observations.map(({ error }) => error);
  if (!faults.every((fault) => fault !== null && (isUsage(fault.code) || fault.code === "E_STOPPED"))) return null;
  return faults.find((fault) => fault !== null && isUsage(fault.code)) ?? null;
}

/** Why the observations do not add up to an agreement; null when they do. */
function gapOf(observations: readonly Observation[]): Reason | null {
  const distinct = new Set(observations.map((each) => each.worker)).size;
  if (distinct < QUORUM || distinct < observations.length) return { kind: "workers", distinct, needed: QUORUM };
  const fault = requestFaultOf(observations);
  if (fault !== null) return { kind: "request", fault };
  const unsure = unsureOf(observations);
  const missing = observations.filter((each) => !isComplete(each) || unsure.has(each));
  return missing.length === 0 ? null : { kind: "gap", workers: missing.map((each) => each.worker).sort() };
}

/** All that a worker lacks of a file that it saw is at mirrors: it hides nothing of what the file itself contradicts. */
function isAtMirrors({ kind }: Reason, observations: readonly Observation[]): boolean {
  return kind === "gap" && observations.every(({ asked, objects }) => isFile(asked) && rootOf(objects) !== undefined);
}

/** What a verdict may know besides the observations. */
export interface Knowledge {
  /** Null: it is not known, so nothing is *moved* and no earlier day counts. */
  readonly past: Past | null;
  /** Null: nothing was asked after a disagreement. */
  readonly probes: Probes | null;
}

const NOTHING: Knowledge = { past: null, probes: null };

/**
 * The whole rule. Two different views, or bytes that do not match the digest they were requested by, are *disagreed*;
 * that outranks an absence. Probes may show that a tag *moved* meanwhile. To agree, every distinct worker must have been
 * asked the same and have seen every object. 404 everywhere is *absent*; any other gap is *incomplete*. If all saw the
 * same thing but not what was requested, or not what the ledger remembers where the policy minds, it is *changed*, of a
 * file even if something is amiss with a mirror of it.
 * Workers that agree but are not as distinct as the policy requires are *indistinct*; on too few days they are
 * *pending*. The order of the observations does not matter.
 */
export function judge(
  observations: readonly Observation[],
  policy: Partial<Policy> = {},
  { past, probes }: Knowledge = NOTHING,
): Verdict {
  const quorum = quorumOf(observations);
  const refuse = (
    outcome: NotAgreed["outcome"],
    reason: Reason,
    differences: readonly Difference[] = [],
  ): NotAgreed => {
    return { outcome, quorum, differences, reason };
  };
  const questions = byQuestion(observations);
  const differences = questions.flatMap((group) => differencesOf(group, new Set(group.filter(isComplete))));
  if (differences.length > 0) {
    // without the past nobody knows whether the tag was there before
    const known = questions.length === 1 && probes !== null && past !== null;
    const move = known ? moveOf(observations, differences, probes, past.entries) : null;
    if (move !== null) return refuse("moved", { kind: "moved", ...move }, differences);
    return refuse("disagreed", { kind: "difference" }, differences);
  }
  if (questions.length > 1) return refuse("incomplete", { kind: "questions" });
  const gap = gapOf(observations);
  const [first] = observations;
  const root = first && rootOf(first.objects);
  if (first !== undefined && root !== undefined && (gap === null || isAtMirrors(gap, observations))) {
    const contradiction =
      contradictionOf(root, first.objects, first.asked) ?? changeOf(root, first.asked, policy, past?.entries ?? []);
    if (contradiction !== null) return refuse("changed", contradiction);
  }
  if (isAbsent(observations)) {
    const seen = observations.find((each) => each.digest !== null)?.digest ?? null;
    return refuse("absent", { kind: "absence", root: seen });
  }
  if (gap !== null || first === undefined || root === undefined) {
    return refuse("incomplete", gap ?? { kind: "gap", workers: [] });
  }
  const indistinct = indistinctOf(observations, policy.distinct ?? []);
  if (indistinct.length > 0) return refuse("indistinct", { kind: "indistinct", root: root.digest, indistinct });
  const needed = policy.days ?? 1;
  if (needed !== 1) {
    const have = past === null ? 0 : countOf(daysOf(observations, root.digest, past));
    if (!(have >= needed)) return refuse("pending", { kind: "days", root: root.digest, have, needed });
  }
  const agreement: Agreement = {
    outcome: "agreed",
    quorum,
    root,
    objects: first.objects,
    differences: [],
    reason: null,
  };
  return agreement as Agreed;
}

function isAbsent(observations: readonly Observation[]): boolean {
  return (
    observations.length > 0 &&
    observations.every((each) => each.outcome === "refused" && each.error?.code === "E_NOT_FOUND")
  );
}
