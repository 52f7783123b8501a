import type { History } from "../model/history.ts";
import type { Entry, RecordedObject, Verification } from "../model/record.ts";
import type { Digest } from "../oci/digest.ts";
import { changesBetween } from "./changes.ts";

/** All workers saw this one root, on distinct vantages, and nothing spoke against it. */
export interface Agreement {
  readonly at: string;
  readonly digest: Digest;
  readonly objects: readonly RecordedObject[];
  readonly depth?: "root";
}

export function agreementsIn(entries: readonly Entry[]): readonly Agreement[] {
  return entries.flatMap(({ outcome, digest, at, objects, depth }) => {
    if (digest === null || (outcome !== "agreed" && outcome !== "pending")) return [];
    return [{ at, digest, objects, ...(depth === undefined ? {} : { depth }) }];
  });
}

/**
 * What the ledger says of a root that all workers see now, and of the objects below it. Entries of other coordinators
 * count: they can add a notice, and whoever may write a team's ledger may accept a change for the team. So do looks at
 * the root alone, of this agreement and of those before.
 */
export function historyOf(
  entries: readonly Entry[],
  digest: Digest,
  { objects, depth }: Pick<Verification, "objects" | "depth"> = { objects: [] },
): History {
  const agreements = agreementsIn(entries);
  const last = agreements.at(-1);
  if (last === undefined) return { last: null, at: null, since: null, change: "first", changes: [] };
  const other = agreements.findLastIndex((each) => each.digest !== last.digest);
  const since = agreements[other + 1]?.at ?? last.at;
  const known = agreements.some((each) => each.digest === digest);
  const change = last.digest === digest ? "none" : known ? "rolled-back" : "moved";
  // the tree below a digest is the same whenever somebody looked at it
  const whole = agreements.findLast((each) => each.digest === last.digest && each.depth === undefined);
  const changes = changesBetween(whole ?? last, { digest, objects, ...(depth === undefined ? {} : { depth }) });
  return { last: last.digest, at: last.at, since, change, changes };
}
