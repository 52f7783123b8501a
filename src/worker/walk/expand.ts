import { asError, Tofu3Error } from "../../errors.ts";
import { isSelective, type ImageJob } from "../../model/job.ts";
import type { Digest } from "../../oci/digest.ts";
import { checkBottle } from "../../oci/homebrew.ts";
import type { ImageManifest, Index, Manifest } from "../../oci/manifest.ts";
import { kindOfMediaType } from "../../oci/mediatype.ts";
import type { Schema1Manifest } from "../../oci/schema1.ts";
import { findAll } from "./existence.ts";
import { tellMismatch } from "../fetch/mismatch.ts";
import { createWalk, readInto, spendEntries } from "./reading.ts";
import type { Walk } from "./reading.ts";
import { checkImagePlatform, nothingMatches, selectEntries } from "./selection.ts";
import type { Session } from "../fetch/session.ts";
import { faultOf, placeBelow } from "./tree.ts";
import type { Place } from "./tree.ts";

/** Nesting of indexes; the deepest known in practice is two. */
const DEEPEST = 4;
/** Where the selection matters. */
const BELOW: readonly ImageJob["depth"][] = ["documents", "everything"];

/**
 * Fills `root` with the indexes and manifests below it and, for jobs of depth `everything`, with places for configs and
 * layers that are yet to be fetched. For jobs of depth `root`, the entries of an index are asked for by existence, all
 * of them; for those of depth `alone` there is nothing below the root. Faults are stored at their places; nothing is
 * thrown.
 */
export async function walkDocuments(session: Session, job: ImageJob, root: Place, signal: AbortSignal): Promise<void> {
  const walk = createWalk(session, job, signal);
  const selecting = BELOW.includes(job.depth) && isSelective(job.selection);
  await visit(walk, root, 0, selecting);
  const manifest = root.document?.manifest ?? null;
  if (root.error !== null || manifest === null || !selecting) return;
  const whole = faultOf(root) === null;
  if (manifest.kind === "index" && walk.matches === 0 && whole)
    root.error = nothingMatches(session, job.selection, manifest);
  if (manifest.kind !== "index") await checkSingleImage(walk, root, manifest);
}

async function visit(walk: Walk, place: Place, depth: number, selecting: boolean): Promise<void> {
  await readInto(walk, place);
  const { document } = place;
  if (document === null || document.manifest === null || place.error !== null) return;
  try {
    // the digest that it was requested by: the parser computes only the sha256
    const manifest = { ...document.manifest, digest: document.computed };
    await openDocument(walk, place, manifest, depth, selecting);
  } catch (thrown) {
    place.error = asError(thrown);
  }
}

async function openDocument(
  walk: Walk,
  place: Place,
  manifest: Manifest,
  depth: number,
  selecting: boolean,
): Promise<void> {
  if (manifest.kind !== "index") checkBottleEntry(place, manifest);
  const name = `${manifest.digest} ${selecting}`;
  const known = walk.opened.get(name);
  if (known !== undefined) {
    place.children = known;
    return;
  }
  walk.opened.set(name, place.children);
  if (manifest.kind === "index") await expandIndex(walk, place, manifest, depth, selecting);
  else expandManifest(walk, place, manifest);
}

async function expandIndex(walk: Walk, place: Place, index: Index, depth: number, selecting: boolean): Promise<void> {
  if (walk.job.depth === "alone") return;
  if (depth >= DEEPEST)
    throw new Tofu3Error("E_LIMIT", `${index.digest} is an index more than ${DEEPEST} levels deep`, { stage: "body" });
  const entries = selecting
    ? selectEntries(index, walk.job.selection)
    : index.manifests.map((descriptor, position) => ({ descriptor, position, matches: true }));
  spendEntries(walk, entries.length);
  if (selecting) walk.matches += entries.filter((entry) => entry.matches).length;
  const children = entries.map(({ descriptor, position, matches }) => {
    const kind = kindOfMediaType(descriptor.mediaType);
    const role = kind === null ? "blob" : kind === "index" ? "index" : "manifest";
    return { child: placeBelow(index.digest, role, descriptor, position), selecting: !matches };
  });
  place.children.push(...children.map(({ child }) => child));
  if (walk.job.depth === "root") return findAll(walk, place.children);
  const documents = children.filter(({ child }) => child.role !== "blob");
  want(
    walk,
    documents.map(({ child }) => child),
  );
  await Promise.all(documents.map((each) => visit(walk, each.child, depth + 1, each.selecting)));
}

function expandManifest(walk: Walk, place: Place, manifest: ImageManifest | Schema1Manifest): void {
  const { depth, only } = walk.job;
  if (depth !== "everything") return;
  const { digest, config, layers } = manifest;
  spendEntries(walk, layers.length + 1);
  const places = layers.map((layer, position) => placeBelow(digest, "layer", layer, position));
  if (config !== null) places.unshift(placeBelow(digest, "config", config, 0));
  place.children.push(...places.filter(({ asked }) => only === undefined || (asked !== null && only.has(asked))));
}

/** Throws E_MANIFEST. */
function checkBottleEntry(place: Place, manifest: ImageManifest | Schema1Manifest): void {
  const contradiction = bottleContradiction(place, manifest);
  if (contradiction !== null)
    throw new Tofu3Error("E_MANIFEST", `${manifest.digest}: ${contradiction}`, { stage: "body" });
}

/** How an index contradicts the manifest of a bottle; null if it does not, or if it is not a bottle. */
function bottleContradiction(place: Place, manifest: ImageManifest | Schema1Manifest): string | null {
  const entry = place.descriptor;
  if (entry?.annotations["sh.brew.bottle.digest"] === undefined) return null;
  const [layer, ...others] = manifest.layers;
  if (layer === undefined || others.length > 0)
    return `a bottle has one layer, and this manifest has ${manifest.layers.length}`;
  return checkBottle(entry, layer);
}

function want(walk: Walk, children: readonly Place[]): void {
  const fresh = new Map<Digest, number>();
  for (const { descriptor } of children) {
    if (descriptor !== null && !walk.documents.has(descriptor.digest))
      fresh.set(descriptor.digest, descriptor.size ?? 0);
  }
  if (fresh.size === 0) return;
  const bytes = [...fresh.values()].reduce((sum, size) => sum + size, 0);
  walk.session.watch({ kind: "wanted", worker: walk.session.vantage.name, objects: fresh.size, bytes });
}

/** A config that does not match its digest is a view of it, and is not requested again. */
async function checkSingleImage(walk: Walk, root: Place, manifest: ImageManifest | Schema1Manifest): Promise<void> {
  const { session, job, signal } = walk;
  try {
    const fetched = await checkImagePlatform(session, job.selection, manifest, signal);
    const config = root.children.find((child) => child.role === "config");
    if (fetched === null || config === undefined) return;
    config.seen = { computed: fetched.computed, size: fetched.size };
    config.error = fetched.error;
    tellMismatch(session, fetched.error);
  } catch (thrown) {
    root.error = asError(thrown);
  }
}
