import { visible } from "../errors.ts";
import { hostKeyDoubt, IN_ITS_PLACE } from "../model/impostor.ts";
import type { Fault } from "../model/observation.ts";
import { folded } from "./fold.ts";
import type { Paint } from "./paint.ts";

/** As loud as ssh: `THE HOST KEY OF fra HAS CHANGED`, and below it what is known, what was offered, and what to do. */
export function hostKeyLines(worker: string, error: Fault | null, paint: Paint, width = Infinity): string[] {
  const doubt = hostKeyDoubt(error);
  if (doubt === null || error === null) return [];
  const below = [error.message, error.hint ?? ""].flatMap((text) => text.split("; ")).filter((text) => text !== "");
  return [
    paint.bad(`THE HOST KEY OF ${visible(worker, 40)} ${doubt.toUpperCase()}: IT MAY BE ANOTHER MACHINE`),
    ...below.flatMap((text) => folded(visible(text), width - 4).map((line) => `    ${line}`)),
  ];
}

/** `; fra's host key has changed: somebody may be answering in its place`, for the end of a sentence; empty if none. */
export function impostorsText(workers: readonly { readonly worker: string; readonly error: Fault | null }[]): string {
  return workers
    .map(({ worker, error }) => ({ worker, doubt: hostKeyDoubt(error) }))
    .map(({ worker, doubt }) => (doubt === null ? "" : `; ${visible(worker, 40)}'s host key ${doubt}: ${IN_ITS_PLACE}`))
    .join("");
}
