import { visible } from "../errors.ts";
import type { ArtifactObject, Evidence, ToldDifference } from "../model/evidence.ts";
import { hostKeyDoubt } from "../model/impostor.ts";
import type { Observation } from "../model/observation.ts";
import { isFile } from "../model/subject.ts";
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

/** What was asked is a URL. */
export function isAboutFile([first]: readonly Observation[]): boolean {
  return first !== undefined && isFile(first.asked);
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
  const matches = selectedOf(evidence);
  if (selection === null || matches.length < 2) return null;
  return `${counted(matches.length, "entry", "entries")} match ${selection}: all were verified`;
}

/**
 * The index and the manifests that a selection chose in it, to be copied: `index sha256:…`, `manifest linux/amd64
 * sha256:…`. Empty without a selection, without agreement, and for a single image, whose one digest is the verdict's.
 */
export function chosenDigests(evidence: Evidence): readonly (readonly [what: string, digest: string])[] {
  const { artifact } = evidence;
  const chosen = selectedOf(evidence);
  if (artifact === null || chosen.length === 0) return [];
  return [["index", artifact.digest], ...chosen.map((each) => [nameOf(each, evidence), each.digest] as const)];
}

/** `manifest darwin/amd64 (macOS 11.7)` */
function nameOf({ role, platform, digest }: ArtifactObject, { observations: [first] }: Evidence): string {
  const version = first?.objects.find((each) => each.digest === digest)?.osVersion;
  return [role, platform, version == null ? null : `(${version})`].filter((each) => each !== null).join(" ");
}

function selectedOf({ request, artifact }: Evidence): readonly ArtifactObject[] {
  if (selectionText(request) === null || artifact === null) return [];
  return artifact.objects.filter((object) => object.role === "manifest" && object.parent !== null);
}

function selectionText(request: Evidence["request"]): string | null {
  const parts = [
    request.platform,
    request.osVersion === null ? null : `os.version ${request.osVersion}`,
    request.bottle === null ? null : `bottle ${request.bottle}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ");
}

/** The registry answered, and says that it does not exist. */
export function wasToldNotFound({ outcome, error }: Observation): boolean {
  return outcome === "refused" && error?.code === "E_NOT_FOUND";
}

/**
 * What this worker's fault is, for the row of its table: `ssh: E_CONNECT`, `stopped early: roots differ`. Null without a
 * fault.
 */
export function faultNote({ error }: Observation): string | null {
  if (error === null) return null;
  if (error.code === "E_STOPPED") return visible(error.message, 80);
  const doubt = hostKeyDoubt(error);
  if (doubt !== null) return `its host key ${doubt}`;
  return error.stage === null ? error.code : `${error.stage}: ${error.code}`;
}

/** The same with its message and what to do about it. */
export function faultText(observation: Observation, all: readonly Observation[]): string | null {
  const { error } = observation;
  if (error === null || error.code === "E_STOPPED") return faultNote(observation);
  const hint = faultHint(observation, all);
  return `${error.code}: ${error.message}${hint === null ? "" : ` (${hint})`}`;
}

/** What became of the command of `exec`; null where there was none. */
export function commandText({ command }: Evidence): string | null {
  if (command === undefined) return null;
  const { code, signal } = command;
  if (!command.started) return "The command was not run.";
  return `The command ran and ${signal === null ? `ended with ${code ?? 0}` : `was ended by ${signal}`}.`;
}

/** The word of a worker's row: `saw`, `refused`, `failed`, or what is graver than all of them. */
export function outcomeWord({ outcome, error }: Observation): string {
  return hostKeyDoubt(error) === null ? outcome : "HOST KEY";
}

/** What to do about a fault; null for "not found" where others were served it: a name that they know is well written. */
export function faultHint(observation: Observation, all: readonly Observation[]): string | null {
  const served = all.some(({ digest }) => digest !== null);
  return served && wasToldNotFound(observation) ? null : (observation.error?.hint ?? null);
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
