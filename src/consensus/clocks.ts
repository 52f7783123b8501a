import type { Notes } from "../model/observation.ts";

/** A vantage and what its answers say of the time. */
export interface Timed {
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly evidence: Pick<Notes, "clockOffsetMs" | "headers">;
}

/** Clocks in the wild are seconds apart, or hours. */
const TOLERANCE_MS = 15 * 60_000;

/**
 * Whether this machine's clock can be believed to have the day right: no VM's clock is far from it or, where there is
 * no VM, no registry's. A clock that was set forward would otherwise earn in an hour what takes days. Without any other
 * clock nobody says that it is right.
 */
export function clocksAgree(observations: readonly Timed[]): boolean {
  const vms = observations.flatMap(({ evidence }) => evidence.clockOffsetMs ?? []);
  const offsets = vms.length > 0 ? vms : observations.flatMap(registryOffset);
  return offsets.length > 0 && offsets.every((each) => Math.abs(each) <= TOLERANCE_MS);
}

/** How far the registry's `Date` is outside of the time in which it was received. RFC 9110 §6.6.1 */
function registryOffset({ startedAt, finishedAt, evidence }: Timed): number[] {
  const date = evidence.headers.find((header) => header.startsWith("date: "));
  const told = date === undefined ? NaN : Date.parse(date.slice("date: ".length));
  if (Number.isNaN(told)) return [];
  if (told > Date.parse(finishedAt)) return [told - Date.parse(finishedAt)];
  return [Math.min(0, told - Date.parse(startedAt))];
}
