import { visible } from "../errors.ts";
import type { Evidence, ToldDifference } from "../model/evidence.ts";
import type { Observation } from "../model/observation.ts";
import { algorithmOf, isDigest } from "../oci/digest.ts";
import { counted } from "./text.ts";

/** Count and total bytes of the distinct objects; an object in several places was fetched once. */
export function tallyOf(objects: readonly { readonly digest: string; readonly size: number }[]): {
  readonly objects: number;
  readonly bytes: number;
} {
  const sizes = new Map(objects.map((seen) => [seen.digest, seen.size]));
  return { objects: sizes.size, bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}

/** `ghcr.io/homebrew/core/vim:9.0.1900, darwin/amd64, os.version macOS 11` */
export function requestText(request: Evidence["request"]): string {
  const selection = selectionText(request);
  return selection === null ? request.reference : `${request.reference}, ${selection}`;
}

/**
 * Says that a selection matched several index entries, since other tools silently take the first: `4 entries match
 * darwin/amd64: all were verified`. Null if only one matched, or if nothing is agreed.
 */
export function matchesText(evidence: Evidence): string | null {
  const selection = selectionText(evidence.request);
  if (selection === null || evidence.artifact === null) return null;
  const matches = evidence.artifact.objects.filter((object) => object.role === "manifest" && object.parent !== null);
  return matches.length < 2
    ? null
    : `${counted(matches.length, "entry", "entries")} match ${selection}: all were verified`;
}

function selectionText(request: Evidence["request"]): string | null {
  const parts = [
    request.platform,
    request.osVersion === null ? null : `os.version ${request.osVersion}`,
    request.bottle === null ? null : `bottle ${request.bottle}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ");
}

/** Notable events on a worker's way: `2 retries, 1 redirect`. Empty if there were none. */
export function remarksOf(observation: Observation): readonly string[] {
  const { retries, redirects } = observation.evidence;
  return [
    ...(retries.length > 0 ? [counted(retries.length, "retry", "retries")] : []),
    ...(redirects.length > 0 ? [counted(redirects.length, "redirect")] : []),
    ...claimOf(observation),
    ...exitRemark(observation),
  ];
}

/** `left by 203.0.113.7, DE, AS3320` */
function exitRemark({ evidence: { exit } }: Observation): readonly string[] {
  if (exit === null) return [];
  if (exit.doubt !== null) return ["exit unknown"];
  const places = [exit.country, exit.asn].filter((each) => each !== null);
  return [visible(["left by " + exit.addresses.join(" "), ...places].join(", "), 150)];
}

/** Why the exit of this worker is not known, in words; null if it is, or if nobody asked. */
export function exitDoubt({ evidence: { exit } }: Observation): string | null {
  return exit === null || exit.doubt === null ? null : `its exit is not known: ${exit.doubt}`;
}

/** Enough of a claim to tell it from the digest beside it; `--json` has it whole. */
const CLAIM_CHARACTERS = "sha256:".length + 12;

/**
 * `Docker-Content-Digest` decides nothing, but is worth a remark if it contradicts the bytes. A claim by another
 * algorithm cannot.
 */
function claimOf({ digest, evidence }: Observation): readonly string[] {
  const { claimedDigest: claimed } = evidence;
  if (digest === null || claimed === null || claimed === digest) return [];
  if (isDigest(claimed) && algorithmOf(claimed) !== algorithmOf(digest)) return [];
  return [`registry claims ${visible(claimed, CLAIM_CHARACTERS)}`];
}

/** Limit for a human reader; the JSON has them all. */
const MOST_PLACES = 20;

/** The first places that differ, and a line with the number of the others; null if there are none. */
export function firstPlaces(differences: readonly ToldDifference[]): {
  readonly first: readonly ToldDifference[];
  readonly more: string | null;
} {
  const more = differences.length - MOST_PLACES;
  return {
    first: differences.slice(0, MOST_PLACES),
    more: more <= 0 ? null : `${counted(more, "more place differs", "more places differ")}: --json lists them all`,
  };
}
