import type { Change } from "../model/diagnosis.ts";
import type { RecordedObject } from "../model/record.ts";
import type { Digest } from "../oci/digest.ts";
import { changedMap } from "./compare.ts";

const MOST_CHANGES = 20;

interface Tree {
  readonly digest: Digest;
  readonly objects: readonly RecordedObject[];
  readonly depth?: "root";
}

/**
 * What changed below two roots, by what it is for. Empty unless both trees are known, and differ. What only one of them
 * was looked at for has not changed: of trees of two depths, indexes and manifests are compared, where both have some.
 */
export function changesBetween(before: Tree, now: Tree): readonly Change[] {
  if (before.digest === now.digest) return [];
  const [old, fresh] = before.depth === now.depth ? [before.objects, now.objects] : [before, now].map(documentsOf);
  if (old === undefined || fresh === undefined || old.length === 0 || fresh.length === 0) return [];
  return changedMap(byPlace(old), byPlace(fresh)).slice(0, MOST_CHANGES);
}

function documentsOf({ objects }: Tree): readonly RecordedObject[] {
  return objects.filter(({ role, parent }) => parent !== null && (role === "index" || role === "manifest"));
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
