import type { Observation, SeenObject } from "../model/observation.ts";
import type { Difference, View } from "../model/verdict.ts";
import { comparedType } from "../oci/mediatype.ts";
import { createPlaces, edgeOf, ROOT, type Places } from "./place.ts";

interface Sight {
  readonly by: Observation;
  readonly object: SeenObject;
}

/** Null: the worker saw everything, and nothing at this edge. */
type SightOrNothing = Omit<Sight, "object"> & { readonly object: SeenObject | null };

/** Whether the bytes match what was requested, by digest and by declared size. */
export function isGenuine(object: SeenObject): boolean {
  return object.computed === object.digest && (object.declaredSize === null || object.declaredSize === object.size);
}

function viewKey({ object }: SightOrNothing): string {
  if (object === null) return "nothing";
  return JSON.stringify([object.computed, object.size, comparedType(object.mediaType), object.digest, object.pinned]);
}

/**
 * Bytes without a media type contradict no worker that was given one: they count as the type that the others were
 * given, or keep the guess.
 */
function withoutGuesses(sights: readonly SightOrNothing[]): SightOrNothing[] {
  const told = new Map<string | null, string>();
  for (const { object } of sights) {
    if (object !== null && (object.guessed !== true || !told.has(object.computed)))
      told.set(object.computed, object.mediaType);
  }
  return sights.map(({ by, object }) => {
    if (object?.guessed !== true) return { by, object };
    return { by, object: { ...object, mediaType: told.get(object.computed) ?? object.mediaType } };
  });
}

function viewsOf(sights: readonly SightOrNothing[]): View[] {
  const groups = new Map<string, { readonly object: SeenObject | null; readonly workers: Set<string> }>();
  for (const sight of withoutGuesses(sights)) {
    const key = viewKey(sight);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { object: sight.object, workers: new Set([sight.by.worker]) });
    else group.workers.add(sight.by.worker);
  }
  const views = [...groups.values()].map(({ object, workers }): View => {
    return {
      digest: object?.computed ?? null,
      size: object?.size ?? 0,
      mediaType: object?.mediaType ?? "",
      workers: [...workers].sort(),
    };
  });
  return views.sort((a, b) => b.workers.length - a.workers.length || order(a.workers.join(), b.workers.join()));
}

/** What each worker saw at each edge: the root first, then in the order reported. */
function sightsByEdge(observations: readonly Observation[]): Map<string, Sight[]> {
  const edges = new Map<string, Sight[]>([[ROOT, []]]);
  for (const by of observations) {
    for (const object of by.objects) {
      const edge = edgeOf(object);
      const sights = edges.get(edge);
      if (sights === undefined) edges.set(edge, [{ by, object }]);
      else sights.push({ by, object });
    }
  }
  return edges;
}

function order(left: string, right: string): number {
  return left < right ? -1 : 1;
}

/**
 * Every edge at which two workers saw different things, or at which a worker was served bytes that do not match the
 * request. Each document is compared once, however often it is listed: its entries are the same wherever it appears. A
 * worker that is not in `complete` says nothing about an edge that it did not see. Under different roots no two places
 * are the same, so only the root differs.
 */
export function differencesOf(reported: readonly Observation[], complete: ReadonlySet<Observation>): Difference[] {
  const observations = reported.toSorted((a, b) => order(a.worker, b.worker));
  const edges = sightsByEdge(observations);
  let places: Places | null = null;
  const oneRoot = viewsOf(edges.get(ROOT) ?? []).length <= 1;
  return [...edges].flatMap(([edge, seen]): Difference[] => {
    const [first] = seen;
    if (first === undefined) return [];
    const present = new Set(seen.map(({ by }) => by));
    const missing = oneRoot ? observations.filter((each) => complete.has(each) && !present.has(each)) : [];
    const views = viewsOf([...seen, ...missing.map((by) => ({ by, object: null }))]);
    const false_ = seen.some(({ object }) => !isGenuine(object));
    if (!false_ && (views.length <= 1 || (edge !== ROOT && !oneRoot))) return [];
    const asked = new Set(seen.map(({ object }) => object.digest));
    const [only] = asked;
    places ??= createPlaces([...edges.values()].map((sights) => sights.map(({ object }) => object)));
    // The root of a tag has no expected digest; its `digest` is what each worker computed.
    return [
      {
        path: places.pathOf(first.object),
        expected: asked.size === 1 && (false_ || edge !== ROOT) ? (only ?? null) : null,
        views,
      },
    ];
  });
}
