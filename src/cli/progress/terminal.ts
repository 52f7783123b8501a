import { COLOURED, PLAIN } from "../../report/paint.ts";
import type { Output } from "../io.ts";
import { frame } from "./frame.ts";
import { openLines } from "./lines.ts";
import { openTracks } from "./tracker.ts";
import type { ProgressView } from "./view.ts";

const REDRAW_MS = 120;

/** One line per worker, redrawn in place several times a second. */
export function terminalProgress(
  stderr: Output,
  workers: readonly string[],
  color: boolean,
  clock: () => number,
): ProgressView {
  const tracks = openTracks(workers, clock());
  const lines = openLines(stderr);
  let paused = false;
  const draw = (): void => {
    if (paused) return;
    lines.draw((columns, rows) => frame(tracks.all(), { columns, rows }, color ? COLOURED : PLAIN, clock()));
  };
  draw();
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    watch: (progress) => void tracks.note(progress, clock()),
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
