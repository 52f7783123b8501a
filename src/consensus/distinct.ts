import { exitAddress } from "../model/exit.ts";
import type { ExitNote, Notes } from "../model/observation.ts";
import { DISTINCT, type Distinct } from "../model/policy.ts";
import type { Indistinct } from "../model/verdict.ts";

/** A worker and what is known of its identity: the host key is proved, the rest is what its machine or others say. */
export interface Identified {
  readonly worker: string;
  readonly evidence: Pick<Notes, "hostKey" | "machine" | "boot"> & Partial<Pick<Notes, "exit">>;
}

type Mark = readonly [mark: string | null, worker: string];
type Why = Indistinct["why"];

function groupsOf(why: Why, marks: readonly Mark[], named = false): Indistinct[] {
  const groups = new Map<string, Set<string>>();
  for (const [mark, worker] of marks) {
    if (typeof mark === "string") groups.set(mark, (groups.get(mark) ?? new Set()).add(worker));
  }
  return [...groups]
    .filter(([, group]) => group.size > 1)
    .map(([mark, group]) => ({ why, workers: [...group].sort(), ...(named ? { value: mark } : {}) }));
}

function unknownOf(why: Why, workers: Iterable<string>): Indistinct[] {
  const all = [...new Set(workers)].sort();
  return all.length === 0 ? [] : [{ why, workers: all }];
}

/**
 * A boot counts only against a machine without any other identity: a container next to its host. A worker of unknown
 * identity is not distinct.
 */
function sameMachines(workers: readonly Identified[]): readonly Indistinct[] {
  const machines = new Set(workers.map(({ evidence }) => evidence.machine));
  const boots = workers.filter(({ evidence }) => machines.has(evidence.boot));
  const unknown = workers.filter(({ evidence }) => typeof evidence.machine !== "string");
  return [
    ...groupsOf("machine", [
      ...workers.map(({ worker, evidence }): Mark => [evidence.machine, worker]),
      ...boots.map(({ worker, evidence }): Mark => [evidence.boot, worker]),
    ]),
    ...unknownOf(
      "unknown machine",
      unknown.map(({ worker }) => worker),
    ),
  ];
}

/** The exit of a worker that nothing casts doubt on; null where there is none. */
function sureExit({ evidence }: Identified): ExitNote | null {
  const exit: ExitNote | null | undefined = evidence.exit;
  return typeof exit === "object" && exit !== null && exit.doubt === null ? exit : null;
}

/** `4` or `6`, and the network; empty if unknown. */
function networksOf(worker: Identified): ReadonlySet<string> {
  const addresses: unknown = sureExit(worker)?.addresses;
  const known = (Array.isArray(addresses) ? addresses : []).map((each: unknown) => exitAddress(each));
  if (known.some((each) => each === null)) return new Set();
  return new Set(known.flatMap((each) => (each === null ? [] : [`${each.family} ${each.network}`])));
}

/**
 * One exit address is one network, IPv6 by its /64. Two workers that have no family of addresses in common cannot be
 * told apart: one may be the other.
 */
function sameNetworks(workers: readonly Identified[]): readonly Indistinct[] {
  const networks = workers.map((each) => ({ worker: each.worker, marks: networksOf(each) }));
  const families = networks.map(({ marks }) => new Set([...marks].map((mark) => mark[0])));
  const unknown = networks.filter((_, at) =>
    networks.some(
      (__, other) => other !== at && ![...(families[at] ?? [])].some((each) => families[other]?.has(each) === true),
    ),
  );
  const strangers = networks.filter(({ marks }) => marks.size === 0);
  return [
    ...groupsOf(
      "network",
      networks.flatMap(({ worker, marks }) => [...marks].map((mark): Mark => [mark, worker])),
    ),
    // where somebody's exit is not known at all, that is the reason, and everybody would be in the other list
    ...unknownOf(
      "unknown network",
      (strangers.length > 0 ? strangers : unknown).map(({ worker }) => worker),
    ),
  ];
}

const SHAPES = { asn: /^AS\d{1,10}$/, country: /^[A-Z]{2}$/ } as const;

function samePlaces(workers: readonly Identified[], key: "asn" | "country"): readonly Indistinct[] {
  const marks = workers.map((each): Mark => {
    const place: unknown = sureExit(each)?.[key];
    return [typeof place === "string" && SHAPES[key].test(place) ? place : null, each.worker];
  });
  const unknown = marks.filter(([mark]) => mark === null).map(([, worker]) => worker);
  return [...groupsOf(key, marks, true), ...unknownOf(`unknown ${key}`, unknown)];
}

const RULES: Readonly<Record<Distinct, (workers: readonly Identified[]) => readonly Indistinct[]>> = {
  machine: sameMachines,
  network: sameNetworks,
  asn: (workers) => samePlaces(workers, "asn"),
  country: (workers) => samePlaces(workers, "country"),
};

/**
 * Workers with one proved host key count as one, whatever the policy. What the policy names must be known of every
 * worker, and differ between any two: unknown is not distinct. Empty when all are distinct.
 */
export function indistinctOf(workers: readonly Identified[], distinct: readonly Distinct[]): readonly Indistinct[] {
  const oneKey = groupsOf(
    "host key",
    workers.map(({ worker, evidence }): Mark => [evidence.hostKey, worker]),
  );
  return [...oneKey, ...DISTINCT.filter((each) => distinct.includes(each)).flatMap((each) => RULES[each](workers))];
}

/**
 * What the workers could be required to differ in, and the first thing, from the easiest to meet, that they could not,
 * with what is in its way.
 */
export function standingOf(workers: readonly Identified[]): {
  readonly meets: readonly Distinct[];
  readonly next: { readonly distinct: Distinct; readonly found: readonly Indistinct[] } | null;
} {
  const results = DISTINCT.map((distinct) => ({ distinct, found: indistinctOf(workers, [distinct]) }));
  return {
    meets: results.filter(({ found }) => found.length === 0).map(({ distinct }) => distinct),
    next: results.find(({ found }) => found.length > 0) ?? null,
  };
}
