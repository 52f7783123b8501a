import type { Observation, SeenObject } from "../model/observation.ts";
import type { Difference, View } from "../model/verdict.ts";
import { placesOf } from "./place.ts";

interface Sight {
  readonly worker: string;
  /** Null: the worker saw everything, and nothing at this place. */
  readonly object: SeenObject | null;
}

/** Whether the bytes are the ones that were asked for, by digest and by declared size. */
export function isGenuine(object: SeenObject): boolean {
  return object.computed === object.digest && (object.declaredSize === null || object.declaredSize === object.size);
}

export function isComplete(observation: Observation): boolean {
  return (
    observation.outcome === "saw" &&
    observation.error === null &&
    observation.digest !== null &&
    observation.objects.every(isGenuine)
  );
}

function viewKey({ object }: Sight): string {
  return object === null ? "nothing" : JSON.stringify([object.computed, object.size, object.mediaType, object.digest]);
}

function viewsOf(sights: readonly Sight[]): View[] {
  const groups = new Map<string, Sight[]>();
  for (const sight of sights) groups.set(viewKey(sight), [...(groups.get(viewKey(sight)) ?? []), sight]);
  const views = [...groups.values()].map((group): View => {
    const object = group[0]?.object ?? null;
    return {
      digest: object?.computed ?? null,
      size: object?.size ?? 0,
      mediaType: object?.mediaType ?? "",
      workers: group.map((each) => each.worker).sort(),
    };
  });
  return views.sort((a, b) => b.workers.length - a.workers.length || ((a.workers[0] ?? "") < (b.workers[0] ?? "") ? -1 : 1));
}

/** Every place at which two workers saw different things, or at which somebody was served bytes that are not what was asked for. */
export function differencesOf(observations: readonly Observation[]): Difference[] {
  const seen = observations.map((observation) => ({ observation, places: placesOf(observation) }));
  const labels = new Set(seen.flatMap(({ places }) => [...places.keys()]));
  return [...labels].flatMap((at): Difference[] => {
    const sights = seen.flatMap(({ observation, places }): Sight[] => {
      const object = places.get(at);
      if (object !== undefined) return [{ worker: observation.worker, object }];
      return isComplete(observation) ? [{ worker: observation.worker, object: null }] : [];
    });
    const views = viewsOf(sights);
    const false_ = sights.find(({ object }) => object !== null && !isGenuine(object));
    if (views.length <= 1 && false_ === undefined) return [];
    const asked = new Set(sights.flatMap(({ object }) => (object === null ? [] : [object.digest])));
    const [only] = asked;
    // The root of a tag was asked for by no digest: it is "asked by" what each worker computed.
    return [{ at, expected: asked.size === 1 && (false_ !== undefined || at.includes(" > ")) ? (only ?? null) : null, views }];
  });
}
