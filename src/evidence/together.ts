import { clocksAgree } from "../consensus/clocks.ts";
import { dayOf } from "../consensus/days.ts";
import type { Evidence } from "../model/evidence.ts";
import { formatSelection, parseSelection } from "../model/job.ts";
import type { Together } from "../model/rejudged.ts";
import { formatSubject, parseSubject } from "../model/subject.ts";
import { counted, listed } from "../report/text.ts";

/**
 * What reports about the same question say together; `days` is how many distinct UTC days must agree. Nothing for
 * questions that only one report is about, unless days are asked for.
 */
export function together(reports: readonly Evidence[], days: number | null): readonly Together[] {
  const groups = new Map<string, Evidence[]>();
  for (const each of reports) {
    const key = questionOf(each);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].flatMap(([one, ...more]) => {
    if (one === undefined || (more.length === 0 && (days === null || !agrees(one)))) return [];
    return [togetherOf([one, ...more], days ?? 1)];
  });
}

/** A report that was short of days agrees, as far as its own day goes. */
export function agrees({ outcome, reason }: Evidence): boolean {
  return outcome === "agreed" || (outcome === "pending" && reason?.kind === "days");
}

function togetherOf(group: readonly [Evidence, ...Evidence[]], needed: number): Together {
  const [{ request }] = group;
  const agreed = group.filter(agrees);
  const days = [
    ...new Set(
      agreed.filter(({ observations }) => clocksAgree(observations)).map(({ finishedAt }) => dayOf(finishedAt)),
    ),
  ];
  const machines = new Set(
    agreed.flatMap(({ observations }) => observations.flatMap(({ evidence }) => evidence.machine ?? [])),
  );
  const told = { request, days: days.sort(), machines: machines.size };
  const roots = new Map(agreed.map((each) => [rootOf(each), dayOf(each.finishedAt)]));
  const what = `${counted(group.length, "report")} about ${formatSubject(parseSubject(request.reference))}`;
  if (agreed.length < group.length)
    return {
      ...told,
      outcome: "incomplete",
      summary: `${group.length - agreed.length} of ${what} ${group.length - agreed.length === 1 ? "is" : "are"} no agreement`,
    };
  if (roots.size > 1)
    return {
      ...told,
      outcome: "changed",
      summary: `${what} agree on different digests: ${listed([...roots].map(([root, day]) => `${root} on ${day}`))}`,
    };
  const [root = ""] = roots.keys();
  const seen = `agree on ${root}, on ${counted(days.length, "day")} that count, from ${counted(machines.size, "machine")}`;
  return days.length < needed
    ? { ...told, outcome: "pending", summary: `${what} ${seen}; ${counted(needed, "day")} are needed` }
    : { ...told, outcome: "agreed", summary: `${what} ${seen}` };
}

function rootOf({ observations }: Evidence): string {
  return observations[0]?.digest ?? "";
}

function questionOf({ request }: Evidence): string {
  const { platform, osVersion, bottle } = formatSelection(parseSelection(request));
  return JSON.stringify([formatSubject(parseSubject(request.reference)), platform, osVersion, bottle]);
}
