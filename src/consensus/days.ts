import type { Day } from "../model/history.ts";
import type { SelectionText } from "../model/job.ts";
import type { Observation } from "../model/observation.ts";
import type { Entry, Past } from "../model/record.ts";
import type { Outcome } from "../model/verdict.ts";
import type { Digest } from "../oci/digest.ts";
import { clocksAgree } from "./clocks.ts";

/** What the workers of one verification saw, as far as days are concerned. */
interface Round {
  readonly at: string;
  readonly digest: Digest | null;
  readonly outcome: string;
  readonly selection: SelectionText;
  /** Below the root nobody looked. */
  readonly isShallow: boolean;
  readonly looks: readonly {
    readonly worker: string;
    readonly hostKey: string | null;
    readonly digest: Digest | null;
  }[];
  /** It was made here, under a clock that others confirm. */
  readonly counts: boolean;
}

/** The day of a time, UTC. */
export function dayOf(at: string): string {
  return at.slice(0, "2026-01-01".length);
}

/** An agreement is one also where more days were needed. */
function dayOutcome(outcome: Outcome): string {
  return outcome === "pending" ? "agreed" : outcome;
}

function roundOf({ at, digest, outcome, selection, depth, looks, own, clocksAgree: clocks }: Entry): Round {
  const isShallow = depth === "root";
  return { at, digest, outcome: dayOutcome(outcome), selection, isShallow, looks, counts: own && clocks };
}

function roundNow(
  observations: readonly Observation[],
  digest: Digest,
  { now, depth }: Past,
  outcome: Outcome,
): Round | null {
  const [first] = observations;
  if (first === undefined) return null;
  // as the ledger has them
  const looks = observations
    .map((each) => ({ worker: each.worker, hostKey: each.evidence.hostKey, digest: each.digest }))
    .sort((a, b) => (a.worker < b.worker ? -1 : 1));
  const counts = clocksAgree(observations);
  const isShallow = depth === "root";
  return { at: now, digest, outcome: dayOutcome(outcome), selection: first.asked, isShallow, looks, counts };
}

/** It looked at least at what is looked at today: whatever was selected, at the root; otherwise at the same and below. */
function covers({ isShallow, selection }: Round, today: Round): boolean {
  if (today.isShallow) return true;
  const { platform, osVersion, bottle } = today.selection;
  const isSame = selection.platform === platform && selection.osVersion === osVersion && selection.bottle === bottle;
  return isSame && !isShallow;
}

/** Every vantage of today looked that day, and saw this. */
function isByAll(round: Round, today: Round): boolean {
  return today.looks.every(({ worker, hostKey }) =>
    round.looks.some((look) => look.worker === worker && look.hostKey === hostKey && look.digest === today.digest),
  );
}

/** Somebody was given another root: the tag led elsewhere, to some of the world or to all of it. */
function sawAnother({ digest, looks }: Round, today: Round): boolean {
  return [{ digest }, ...looks].some((each) => each.digest !== null && each.digest !== today.digest);
}

/** The roots differed, whatever was selected below them. */
function startsAnew(round: Round, today: Round): boolean {
  return round.outcome === "disagreed" || round.outcome === "moved" || sawAnother(round, today);
}

function earns(round: Round, today: Round): boolean {
  return covers(round, today) && round.outcome === "agreed" && round.counts && isByAll(round, today);
}

/**
 * The days of a subject up to now, oldest first, with those marked that count: all vantages of today saw today's digest
 * on them, at least as deep as now, by a clock that others confirm, in a ledger of this coordinator. A disagreement, or
 * another digest, starts the count anew, whatever was selected. Days that are later than an entry after them never were, or their clock was
 * wrong. `outcome` is that of today, where it is known already.
 */
export function daysOf(
  observations: readonly Observation[],
  digest: Digest,
  past: Past,
  outcome: Outcome = "agreed",
): readonly Day[] {
  const today = roundNow(observations, digest, past, outcome);
  if (today === null) return [];
  const all = [...past.entries.map(roundOf), today];
  const counting = countingDays(all, today);
  const rounds = all.filter((each) => covers(each, today) || startsAnew(each, today));
  const rows = new Map<string, Day>();
  for (const { at, digest: seen, outcome: found, looks } of rounds) {
    const day = dayOf(at);
    const counts = found === "agreed" && seen === digest && counting.has(day);
    const views = looks.map((each) => ({ worker: each.worker, digest: each.digest }));
    rows.set(`${day} ${found} ${String(seen)}`, { day, digest: seen, outcome: found, counts, looks: views });
  }
  return [...rows.values()];
}

function countingDays(rounds: readonly Round[], today: Round): ReadonlySet<string> {
  // none is later than the round before, so the latest is the last
  let days: string[] = [];
  for (const round of rounds) {
    const day = dayOf(round.at);
    while ((days.at(-1) ?? day) > day) days.pop();
    if (startsAnew(round, today)) days = [];
    else if (earns(round, today)) days.push(day);
  }
  return new Set(days);
}

/** How many distinct days count. */
export function countOf(days: readonly Day[]): number {
  return new Set(days.filter(({ counts }) => counts).map(({ day }) => day)).size;
}
