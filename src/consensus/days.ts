import type { Day } from "../model/history.ts";
import type { SelectionText } from "../model/job.ts";
import type { Observation } from "../model/observation.ts";
import type { Entry, Past } from "../model/record.ts";
import type { Digest } from "../oci/digest.ts";
import { clocksAgree } from "./clocks.ts";

/** What the workers of one verification saw, as far as days are concerned. */
interface Round {
  readonly at: string;
  readonly digest: Digest | null;
  readonly outcome: string;
  readonly selection: SelectionText;
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

function roundOf(entry: Entry): Round {
  const { at, digest, selection, looks, own, clocksAgree: clocks } = entry;
  const outcome = entry.outcome === "pending" ? "agreed" : entry.outcome;
  return { at, digest, outcome, selection, looks, counts: own && clocks };
}

function roundNow(observations: readonly Observation[], digest: Digest, now: string): Round | null {
  const [first] = observations;
  if (first === undefined) return null;
  const looks = observations.map((each) => ({
    worker: each.worker,
    hostKey: each.evidence.hostKey,
    digest: each.digest,
  }));
  return { at: now, digest, outcome: "agreed", selection: first.asked, looks, counts: clocksAgree(observations) };
}

function isSameSelection(left: SelectionText, right: SelectionText): boolean {
  return left.platform === right.platform && left.osVersion === right.osVersion && left.bottle === right.bottle;
}

/** Every vantage of today looked that day, and saw this. */
function isByAll(round: Round, today: Round): boolean {
  return today.looks.every(({ worker, hostKey }) =>
    round.looks.some((look) => look.worker === worker && look.hostKey === hostKey && look.digest === today.digest),
  );
}

/**
 * The days of a subject up to now, oldest first, with those marked that count: all vantages of today saw today's digest
 * on them, by a clock that others confirm, in a ledger of this coordinator. A disagreement, or another digest, starts
 * the count anew. Days that are later than an entry after them never were, or their clock was wrong.
 */
export function daysOf(observations: readonly Observation[], digest: Digest, { entries, now }: Past): readonly Day[] {
  const today = roundNow(observations, digest, now);
  if (today === null) return [];
  const rounds = [...entries.map(roundOf), today].filter((each) => isSameSelection(each.selection, today.selection));
  const counting = countingDays(rounds, today);
  const rows = new Map<string, Day>();
  for (const { at, digest: seen, outcome, looks } of rounds) {
    const day = dayOf(at);
    const counts = outcome === "agreed" && seen === digest && counting.has(day);
    const views = looks.map((each) => ({ worker: each.worker, digest: each.digest }));
    rows.set(`${day} ${outcome} ${String(seen)}`, { day, digest: seen, outcome, counts, looks: views });
  }
  return [...rows.values()];
}

function countingDays(rounds: readonly Round[], today: Round): ReadonlySet<string> {
  const days = new Set<string>();
  for (const round of rounds) {
    for (const day of days) if (day > dayOf(round.at)) days.delete(day);
    const other = round.digest !== null && round.digest !== today.digest;
    if (other || round.outcome === "disagreed" || round.outcome === "moved") days.clear();
    else if (round.outcome === "agreed" && round.counts && isByAll(round, today)) days.add(dayOf(round.at));
  }
  return days;
}

/** How many distinct days count. */
export function countOf(days: readonly Day[]): number {
  return new Set(days.filter(({ counts }) => counts).map(({ day }) => day)).size;
}
