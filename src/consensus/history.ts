import type { Change } from "../model/diagnosis.ts";
import type { History } from "../model/history.ts";
import type { Entry, RecordedObject } from "../model/record.ts";
import type { Digest } from "../oci/digest.ts";
import { changedMap } from "./compare.ts";

const MOST_CHANGES = 20;

/** All workers saw this one root, on distinct vantages, and nothing spoke against it. */
export interface Agreement {
  readonly at: string;
  readonly digest: Digest;
  readonly objects: readonly RecordedObject[];
}

export function agreementsIn(entries: readonly Entry[]): readonly Agreement[] {
  return entries.flatMap(({ outcome, digest, at, objects }) => {
    return digest !== null && (outcome === "agreed" || outcome === "pending") ? [{ at, digest, objects }] : [];
  });
}

/**
 * What the ledger says of a root that all workers see now, and of the objects below it. Entries of other coordinators
 * count: they can add a notice, and whoever may write a team's ledger may accept a change for the team.
 */
export function historyOf(entries: readonly Entry[], digest: Digest, objects: readonly RecordedObject[] = []): History {
  const agreements = agreementsIn(entries);
  const last = agreements.at(-1);
  if (last === undefined) return { last: null, at: null, since: null, change: "first", changes: [] };
  const other = agreements.findLastIndex((each) => each.digest !== last.digest);
  const since = agreements[other + 1]?.at ?? last.at;
  const known = agreements.some((each) => each.digest === digest);
  const change = last.digest === digest ? "none" : known ? "rolled-back" : "moved";
  const changes = change === "none" ? [] : changesBetween(last.objects, objects);
  return { last: last.digest, at: last.at, since, change, changes };
}

/** Empty unless both trees are known. */
function changesBetween(before: readonly RecordedObject[], now: readonly RecordedObject[]): readonly Change[] {
  if (before.length === 0 || now.length === 0) return [];
  return changedMap(byPlace(before), byPlace(now)).slice(0, MOST_CHANGES);
}

/** Digests by what they are for: `linux/amd64 manifest`, `linux/amd64 layer 2`. The roots are told apart already. */
function byPlace(objects: readonly RecordedObject[]): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const { role, digest, parent, platform } of objects) {
    if (parent === null) continue;
    const name = platform === null ? role : `${platform} ${role}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    places.set(count === 1 ? name : `${name} ${count}`, digest);
  }
  return places;
}
