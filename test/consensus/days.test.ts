import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countOf, daysOf } from "../../src/consensus/days.ts";
import { judge } from "../../src/consensus/judge.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Entry, Past } from "../../src/model/record.ts";
import { digest } from "./observations.ts";
import { ALL_BEFORE, DAY_CASES } from "./dayscases.ts";
import { entry, looks, now, past, WORKERS } from "./past.ts";

const A = digest("a");

function counted(observations: readonly Observation[], before: Past): string[] {
  const days = daysOf(observations, A, before);
  return [...new Set(days.filter(({ counts }) => counts).map(({ day }) => day))].sort();
}

/**
 * The rule a second time: a day counts if there is a look on it that earns it, and nothing after that look takes it
 * away.
 */
function naiveDays(today: readonly Observation[], { entries, now: time }: Past): string[] {
  const { platform, osVersion, bottle } = today[0]?.asked ?? { platform: null, osVersion: null, bottle: null };
  const earns = (each: Entry): boolean =>
    [each.selection.platform, each.selection.osVersion, each.selection.bottle].join() ===
      [platform, osVersion, bottle].join() &&
    each.own &&
    each.clocksAgree &&
    ["agreed", "pending"].includes(each.outcome) &&
    each.digest === A &&
    today.every(({ worker, evidence }) =>
      each.looks.some((look) => look.worker === worker && look.hostKey === evidence.hostKey && look.digest === A),
    );
  const breaks = (each: Entry): boolean =>
    ["disagreed", "moved"].includes(each.outcome) ||
    [each.digest, ...each.looks.map((look) => look.digest)].some((seen) => seen !== null && seen !== A);
  const day = (at: string): string => at.split("T")[0] ?? "";
  const earned = entries.flatMap((each, place) => {
    const later = entries.slice(place + 1);
    const kept = earns(each) && !later.some((other) => breaks(other) || day(other.at) < day(each.at));
    return kept && day(each.at) <= day(time) ? [day(each.at)] : [];
  });
  const offsets = today.flatMap(({ evidence }) => evidence.clockOffsetMs ?? []);
  const clocks = offsets.length > 0 && offsets.every((each) => Math.abs(each) <= 900_000);
  return [...new Set(clocks ? [...earned, day(time)] : earned)].sort();
}

const DAYS = ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"];
const anyEntry = fc
  .record({
    day: fc.nat(DAYS.length - 1),
    hour: fc.constantFrom("00:00:00", "11:30:00", "23:59:59"),
    letters: fc.constantFrom("aaa", "aaa", "aaa", "aaa", "aaa", "fff", "aaf", "aa-", "ff-", "---"),
    part: fc.constantFrom<Partial<Entry>>(
      ...[{}, {}, {}, {}, {}, {}, { outcome: "pending" } as const, { outcome: "pending" } as const],
      ...[{ own: false }, { clocksAgree: false }, { outcome: "indistinct" } as const, { outcome: "changed" } as const],
      ...[{ outcome: "disagreed", digest: null } as const, { outcome: "moved", digest: null } as const],
      { selection: { platform: "linux/amd64", osVersion: null, bottle: null } },
      { looks: looks("aaa", ["here", "fra", "tyo"]) },
      { looks: looks("aaaa", [...WORKERS, "tyo"]) },
      {
        looks: looks("aaa").map((look) => ({ ...look, hostKey: look.worker === "fra" ? "SHA256:new" : look.hostKey })),
      },
    ),
  })
  .map(({ day, hour, letters, part }) =>
    entry(`${DAYS[day] ?? ""}T${hour}.000Z`, letters, letters === "aaa" ? part : {}),
  );

/** Days in their order, or in none. */
const anyPast = fc
  .tuple(fc.array(anyEntry, { maxLength: 9 }), fc.constantFrom(2, 4, 5), fc.integer({ min: 0, max: 3 }))
  .map(([entries, today, sorted]) =>
    past(DAYS[today] ?? "", ...(sorted > 0 ? entries.toSorted((x, y) => (x.at < y.at ? -1 : 1)) : entries)),
  );
const anyNow = fc
  .constantFrom(0, 0, 0, 899_000, -900_000, 901_000)
  .map((clockOffsetMs) =>
    now().map((each) => (each.worker === "sgp" ? { ...each, evidence: { ...each.evidence, clockOffsetMs } } : each)),
  );

test("the days that count are those that the words of the contract say", () => {
  const sizes = new Map<number, number>();
  fc.assert(
    fc.property(anyPast, anyNow, (before, today) => {
      const expected = naiveDays(today, before);
      expect(counted(today, before)).toEqual(expected);
      for (const days of [2, 3]) {
        const verdict = judge(today, { days }, { past: before, probes: null });
        expect(verdict.outcome).toBe(expected.length >= days ? "agreed" : "pending");
        if (verdict.outcome === "pending")
          expect(verdict.reason).toEqual({ kind: "days", root: A, have: expected.length, needed: days });
      }
      sizes.set(expected.length, (sizes.get(expected.length) ?? 0) + 1);
    }),
    { numRuns: 4000, seed: 20261126 },
  );
  for (const size of [0, 1, 2, 3]) expect(sizes.get(size) ?? 0, `${size} days`).toBeGreaterThan(30);
});

describe("the days that count", () => {
  test.each(DAY_CASES)("$why", ({ before, today = now(), days }) => {
    expect(counted(today, past("2026-03-03", ...before))).toEqual(days);
    expect(naiveDays(today, past("2026-03-03", ...before))).toEqual(days);
  });

  test("are none without anybody who looks", () => {
    expect(daysOf([], A, past("2026-03-03", ...ALL_BEFORE))).toEqual([]);
  });

  test("are shown with those that do not count, in the order of the ledger", () => {
    const before = [
      entry("2026-03-01", "aaf"),
      entry("2026-03-02", "aaa", { outcome: "pending" }),
      entry("2026-03-02", "aa-"),
    ];
    const days = daysOf(now(), A, past("2026-03-03", ...before));
    const views = (letters: string): readonly { worker: string; digest: unknown }[] =>
      looks(letters).map(({ worker, digest: seen }) => ({ worker, digest: seen }));
    const byName = (all: ReturnType<typeof views>): unknown => all.toSorted((a, b) => (a.worker < b.worker ? -1 : 1));
    expect(days).toEqual([
      { day: "2026-03-01", digest: null, outcome: "disagreed", counts: false, looks: views("aaf") },
      { day: "2026-03-02", digest: A, outcome: "agreed", counts: true, looks: views("aaa") },
      { day: "2026-03-02", digest: null, outcome: "incomplete", counts: false, looks: views("aa-") },
      // those of today by name, as the ledger will have them
      { day: "2026-03-03", digest: A, outcome: "agreed", counts: true, looks: byName(views("aaa")) },
    ]);
    expect(countOf(days)).toBe(2);
  });

  test("are said to be what they were, today too", () => {
    const days = daysOf(now(), A, past("2026-03-03"), "changed");
    expect(days).toMatchObject([{ day: "2026-03-03", digest: A, outcome: "changed", counts: false }]);
    expect(daysOf(now(), A, past("2026-03-03"), "pending")).toMatchObject([{ outcome: "agreed", counts: true }]);
  });
});

describe("three vantages on three days", () => {
  /** Each day is judged with the days before, and entered with its outcome. */
  function replay(grid: readonly string[], first = "2026-03-01"): string[] {
    const entries: Entry[] = [];
    return grid.map((letters, at) => {
      const day = new Date(Date.parse(first) + at * 86_400_000).toISOString().slice(0, 10);
      const observations = now(letters);
      const { outcome, reason } = judge(observations, { days: 3 }, { past: past(day, ...entries), probes: null });
      entries.push(entry(day, letters, { outcome }));
      return reason?.kind === "days" ? `${outcome} ${reason.have}/${reason.needed}` : outcome;
    });
  }

  test("that all see one thing agree on the third day", () => {
    expect(replay(["aaa", "aaa", "aaa", "aaa"])).toEqual(["pending 1/3", "pending 2/3", "agreed", "agreed"]);
  });

  test("split in time: the same everywhere on any day, and another on every day", () => {
    expect(replay(["aaa", "fff", "999", "999"])).toEqual(["pending 1/3", "pending 1/3", "pending 1/3", "pending 2/3"]);
  });

  test("split in place: one vantage stands apart on every day", () => {
    expect(replay(["aaf", "aaf", "aaf"])).toEqual(["disagreed", "disagreed", "disagreed"]);
  });

  test("split in place on one day start anew", () => {
    expect(replay(["aaa", "aaa", "aaf", "aaa", "aaa", "aaa"])).toEqual([
      ...["pending 1/3", "pending 2/3", "disagreed", "pending 1/3", "pending 2/3", "agreed"],
    ]);
  });

  test("split in time and place", () => {
    expect(replay(["af9", "f9a", "9af"])).toEqual(["disagreed", "disagreed", "disagreed"]);
  });
});

describe("the policy", () => {
  test("asks for nothing with one day, whatever is remembered or not", () => {
    for (const days of [1, undefined]) {
      const policy = days === undefined ? {} : { days };
      expect(judge(now(), policy).outcome).toBe("agreed");
      expect(judge(now(), policy, { past: past("2026-03-03", entry("2026-03-02", "aaf")), probes: null }).outcome).toBe(
        "agreed",
      );
    }
  });

  test("is not met without a memory", () => {
    expect(judge(now(), { days: 2 })).toMatchObject({ outcome: "pending", reason: { have: 0, needed: 2 } });
  });

  test("is not met by a number that is none", () => {
    expect(judge(now(), { days: NaN }, { past: past("2026-03-03", ...ALL_BEFORE), probes: null }).outcome).toBe(
      "pending",
    );
  });

  test("days never make up for a difference, an absence, or one machine that is two", () => {
    const before = { past: past("2026-03-03", ...ALL_BEFORE), probes: null };
    expect(judge(now("aaf"), { days: 3 }, before).outcome).toBe("disagreed");
    const twins = now().map((each) => ({ ...each, evidence: { ...each.evidence, hostKey: "SHA256:one" } }));
    expect(judge(twins, { days: 3 }, before).outcome).toBe("indistinct");
  });
});

describe("a look at the root alone", () => {
  const shallow: Partial<Entry> = { depth: "root" };
  const [first, second] = [entry("2026-03-01"), entry("2026-03-02", "aaa", shallow)];

  test("earns no day for everything", () => {
    expect(counted(now(), past("2026-03-03", first, second))).toEqual(["2026-03-01", "2026-03-03"]);
    const days = { past: past("2026-03-03", second, second), probes: null };
    expect(judge(now(), { days: 2 }, days)).toMatchObject({ outcome: "pending", reason: { have: 1 } });
  });

  test("earns one for the root alone, as does everything, whatever was selected", () => {
    const selection = { platform: "linux/amd64", osVersion: null, bottle: null };
    const before = past("2026-03-04", first, second, entry("2026-03-03", "aaa", { selection }));
    expect(counted(now(), { ...before, depth: "root" })).toEqual([
      "2026-03-01",
      "2026-03-02",
      "2026-03-03",
      "2026-03-04",
    ]);
    expect(counted(now(), before)).toEqual(["2026-03-01", "2026-03-04"]);
  });

  test("starts the count anew where it saw another root, or a disagreement", () => {
    for (const letters of ["fff", "aaf"]) {
      const other = entry("2026-03-02", letters, shallow);
      expect(counted(now(), past("2026-03-03", first, other))).toEqual(["2026-03-03"]);
    }
  });
});
