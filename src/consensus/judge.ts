import type { Digest } from "../oci/digest.ts";
import { versionMismatch } from "../oci/homebrew.ts";
import type { Observation, SeenObject } from "../model/observation.ts";
import type { Agreed, Difference, NotAgreed, Verdict } from "../model/verdict.ts";
import type { Distinct } from "../model/policy.ts";
import { isComplete, supports } from "./complete.ts";
import { differencesOf } from "./difference.ts";
import { indistinctOf } from "./distinct.ts";
import {
  summaryOfAbsence,
  summaryOfChange,
  summaryOfDifference,
  summaryOfGap,
  summaryOfAgreement,
  summaryOfIndistinct,
} from "./summary.ts";

/** Fewer distinct workers than this never agree, whatever they saw. */
export const QUORUM = 3;

/** What the person asked for beyond "the same everywhere". */
export interface Expectation {
  /** `name:tag@sha256:…`: what the tag has to resolve to at every worker. */
  readonly pin: Digest | null;
  /** The tag of a bottle names its version, which has to be the one that its index says it holds. */
  readonly tag: string | null;
  /** What must differ between the workers; one proved host key is one worker whatever stands here. */
  readonly distinct: readonly Distinct[];
}

function contradictionOf(
  root: SeenObject,
  objects: readonly SeenObject[],
  { pin, tag }: Pick<Expectation, "pin" | "tag">,
): string | null {
  if (pin !== null && (root.pinned ?? root.computed) !== pin) return `the pin is ${pin}`;
  if (tag === null) return null;
  const entries = objects.filter((each) => each.parent === root.digest);
  return versionMismatch({ annotations: root.annotations, manifests: entries }, tag);
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

function refusal(
  outcome: NotAgreed["outcome"],
  quorum: string,
  summary: string,
  differences: readonly Difference[] = [],
): NotAgreed {
  return { outcome, quorum, summary, differences };
}

/**
 * The whole rule. Two different views, or bytes that are not what they were asked by, disagree: that outranks an absence. Every distinct worker must have seen
 * every object; nothing else agrees. Everybody told 404 is absence. Anything else is incomplete. Workers that agree and are not
 * the distinct ones that were asked for are indistinct. The order of the observations does not matter.
 */
export function judge(observations: readonly Observation[], expectation: Partial<Expectation> = {}): Verdict {
  const { pin = null, tag = null, distinct: marks = [] } = expectation;
  const quorum = quorumOf(observations);
  const complete = new Set(observations.filter(isComplete));
  const differences = differencesOf(observations, complete);
  if (differences.length > 0)
    return refusal("disagreed", quorum, summaryOfDifference(differences, observations.length), differences);
  const distinct = new Set(observations.map((each) => each.worker)).size;
  if (observations.length > 0 && observations.every((each) => each.outcome === "refused" && each.error?.code === "E_NOT_FOUND")) {
    return refusal("absent", quorum, summaryOfAbsence(observations));
  }
  const objects = observations[0]?.objects ?? [];
  const root = objects.find((each) => each.parent === null);
  if (root === undefined || distinct < QUORUM || distinct < observations.length || complete.size < observations.length) {
    return refusal("incomplete", quorum, summaryOfGap(observations, complete, QUORUM));
  }
  const contradiction = contradictionOf(root, objects, { pin, tag });
  if (contradiction !== null) return refusal("changed", quorum, summaryOfChange(observations.length, root.digest, contradiction));
  const indistinct = indistinctOf(observations, marks);
  if (indistinct.length > 0)
    return refusal("indistinct", quorum, summaryOfIndistinct(observations.length, root.digest, indistinct));
  const agreement = {
    outcome: "agreed",
    quorum,
    summary: summaryOfAgreement(observations.length, root),
    root,
    objects,
    differences: [],
  };
  return agreement as unknown as Agreed;
}
