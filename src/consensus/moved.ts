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
 * only the root differs, every digest that anybody was given is the same everywhere by digest, every vantage answered
 * every question, the last look is unanimous, and there is one order of the digests in which every vantage has seen the
 * tag move forward only. A tag that led to the last digest before this verification, by the ledger, did not move there
 * during it.
 */
export function moveOf(
  observations: readonly Observation[],
  differences: readonly Difference[],
  { again, byDigest }: Probes,
  past: readonly Entry[],
): Move | null {
  const [first] = observations;
  if (first === undefined || tagOf(first.asked) === null) return null;
  if (!differences.every(({ path, expected }) => path.length === 1 && expected === null)) return null;
  const last = again.at(-1) ?? [];
  const workers = observations.map(({ worker }) => worker);
  const complete = again.every((round) => workers.every((worker) => round.some((each) => each.worker === worker)));
  const answered = [...again.flat(), ...byDigest].every(({ digest, fault }) => digest !== null && fault === null);
  const [to, ...others] = new Set(last.map(({ digest }) => digest));
  if (again.length < 2 || !complete || !answered || to == null || others.length > 0) return null;
  const claimed = claimedDigests(observations, again);
  if (claimed.size < 2 || !areEverywhere(claimed, workers, byDigest)) return null;
  const before = agreementsIn(past).at(-1)?.digest;
  if (before === to || !hasOneOrder(workers.map((worker) => sequenceOf(worker, observations, again)))) return null;
  return { from: [...claimed].filter((each) => each !== to).sort(), to };
}

/** Every digest that the tag led to at any vantage, in the job or in a probe. */
export function claimedDigests(observations: readonly Observation[], again: Probes["again"]): ReadonlySet<Digest> {
  return new Set([...observations, ...again.flat()].flatMap(({ digest }) => digest ?? []));
}

function areEverywhere(
  claimed: ReadonlySet<Digest>,
  workers: readonly string[],
  byDigest: Probes["byDigest"],
): boolean {
  return [...claimed].every((digest) => {
    const seen = byDigest.filter((each) => each.asked === digest && each.digest === digest);
    const types = new Set(seen.map(({ mediaType }) => mediaType));
    return types.size === 1 && workers.every((worker) => seen.some((each) => each.worker === worker));
  });
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
