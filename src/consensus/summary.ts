import { visible } from "../errors.ts";
import type { Observation, SeenObject } from "../model/observation.ts";
import type { Difference, View } from "../model/verdict.ts";
import type { Indistinct } from "./distinct.ts";

function names(workers: readonly string[]): string {
  return workers.length <= 1 ? workers.join("") : `${workers.slice(0, -1).join(", ")} and ${workers.at(-1) ?? ""}`;
}

/** A majority is counted, everybody else is named. */
function who(view: View, of: number): string {
  return view.workers.length * 2 > of ? `${view.workers.length} of ${of} workers` : names(view.workers);
}

function what(view: View, ambiguous: ReadonlySet<string | null>): string {
  if (view.digest === null)
    return view.mediaType === "" ? "nothing there" : `bytes that are not what was asked for (${view.size} bytes)`;
  return ambiguous.has(view.digest) ? `${view.digest} as ${visible(view.mediaType, 100)} (${view.size} bytes)` : view.digest;
}

/** `2 of 3 workers saw sha256:aa…, fra saw sha256:bb…` */
export function summaryOfDifference(differences: readonly Difference[], of: number): string {
  const [first] = differences;
  if (first === undefined) return "no difference";
  const digests = new Set<string | null>();
  const ambiguous = new Set<string | null>();
  for (const { digest } of first.views) (digests.has(digest) ? ambiguous : digests).add(digest);
  const views = first.views.map((view) => `${who(view, of)} saw ${what(view, ambiguous)}`).join(", ");
  const place = first.at.includes(" > ") ? `at ${visible(first.at, 300)}: ` : "";
  const asked = first.expected === null ? "" : `, asked for by ${first.expected}`;
  const more =
    differences.length === 1 ? "" : ` (and ${differences.length - 1} more ${differences.length === 2 ? "place" : "places"})`;
  return `${place}${views}${asked}${more}`;
}

export function summaryOfAgreement(of: number, root: SeenObject): string {
  return `${of} of ${of} workers saw ${root.digest}`;
}

export function summaryOfChange(of: number, digest: string, why: string): string {
  return `${of} of ${of} workers saw ${digest}, but ${why}`;
}

/** `fra and sgp have one machine identity` */
export function samenessOf({ why, workers }: Indistinct): string {
  if (why === "host key") return `${names(workers)} proved one and the same host key`;
  if (why === "machine") return `${names(workers)} have one machine identity`;
  return `nobody knows whether ${names(workers)} ${workers.length === 1 ? "is a machine of its own" : "are machines of their own"}`;
}

/** The same digest, but from fewer machines than workers. */
export function summaryOfIndistinct(of: number, digest: string, indistinct: readonly Indistinct[]): string {
  return `${of} of ${of} workers saw ${digest}, but ${indistinct.map(samenessOf).join(", and ")} (tofu3 workers check says what to do)`;
}

export function summaryOfAbsence(observations: readonly Observation[]): string {
  const root = observations.find((each) => each.digest !== null)?.digest;
  return root === undefined
    ? `all ${observations.length} workers were told that it does not exist`
    : `all ${observations.length} workers saw ${root} and were told that a part of it does not exist`;
}

/** Who has no complete observation, why (what several met alike is said once), and what the others saw. */
export function summaryOfGap(observations: readonly Observation[], complete: ReadonlySet<Observation>, quorum: number): string {
  const distinct = new Set(observations.map((each) => each.worker)).size;
  if (distinct < quorum || distinct < observations.length) return `${distinct} distinct workers reported, and ${quorum} are needed`;
  const missing = observations.filter((each) => !complete.has(each));
  const seen = [...new Set(observations.flatMap((each) => (each.digest === null ? [] : [each.digest])))];
  const reasons = new Map<string, string[]>();
  for (const { worker, error, digest } of missing) {
    const reason = error?.message ?? (digest === null ? "no observation" : "its report contradicts itself");
    reasons.set(reason, [...(reasons.get(reason) ?? []), worker]);
  }
  const gaps = [...reasons].map(([reason, workers]) => (reasons.size === 1 ? reason : `${names(workers)}: ${reason}`));
  const others = seen.length === 1 ? `; those that saw it saw ${seen[0] ?? ""}` : "";
  return `${names(missing.map((each) => each.worker))} ${missing.length === 1 ? "has" : "have"} no complete observation (${gaps.join("; ")})${others}`;
}
