import type { Tofu3Error } from "../errors.ts";
import type { Role, SeenObject } from "../model/observation.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { Platform } from "../oci/platform.ts";
import type { Document } from "./document.ts";

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
  document: Document | null;
  /** Null until it was seen. */
  seen: { readonly computed: Digest | null; readonly size: number } | null;
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

/** The place and everything below it, in the order of the documents. */
export function placesOf(place: Place): Place[] {
  return [place, ...place.children.flatMap(placesOf)];
}

/** What was seen, in the order of the tree. */
export function objectsOf(root: Place): SeenObject[] {
  return placesOf(root).flatMap((place) => {
    const { descriptor, document, seen, platform } = place;
    const digest = place.asked ?? seen?.computed ?? null;
    if (seen === null || digest === null) return [];
    return {
      role: place.role,
      digest,
      computed: seen.computed,
      size: seen.size,
      // nothing says which bytes of a schema 1 document a descriptor counts
      declaredSize: descriptor === null || document?.manifest?.kind === "schema1" ? null : descriptor.size,
      mediaType: descriptor?.mediaType ?? document?.mediaType ?? "application/octet-stream",
      parent: place.parent,
      position: place.position,
      platform: platform === null ? null : formatPlatform(platform),
      osVersion: platform?.osVersion ?? null,
      annotations: descriptor?.annotations ?? document?.manifest?.annotations ?? {},
    };
  });
}

/** The document with this digest; null where it was not seen or is none. */
export function manifestIn(root: Place, digest: Digest): Manifest | null {
  return placesOf(root).find(({ document }) => document?.computed === digest)?.document?.manifest ?? null;
}

/** The first place with other bytes than were asked for; without one, the first that could not be had. */
export function faultOf(root: Place): Tofu3Error | null {
  const errors = placesOf(root).flatMap((place) => (place.error === null ? [] : [place.error]));
  return errors.find((error) => error.code === "E_MISMATCH") ?? errors[0] ?? null;
}
