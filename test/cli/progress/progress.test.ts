import { describe, expect, test } from "vitest";
import { lineOf } from "../../../src/cli/progress/audit.ts";
import { modeOf } from "../../../src/cli/progress/progress.ts";
import { isToldOf, pauseAfter } from "../../../src/cli/progress/pace.ts";
import { leftOf, newTrack, note, rateOf, stalledOf, type Track } from "../../../src/cli/progress/tracker.ts";
import { fitted, widthOf } from "../../../src/cli/progress/width.ts";
import { amountText, durationText, ordinal, percentText } from "../../../src/cli/progress/words.ts";
import type { Settings } from "../../../src/cli/argv/settings.ts";
import { capture } from "../capture.ts";

/** A worker that has fetched at this pace, in bytes a second, for so many seconds. */
function fetching(wanted: number, seconds: number, paceAt: (second: number) => number): Track {
  const track = newTrack("fra", 0);
  note(track, { kind: "wanted", worker: "fra", objects: 1, bytes: wanted }, 0);
  note(track, { kind: "phase", worker: "fra", phase: "fetching" }, 0);
  for (let second = 1; second <= seconds; second++)
    note(track, { kind: "bytes", worker: "fra", bytes: paceAt(second) }, second * 1000);
  return track;
}

describe("the rate", () => {
  test("is that of the last seconds, and of the whole time at the end", () => {
    const track = fetching(10_000, 10, (second) => (second <= 5 ? 1000 : 100));
    expect(rateOf(track, 10_000)).toBe(100);
    note(track, { kind: "end", worker: "fra", outcome: "saw", error: null }, 10_000);
    expect(rateOf(track, 60_000)).toBe(550);
  });

  test("is unknown as long as nothing comes: it does not fade away", () => {
    const track = fetching(10_000, 10, () => 15);
    expect([10_000, 14_000, 15_000, 60_000].map((now) => rateOf(track, now))).toEqual([15, 15, null, null]);
    expect([14_000, 20_000].map((now) => stalledOf(track, now))).toEqual([null, 10_000]);
  });
});

describe("the time left", () => {
  test("is what the last twenty seconds promise, and steady while the pace is", () => {
    const left = Array.from({ length: 50 }, (_, at) =>
      leftOf(
        fetching(100_000, at + 5, () => 1000),
        (at + 5) * 1000,
      ),
    );
    left.forEach((ms, at) => expect(ms).toBeCloseTo(95_000 - at * 1000, -3));
  });

  test("does not jump with a hiccup of a second", () => {
    const at = (pace: number): number =>
      leftOf(
        fetching(1_000_000, 30, (second) => (second === 30 ? pace : 10_000)),
        30_000,
      ) ?? 0;
    expect(at(0) / at(10_000)).toBeLessThan(1.15);
  });

  test.each<[string, Track, number]>([
    ["at the beginning", fetching(100_000, 1, () => 1000), 1000],
    ["of what declares no size", fetching(0, 10, () => 1000), 10_000],
    ["while nothing comes", fetching(100_000, 10, () => 1000), 20_000],
    ["once all of it has come", fetching(10_000, 10, () => 1000), 10_000],
  ])("is unknown %s", (_when, track, now) => expect(leftOf(track, now)).toBeNull());
});

test("lines come after 5, 10, 20 and 40 seconds, and then ever more seldom: a bound for a day", () => {
  const at: number[] = [];
  for (let time = 0; time < 24 * 3600_000; at.push(time)) time += pauseAfter(time);
  expect(at.slice(0, 6).map((ms) => ms / 1000)).toEqual([5, 10, 20, 40, 70, 100]);
  expect(at.filter((ms) => ms <= 60_000)).toHaveLength(4);
  expect(at.filter((ms) => ms <= 3600_000).length).toBeLessThanOrEqual(36);
  expect(at.length).toBeLessThanOrEqual(200);
  expect(Math.max(...at.map((ms, each) => ms - (at[each - 1] ?? 0)))).toBeCloseTo(600_000);
});

test("of a thousand retries seven are told", () => {
  const told = Array.from({ length: 1000 }, (_, at) => at + 1).filter(isToldOf);
  expect(told).toEqual([1, 3, 10, 30, 100, 300, 1000]);
});

test.each([
  [900, "1 s"],
  [20_000, "20 s"],
  [20_001, "25 s"],
  [119_000, "120 s"],
  [125_000, "2 min"],
  [3600_000, "1 h"],
  [4_800_000, "1 h 20 min"],
])("%d ms are %s", (ms, text) => expect(durationText(ms)).toBe(text));

test.each([
  [1, "1st"],
  [2, "2nd"],
  [3, "3rd"],
  [10, "10th"],
  [11, "11th"],
  [112, "112th"],
  [101, "101st"],
])("%d: %s", (count, text) => expect(ordinal(count)).toBe(text));

test("amounts share a unit where they can, and 100% is only what is whole", () => {
  expect(amountText(10_000_000, 30_000_000)).toBe("10.0 of 30.0 MB");
  expect(amountText(900_000, 30_000_000)).toBe("900.0 kB of 30.0 MB");
  expect([percentText(999_999, 1_000_000), percentText(5, 5), percentText(0, 5)]).toEqual(["99%", "100%", "0%"]);
});

test("width is that on the screen: wide characters take two columns, marks none", () => {
  expect([widthOf("abc"), widthOf("東京"), widthOf("e\u0301")]).toEqual([3, 4, 1]);
  expect([fitted("東京東京", 5), fitted("abc", 3), fitted("abcd", 3), fitted("abc", 0)]).toEqual([
    "東京…",
    "abc",
    "ab…",
    "",
  ]);
});

test("the line of an audit has a time left once there is enough to tell", () => {
  expect(lineOf({ done: 9, of: 500, since: 0 }, 9000)).toBe("9 of 500 references");
  expect(lineOf({ done: 250, of: 500, since: 0 }, 60_000)).toBe("250 of 500 references, 60 s left");
  expect(lineOf({ done: 1, of: 1, since: 0 }, 60_000)).toBe("1 of 1 reference");
});

test.each<[string, Partial<Settings>, boolean, string | undefined, string]>([
  ["a terminal", {}, true, undefined, "live"],
  ["no terminal", {}, false, undefined, "plain"],
  ["a dumb terminal", {}, true, "dumb", "plain"],
  ["a terminal, and a log", { logLevel: "debug" }, true, undefined, "plain"],
  ["plain on a terminal", { progress: "plain" }, true, undefined, "plain"],
  ["json", { progress: "json" }, true, undefined, "json"],
  ["none", { progress: "none" }, true, undefined, "none"],
  ["quiet beats json", { progress: "json", quiet: true }, false, undefined, "none"],
])("%s", (_what, more, isTTY, TERM, mode) => {
  const io = capture("/", TERM === undefined ? {} : { TERM });
  const settings = { progress: "auto", quiet: false, logLevel: "silent", ...more } as Settings;
  expect(modeOf({ ...io, stderr: { ...io.stderr, isTTY } }, settings)).toBe(mode);
});
