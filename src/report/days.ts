import { visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import { verifyLine } from "./commandline.ts";

/** The most days that a person is shown; the JSON has them all. */
const MOST_DAYS = 14;
const DAY_MS = 86_400_000;

/** One line of the grid: a day, and what each worker saw. */
export interface DayRow {
  readonly day: string;
  /** Null where a worker saw nothing. */
  readonly digests: readonly (string | null)[];
  readonly note: string;
  readonly counts: boolean;
}

/** The days on which the workers looked, in the order of `workers`; empty where one day is enough. */
export function dayRows({ policy, days }: Evidence, workers: readonly string[]): readonly DayRow[] {
  if (policy.days === 1) return [];
  return days.slice(-MOST_DAYS).map(({ day, outcome, counts, looks }) => ({
    day: visible(day, 20),
    digests: workers.map((worker) => looks.find((look) => look.worker === worker)?.digest ?? null),
    note: counts ? "counts" : outcome === "agreed" ? "does not count" : visible(outcome, 20),
    counts,
  }));
}

/** When to look again, and the line for cron that does it; empty unless days are missing. */
export function comeBack({ reason, request, finishedAt, days }: Evidence): readonly string[] {
  if (reason?.kind !== "days") return [];
  const { have, needed } = reason;
  const today = days.some((each) => each.counts && each.day === finishedAt.slice(0, 10));
  const unsure = "today does not count: no other clock confirms this machine's, or they are far apart";
  const first = dayAfter(finishedAt, 1);
  const last = dayAfter(finishedAt, needed - have);
  const when = first === last ? `on ${first}` : `on ${first}, and on every day until ${last}`;
  const command = verifyLine(request, ["--days", String(needed)]);
  return [
    ...(today ? [] : [unsure]),
    `run the same command again ${when} (UTC), with the same workers; a missed day only makes it later`,
    `with cron, and your other flags: 17 7 * * * ${command.replaceAll("%", "\\%")}`,
    `as a scheduled workflow: on: { schedule: [{ cron: "17 7 * * *" }] }, with the state folder of tofu3 kept between runs`,
  ];
}

function dayAfter(time: string, days: number): string {
  return new Date(Date.parse(time) + days * DAY_MS).toISOString().slice(0, 10);
}
