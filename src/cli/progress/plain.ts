import { visible } from "../../errors.ts";
import type { Progress } from "../../model/progress.ts";
import { bytesText, counted, listed } from "../../report/text.ts";
import type { Output } from "../io.ts";
import { newTrack, note, rateOf, type Track } from "./tracker.ts";
import type { ProgressView } from "./view.ts";

const EVERY_MS = 5000;

/**
 * One line whenever a worker's state changes, and one every few seconds while it fetches: `tofu3: fra: …`. No cursor
 * movement.
 */
export function plainProgress(stderr: Output, workers: readonly string[], clock: () => number): ProgressView {
  const tracks = new Map(workers.map((worker) => [worker, newTrack(worker, clock())]));
  const say = (worker: string, text: string): void => void stderr.write(`tofu3: ${visible(worker, 40)}: ${text}\n`);
  const timer = setInterval(() => {
    for (const track of tracks.values())
      if (track.doing === "fetching" && track.objects > 0) say(track.worker, amount(track, clock()));
  }, EVERY_MS);
  timer.unref();
  stderr.write(`tofu3: looking from ${listed(workers.map((worker) => visible(worker, 40)))}\n`);
  return {
    watch(progress) {
      const track = tracks.get(progress.worker) ?? newTrack(progress.worker, clock());
      tracks.set(progress.worker, track);
      note(track, progress, clock());
      const text = lineOf(track, progress, clock());
      if (text !== null) say(progress.worker, text);
    },
    pause: () => undefined,
    resume: () => undefined,
    stop: () => clearInterval(timer),
  };
}

function lineOf(track: Track, progress: Progress, now: number): string | null {
  switch (progress.kind) {
    case "phase":
      return progress.phase;
    case "root":
      return `resolved ${progress.digest}`;
    case "retry":
      return `trying again in ${(progress.waitMs / 1000).toFixed(1)} s: ${visible(progress.message, 200)}`;
    case "end":
      return track.fault === null
        ? `${track.doing} ${counted(track.objects, "object")}, ${bytesText(track.bytes)} in ${((now - track.since) / 1000).toFixed(1)} s`
        : `${track.doing}: ${visible(track.fault.message, 200)}`;
    case "mismatch":
      return "was served other bytes than it asked for";
    case "again":
      return "the workers disagree: asking again, to say why";
    case "wanted":
    case "bytes":
    case "object":
      return null;
  }
}

function amount(track: Track, now: number): string {
  const rate = rateOf(track, now);
  const done = `${track.objects} of ${counted(track.wantedObjects, "object")}, ${bytesText(track.bytes)} of ${bytesText(track.wantedBytes)}`;
  return rate === null ? done : `${done}, ${bytesText(Math.round(rate))}/s`;
}
