import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { plainProgress } from "../../../src/cli/progress/plain.ts";
import type { Progress } from "../../../src/model/progress.ts";
import { digest } from "../../report/fixtures.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function view(workers: readonly string[] = ["here", "fra", "sgp"]) {
  const lines: string[] = [];
  const progress = plainProgress({ write: (text) => lines.push(String(text).replace(/\n$/, "")) }, workers, () =>
    Date.now(),
  );
  return { lines, watch: progress.watch, stop: () => progress.stop(true) };
}

const FAULT = { code: "E_CUT", stage: "body", message: "cut \u001b[2J off", hint: null } as const;
const root = (worker: string, letter = "a"): Progress => ({
  kind: "root",
  worker,
  digest: digest(letter),
  mediaType: null,
});
const end = (worker: string): Progress => ({ kind: "end", worker, outcome: "saw", error: null });

/** Connects, resolves, and begins to fetch so many bytes. */
function begin(worker: string, bytes: number): readonly Progress[] {
  return [
    { kind: "phase", worker, phase: "connecting" },
    { kind: "phase", worker, phase: "resolving" },
    root(worker),
    { kind: "phase", worker, phase: "fetching" },
    { kind: "wanted", worker, objects: 10, bytes },
  ];
}

/** Lets every worker fetch at its pace, in bytes a second, until all have ended or the time is over. */
function run(
  watch: (progress: Progress) => void,
  paces: Readonly<Record<string, number>>,
  size: number,
  seconds: number,
): void {
  const done = new Map<string, number>();
  for (const worker of Object.keys(paces)) begin(worker, size).forEach(watch);
  for (let tick = 0; tick < seconds * 2; tick++) {
    vi.advanceTimersByTime(500);
    for (const [worker, pace] of Object.entries(paces)) {
      const before = done.get(worker) ?? 0;
      const bytes = Math.min(size - before, pace / 2);
      if (bytes > 0) watch({ kind: "bytes", worker, bytes });
      done.set(worker, before + bytes);
      if (bytes > 0 && before + bytes === size) watch(end(worker));
    }
  }
}

describe("a run without a terminal", () => {
  test("of a minute: what was resolved, who is slow, who is waited for, how each ended", () => {
    const { lines, watch, stop } = view();
    run(watch, { here: 20e6, fra: 18e6, sgp: 4e6 }, 240e6, 62);
    stop();
    expect(lines).toEqual(
      [
        "looking from here, fra and sgp",
        `here, fra and sgp: resolved ${digest("a")}`,
        "after 5 s: here 37%, fra 33%, sgp 7% of 240.0 MB; sgp is slow: 4.0 MB/s, the others 18.0 MB/s; about 60 s left",
        "after 10 s: here 79%, fra 71%, sgp 15% of 240.0 MB; sgp is slow: 4.0 MB/s, the others 18.0 MB/s; about 55 s left",
        "here: saw 0 objects, 240.0 MB in 12.0 s",
        "fra: saw 0 objects, 240.0 MB in 13.5 s",
        "after 20 s: waiting for sgp 32% of 240.0 MB; sgp is slow: 4.0 MB/s, the others 17.8 MB/s; about 45 s left",
        "after 40 s: waiting for sgp 65% of 240.0 MB; sgp is slow: 4.0 MB/s, the others 17.8 MB/s; about 25 s left",
        "sgp: saw 0 objects, 240.0 MB in 60.0 s",
      ].map((line) => `tofu3: ${line}`),
    );
  });

  test("of two seconds has no line but the beginning and the ends", () => {
    const { lines, watch, stop } = view();
    run(watch, { here: 20e6, fra: 20e6, sgp: 20e6 }, 30e6, 3);
    stop();
    expect(lines).toHaveLength(5);
  });

  test("of a day, with a worker that trickles, is bounded", () => {
    const { lines, watch, stop } = view();
    run(watch, { here: 20e6, fra: 20e6, sgp: 1e3 }, 240e6, 24 * 3600);
    stop();
    expect(lines.length).toBeLessThanOrEqual(200);
  });

  test("with a thousand retries and ten thousand objects is bounded", () => {
    const { lines, watch, stop } = view(["fra"]);
    begin("fra", 1e9).forEach(watch);
    for (let count = 0; count < 10_000; count++) {
      if (count % 10 === 0) watch({ kind: "retry", worker: "fra", message: "cut\n", waitMs: 500 });
      watch({ kind: "bytes", worker: "fra", bytes: 1e5 });
      watch({ kind: "object", worker: "fra" });
      vi.advanceTimersByTime(60);
    }
    watch(end("fra"));
    stop();
    expect(lines.filter((line) => line.includes("trying again"))).toEqual([
      "tofu3: fra: trying again in 0.5 s: cut\\u{a}",
      ...["3rd", "10th", "30th", "100th", "300th", "1000th"].map(
        (time) => `tofu3: fra: trying again in 0.5 s (${time} time): cut\\u{a}`,
      ),
    ]);
    expect(lines.length).toBeLessThanOrEqual(30);
  });
});

describe("one line for all", () => {
  test("says who has not come as far, and to whom nothing comes", () => {
    const { lines, watch, stop } = view();
    begin("here", 100e6).forEach(watch);
    watch({ kind: "bytes", worker: "here", bytes: 10e6 });
    watch({ kind: "phase", worker: "fra", phase: "connecting" });
    vi.advanceTimersByTime(20_000);
    stop();
    expect(lines.slice(1)).toEqual([
      `tofu3: here: resolved ${digest("a")}`,
      "tofu3: after 5 s: here 10% (nothing for 5 s) of 100.0 MB, fra connecting, sgp waiting",
      "tofu3: after 10 s: here 10% (nothing for 10 s) of 100.0 MB, fra connecting, sgp waiting",
      "tofu3: after 20 s: here 10% (nothing for 20 s) of 100.0 MB, fra connecting, sgp waiting",
    ]);
  });

  test("of a dozen workers counts them, and still names the slow one", () => {
    const workers = Array.from({ length: 12 }, (_, at) => `w${at + 1}`);
    const { lines, watch, stop } = view(workers);
    run(watch, Object.fromEntries(workers.map((worker, at) => [worker, at === 6 ? 1e6 : 10e6])), 100e6, 6);
    stop();
    expect(lines[1]).toBe(`tofu3: 12 workers: resolved ${digest("a")}`);
    expect(lines[2]).toBe(
      "tofu3: after 5 s: 12 workers at 4% to 45% of 100.0 MB; w7 is slow: 1.0 MB/s, the others 10.0 MB/s; about 100 s left",
    );
  });
});

test("different answers are told at once, each with who got it", () => {
  const { lines, watch, stop } = view();
  watch(root("here"));
  watch(root("fra"));
  watch(root("sgp", "b"));
  watch({ kind: "again", worker: "here" });
  watch({ kind: "again", worker: "fra" });
  watch({ kind: "mismatch", worker: "sgp" });
  watch({ kind: "mismatch", worker: "sgp" });
  stop();
  expect(lines.slice(1)).toEqual([
    `tofu3: here and fra: resolved ${digest("a")}`,
    `tofu3: sgp: resolved ${digest("b")}`,
    "tofu3: the workers disagree: asking again, to say why",
    "tofu3: sgp: was served other bytes than it asked for",
  ]);
});

test.each<[string, Progress, string]>([
  ["all of it", end("fra"), "fra: saw 0 objects, 0 B in 0.0 s"],
  ["a fault", { kind: "end", worker: "fra", outcome: "failed", error: FAULT }, "fra: failed: cut \\u{1b}[2J off"],
  [
    "an early stop",
    {
      kind: "end",
      worker: "fra",
      outcome: "saw",
      error: { ...FAULT, code: "E_STOPPED", message: "the workers already disagree" },
    },
    "fra: stopped early after 0 objects, 0 B in 0.0 s: the workers already disagree",
  ],
])("the end says %s", (_what, event, line) => {
  const { lines, watch, stop } = view(["fra"]);
  watch(event);
  stop();
  vi.advanceTimersByTime(60_000);
  expect(lines.slice(1)).toEqual([`tofu3: ${line}`]);
});
