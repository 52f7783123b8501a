import { describe, expect, test } from "vitest";
import { frame } from "../../../src/cli/progress/frame.ts";
import { newTrack, note, type Track } from "../../../src/cli/progress/tracker.ts";
import { widthOf } from "../../../src/cli/progress/width.ts";
import type { Progress } from "../../../src/model/progress.ts";
import { COLOURED, PLAIN } from "../../../src/report/paint.ts";

const FAULT = { code: "E_CUT", stage: "body", message: "cut \u001b[2J off", hint: null } as const;
const NOW = 10_000;

/** What happens to a worker whose name stands elsewhere. */
type Event = Progress extends infer P ? (P extends Progress ? Omit<P, "worker"> : never) : never;

function trackAfter(worker: string, events: readonly Event[]): Track {
  const track = newTrack(worker, 0);
  events.forEach((event, at) => note(track, { ...event, worker }, Math.min(NOW, at * 200)));
  return track;
}

/** One that has fetched at this pace for ten seconds, of a hundred. */
function fetching(worker: string, pace: number): Track {
  const track = newTrack(worker, 0);
  note(track, { kind: "wanted", worker, objects: 12, bytes: pace * 100 }, 0);
  note(track, { kind: "phase", worker, phase: "fetching" }, 0);
  for (let at = 1; at <= 50; at++) note(track, { kind: "bytes", worker, bytes: pace / 5 }, at * 200);
  return track;
}

const draw = (tracks: readonly Track[], columns: number, rows = 24) =>
  frame(tracks, { columns, rows }, PLAIN, NOW).split("\n");
const three = (pace: number) => [fetching("here", pace), fetching("fra", pace / 4), fetching("singapore", pace * 2)];

describe("a live line", () => {
  const begun = [
    { kind: "phase", phase: "resolving" },
    { kind: "wanted", objects: 3, bytes: 30_000_000 },
    { kind: "phase", phase: "fetching" },
    { kind: "bytes", bytes: 10_000_000 },
    { kind: "object" },
  ] as const;
  test.each<[string, readonly Event[], string]>([
    ["at first", [], "fra  waiting"],
    ["while resolving", begun.slice(0, 1), "fra  resolving"],
    [
      "before a retry",
      [...begun, { kind: "retry", message: "cut", waitMs: 10_000 }],
      "fra  trying again in 1.0 s: cut",
    ],
    ["at the end", [...begun, { kind: "end", outcome: "saw", error: null }], "fra  saw  10.0 MB  10.0 MB/s  1 object"],
    ["after a fault", [{ kind: "end", outcome: "failed", error: FAULT }], "fra  failed: cut \\u{1b}[2J off"],
    ["to whom nothing comes", begun, "fra  fetching  10.0 of 30.0 MB  nothing for 10 s  1 of 3 objects"],
  ])("%s", (_when, events, line) => expect(draw([trackAfter("fra", events)], 100)).toEqual([line]));
});

describe("the frame", () => {
  test.each<[number, number, readonly string[]]>([
    [
      120,
      1e6,
      [
        "here       fetching  10.0 of 100.0 MB    1.0 MB/s  90 s left  0 of 12 objects",
        "fra        fetching    2.5 of 25.0 MB  250.0 kB/s  90 s left  0 of 12 objects",
        "singapore  fetching  20.0 of 200.0 MB    2.0 MB/s  90 s left  0 of 12 objects",
      ],
    ],
    [
      120,
      1e9,
      [
        "here       fetching  10.0 of 100.0 GB    1.0 GB/s  90 s left  0 of 12 objects",
        "fra        fetching    2.5 of 25.0 GB  250.0 MB/s  90 s left  0 of 12 objects",
        "singapore  fetching  20.0 of 200.0 GB    2.0 GB/s  90 s left  0 of 12 objects",
      ],
    ],
    [
      63,
      1e9,
      [
        "here       fetching  10.0 of 100.0 GB    1.0 GB/s  90 s left",
        "fra        fetching    2.5 of 25.0 GB  250.0 MB/s  90 s left",
        "singapore  fetching  20.0 of 200.0 GB    2.0 GB/s  90 s left",
      ],
    ],
    [
      50,
      1e9,
      [
        "here       fetching  10.0 of 100.0 GB    1.0 GB/s",
        "fra        fetching    2.5 of 25.0 GB  250.0 MB/s",
        "singapore  fetching  20.0 of 200.0 GB    2.0 GB/s",
      ],
    ],
    [
      39,
      1e9,
      [
        "here       fetching  10.0 of 100.0 GB",
        "fra        fetching    2.5 of 25.0 GB",
        "singapore  fetching  20.0 of 200.0 GB",
      ],
    ],
    [30, 1e9, ["here       fetching", "fra        fetching", "singapore  fetching"]],
  ])("of %d columns at %d bytes a second", (columns, pace, lines) => {
    expect(draw(three(pace), columns)).toEqual(lines);
  });

  test("never has a line as long as the terminal is wide, whatever the width and the words", () => {
    const odd = [
      { ...fetching("東京ワーカー", 5e9) },
      trackAfter("fra", [{ kind: "retry", message: "接続が切れました".repeat(20), waitMs: 100 }]),
      trackAfter("a-worker-whose-name-is-long", [{ kind: "end", outcome: "failed", error: FAULT }]),
    ];
    for (let columns = 2; columns <= 200; columns++)
      for (const line of frame(odd, { columns, rows: 24 }, COLOURED, NOW).split("\n"))
        expect(widthOf(line.replace(/\u001b\[\d+m/g, ""))).toBeLessThan(columns);
  });

  test("shows whoever is at work where there are fewer rows than workers, and counts the rest", () => {
    const tracks = Array.from({ length: 30 }, (_, at) =>
      at % 3 === 0 ? fetching(`w${at}`, 1e6) : trackAfter(`w${at}`, [{ kind: "end", outcome: "saw", error: null }]),
    );
    const lines = draw(tracks, 100, 10);
    expect(lines).toHaveLength(8);
    expect(lines.slice(0, 7).every((line) => line.includes("fetching"))).toBe(true);
    expect(lines.at(-1)).toBe("and 23 more: 20 saw, 3 fetching");
    for (let rows = 1; rows <= 40; rows++)
      expect(draw(tracks, 100, rows).length).toBeLessThanOrEqual(Math.max(1, rows - 2));
  });
});
