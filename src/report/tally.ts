import { visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Observation, SeenObject } from "../model/observation.ts";
import type { Difference } from "../model/verdict.ts";
import { algorithmOf, isDigest } from "../oci/digest.ts";
import { counted } from "./text.ts";

/** Number and bytes of the different objects among these; what stands at several places was fetched once. */
export function tallyOf(objects: readonly SeenObject[]): { readonly objects: number; readonly bytes: number } {
  const sizes = new Map(objects.map((seen) => [seen.digest, seen.size]));
  return { objects: sizes.size, bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}

/** `ghcr.io/homebrew/core/vim:9.0.1900, darwin/amd64, os.version macOS 11` */
export function requestText(request: Evidence["request"]): string {
  const selection = selectionText(request);
  return selection === null ? request.reference : `${request.reference}, ${selection}`;
}

/**
 * Says that several entries of the index were chosen, since other tools silently take the first: `4 entries match darwin/amd64: all were
 * verified`. Null when one was, or when nothing is agreed.
 */
export function matchesText(evidence: Evidence): string | null {
  const selection = selectionText(evidence.request);
  if (selection === null || evidence.artifact === null) return null;
  const matches = evidence.artifact.objects.filter((object) => object.role === "manifest" && object.parent !== null);
  return matches.length < 2 ? null : `${counted(matches.length, "entry", "entries")} match ${selection}: all were verified`;
}

function selectionText(request: Evidence["request"]): string | null {
  const parts = [
    request.platform,
    request.osVersion === null ? null : `os.version ${request.osVersion}`,
    request.bottle === null ? null : `bottle ${request.bottle}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ");
}

/** What else is worth a word about how a worker got there: `2 retries, 1 redirect`. Empty when nothing is. */
export function remarksOf(observation: Observation): readonly string[] {
  const { retries, redirects } = observation.evidence;
  return [
    ...(retries.length > 0 ? [counted(retries.length, "retry", "retries")] : []),
    ...(redirects.length > 0 ? [counted(redirects.length, "redirect")] : []),
    ...claimOf(observation),
  ];
}

/** As much of a claim as tells it from the digest beside it; `--json` has it whole. */
const CLAIM_CHARACTERS = "sha256:".length + 12;

/** What `Docker-Content-Digest` says decides nothing, and is worth a word where the bytes contradict it. One by another algorithm cannot. */
function claimOf({ digest, evidence }: Observation): readonly string[] {
  const { claimedDigest: claimed } = evidence;
  if (digest === null || claimed === null || claimed === digest) return [];
  if (isDigest(claimed) && algorithmOf(claimed) !== algorithmOf(digest)) return [];
  return [`registry claims ${visible(claimed, CLAIM_CHARACTERS)}`];
}

/** Places that a person reads; the JSON has them all. */
const MOST_PLACES = 20;

/** The first places that differ, and a line about how many more there are; null where these are all. */
export function firstPlaces(differences: readonly Difference[]): {
  readonly first: readonly Difference[];
  readonly more: string | null;
} {
  const more = differences.length - MOST_PLACES;
  return {
    first: differences.slice(0, MOST_PLACES),
    more: more <= 0 ? null : `${counted(more, "more place differs", "more places differ")}: --json lists them all`,
  };
}
