import { rootOf, type Observation, type SeenObject } from "../model/observation.ts";
import { isFile } from "../model/subject.ts";
import { hasChildren } from "../model/tree.ts";
import { isDigest } from "../oci/digest.ts";
import { SCHEMA1_UNSIGNED } from "../oci/mediatype.ts";
import { isGenuine } from "./difference.ts";

/**
 * It saw everything of the job and nothing false, and its report is one tree of digests below the digest that it names.
 */
export function isComplete(observation: Observation): boolean {
  const { outcome, error, objects } = observation;
  return (
    outcome === "saw" &&
    error === null &&
    objects.every((each) => isDigest(each.digest) && isGenuine(each)) &&
    isOneTree(observation) &&
    hasMirrors(observation)
  );
}

/** Of a file: one object of each mirror that was asked for, and no other. */
function hasMirrors({ asked, objects }: Observation): boolean {
  if (!isFile(asked)) return true;
  const found = objects.filter(({ role }) => role === "mirror").map(({ position }) => position);
  const { mirrors = [] } = asked;
  return found.length === mirrors.length && mirrors.every((_, position) => found.includes(position));
}

/**
 * Observations whose root may be the same document as the others' or not: nobody told the worker its media type, or it
 * was given schema 1 without the signatures. They contradict nobody and support nothing. Empty when all roots have one
 * type.
 */
export function unsureOf(observations: readonly Observation[]): ReadonlySet<Observation> {
  const roots = new Map(observations.map((each) => [each, rootOf(each.objects)]));
  const types = new Set([...roots.values()].map((root) => root?.mediaType));
  if (types.size <= 1) return new Set();
  return new Set(
    observations.filter((each) => roots.get(each)?.guessed === true || roots.get(each)?.mediaType === SCHEMA1_UNSIGNED),
  );
}

/** It saw a root and nothing false below it; being told to stop, because others disagree, is no fault of its own. */
export function supports(observation: Observation): boolean {
  return isComplete(observation.error?.code === "E_STOPPED" ? { ...observation, error: null } : observation);
}

/** One root, which has the digest of the observation, and everything else below it. */
function isOneTree({ digest, objects }: Observation): boolean {
  const root = rootOf(objects);
  if (root === undefined || root.computed !== digest) return false;
  const children = new Map<string, SeenObject[]>();
  for (const object of objects) {
    if (object.parent === null) continue;
    const known = children.get(object.parent);
    if (known === undefined) children.set(object.parent, [object]);
    else known.push(object);
  }
  let reached = 1;
  const waiting: SeenObject[] = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (!hasChildren(next)) continue;
    const below = children.get(next.digest) ?? [];
    children.delete(next.digest);
    reached += below.length;
    for (const child of below) waiting.push(child);
  }
  return reached === objects.length;
}
