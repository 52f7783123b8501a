import type { Observation } from "../model/observation.ts";
import type { Probes } from "../model/probe.ts";
import type { Entry } from "../model/record.ts";
import { tagOf } from "../model/subject.ts";
import type { Difference } from "../model/verdict.ts";
import type { Digest } from "../oci/digest.ts";
import { agreementsIn } from "./history.ts";

export interface Move {
  /** What the tag no longer leads to, sorted. */
  readonly from: readonly Digest[];
  readonly to: Digest;
}

/**
 * Whether a tag that led to several digests did so because it moved while the workers looked. All of this is needed:
 * only the bytes of the root differ, every digest that anybody was given is the same everywhere by digest, and every
 * vantage has seen the tag move forward only (`destinationOf`).
 */
export function moveOf(
  observations: readonly Observation[],
  differences: readonly Difference[],
  { again, byDigest }: Probes,
  past: readonly Entry[],
): Move | null {
  const [first] = observations;
  if (first === undefined || tagOf(first.asked) === null || !differences.every(isOfRoots)) return null;
  const to = destinationOf(observations, again, past);
  if (to === null) return null;
  const claimed = [...claimedDigests(observations, again)];
  const workers = observations.map(({ worker }) => worker);
  if (claimed.length < 2 || !claimed.every((digest) => isEverywhere(digest, workers, byDigest))) return null;
  return { from: claimed.filter((each) => each !== to).sort(), to };
}

/** Several documents, each of which all who were given it were given alike. */
function isOfRoots({ path, expected, views }: Difference): boolean {
  return path.length === 1 && expected === null && new Set(views.map(({ digest }) => digest)).size === views.length;
}

/**
 * What the tag leads to in the end: every vantage answered in every round, of which there are two, the last round is
 * unanimous, and there is one order of the digests in which every vantage has seen the tag move forward only. Null
 * otherwise. A tag that led there before this verification, by the ledger's last agreement, did not move there during
 * it.
 */
export function destinationOf(
  observations: readonly Observation[],
  again: Probes["again"],
  past: readonly Entry[],
): Digest | null {
  const workers = observations.map(({ worker }) => worker);
  const complete = again.every((round) => workers.every((worker) => round.some((each) => each.worker === worker)));
  const answered = again.flat().every(({ digest, fault }) => digest !== null && fault === null);
  if (again.length < 2 || !complete || !answered) return null;
  const [to, ...others] = new Set((again.at(-1) ?? []).map(({ digest }) => digest));
  if (to == null || others.length > 0 || agreementsIn(past).at(-1)?.digest === to) return null;
  return hasOneOrder(workers.map((worker) => sequenceOf(worker, observations, again))) ? to : null;
}

/** Every digest that the tag led to at any vantage, in the job or in a probe. */
export function claimedDigests(observations: readonly Observation[], again: Probes["again"]): ReadonlySet<Digest> {
  return new Set([...observations, ...again.flat()].flatMap(({ digest }) => digest ?? []));
}

/** Every one of these workers is given it, under one type, when it asks for it by its digest. */
export function isEverywhere(digest: Digest, workers: readonly string[], byDigest: Probes["byDigest"]): boolean {
  const answers = byDigest.filter(({ asked }) => asked === digest);
  return (
    answers.every((each) => each.digest === digest && each.fault === null) &&
    new Set(answers.map(({ mediaType }) => mediaType)).size === 1 &&
    workers.every((worker) => answers.some((each) => each.worker === worker))
  );
}

/** What the tag led to at one vantage, in the order of time, repetitions once. */
function sequenceOf(worker: string, observations: readonly Observation[], again: Probes["again"]): readonly Digest[] {
  const own = [observations, ...again].flatMap((round): Digest[] => {
    const digest = round.find((each) => each.worker === worker)?.digest;
    return digest == null ? [] : [digest];
  });
  return own.filter((digest, at) => digest !== own[at - 1]);
}

/** Whether the sequences fit into one order without repetition: removes what nothing comes before, until all is gone. */
function hasOneOrder(sequences: readonly (readonly Digest[])[]): boolean {
  let left = sequences.filter(({ length }) => length > 0);
  while (left.length > 0) {
    const later = new Set(left.flatMap((sequence) => sequence.slice(1)));
    const next = left.map(([head]) => head).find((head) => head !== undefined && !later.has(head));
    if (next === undefined) return false;
    left = left
      .map((sequence) => (sequence[0] === next ? sequence.slice(1) : sequence))
      .filter(({ length }) => length > 0);
  }
  return true;
}
