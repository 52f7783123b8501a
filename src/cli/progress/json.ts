import { visible } from "../../errors.ts";
import type { Progress } from "../../model/progress.ts";
import type { Output } from "../io.ts";
import { leftOf, openTracks, rateOf, type Track } from "./tracker.ts";
import type { AuditView, ProgressView } from "./view.ts";

/** docs/progress.md has the kinds and fields, config/progress.schema.json the schema. */
const SCHEMA_VERSION = 1;
const EVERY_MS = 500;
/** A worker that is told to try again a thousand times does not say so a thousand times. */
const RETRY_MS = 1000;
/** The most lines about registries that want patience. */
const MOST_WORDS = 1000;

interface Writer {
  readonly say: (kind: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Milliseconds since the start. */
  readonly elapsed: () => number;
}

/** Each line is one object, and its first key is `kind`; no other line on stderr begins so. */
function openWriter(stderr: Output, clock: () => number): Writer {
  const start = clock();
  const elapsed = (): number => clock() - start;
  return {
    elapsed,
    say: (kind, fields) => void stderr.write(`${JSON.stringify({ kind, seconds: tenths(elapsed()), ...fields })}\n`),
  };
}

/** Tells now and then, and at the end. There is no line to be put away while a question is asked. */
function regularly(tell: () => void, say: Writer["say"]): Pick<AuditView, "pause" | "resume" | "stop"> {
  const timer = setInterval(tell, EVERY_MS);
  timer.unref();
  return {
    pause: () => undefined,
    resume: () => undefined,
    stop() {
      clearInterval(timer);
      tell();
      say("stop", {});
    },
  };
}

function tenths(ms: number): number {
  return Math.round(ms / 100) / 10;
}

/** Objects for programs that draw their own: all workers at most twice a second, and what happens in between. */
export function jsonProgress(stderr: Output, workers: readonly string[], clock: () => number): ProgressView {
  const { say } = openWriter(stderr, clock);
  const tracks = openTracks(workers, clock());
  const retryTold = new Map<string, number>();
  let last = "";
  const tell = (): void => {
    const states = tracks.all().map((track) => stateOf(track, clock()));
    const text = JSON.stringify(states);
    if (text !== last) say("workers", { workers: states });
    last = text;
  };
  say("start", { schemaVersion: SCHEMA_VERSION, workers });
  return {
    ...regularly(tell, say),
    watch(progress) {
      const now = clock();
      const track = tracks.note(progress, now);
      if (progress.kind === "retry" && now - (retryTold.get(track.worker) ?? -RETRY_MS) < RETRY_MS) return;
      if (progress.kind === "retry") retryTold.set(track.worker, now);
      const fields = fieldsOf(track, progress, now);
      if (fields !== null) say(progress.kind, { worker: track.worker, ...fields });
    },
  };
}

/** What a worker does, as far as it goes. */
function stateOf(track: Track, now: number): Readonly<Record<string, unknown>> {
  const { worker, doing, objects, wantedObjects, bytes, wantedBytes, root, retries } = track;
  const [rate, left] = [rateOf(track, now), leftOf(track, now)];
  return {
    worker,
    state: doing.replace(" ", "-"),
    digest: root,
    objects,
    objectsWanted: wantedObjects,
    bytes,
    bytesWanted: wantedBytes,
    bytesPerSecond: rate === null ? null : Math.round(rate),
    secondsLeft: left === null ? null : Math.ceil(left / 1000),
    retries,
  };
}

/** Null for what only the next line of kind `workers` tells. */
function fieldsOf(track: Track, progress: Progress, now: number): Readonly<Record<string, unknown>> | null {
  switch (progress.kind) {
    case "root":
      return { digest: progress.digest, mediaType: progress.mediaType };
    case "retry":
      return { retries: track.retries, message: visible(progress.message, 500), waitSeconds: tenths(progress.waitMs) };
    case "mismatch":
    case "again":
      return {};
    case "end": {
      const { objects, bytes, since } = track;
      const { outcome, error } = progress;
      const fault =
        error === null ? null : { code: error.code, stage: error.stage, message: visible(error.message, 500) };
      return { outcome, objects, bytes, workedSeconds: tenths(now - since), error: fault };
    }
    case "phase":
    case "wanted":
    case "bytes":
    case "object":
      return null;
  }
}

/** The same of an audit. */
export function jsonAuditProgress(stderr: Output, clock: () => number): AuditView {
  const { say } = openWriter(stderr, clock);
  const count = { done: 0, of: 0 };
  const told = new Set<string>();
  let last = -1;
  const tell = (): void => {
    if (count.done !== last) say("references", count);
    last = count.done;
  };
  const once = (kind: string, fields: Readonly<Record<string, unknown>>): void => {
    const about = JSON.stringify([kind, fields["registry"] ?? fields["text"]]);
    if (!told.has(about) && told.size < MOST_WORDS) say(kind, fields);
    told.add(about);
  };
  say("start", { schemaVersion: SCHEMA_VERSION, workers: [] });
  return {
    ...regularly(tell, say),
    watch(progress) {
      const { kind, ...fields } = progress;
      if (progress.kind === "done") Object.assign(count, { done: progress.done, of: progress.of });
      else if (progress.kind === "warned") once(kind, { text: visible(progress.text, 2000) });
      else if (progress.kind === "resumed") once(kind, fields);
      else
        once(kind, {
          registry: progress.registry === null ? null : visible(progress.registry, 100),
          why: progress.why,
        });
    },
  };
}
