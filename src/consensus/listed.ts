import { visible } from "../errors.ts";
import type { ListedAnswer, ListedView } from "../model/listed.ts";
import { QUORUM } from "./judge.ts";

/**
 * What workers that each read a list say together of one thing that may stand in it. Two that read different things, or
 * one that reads nothing where another one reads something, contradict each other: *disagreed*, whoever else has no
 * answer. To agree, at least three distinct workers must all have read the same; if that is nothing, or 404 everywhere,
 * it is *absent*. Everything else is *incomplete*.
 */
export function judgeListed(views: readonly ListedView[]): ListedAnswer {
  const answered = views.filter(({ fault }) => fault === null);
  const [first, ...others] = new Set(answered.map(({ value }) => value));
  if (others.length > 0) return answer("disagreed", saidBy(answered));
  const fault = views.find((each) => each.fault !== null)?.fault ?? null;
  const distinct = new Set(views.map(({ worker }) => worker)).size;
  if (distinct < QUORUM || distinct < views.length) {
    return answer("incomplete", `${distinct} distinct workers looked, and ${QUORUM} are needed`);
  }
  if (views.every((each) => each.fault?.code === "E_NOT_FOUND")) {
    return answer("absent", `all ${views.length} workers were told that there is no such list`);
  }
  if (fault !== null) {
    const who = views.filter((each) => each.fault !== null).map(({ worker }) => worker);
    return {
      ...answer("incomplete", `${who.sort().join(", ")} could not tell: ${visible(fault.message, 300)}`),
      hint: fault.hint,
    };
  }
  if (first == null) return answer("absent", `all ${views.length} workers were told that it is not there`);
  return {
    ...answer("agreed", `${views.length} of ${views.length} workers were told ${visible(first, 300)}`),
    value: first,
  };
}

function answer(outcome: ListedAnswer["outcome"], summary: string): ListedAnswer {
  return { outcome, value: null, summary, hint: null };
}

/** `fra and here were told tag aaaa…, sgp was told nothing` */
function saidBy(views: readonly ListedView[]): string {
  const groups = new Map<string | null, string[]>();
  for (const { worker, value } of views) groups.set(value, [...(groups.get(value) ?? []), worker]);
  return [...groups]
    .map(([value, workers]) => [workers.sort().join(" and "), workers.length, value] as const)
    .sort(([one, many], [other, more]) => more - many || (one < other ? -1 : 1))
    .map(([who, many, value]) => `${who} ${many === 1 ? "was" : "were"} told ${visible(value ?? "nothing of it", 300)}`)
    .join(", ");
}
