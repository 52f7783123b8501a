import type { Fault } from "../../model/observation.ts";
import type { Progress } from "../../model/progress.ts";

/** State of one worker at work; times are milliseconds of one monotonic clock. */
export interface Track {
  readonly worker: string;
  doing:
    "waiting" | "connecting" | "resolving" | "fetching" | "retrying" | "asking again" | "saw" | "refused" | "failed";
  root: string | null;
  bytes: number;
  wantedBytes: number;
  objects: number;
  wantedObjects: number;
  /** The pending retry. */
  retry: { readonly message: string; readonly until: number } | null;
  fault: Fault | null;
  readonly since: number;
  endedAt: number | null;
  /** Byte counts at a few moments of the last seconds, the oldest first. */
  readonly samples: { readonly at: number; readonly bytes: number }[];
}

export function newTrack(worker: string, now: number): Track {
  return {
    worker,
    doing: "waiting",
    root: null,
    bytes: 0,
    wantedBytes: 0,
    objects: 0,
    wantedObjects: 0,
    retry: null,
    fault: null,
    since: now,
    endedAt: null,
    samples: [{ at: now, bytes: 0 }],
  };
}

/** Applies one event to its worker's track. */
export function note(track: Track, progress: Progress, now: number): void {
  if (progress.kind !== "retry" && progress.kind !== "end" && track.retry !== null) track.retry = null;
  switch (progress.kind) {
    case "phase":
      track.doing = progress.phase;
      break;
    case "root":
      track.root = progress.digest;
      break;
    case "mismatch":
      break;
    case "wanted":
      track.wantedObjects += progress.objects;
      track.wantedBytes += progress.bytes;
      break;
    case "bytes":
      track.bytes += progress.bytes;
      sample(track, now);
      break;
    case "object":
      track.objects += 1;
      break;
    case "again":
      track.doing = "asking again";
      track.fault = null;
      break;
    case "retry":
      track.retry = { message: progress.message, until: now + progress.waitMs };
      break;
    case "end":
      track.doing = progress.outcome;
      track.fault = progress.error;
      track.retry = null;
      track.endedAt = now;
      break;
  }
}

const WINDOW_MS = 3000;
const SAMPLE_MS = 200;

function sample(track: Track, now: number): void {
  const last = track.samples.at(-1);
  if (last !== undefined && now - last.at < SAMPLE_MS) return;
  track.samples.push({ at: now, bytes: track.bytes });
  while (track.samples.length > 2 && now - (track.samples[0]?.at ?? now) > WINDOW_MS) track.samples.shift();
}

/**
 * Bytes per second over the last three seconds, or over the whole time once the worker has ended. Null before there is
 * data.
 */
export function rateOf(track: Track, now: number): number | null {
  const first = track.endedAt === null ? track.samples[0] : { at: track.since, bytes: 0 };
  const end = track.endedAt ?? now;
  if (first === undefined || end - first.at < SAMPLE_MS || track.bytes === first.bytes) return null;
  return ((track.bytes - first.bytes) * 1000) / (end - first.at);
}
