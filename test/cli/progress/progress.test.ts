import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { plainProgress } from "../../../src/cli/progress/plain.ts";
import { frame } from "../../../src/cli/progress/terminal.ts";
import { newTrack, note, rateOf } from "../../../src/cli/progress/tracker.ts";
import { COLOURED, PLAIN } from "../../../src/report/paint.ts";
import type { Progress } from "../../../src/model/progress.ts";
import { digest } from "../../report/fixtures.ts";

const FETCHING: readonly Progress[] = [
  { kind: "phase", worker: "fra", phase: "connecting" },
  { kind: "phase", worker: "fra", phase: "resolving" },
  { kind: "root", worker: "fra", digest: digest("a"), mediaType: "application/vnd.oci.image.index.v1+json" },
  { kind: "wanted", worker: "fra", objects: 3, bytes: 30_000_000 },
  { kind: "phase", worker: "fra", phase: "fetching" },
  { kind: "bytes", worker: "fra", bytes: 10_000_000 },
  { kind: "object", worker: "fra" },
];
const FAULT = { code: "E_CUT", stage: "body", message: "cut \u001b[2J off", hint: null } as const;

function trackAfter(events: readonly Progress[], now: number) {
  const track = newTrack("fra", 0);
  for (const event of events) note(track, event, now);
  return track;
}

describe("a live line", () => {
  test.each<[string, readonly Progress[], string]>([
    ["at first", [], "fra  waiting   "],
    ["on the way to the VM", FETCHING.slice(0, 1), "fra  connecting"],
    ["while fetching", FETCHING, "fra  fetching    1 of 3 objects  10.0 MB of 30.0 MB  5.0 MB/s"],
    [
      "before a retry",
      [...FETCHING, { kind: "retry", worker: "fra", message: "cut", waitMs: 1500 }],
      "fra  trying again in 1.5 s: cut",
    ],
    [
      "at the end",
      [...FETCHING, { kind: "end", worker: "fra", outcome: "saw", error: null }],
      "fra  saw         1 object  10.0 MB  5.0 MB/s",
    ],
    [
      "after a fault",
      [...FETCHING, { kind: "end", worker: "fra", outcome: "failed", error: FAULT }],
      "fra  failed: cut \\u{1b}[2J off",
    ],
  ])("%s", (_when, events, line) => {
    expect(frame([trackAfter(events, 2000)], 100, PLAIN, 2000)).toBe(line);
  });

  test("is never longer than the terminal is wide, colours not counted", () => {
    const lines = frame(
      [trackAfter(FETCHING, 2000), { ...newTrack("a-worker-with-a-long-name", 0) }],
      30,
      COLOURED,
      2000,
    ).split("\n");
    const widths = lines.map((line) => line.replace(/\u001b\[\d+m/g, "").length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(29);
  });
});

test("the rate is that of the last seconds, and of the whole time at the end", () => {
  const track = newTrack("fra", 0);
  for (let second = 1; second <= 10; second++)
    note(track, { kind: "bytes", worker: "fra", bytes: second <= 5 ? 1000 : 100 }, second * 1000);
  expect(rateOf(track, 10_000)).toBeLessThan(150);
  note(track, { kind: "end", worker: "fra", outcome: "saw", error: null }, 10_000);
  expect(rateOf(track, 60_000)).toBe(550);
});

describe("plain lines", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function view() {
    const lines: string[] = [];
    const progress = plainProgress({ write: (text) => lines.push(String(text)) }, ["here", "fra"], () => Date.now());
    return { progress, lines };
  }

  test("one for each change of a worker, none for bytes and objects", () => {
    const { progress, lines } = view();
    for (const event of FETCHING) progress.watch(event);
    progress.watch({ kind: "retry", worker: "fra", message: "cut\n", waitMs: 1500 });
    progress.watch({ kind: "end", worker: "fra", outcome: "saw", error: null });
    progress.stop(true);
    expect(lines).toEqual([
      "tofu3: looking from here and fra\n",
      "tofu3: fra: connecting\n",
      "tofu3: fra: resolving\n",
      `tofu3: fra: resolved ${digest("a")}\n`,
      "tofu3: fra: fetching\n",
      "tofu3: fra: trying again in 1.5 s: cut\\u{a}\n",
      "tofu3: fra: saw 1 object, 10.0 MB in 0.0 s\n",
    ]);
  });

  test("one every five seconds while a worker fetches, and no more after the end", () => {
    const { progress, lines } = view();
    for (const event of FETCHING) progress.watch(event);
    vi.advanceTimersByTime(10_000);
    expect(lines.slice(5)).toEqual([
      "tofu3: fra: 1 of 3 objects, 10.0 MB of 30.0 MB, 2.0 MB/s\n",
      "tofu3: fra: 1 of 3 objects, 10.0 MB of 30.0 MB, 1.0 MB/s\n",
    ]);
    progress.stop(true);
    vi.advanceTimersByTime(10_000);
    expect(lines).toHaveLength(7);
  });
});
