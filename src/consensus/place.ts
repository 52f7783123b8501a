import type { Observation, SeenObject } from "../model/observation.ts";

/** Objects of one observation by their place in the tree, in tree order: `index > manifest linux/amd64 > layer 3`. */
export type Places = ReadonlyMap<string, SeenObject>;

function own(object: SeenObject): string {
  if (object.parent === null || object.role === "config") return object.role;
  if (object.role === "layer" || object.role === "blob") return `${object.role} ${object.position + 1}`;
  return object.platform === null ? `${object.role} ${object.position + 1}` : `${object.role} ${object.platform}`;
}

/** Siblings for one platform are told apart by os.version, and where that does not do it, by their place in the list. */
function distinct(object: SeenObject, siblings: readonly SeenObject[]): string {
  const alike = siblings.filter((each) => own(each) === own(object));
  if (alike.length <= 1) return own(object);
  const sameVersion = alike.filter((each) => each.osVersion === object.osVersion);
  const version = object.osVersion === null ? "" : ` (${object.osVersion})`;
  return sameVersion.length === 1 ? `${own(object)}${version}` : `${own(object)}${version} #${object.position + 1}`;
}

/**
 * Every object under the label of its place; two entries that name the same manifest share the places below it. What no place leads to, which
 * the walk of a worker cannot report, stands under its digest: nothing may be agreed on that was not compared.
 */
export function placesOf(observation: Observation): Places {
  const children = new Map<string | null, SeenObject[]>();
  for (const object of observation.objects) {
    const siblings = children.get(object.parent) ?? [];
    siblings.push(object);
    children.set(object.parent, siblings);
  }
  const places = new Map<string, SeenObject>();
  const opened = new Set<string>();
  const waiting: { object: SeenObject; label: string }[] = (children.get(null) ?? [])
    .slice(0, 1)
    .map((root) => ({ object: root, label: root.role }));
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { object, label } = next;
    if (places.has(label)) continue;
    places.set(label, object);
    // A hand-made observation may name itself as its parent; the walk of a worker cannot.
    if ((object.role !== "index" && object.role !== "manifest") || opened.has(object.digest)) continue;
    opened.add(object.digest);
    const below = children.get(object.digest) ?? [];
    waiting.unshift(...below.map((child) => ({ object: child, label: `${label} > ${distinct(child, below)}` })));
  }
  const placed = new Set(places.values());
  const strays = observation.objects.filter((object) => !placed.has(object));
  for (const [at, object] of strays.entries()) places.set(`outside of the tree > ${own(object)} ${object.digest} #${at}`, object);
  return places;
}
