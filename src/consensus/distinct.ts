import { exitAddress, type ExitAddress } from "../model/exit.ts";
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

/** The networks of its exit, by family: at most one each, unless somebody made it up. Empty if unknown. */
function networksOf(worker: Identified): readonly ExitAddress[] {
  const addresses: unknown = sureExit(worker)?.addresses;
  if (!Array.isArray(addresses)) return [];
  const known = addresses.map((each: unknown) => exitAddress(each));
  return known.every((each) => each !== null) ? known : [];
}

/**
 * One exit address is one network, IPv6 by its /64. Two workers that have no family of addresses in common cannot be
 * told apart: one may be the other.
 */
function sameNetworks(workers: readonly Identified[]): readonly Indistinct[] {
  const exits = workers.map((each) => ({ worker: each.worker, networks: networksOf(each) }));
  const strangers = exits.filter(({ networks }) => networks.length === 0);
  const [only4, only6] = ([4, 6] as const).map((family) =>
    exits.filter(({ networks }) => networks.length > 0 && networks.every((each) => each.family === family)),
  );
  const apart = only4?.length === 0 || only6?.length === 0 ? [] : [...(only4 ?? []), ...(only6 ?? [])];
  return [
    ...groupsOf(
      "network",
      exits.flatMap(({ worker, networks }) => networks.map(({ network }): Mark => [network, worker])),
    ),
    ...unknownOf(
      "unknown network",
      [...strangers, ...apart].map(({ worker }) => worker),
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
