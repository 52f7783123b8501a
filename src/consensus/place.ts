import { visible } from "../errors.ts";
import type { Observation, SeenObject } from "../model/observation.ts";

/** The edge that leads to a root. */
export const ROOT = "root";
/** Deeper than a walk goes; a hand-made observation may name itself as its parent. */
const DEEPEST = 16;
/** Characters of what a registry says of a platform that are shown. */
const SHOWN = 100;

/** Where an object hangs: a document, by its digest, and the position in it. Never a path: a document that is named twice is one document. */
export function edgeOf({ parent, role, position }: SeenObject): string {
  return parent === null ? ROOT : `${parent} ${role === "config" ? role : position}`;
}

/** How objects are called, from what all workers saw together. */
export interface Places {
  /** `index > manifest linux/amd64 > layer 3`; of an object that hangs at several places, the first. */
  labelOf(object: SeenObject): string;
}

export function createPlaces(observations: readonly Observation[]): Places {
  const documents = new Map<string, SeenObject>();
  const roots = new Set<string>();
  const siblings = new Map<string | null, Map<string, SeenObject>>();
  for (const object of observations.flatMap((each) => each.objects)) {
    if (object.parent === null) roots.add(object.role);
    if (isDocument(object) && !documents.has(object.digest)) documents.set(object.digest, object);
    const known = siblings.get(object.parent) ?? new Map<string, SeenObject>();
    if (!known.has(edgeOf(object))) known.set(edgeOf(object), object);
    siblings.set(object.parent, known);
  }
  const names = new Map<string | null, ReadonlyMap<string, string>>();
  function nameOf(object: SeenObject): string {
    const known = names.get(object.parent) ?? namesOf([...(siblings.get(object.parent) ?? new Map<string, SeenObject>()).values()]);
    names.set(object.parent, known);
    return known.get(edgeOf(object)) ?? own(object);
  }
  function labelOf(object: SeenObject): string {
    const steps: string[] = [];
    for (let at: SeenObject = object; steps.length < DEEPEST;) {
      if (at.parent === null) return [roots.size > 1 ? ROOT : at.role, ...steps].join(" > ");
      steps.unshift(nameOf(at));
      const parent = documents.get(at.parent);
      if (parent === undefined) break;
      at = parent;
    }
    return ["outside of the tree", ...steps].join(" > ");
  }
  return { labelOf };
}

function isDocument({ role }: SeenObject): boolean {
  return role === "index" || role === "manifest";
}

function own(object: SeenObject): string {
  if (object.role === "config") return object.role;
  if (!isDocument(object) || object.platform === null) return `${object.role} ${object.position + 1}`;
  return `${object.role} ${visible(object.platform, SHOWN)}`;
}

function withVersion(object: SeenObject): string {
  return object.osVersion === null ? own(object) : `${own(object)} (${visible(object.osVersion, SHOWN)})`;
}

/** Siblings for one platform are told apart by os.version, and where that does not do it, by their place in the list. */
function namesOf(siblings: readonly SeenObject[]): ReadonlyMap<string, string> {
  const [alike, sameVersion] = [tally(siblings.map(own)), tally(siblings.map(withVersion))];
  return new Map(
    siblings.map((object) => {
      if (alike.get(own(object)) === 1) return [edgeOf(object), own(object)];
      const name = withVersion(object);
      return [edgeOf(object), sameVersion.get(name) === 1 ? name : `${name} #${object.position + 1}`];
    }),
  );
}

function tally(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
