import type { Tofu3Error } from "../../errors.ts";
import type { Job } from "../../model/job.ts";
import type { Role, SeenObject } from "../../model/observation.ts";
import { isFile, rootDigestOf } from "../../model/subject.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { formatPlatform } from "../../oci/platform.ts";
import type { Platform } from "../../oci/platform.ts";
import type { Document } from "./document.ts";

/** What is kept of an object that was seen. */
export interface Seen {
  readonly computed: Digest | null;
  readonly size: number;
  /** For documents only. */
  readonly about?: {
    readonly pinned: Digest | null;
    readonly mediaType: string;
    readonly guessed: boolean;
    readonly annotations: Readonly<Record<string, string>>;
    /** False for Docker schema 1: nothing says which of its bytes a descriptor counts. */
    readonly sized: boolean;
  };
}

/**
 * One entry of a document, or the root; filled in during the walk. The same bytes may be at several places. A document
 * that is listed several times is opened once, and its places share their children.
 */
export interface Place {
  role: Role;
  /** Null for the root of a tag. */
  readonly asked: Digest | null;
  /** The descriptor that lists it; null for the root, unless that is a blob. */
  readonly descriptor: Descriptor | null;
  readonly parent: Digest | null;
  /** Position in its parent's list, from 0. */
  readonly position: number;
  /** Null for a blob, until it is read, and once nothing reads it any more. */
  document: Document | null;
  /** Null until it is seen. */
  seen: Seen | null;
  error: Tofu3Error | null;
  children: Place[];
}

export const OCTETS = "application/octet-stream";
const PLAIN = { platform: null, artifactType: null, annotations: {} };
const UNSEEN = { document: null, seen: null, error: null };

export function rootPlace(asked: Digest | null): Place {
  return { role: "manifest", asked, descriptor: null, parent: null, position: 0, ...UNSEEN, children: [] };
}

/** Where a job begins. A root that is a blob has a descriptor without a parent: whoever asks may know its size. */
export function rootPlaceOf({ subject, depth, size }: Pick<Job, "subject" | "depth" | "size">): Place {
  const asked = rootDigestOf(subject);
  if (isFile(subject)) return { ...rootPlace(null), role: "file" };
  if (depth !== "blob" || asked === null) return rootPlace(asked);
  const descriptor = { mediaType: OCTETS, digest: asked, size: size ?? null, ...PLAIN };
  return { ...rootPlace(asked), role: "blob", descriptor };
}

export function placeBelow(parent: Digest, role: Role, descriptor: Descriptor, position: number): Place {
  return { role, asked: descriptor.digest, descriptor, parent, position, ...UNSEEN, children: [] };
}

export function seenIn(document: Document): Seen {
  const { computed, size, pinned, mediaType, guessed, manifest } = document;
  const about = {
    pinned,
    mediaType,
    guessed,
    annotations: manifest?.annotations ?? {},
    sized: manifest?.kind !== "schema1",
  };
  return { computed, size, about };
}

/** Documents are large and blobs take long, so frees what was read before the blobs are fetched. */
export function letGoOfDocuments(root: Place): void {
  for (const place of placesOf(root)) place.document = null;
}

/** The root and everything below it, each place once, in document order. */
export function placesOf(root: Place): Place[] {
  return [...platformsBelow(root).keys()];
}

/** Each place with its own platform, or the one inherited from the first entry above it. */
function platformsBelow(root: Place): Map<Place, Platform | null> {
  const found = new Map<Place, Platform | null>();
  const opened = new Set<readonly Place[]>();
  const open = (place: Place, inherited: Platform | null): void => {
    const platform = place.descriptor?.platform ?? inherited;
    found.set(place, platform);
    if (opened.has(place.children)) return;
    opened.add(place.children);
    for (const child of place.children) open(child, platform);
  };
  open(root, null);
  return found;
}

/** What was seen, in tree order: each entry of each document once. */
export function objectsOf(root: Place): SeenObject[] {
  const entries = new Set<string>();
  return [...platformsBelow(root)].flatMap(([place, platform]) => {
    const { descriptor, seen } = place;
    const digest = place.asked ?? seen?.computed ?? null;
    // an index that was both selected and searched is opened twice
    const entry = `${String(place.parent)} ${place.role} ${place.position}`;
    if (seen === null || digest === null || entries.has(entry)) return [];
    entries.add(entry);
    const { about } = seen;
    return {
      role: place.role,
      digest,
      computed: seen.computed,
      size: seen.size,
      declaredSize: descriptor === null || about?.sized === false ? null : descriptor.size,
      mediaType: descriptor?.mediaType ?? about?.mediaType ?? OCTETS,
      parent: place.parent,
      position: place.position,
      platform: platform === null ? null : formatPlatform(platform),
      osVersion: platform?.osVersion ?? null,
      annotations: descriptor?.annotations ?? about?.annotations ?? {},
      ...(about == null || about.pinned === null ? {} : { pinned: about.pinned }),
      ...(descriptor === null && about?.guessed === true ? { guessed: true } : {}),
    };
  });
}

/** The documents read, by digest. */
export function manifestsIn(root: Place): ReadonlyMap<Digest, Manifest> {
  return new Map(
    placesOf(root).flatMap(({ document }) =>
      document === null || document.manifest === null ? [] : [[document.computed, document.manifest]],
    ),
  );
}

/** The first mismatch in tree order; failing that, the first fault other than a stop; failing that, the stop. */
export function faultOf(root: Place): Tofu3Error | null {
  const errors = placesOf(root).flatMap((place) => (place.error === null ? [] : [place.error]));
  const own = errors.find((error) => error.code === "E_MISMATCH") ?? errors.find((error) => error.code !== "E_STOPPED");
  return own ?? errors[0] ?? null;
}
