import type { ErrorCode } from "../../src/errors.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Glance, Probes } from "../../src/model/probe.ts";
import type { Entry, Past, RecordedLook } from "../../src/model/record.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { ASKED, digest, fault, INDEX, saw, tree } from "./observations.ts";

export const WORKERS = ["here", "fra", "sgp"] as const;
const { registry, repository } = ASKED;

/** The host key that a VM proves in these tests. */
export function keyOf(worker: string): string | null {
  return worker === "here" ? null : `SHA256:${worker}`;
}

/** These workers, each with what its letter stands for; `-` is nothing. */
export function looks(letters: string, workers: readonly string[] = WORKERS): RecordedLook[] {
  return workers.map((worker, at) => {
    const seen = digestAt(letters, at);
    const outcome = seen === null ? "failed" : "saw";
    const via = worker === "here" ? "local" : "ssh";
    return { worker, via, outcome, digest: seen, hostKey: keyOf(worker), country: null, asn: null };
  });
}

function digestAt(letters: string, at: number): Digest | null {
  const letter = letters[at] ?? "-";
  return letter === "-" ? null : digest(letter);
}

/** An entry of this coordinator in which the workers saw these letters. */
export function entry(at: string, letters = "aaa", part: Partial<Entry> = {}): Entry {
  const [first, ...others] = new Set(letters);
  const seen = others.length === 0 && first !== undefined && first !== "-" ? digest(first) : null;
  return {
    entry: 1,
    at: at.length === "2026-01-01".length ? `${at}T12:00:00.000Z` : at,
    subject: { registry, repository, tag: "1", pin: null },
    selection: { platform: null, osVersion: null, bottle: null },
    outcome: seen !== null ? "agreed" : letters.includes("-") ? "incomplete" : "disagreed",
    digest: seen,
    looks: looks(letters),
    objects: [],
    clocksAgree: true,
    own: true,
    ...part,
  };
}

export function past(now: string, ...entries: readonly Entry[]): Past {
  return { entries, now: now.length === "2026-01-01".length ? `${now}T12:00:00.000Z` : now };
}

/** The workers saw these letters now; their host keys are proved, and their clocks are right. */
export function now(letters = "aaa", workers: readonly string[] = WORKERS): Observation[] {
  return workers.slice(0, letters.length).map((worker, at) => {
    const seen = saw(tree(digestAt(letters, at) ?? digest("a")))(worker);
    const clockOffsetMs = worker === "here" ? null : 0;
    return { ...seen, evidence: { ...seen.evidence, hostKey: keyOf(worker), clockOffsetMs } };
  });
}

export function glance(worker: string, asked: string, seen: Digest | null, code?: ErrorCode): Glance {
  const absent = seen === null ? fault("E_NOT_FOUND") : null;
  return { worker, asked, digest: seen, mediaType: seen && INDEX, fault: code === undefined ? absent : fault(code) };
}

/** What the tag led to at each of the workers; `-` is a 404, and a space no answer at all. */
export function round(letters: string, workers: readonly string[] = WORKERS): Glance[] {
  return workers.flatMap((worker, at) =>
    letters[at] === " " || letters[at] === undefined ? [] : [glance(worker, "1", digestAt(letters, at))],
  );
}

/** By digest: all of these letters are the same at all of the workers. */
export function everywhere(letters: string, workers: readonly string[] = WORKERS): Glance[] {
  return letters.split("").flatMap((letter) => workers.map((worker) => glance(worker, digest(letter), digest(letter))));
}

/** By digest, this one is given to these workers, and unknown to the others. */
export function onlyAt(letter: string, at: readonly string[], workers: readonly string[] = WORKERS): Glance[] {
  return workers.map((worker) => glance(worker, digest(letter), at.includes(worker) ? digest(letter) : null));
}

export function probes(again: readonly string[], byDigest: readonly Glance[], part: Partial<Probes> = {}): Probes {
  return { again: again.map((letters) => round(letters)), byDigest, documents: new Map(), configs: new Map(), ...part };
}
