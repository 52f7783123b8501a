import { rootOf, type Observation, type SeenObject } from "../model/observation.ts";
import type { Probes } from "../model/probe.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { differingManifests } from "./compare.ts";
import { leadingPair } from "./camps.ts";

/** A blob, and a worker that was given it. */
export interface BlobAt {
  readonly worker: string;
  readonly digest: Digest;
  readonly size: number | null;
}

/** Two blobs that two workers were given for one place. */
export interface BlobPair {
  readonly at: string;
  readonly left: BlobAt;
  readonly right: BlobAt;
}

/**
 * The first blobs that differ, to be looked into: one that a worker was served falsely and another truly, or the first
 * layers that differ below two roots. Null if none are known.
 */
export function differingBlobs(observations: readonly Observation[], probes: Probes): BlobPair | null {
  return falseBlobs(observations) ?? differingLayers(observations, probes);
}

function falseBlobs(observations: readonly Observation[]): BlobPair | null {
  for (const { worker, objects } of observations) {
    const lie = objects.find((each) => isBlob(each) && each.computed !== each.digest);
    const honest = observations.find((each) => each.objects.some((seen) => isTruth(seen, lie)));
    if (lie === undefined || honest === undefined) continue;
    const { digest, declaredSize: size } = lie;
    const at = lie.role === "layer" ? `layer ${lie.position + 1}` : lie.role;
    return { at, left: { worker: honest.worker, digest, size }, right: { worker, digest, size } };
  }
  return null;
}

function isBlob({ role }: SeenObject): boolean {
  return role === "layer" || role === "blob" || role === "config";
}

function isTruth({ digest, computed }: SeenObject, lie: SeenObject | undefined): boolean {
  return digest === lie?.digest && computed === digest;
}

function differingLayers(observations: readonly Observation[], { documents }: Probes): BlobPair | null {
  const pair = leadingPair(observations);
  const [first] = observations;
  if (pair === null || first === undefined) return null;
  const [giver, taker] = pair.map(
    (root) => observations.find(({ objects }) => rootOf(objects)?.computed === root)?.worker,
  );
  const roots = [documents.get(pair[0]), documents.get(pair[1])] as const;
  const [left, right] = differingManifests(roots, first.asked, documents);
  const [mine, theirs] = [layersOf(left), layersOf(right)];
  const at = mine.findIndex(({ digest }, position) => digest !== (theirs[position]?.digest ?? digest));
  const [one, other] = [mine[at], theirs[at]];
  if (one === undefined || other === undefined || giver === undefined || taker === undefined) return null;
  return {
    at: `layer ${at + 1}`,
    left: { worker: giver, digest: one.digest, size: one.size },
    right: { worker: taker, digest: other.digest, size: other.size },
  };
}

function layersOf(document: Manifest | undefined): readonly Descriptor[] {
  return document === undefined || document.kind === "index" ? [] : document.layers;
}
