import type { ToldDifference } from "../model/evidence.ts";
import type { Observation } from "../model/observation.ts";
import { placeWords } from "./place.ts";
import { counted } from "./text.ts";

/**
 * What is odd about each worker that stands alone: `layer 1 of manifest linux/amd64 differs`. Of views that only differ
 * from each other, the one of more than half of all workers is the right one; without such a view nobody is odd. Bytes
 * that are not what was asked for are odd however many workers saw them.
 */
export function oddOnes(differences: readonly ToldDifference[], of: number): ReadonlyMap<string, string> {
  const places = new Map<string, string[]>();
  for (const difference of differences) {
    for (const worker of oddAt(difference, of)) {
      places.set(worker, [...(places.get(worker) ?? []), placeWords(difference.path)]);
    }
  }
  return new Map([...places].map(([worker, all]) => [worker, noteOf(all)]));
}

/** Where others stand alone, one that was only stopped is as good as one that saw it all; where nobody does, none is. */
export function isFine(
  { outcome, error }: Observation,
  odd: ReadonlyMap<string, string>,
  differences: readonly ToldDifference[],
): boolean {
  const someAlone = odd.size > 0;
  const isWhole = error === null || (someAlone && error.code === "E_STOPPED");
  return outcome === "saw" && isWhole && (someAlone || differences.length === 0);
}

function oddAt({ expected, views }: ToldDifference, of: number): ReadonlySet<string> {
  const genuine = views.filter(({ digest }) => expected === null || digest === expected);
  const most = genuine.find(({ workers }) => workers.length * 2 > of);
  const right = most ?? (expected !== null && genuine.length === 1 ? genuine[0] : undefined);
  if (right === undefined && (expected === null || genuine.length > 1)) return new Set();
  return new Set(views.filter((view) => view !== right).flatMap(({ workers }) => workers));
}

function noteOf([first = "", ...others]: readonly string[]): string {
  if (others.length === 0) return `${first} differs`;
  return `${first} and ${counted(others.length, "other place")} differ`;
}
