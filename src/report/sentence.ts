import { assertNever, visible } from "../errors.ts";
import type { Evidence, ToldDifference } from "../model/evidence.ts";
import type { History } from "../model/history.ts";
import { hostKeyDoubt } from "../model/impostor.ts";
import { rootOf, type Observation } from "../model/observation.ts";
import type { Indistinct, Reason, View } from "../model/verdict.ts";
import type { BottleMismatch } from "../oci/homebrew.ts";
import { SCHEMA1_UNSIGNED } from "../oci/mediatype.ts";
import { impostorsText } from "./hostkey.ts";
import { placeWords } from "./place.ts";
import { bytesText, counted, listed } from "./text.ts";
import { isAboutFile, tallyOf, wasToldNotFound } from "./tally.ts";

/** The evidence without its sentence. */
export type Facts = Omit<Evidence, "summary">;
/** Writes a digest: in full, to be copied, or shortened, to be told apart. */
type Write = (digest: string) => string;

const NOTHING = "; nothing was released";

/** The verdict alone, in one sentence: `3 of 3 workers saw sha256:…`. */
export function verdictText(facts: Facts, write: Write = (digest) => digest): string {
  const { reason, observations, artifact } = facts;
  if (reason !== null) return reasonText(reason, facts, write);
  return `${everybody(observations)} saw ${artifact === null ? "nothing" : write(artifact.digest)}`;
}

/** `3 of 3 workers saw sha256:…; released to oci:vim`: the verdict and what was done, in one sentence. */
export function sentenceOf(facts: Facts, write: Write = (digest) => digest): string {
  return `${verdictText(facts, write)}${facts.reason === null ? ending(facts) : NOTHING}${impostorsText(facts.observations)}`;
}

/** ` (index, 12 objects, 53.1 MB); released to oci:vim`, or that nothing was released. */
function ending({ artifact, released, releaseError }: Facts): string {
  if (artifact === null) return NOTHING;
  const { objects, bytes } = tallyOf(artifact.objects);
  const size = ` (${artifact.objects[0]?.role ?? "nothing"}, ${counted(objects, "object")}, ${bytesText(bytes)})`;
  if (releaseError !== null) return size + NOTHING;
  return released === null ? size : `${size}; released to ${released.format}:${released.path}`;
}

function reasonText(reason: Reason, facts: Facts, write: Write): string {
  const { observations } = facts;
  switch (reason.kind) {
    case "difference":
      return differenceText(facts.differences, observations.length, write);
    case "absence":
      return reason.root === null
        ? `all ${observations.length} workers were told that it does not exist`
        : `all ${observations.length} workers saw ${write(reason.root)} and were told that a part of it does not exist`;
    case "questions":
      return "the workers were not all asked the same";
    case "workers":
      return `${reason.distinct} distinct workers reported, and ${reason.needed} are needed`;
    case "request":
      return visible(reason.fault.message);
    case "gap":
      return gapText(observations, reason.workers, write);
    case "pin":
      return `${everybody(observations)} saw ${write(reason.root)}, but the pin is ${write(reason.pin)}`;
    case "version":
      return `${everybody(observations)} saw ${write(reason.root)}, but ${mismatchText(reason.mismatch)}`;
    case "ledger":
      return `${everybody(observations)} saw ${write(reason.root)}, but ${historyText(reason.history, write, isAboutFile(observations))}`;
    case "days":
      return `${everybody(observations)} saw ${write(reason.root)}, on ${reason.have} of ${reason.needed} days so far`;
    case "moved":
      return `the tag moved from ${listed(reason.from.map(write))} to ${write(reason.to)} while the workers looked`;
    case "indistinct":
      return `${everybody(observations)} saw ${write(reason.root)}, but ${reason.indistinct.map(samenessText).join(", and ")} (tofu3 workers check says what to do)`;
    default:
      return assertNever(reason);
  }
}

function historyText({ last, at, change }: History, write: Write, isOfFile: boolean): string {
  const before = `the ledger's last agreement is ${write(last ?? "nothing")}${at === null ? "" : ` of ${at.slice(0, 10)}`}`;
  if (change !== "rolled-back") return before;
  return isOfFile
    ? `${before}, and it had been this one before that`
    : `${before}, and the tag had led there before that`;
}

function everybody({ length }: readonly unknown[]): string {
  return `${length} of ${length} workers`;
}

/** `2 of 3 workers saw sha256:aa…, fra saw sha256:bb…` */
function differenceText(differences: readonly ToldDifference[], of: number, write: Write): string {
  const [first] = differences;
  if (first === undefined) return "no difference";
  const digests = new Set<string | null>();
  const ambiguous = new Set<string | null>();
  for (const { digest } of first.views) (digests.has(digest) ? ambiguous : digests).add(digest);
  const views = first.views.map((view) => `${who(view, of)} saw ${what(view, ambiguous, write)}`).join(", ");
  const place = first.path.length === 1 ? "" : `${placeWords(first.path)}: `;
  const asked = first.expected === null ? "" : `, expected ${write(first.expected)}`;
  const more = differences.length === 1 ? "" : ` (and ${counted(differences.length - 1, "more place", "more places")})`;
  return `${place}${views}${asked}${more}`;
}

/** A majority is counted; a minority is named. */
function who({ workers }: View, of: number): string {
  return workers.length * 2 > of ? `${workers.length} of ${of} workers` : listed(workers);
}

function what({ digest, size, mediaType }: View, ambiguous: ReadonlySet<string | null>, write: Write): string {
  if (digest === null)
    return mediaType === "" ? "nothing there" : `bytes that are not what was asked for (${size} bytes)`;
  return ambiguous.has(digest) ? `${write(digest)} as ${visible(mediaType, 100)} (${size} bytes)` : write(digest);
}

function mismatchText({ tag, says, text }: BottleMismatch): string {
  const told = visible(text, 100);
  const index = {
    version: `says that it holds version "${told}"`,
    name: `says that it is "${told}"`,
    bottle: `has the bottle "${told}" in it`,
  }[says];
  return `the tag "${visible(tag, 200)}" was asked for, but the index ${index}`;
}

/** `fra and sgp have one machine identity`, `fra and sgp are both in AS14061` */
export function samenessText({ why, workers, value }: Indistinct): string {
  const [who, one] = [listed(workers), workers.length === 1];
  const both = workers.length === 2 ? "both" : "all";
  switch (why) {
    case "host key":
      return `${who} proved one and the same host key`;
    case "machine":
      return `${who} have one machine identity`;
    case "network":
      return `${who} leave for the internet by one and the same address`;
    case "asn":
      return `${who} are ${both} in ${visible(value ?? "one network", 20)}`;
    case "country":
      return `${who} are ${both} in ${value === undefined ? "one country" : `the country ${visible(value, 20)}`}`;
    case "unknown machine":
      return `nobody knows whether ${who} ${one ? "is a machine of its own" : "are machines of their own"}`;
    case "unknown network":
      return `nobody knows whether ${who} ${one ? "leaves for the internet by an address of its own" : "leave for the internet by addresses of their own"}`;
    case "unknown asn":
      return `nobody knows in whose network ${who} ${one ? "is" : "are"}`;
    case "unknown country":
      return `nobody knows in which country ${who} ${one ? "is" : "are"}`;
    default:
      return assertNever(why);
  }
}

/** Which workers did not finish, why (grouped by cause), and what the others saw. */
function gapText(observations: readonly Observation[], workers: readonly string[], write: Write): string {
  const missing = observations.filter((each) => workers.includes(each.worker));
  const others = observations.filter((each) => !workers.includes(each.worker) && each.digest !== null);
  const seen = [...new Set(observations.flatMap((each) => (each.digest === null ? [] : [each.digest])))];
  const reasons = new Map<string, string[]>();
  for (const observation of missing) {
    const keyed = hostKeyDoubt(observation.error) === null ? null : "it did not prove its known host key";
    const reason = keyed ?? observation.error?.message ?? doubtText(observation);
    reasons.set(reason, [...(reasons.get(reason) ?? []), observation.worker]);
  }
  const gaps = [...reasons].map(([reason, names]) => (reasons.size === 1 ? reason : `${listed(names)}: ${reason}`));
  const saw = seen.length === 1 ? `saw ${write(seen[0] ?? "")}` : null;
  const who = listed(others.map(({ worker }) => worker));
  if (others.length > 0 && saw !== null && missing.every(wasToldNotFound)) {
    const are = workers.length === 1 ? "is" : "are";
    return `${listed(workers)} ${are} told "not found" (${gaps.join("; ")}), and ${who} ${saw}`;
  }
  const rest =
    saw === null ? "" : others.length > 0 ? `; ${who} ${saw}` : `; all that was seen of it is ${write(seen[0] ?? "")}`;
  return `${listed(workers)} did not finish (${gaps.join("; ")})${rest}`;
}

function doubtText({ digest, objects }: Observation): string {
  if (digest === null) return "no observation";
  const root = rootOf(objects);
  if (root?.guessed === true) return "it was given a document without a media type";
  return root?.mediaType === SCHEMA1_UNSIGNED
    ? "it was given the document without its signatures"
    : "its report contradicts itself";
}
