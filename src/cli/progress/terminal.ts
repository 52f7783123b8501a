import { createLogUpdate } from "log-update";
import { visible } from "../../errors.ts";
import { COLOURED, PLAIN, type Paint } from "../../report/paint.ts";
import { bytesText, counted } from "../../report/text.ts";
import type { Output } from "../io.ts";
import { newTrack, note, rateOf, type Track } from "./tracker.ts";
import type { ProgressView } from "./view.ts";

const REDRAW_MS = 120;

/** One line per worker, redrawn in place several times a second. */
export function terminalProgress(
  stderr: Output,
  workers: readonly string[],
  color: boolean,
  clock: () => number,
): ProgressView {
  const tracks = new Map(workers.map((worker) => [worker, newTrack(worker, clock())]));
  const lines = openLines(stderr);
  let paused = false;
  const draw = (): void => {
    if (!paused) lines.draw((columns) => frame([...tracks.values()], columns, color ? COLOURED : PLAIN, clock()));
  };
  draw();
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    watch(progress) {
      const track = tracks.get(progress.worker) ?? newTrack(progress.worker, clock());
      tracks.set(progress.worker, track);
      note(track, progress, clock());
    },
    pause() {
      paused = true;
      lines.clear();
      lines.done();
    },
    resume() {
      paused = false;
    },
    stop(keep) {
      clearInterval(timer);
      if (keep) draw();
      else lines.clear();
      lines.done();
    },
  };
}

/** Lines that are redrawn in place. */
export interface LiveLines {
  draw(render: (columns: number) => string): void;
  clear(): void;
  /** What is there by then stays. */
  done(): void;
}

export function openLines(stderr: Output): LiveLines {
  const update = createLogUpdate(sized(stderr) as unknown as Parameters<typeof createLogUpdate>[0]);
  return {
    draw: (render) => update(render(sized(stderr).columns)),
    clear: () => update.clear(),
    done: () => update.done(),
  };
}

/** A terminal of unknown size reports 0 columns, which log-update would take literally. */
function sized(stderr: Output): Output & { readonly columns: number } {
  return {
    isTTY: true,
    columns: stderr.columns === undefined || stderr.columns === 0 ? 80 : stderr.columns,
    rows: stderr.rows === undefined || stderr.rows === 0 ? 24 : stderr.rows,
    write: (text) => stderr.write(text),
  };
}

/** All lines, cut to the width of the terminal. */
export function frame(tracks: readonly Track[], columns: number, paint: Paint, now: number): string {
  const width = Math.max(0, ...tracks.map((track) => visible(track.worker, 24).length));
  return tracks
    .map((track) => {
      const name = visible(track.worker, 24).padEnd(width);
      const line = `${name}  ${stateOf(track, now)}`.slice(0, Math.max(1, columns - 1));
      return `${paint.strong(line.slice(0, name.length))}${paintOf(track, paint)(line.slice(name.length))}`;
    })
    .join("\n");
}

function stateOf(track: Track, now: number): string {
  if (track.fault !== null) return `${track.doing}: ${visible(track.fault.message, 200)}`;
  if (track.retry !== null) {
    return `trying again in ${(Math.max(0, track.retry.until - now) / 1000).toFixed(1)} s: ${visible(track.retry.message, 200)}`;
  }
  const rate = rateOf(track, now);
  const ended = track.endedAt !== null;
  const parts = [
    track.doing.padEnd(10),
    ...(track.wantedObjects > 0
      ? [ended ? counted(track.objects, "object") : `${track.objects} of ${counted(track.wantedObjects, "object")}`]
      : []),
    ...(track.bytes > 0
      ? [ended ? bytesText(track.bytes) : `${bytesText(track.bytes)} of ${bytesText(track.wantedBytes)}`]
      : []),
    ...(rate === null || track.doing === "resolving" ? [] : [`${bytesText(Math.round(rate))}/s`]),
  ];
  return parts.join("  ");
}

function paintOf(track: Track, paint: Paint): (text: string) => string {
  if (track.fault !== null || track.retry !== null) return paint.unsure;
  return track.doing === "saw" ? paint.good : (text) => text;
}
