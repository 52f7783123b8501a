import type { Evidence, ToldDifference } from "../../model/evidence.ts";
import type { Observation, SeenObject } from "../../model/observation.ts";

/** An object at one place of the tree, and what each worker has of it. */
export interface Place {
  readonly seen: SeenObject;
  /** In the order of the workers: `other` are bytes that are not what was asked for. */
  readonly marks: readonly Mark[];
  /** `differs` where the verdict's differences name it, `partly` where not every worker came to it. */
  readonly state: State;
}

export type Mark = "saw" | "other" | "none";
export type State = "differs" | "partly" | "alike";

/** A document with what it lists; a document in it is a family of its own. */
export interface Family {
  readonly digest: string;
  /** The document itself first; without it where nobody saw it. */
  readonly places: readonly Place[];
  /** The gravest of them. */
  readonly state: State;
}

export const GRAVEST_FIRST: readonly State[] = ["differs", "partly", "alike"];

/** Every document of any worker's tree in the order of the trees, those with differences first. */
export function familiesOf({ observations, differences }: Evidence): readonly Family[] {
  const families = new Map<string, Place[]>();
  for (const place of placesOf(observations, differences)) {
    const { role, digest, parent } = place.seen;
    const isDocument = parent === null || role === "index" || role === "manifest";
    const key = isDocument ? digest : parent;
    const family = families.get(key);
    if (family === undefined) families.set(key, [place]);
    else if (isDocument) family.unshift(place);
    else family.push(place);
  }
  const all = [...families].map(([digest, places]): Family => {
    const state = GRAVEST_FIRST.find((each) => places.some((place) => place.state === each)) ?? "alike";
    return { digest, places, state };
  });
  return byState(all);
}

/** Those with differences first, and otherwise as they were. */
export function byState<T extends { readonly state: State }>(all: readonly T[]): readonly T[] {
  return GRAVEST_FIRST.flatMap((state) => all.filter((each) => each.state === state));
}

function placesOf(observations: readonly Observation[], differences: readonly ToldDifference[]): readonly Place[] {
  const places = new Map<string, { seen: SeenObject; marks: Mark[] }>();
  for (const [at, { objects }] of observations.entries()) {
    for (const seen of objects) {
      const { parent, role, position, digest, mediaType } = seen;
      const key = JSON.stringify([parent, role, position, digest, mediaType]);
      const place = places.get(key) ?? { seen, marks: observations.map(() => "none" as const) };
      place.marks[at] = seen.computed === digest ? "saw" : "other";
      places.set(key, place);
    }
  }
  const differing = new Set(differences.flatMap(namesOf));
  return [...places.values()].map(({ seen, marks }) => {
    const differs = marks.includes("other") || differing.has(nameOf(seen.position, seen.digest));
    return { seen, marks, state: differs ? "differs" : marks.includes("none") ? "partly" : "alike" };
  });
}

/** What stands at the place of a difference, whoever saw it. */
function namesOf({ path, expected, views }: ToldDifference): readonly string[] {
  const position = path.at(-1)?.position ?? 0;
  return [expected, ...views.map(({ digest }) => digest)].map((digest) => nameOf(position, digest ?? ""));
}

function nameOf(position: number, digest: string): string {
  return `${position} ${digest}`;
}
