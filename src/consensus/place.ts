import type { Observation, SeenObject } from "../model/observation.ts";
import type { Step } from "../model/verdict.ts";

/** The edge that leads to a root. */
export const ROOT = "root";
/** Deeper than a walk goes; a hand-made observation may name itself as its parent. */
const DEEPEST = 16;
const STRAY: Step = { role: "stray", position: 0, platform: null, osVersion: null, alike: false };

/** Where an object hangs: a document, by its digest, and the position in it. Never a path: a document that is named twice is one document. */
export function edgeOf({ parent, role, position }: SeenObject): string {
  return parent === null ? ROOT : `${parent} ${role === "config" ? role : position}`;
}

/** The ways to objects, from what all workers saw together. */
export interface Places {
  /** From the root to the object; where it hangs at several places, to the first. */
  pathOf(object: SeenObject): readonly Step[];
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
  const steps = new Map<string | null, ReadonlyMap<string, Step>>();
  function stepTo(object: SeenObject): Step {
    const known = steps.get(object.parent) ?? stepsTo([...(siblings.get(object.parent)?.values() ?? [])]);
    steps.set(object.parent, known);
    return known.get(edgeOf(object)) ?? own(object);
  }
  function pathOf(object: SeenObject): readonly Step[] {
    const path: Step[] = [];
    for (let at: SeenObject = object; path.length < DEEPEST;) {
      if (at.parent === null) return [{ ...STRAY, role: roots.size > 1 ? "root" : at.role }, ...path];
      path.unshift(stepTo(at));
      const parent = documents.get(at.parent);
      if (parent === undefined) break;
      at = parent;
    }
    return [STRAY, ...path];
  }
  return { pathOf };
}

function isDocument({ role }: SeenObject): boolean {
  return role === "index" || role === "manifest";
}

function own(object: SeenObject): Step {
  const { role, position } = object;
  return { role, position, platform: isDocument(object) ? object.platform : null, osVersion: null, alike: false };
}

/** Siblings for one platform are told apart by os.version, and where that does not do it, by their place in the list. */
function stepsTo(siblings: readonly SeenObject[]): ReadonlyMap<string, Step> {
  const platforms = tally(siblings.map(platformOf));
  const versions = tally(siblings.map(versionOf));
  return new Map(
    siblings.map((object) => {
      const step = own(object);
      if (step.platform === null || platforms.get(platformOf(object)) === 1) return [edgeOf(object), step];
      const alike = versions.get(versionOf(object)) !== 1;
      return [edgeOf(object), { ...step, osVersion: object.osVersion, alike }];
    }),
  );
}

function platformOf({ role, platform }: SeenObject): string {
  return JSON.stringify([role, platform]);
}

function versionOf({ role, platform, osVersion }: SeenObject): string {
  return JSON.stringify([role, platform, osVersion]);
}

function tally(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
