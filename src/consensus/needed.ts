import type { Entry, Past } from "../model/record.ts";
import { agreementsIn } from "./history.ts";
import { dayOf } from "./days.ts";

/**
 * The same past without what changes no verdict and no sentence about it: of a row of equal entries of one day the
 * first and the last stay, and the objects of those agreements with which another one is compared.
 */
export function neededOf(past: Past): Past {
  const { entries } = past;
  const kept = entries.filter((entry, at) => !isLike(entries[at - 1], entry) || !isLike(entry, entries[at + 1]));
  const last = agreementsIn(entries).at(-1)?.digest ?? null;
  const comparedWith = [
    kept.findLast((each) => isAgreementOn(each, last)),
    kept.findLast((each) => isAgreementOn(each, last) && each.depth === undefined),
  ];
  return { ...past, entries: kept.map((each) => (comparedWith.includes(each) ? each : { ...each, objects: [] })) };
}

function isAgreementOn(entry: Entry, digest: Entry["digest"]): boolean {
  return digest !== null && agreementsIn([entry])[0]?.digest === digest;
}

function isLike(one: Entry | undefined, other: Entry | undefined): boolean {
  return one !== undefined && other !== undefined && signOf(one) === signOf(other);
}

/** All that a verdict can read of it, but for the time of the day and the objects. */
function signOf({ at, outcome, digest, depth, selection, looks, own, clocksAgree }: Entry): string {
  const { platform, osVersion, bottle } = selection;
  const seen = looks.map((look) => [look.worker, look.hostKey, look.digest]);
  return JSON.stringify([dayOf(at), outcome, digest, depth, platform, osVersion, bottle, seen, own, clocksAgree]);
}
