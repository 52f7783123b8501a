import { listed } from "../../report/text.ts";
import type { Progress } from "../../model/progress.ts";
import type { Output } from "../io.ts";
import { everMoreSeldom, isToldOf } from "./pace.ts";
import { endLine, nameOf, retryLine, rootLines, workLine } from "./sentences.ts";
import { isAtWork, openTracks, type Track } from "./tracker.ts";
import type { ProgressView } from "./view.ts";

/**
 * What a log or a screen reader gets: what the workers resolved, a line for all of them ever more seldom, retries
 * collapsed, and how each has ended. No cursor movement, no colours.
 */
export function plainProgress(stderr: Output, workers: readonly string[], clock: () => number): ProgressView {
  const start = clock();
  const tracks = openTracks(workers, start);
  const say = (text: string): void => void stderr.write(`tofu3: ${text}\n`);
  const told = new Set<string>();
  const once = (about: string, text: string): void => {
    if (!told.has(about)) say(text);
    told.add(about);
  };
  const tellRoots = (): void => {
    const fresh = tracks.all().filter(({ worker, root }) => root !== null && !told.has(`root ${worker}`));
    for (const { worker } of fresh) told.add(`root ${worker}`);
    rootLines(fresh).forEach(say);
  };
  const stop = everMoreSeldom(() => {
    tellRoots();
    const line = workLine(tracks.all(), start, clock());
    if (line !== null) say(line);
  }, clock);
  say(`looking from ${listed(workers.map(nameOf))}`);
  return {
    watch(progress) {
      const track = tracks.note(progress, clock());
      if (isTimeForRoots(progress, tracks.all())) tellRoots();
      if (progress.kind === "retry" && isToldOf(track.retries)) say(retryLine(track, clock()));
      if (progress.kind === "end") say(endLine(track, clock()));
      if (progress.kind === "mismatch")
        once(`mismatch ${track.worker}`, `${nameOf(track.worker)}: was served other bytes than it asked for`);
      if (progress.kind === "again") once("again", "the workers disagree: asking again, to say why");
    },
    pause: () => undefined,
    resume: () => undefined,
    stop,
  };
}

/** All together, as soon as the last one has resolved it; earlier if they differ, or one has ended. */
function isTimeForRoots(progress: Progress, tracks: readonly Track[]): boolean {
  if (progress.kind === "end") return true;
  if (progress.kind !== "root") return false;
  const roots = tracks.flatMap(({ root }) => root ?? []);
  return new Set(roots).size > 1 || tracks.every((track) => track.root !== null || !isAtWork(track));
}
