import { visible } from "../../errors.ts";
import { bytesText, counted, listed } from "../../report/text.ts";
import { isAtWork, leftOf, rateOf, stalledOf, type Track } from "./tracker.ts";
import { durationText, elapsedText, ordinal, percentText, rateText } from "./words.ts";

/** More workers than these are counted, not named. */
const MOST_NAMED = 5;
/** Slow is who has less than half the speed of everybody else. */
const SLOW = 2;

export function nameOf(worker: string): string {
  return visible(worker, 40);
}

/** `here and fra: resolved sha256:…`, one line for each digest. */
export function rootLines(tracks: readonly Track[]): string[] {
  const resolved = grouped(tracks, ({ root }) => root);
  return resolved.map(([digest, those]) => `${namesOf(those)}: resolved ${digest}`);
}

/** How a worker has ended. */
export function endLine(track: Track, now: number): string {
  const { worker, doing, objects, bytes, fault, since } = track;
  const name = nameOf(worker);
  if (fault !== null && doing !== "saw") return `${name}: ${doing}: ${visible(fault.message, 200)}`;
  const done = `${counted(objects, "object")}, ${bytesText(bytes)} in ${((now - since) / 1000).toFixed(1)} s`;
  if (fault === null) return `${name}: ${doing} ${done}`;
  return fault.code === "E_STOPPED"
    ? `${name}: stopped early after ${done}: ${visible(fault.message, 200)}`
    : `${name}: ${doing} ${done}, but: ${visible(fault.message, 200)}`;
}

export function retryLine({ worker, retry, retries }: Track, now: number): string {
  const wait = `${(Math.max(0, (retry?.until ?? now) - now) / 1000).toFixed(1)} s`;
  const times = retries === 1 ? `in ${wait}` : `in ${wait} (${ordinal(retries)} time)`;
  return `${nameOf(worker)}: trying again ${times}: ${visible(retry?.message ?? "", 200)}`;
}

/**
 * One line for all workers that are at work: `after 20 s: here 46%, fra 42%, sgp 4% of 243.4 MB; sgp is slow: 1.2 MB/s,
 * the others 40.0 MB/s; about 3 min left`. Null if none is.
 */
export function workLine(tracks: readonly Track[], start: number, now: number): string | null {
  const working = tracks.filter(isAtWork);
  if (working.length === 0) return null;
  const fetching = working.filter(({ doing, wantedBytes }) => doing === "fetching" && wantedBytes > 0);
  const others = grouped(working, (track) =>
    fetching.includes(track) ? null : track.retry === null ? track.doing : "trying again",
  );
  const what = [
    ...(fetching.length === 0 ? [] : [sharesText(fetching, now)]),
    ...others.map(([doing, those]) => `${namesOf(those)} ${doing}`),
  ].join(", ");
  const parts = [what, slowText(tracks, now) ?? speedText(fetching, now), leftText(working, now)];
  const waiting = working.length < tracks.length ? "waiting for " : "";
  const after = `after ${elapsedText(now - start)}`;
  return `${after}: ${waiting}${parts.filter((part) => part !== null).join("; ")}`;
}

/** The tracks by what `of` says of them, in order; without those of which it says nothing. */
function grouped(
  tracks: readonly Track[],
  of: (track: Track) => string | null,
): readonly (readonly [string, readonly Track[]])[] {
  const keys = new Set(tracks.flatMap((track) => of(track) ?? []));
  return [...keys].map((key) => [key, tracks.filter((track) => of(track) === key)]);
}

function namesOf(tracks: readonly Track[]): string {
  if (tracks.length > MOST_NAMED) return `${tracks.length} workers`;
  return listed(tracks.map(({ worker }) => nameOf(worker)));
}

/** `here 46%, fra 42% of 243.4 MB` */
function sharesText(fetching: readonly Track[], now: number): string {
  const shares = fetching.map(({ bytes, wantedBytes }) => percentText(bytes, wantedBytes));
  const [of = 0] = fetching.map(({ wantedBytes }) => wantedBytes);
  const same = fetching.every(({ wantedBytes }) => wantedBytes === of);
  if (fetching.length > MOST_NAMED) {
    const order = fetching.toSorted((one, other) => one.bytes / one.wantedBytes - other.bytes / other.wantedBytes);
    const [least, most] = [order[0], order.at(-1)].map((each) => percentText(each?.bytes ?? 0, each?.wantedBytes ?? 1));
    const all = `${fetching.length} workers at ${least ?? ""} to ${most ?? ""}`;
    return same ? `${all} of ${bytesText(of)}` : all;
  }
  const each = fetching.map((track, at) => {
    const share = same ? (shares[at] ?? "") : `${shares[at] ?? ""} of ${bytesText(track.wantedBytes)}`;
    const stalled = stalledOf(track, now);
    const trouble =
      track.retry !== null ? " (trying again)" : stalled === null ? "" : ` (nothing for ${durationText(stalled)})`;
    return `${nameOf(track.worker)} ${share}${trouble}`;
  });
  return same ? `${each.join(", ")} of ${bytesText(of)}` : each.join(", ");
}

/** `3.2 to 5.7 MB/s` */
function speedText(fetching: readonly Track[], now: number): string | null {
  const rates = fetching.flatMap((track) => rateOf(track, now) ?? []).sort((one, other) => one - other);
  const texts = [...new Set([rates[0], rates.at(-1)].flatMap((rate) => (rate === undefined ? [] : [rateText(rate)])))];
  if (texts.length < 2) return texts[0] ?? null;
  const [[low, unit], [high, other]] = texts.map((text) => text.split(" ")) as [string[], string[]];
  return unit === other ? `${low ?? ""} to ${high ?? ""} ${unit ?? ""}` : texts.join(" to ");
}

/** `sgp is slow: 1.2 MB/s, the others 40.0 MB/s`; null if nobody is. */
export function slowText(tracks: readonly Track[], now: number): string | null {
  const rates = tracks.flatMap((track) => {
    const rate = isAtWork(track) && stalledOf(track, now) !== null ? 0 : rateOf(track, now);
    return rate === null || (isAtWork(track) && track.doing !== "fetching") || track.bytes === 0
      ? []
      : [{ track, rate }];
  });
  const order = rates.toSorted((one, other) => one.rate - other.rate);
  const [slowest, ...others] = order;
  const middle = others[Math.floor((others.length - 1) / 2)];
  if (slowest === undefined || middle === undefined || !isAtWork(slowest.track)) return null;
  if (slowest.rate * SLOW > (others[0]?.rate ?? 0)) return null;
  const rest = others.length === 1 ? nameOf(middle.track.worker) : "the others";
  return `${nameOf(slowest.track.worker)} is slow: ${rateText(slowest.rate)}, ${rest} ${rateText(middle.rate)}`;
}

/** The longest, if it is known of all. */
function leftText(working: readonly Track[], now: number): string | null {
  const left = working.map((track) => leftOf(track, now));
  if (left.length === 0 || left.some((each) => each === null)) return null;
  return `about ${durationText(Math.max(...left.map((each) => each ?? 0)))} left`;
}
