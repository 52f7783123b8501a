import type { SeenObject } from "../model/observation.ts";
import { hasChildren } from "../model/tree.ts";
import type { Step } from "../model/verdict.ts";

/** The edge that leads to a root. */
export const ROOT = "root";
/** Deeper than any walk; bounds a hand-made observation that names itself as its parent. */
const DEEPEST = 16;
const STRAY: Step = { role: "stray", position: 0, platform: null, osVersion: null, alike: false };

/**
 * Where an object hangs: the digest of its document, and its position there. Never a path: a document listed twice is
 * one document.
 */
export function edgeOf({ parent, role, position }: SeenObject): string {
  if (parent === null) return ROOT;
  return `${parent} ${role === "config" ? role : role === "mirror" ? `mirror ${position}` : position}`;
}

/** The paths to the objects at each edge, from what all workers saw together. */
export interface Places {
  /** From the root to the first object seen at its edge; if it hangs at several places, to the first of them. */
  pathOf(first: SeenObject): readonly Step[];
}

/** `edges`: the objects seen at each edge. */
export function createPlaces(edges: Iterable<readonly SeenObject[]>): Places {
  /** For each digest of a document, the first object seen at the edge where that digest first appeared. */
  const documents = new Map<string, SeenObject>();
  const roots = new Set<string>();
  const siblings = new Map<string | null, SeenObject[]>();
  for (const seen of edges) {
    const [first] = seen;
    if (first === undefined) continue;
    for (const object of seen) {
      if (object.parent === null) roots.add(object.role);
      if (hasChildren(object) && !documents.has(object.digest)) documents.set(object.digest, first);
    }
    const known = siblings.get(first.parent);
    if (known === undefined) siblings.set(first.parent, [first]);
    else known.push(first);
  }
  const steps = new Map<SeenObject, Step>();
  function stepTo(object: SeenObject): Step {
    if (!steps.has(object))
      for (const [each, step] of stepsTo(siblings.get(object.parent) ?? [])) steps.set(each, step);
    return steps.get(object) ?? own(object);
  }
  function pathOf(first: SeenObject): readonly Step[] {
    const path: Step[] = [];
    for (let at = first; path.length < DEEPEST;) {
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

/** Siblings for one platform are told apart by os.version, failing that by position. */
function stepsTo(siblings: readonly SeenObject[]): (readonly [SeenObject, Step])[] {
  const platforms = tally(siblings.map(platformOf));
  const versions = tally(siblings.map(versionOf));
  return siblings.map((object) => {
    const step = own(object);
    if (step.platform === null || platforms.get(platformOf(object)) === 1) return [object, step];
    const alike = versions.get(versionOf(object)) !== 1;
    return [object, { ...step, osVersion: object.osVersion, alike }];
  });
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
