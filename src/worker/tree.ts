import type { Tofu3Error } from "../errors.ts";
import type { Role, SeenObject } from "../model/observation.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { Platform } from "../oci/platform.ts";
import type { Document } from "./document.ts";

/** What stays of an object that was seen. */
export interface Seen {
  readonly computed: Digest | null;
  readonly size: number;
  /** Of a document only. */
  readonly about?: {
    readonly pinned: Digest | null;
    readonly mediaType: string;
    readonly annotations: Readonly<Record<string, string>>;
    /** False for Docker schema 1: nothing says which of its bytes a descriptor counts. */
    readonly sized: boolean;
  };
}

/** One place of the tree that a reference leads to; filled in while it is walked. The same bytes may stand at several places. */
export interface Place {
  role: Role;
  /** Null for the root of a tag. */
  readonly asked: Digest | null;
  /** What names it; null for the root. */
  readonly descriptor: Descriptor | null;
  readonly parent: Digest | null;
  /** In the list of its parent, from 0. */
  readonly position: number;
  /** Its own, or that of the entry above it. */
  readonly platform: Platform | null;
  /** Null for a blob, until it was read, and when nobody reads it any more. */
  document: Document | null;
  /** Null until it was seen. */
  seen: Seen | null;
  error: Tofu3Error | null;
  readonly children: Place[];
}

const UNSEEN = { document: null, seen: null, error: null };

export function rootPlace(asked: Digest | null): Place {
  return { role: "manifest", asked, descriptor: null, parent: null, position: 0, platform: null, ...UNSEEN, children: [] };
}

export function placeBelow(above: Place, parent: Digest, role: Role, descriptor: Descriptor, position: number): Place {
  const platform = descriptor.platform ?? above.platform;
  return { role, asked: descriptor.digest, descriptor, parent, position, platform, ...UNSEEN, children: [] };
}

export function seenIn(document: Document): Seen {
  const { computed, size, pinned, mediaType, manifest } = document;
  const about = { pinned, mediaType, annotations: manifest?.annotations ?? {}, sized: manifest?.kind !== "schema1" };
  return { computed, size, about };
}

/** Documents are large, and blobs take long: what was read is let go of before they are fetched. */
export function letGoOfDocuments(root: Place): void {
  for (const place of placesOf(root)) place.document = null;
}

/** The place and everything below it, in the order of the documents. */
export function placesOf(place: Place): Place[] {
  return [place, ...place.children.flatMap(placesOf)];
}

/** What was seen, in the order of the tree. */
export function objectsOf(root: Place): SeenObject[] {
  return placesOf(root).flatMap((place) => {
    const { descriptor, seen, platform } = place;
    const digest = place.asked ?? seen?.computed ?? null;
    if (seen === null || digest === null) return [];
    const { about } = seen;
    return {
      role: place.role,
      digest,
      computed: seen.computed,
      size: seen.size,
      declaredSize: descriptor === null || about?.sized === false ? null : descriptor.size,
      mediaType: descriptor?.mediaType ?? about?.mediaType ?? "application/octet-stream",
      parent: place.parent,
      position: place.position,
      platform: platform === null ? null : formatPlatform(platform),
      osVersion: platform?.osVersion ?? null,
      annotations: descriptor?.annotations ?? about?.annotations ?? {},
      ...(about == null || about.pinned === null ? {} : { pinned: about.pinned }),
    };
  });
}

/** The document with this digest; null where it was not seen or is none. */
export function manifestIn(root: Place, digest: Digest): Manifest | null {
  return placesOf(root).find(({ document }) => document?.computed === digest)?.document?.manifest ?? null;
}

/** The first place with other bytes than were asked for; without one, the first that could not be had, and that nobody stopped. */
export function faultOf(root: Place): Tofu3Error | null {
  const errors = placesOf(root).flatMap((place) => (place.error === null ? [] : [place.error]));
  const own = errors.find((error) => error.code === "E_MISMATCH") ?? errors.find((error) => error.code !== "E_STOPPED");
  return own ?? errors[0] ?? null;
}
