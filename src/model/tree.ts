import type { SeenObject } from "./observation.ts";

/** The root, then each child with its subtree: config before layers, the rest by position. */
export function inTreeOrder(objects: readonly SeenObject[]): readonly SeenObject[] {
  const children = new Map<string | null, SeenObject[]>();
  for (const seen of objects) {
    const known = children.get(seen.parent);
    if (known === undefined) children.set(seen.parent, [seen]);
    else known.push(seen);
  }
  const reached = new Set<SeenObject>();
  const walk = (seen: SeenObject): SeenObject[] => {
    if (reached.has(seen)) return [];
    reached.add(seen);
    const below = hasChildren(seen) ? (children.get(seen.digest) ?? []) : [];
    return [seen, ...below.toSorted(siblings).flatMap(walk)];
  };
  const roots = (children.get(null) ?? []).toSorted(siblings).flatMap(walk);
  const unreached = objects
    .filter((seen) => !reached.has(seen))
    .toSorted((a, b) => order(a.parent ?? "", b.parent ?? "") || siblings(a, b));
  return [...roots, ...unreached];
}

/** What lists other objects, or has mirrors. */
export function hasChildren({ role }: Pick<SeenObject, "role">): boolean {
  return role === "index" || role === "manifest" || role === "file";
}

function siblings(left: SeenObject, right: SeenObject): number {
  const config = Number(right.role === "config") - Number(left.role === "config");
  const mirror = Number(left.role === "mirror") - Number(right.role === "mirror");
  return config || mirror || left.position - right.position || order(left.digest, right.digest);
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
