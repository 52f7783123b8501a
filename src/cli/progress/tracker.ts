import type { Fault } from "../../model/observation.ts";
import type { Progress } from "../../model/progress.ts";

/** State of one worker at work; times are milliseconds of one monotonic clock. */
export interface Track {
  readonly worker: string;
  doing: "waiting" | "connecting" | "resolving" | "fetching" | "asking again" | "saw" | "refused" | "failed";
  root: string | null;
  bytes: number;
  wantedBytes: number;
  objects: number;
  wantedObjects: number;
  /** The pending retry. */
  retry: { readonly message: string; readonly until: number } | null;
  /** All so far. */
  retries: number;
  fault: Fault | null;
  readonly since: number;
  /** When it began to fetch content. */
  fetchingSince: number | null;
  endedAt: number | null;
  /** Byte counts at a few moments of the last seconds, the oldest first. */
  readonly samples: { readonly at: number; readonly bytes: number }[];
  /** When the last byte came. */
  lastByteAt: number;
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
    retries: 0,
    fault: null,
    since: now,
    fetchingSince: null,
    endedAt: null,
    samples: [{ at: now, bytes: 0 }],
    lastByteAt: now,
  };
}

/** The tracks of a run, by worker. */
export interface Tracks {
  /** In the order of the workers. */
  all(): readonly Track[];
  /** Applies one event to its worker's track, and returns that. */
  note(progress: Progress, now: number): Track;
}

export function openTracks(workers: readonly string[], now: number): Tracks {
  const tracks = new Map(workers.map((worker) => [worker, newTrack(worker, now)]));
  return {
    all: () => [...tracks.values()],
    note(progress, at) {
      const track = tracks.get(progress.worker) ?? newTrack(progress.worker, at);
      tracks.set(progress.worker, track);
      note(track, progress, at);
      return track;
    },
  };
}

/** Applies one event to its worker's track. */
export function note(track: Track, progress: Progress, now: number): void {
  if (progress.kind !== "retry" && progress.kind !== "end" && track.retry !== null) track.retry = null;
  switch (progress.kind) {
    case "phase":
      track.doing = progress.phase;
      if (progress.phase !== "fetching") break;
      track.fetchingSince ??= now;
      track.lastByteAt = now;
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
      track.lastByteAt = now;
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
      track.retries += 1;
      break;
    case "end":
      track.doing = progress.outcome;
      track.fault = progress.error;
      track.retry = null;
      track.endedAt = now;
      break;
  }
}

/** Whether it still works on the job. */
export function isAtWork({ endedAt }: Track): boolean {
  return endedAt === null;
}

const RATE_MS = 3000;
/** Longer, for an estimate that does not jump. */
const ESTIMATE_MS = 20_000;
const SAMPLE_MS = 200;
/** Before that, an estimate is a guess. */
const ENOUGH_MS = 2000;
const STALLED_MS = 5000;

function sample(track: Track, now: number): void {
  const { samples } = track;
  const last = samples.at(-1);
  if (last !== undefined && now - last.at < SAMPLE_MS) return;
  samples.push({ at: now, bytes: track.bytes });
  while (samples.length > 2 && now - (samples[1]?.at ?? now) > ESTIMATE_MS) samples.shift();
}

/**
 * Bytes per second over the last three seconds in which some came, or over the whole time once the worker has ended.
 * Null before there is data, and when nothing comes any more.
 */
export function rateOf(track: Track, now: number): number | null {
  if (track.endedAt !== null) return rateSince(track, { at: track.since, bytes: 0 }, track.endedAt);
  return rateWithin(track, RATE_MS, now);
}

function rateWithin(track: Track, ms: number, now: number): number | null {
  const { samples, lastByteAt } = track;
  // a VM tells of its bytes once a second: until now would count the wait for the next word
  const base = samples.findLast(({ at }) => at <= lastByteAt - ms) ?? samples[0];
  return base === undefined || now - lastByteAt >= STALLED_MS ? null : rateSince(track, base, lastByteAt);
}

function rateSince({ bytes }: Track, base: Track["samples"][number], end: number): number | null {
  if (end - base.at < SAMPLE_MS || bytes === base.bytes) return null;
  return ((bytes - base.bytes) * 1000) / (end - base.at);
}

/** Milliseconds until it has fetched everything, at the pace of the last twenty seconds; null if that is unknown. */
export function leftOf(track: Track, now: number): number | null {
  const { doing, bytes, wantedBytes, fetchingSince } = track;
  if (doing !== "fetching" || fetchingSince === null || now - fetchingSince < ENOUGH_MS) return null;
  if (wantedBytes <= bytes || stalledOf(track, now) !== null) return null;
  const rate = rateWithin(track, ESTIMATE_MS, now);
  return rate === null ? null : ((wantedBytes - bytes) * 1000) / rate;
}

/** For how long nothing has come although it fetches; null if that is no time to speak of. */
export function stalledOf({ doing, retry, lastByteAt, bytes, wantedBytes }: Track, now: number): number | null {
  const ms = now - lastByteAt;
  if (bytes >= wantedBytes && bytes > 0) return null;
  return doing === "fetching" && retry === null && ms >= STALLED_MS ? ms : null;
}
