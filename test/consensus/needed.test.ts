import fc from "fast-check";
import { expect, test } from "vitest";
import { daysOf } from "../../src/consensus/days.ts";
import { historyOf } from "../../src/consensus/history.ts";
import { judge } from "../../src/consensus/judge.ts";
import { neededOf } from "../../src/consensus/needed.ts";
import type { Entry, Past } from "../../src/model/record.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digest, observation } from "../report/fixtures.ts";

const WORKERS = ["fra", "here", "sgp"];
const OBSERVATIONS = WORKERS.map((worker) => observation(worker));
const [FIRST] = OBSERVATIONS;
const ROOT = FIRST?.digest ?? digest("9f");
const SUBJECT = FIRST?.asked ?? { registry: "a.example", repository: "b", digest: ROOT };
const NONE = { platform: null, osVersion: null, bottle: null };
const SELECTION = { platform: "darwin/amd64", osVersion: null, bottle: null };

function hostKeyOf(worker: string): string | null {
  return OBSERVATIONS.find((each) => each.worker === worker)?.evidence.hostKey ?? null;
}

const entry = fc.record({
  hours: fc.constantFrom(0, 1, 30),
  digest: fc.constantFrom<Digest | null>(ROOT, digest("c1"), null),
  outcome: fc.constantFrom<Entry["outcome"]>("agreed", "pending", "disagreed", "incomplete"),
  selection: fc.constantFrom(SELECTION, NONE),
  isShallow: fc.boolean(),
  isOther: fc.constantFrom(false, false, true),
  own: fc.constantFrom(true, true, false),
  clocksAgree: fc.constantFrom(true, true, false),
  layer: fc.constantFrom(digest("d1"), digest("d2")),
});

/** Each of them is followed by some that are like it, or nearly so. */
const rowsOf = fc
  .array(
    fc.tuple(
      entry,
      fc.array(fc.constantFrom("same", "same", "next day", "own", "clocksAgree", "isOther"), { maxLength: 4 }),
    ),
    {
      maxLength: 6,
    },
  )
  .map((runs) =>
    runs.flatMap(([row, more]) => [
      row,
      ...more.map((what) => ({
        ...row,
        hours: what === "next day" ? 30 : 0,
        own: row.own !== (what === "own"),
        isOther: row.isOther !== (what === "isOther"),
        clocksAgree: row.clocksAgree !== (what === "clocksAgree"),
      })),
    ]),
  );

const past = fc.tuple(rowsOf, fc.boolean()).map(([rows, isShallow]): Past => {
  let at = Date.parse("2026-02-20T08:00:00Z");
  const entries = rows.map(({ hours, isShallow: shallow, isOther, layer, ...row }, index): Entry => {
    at += hours * 3_600_000 + 1000;
    const looks = WORKERS.map((worker) => ({
      ...{ worker, via: "ssh" as const, outcome: "saw" as const, digest: row.digest },
      ...{ hostKey: isOther ? "SHA256:other" : hostKeyOf(worker), country: null, asn: null },
    }));
    const objects = [{ role: "layer" as const, digest: layer, parent: row.digest, platform: "darwin/amd64" }];
    const depth = shallow ? { depth: "root" as const } : {};
    return { ...row, ...depth, entry: index + 1, at: new Date(at).toISOString(), subject: SUBJECT, looks, objects };
  });
  return { entries, now: new Date(at + 1000).toISOString(), ...(isShallow ? { depth: "root" as const } : {}) };
});

test("what is left out of the past changes neither days, history nor verdict", () => {
  let shorter = 0;
  fc.assert(
    fc.property(past, fc.constantFrom("notice", "fail"), fc.constantFrom(1, 2, 3), (all, onChange, days) => {
      const needed = neededOf(all);
      if (needed.entries.length < all.entries.length) shorter += 1;
      const objects = [{ role: "layer" as const, digest: digest("d3"), parent: ROOT, platform: "darwin/amd64" }];
      const now = { objects, ...(all.depth === undefined ? {} : { depth: all.depth }) };
      for (const root of [ROOT, digest("c1"), digest("e5")]) {
        expect(daysOf(OBSERVATIONS, root, needed)).toEqual(daysOf(OBSERVATIONS, root, all));
        expect(historyOf(needed.entries, root, now)).toEqual(historyOf(all.entries, root, now));
      }
      const policy = { distinct: [], days, onChange } as const;
      expect(judge(OBSERVATIONS, policy, { past: needed, probes: null })).toEqual(
        judge(OBSERVATIONS, policy, { past: all, probes: null }),
      );
    }),
    { numRuns: 2000 },
  );
  expect(shorter).toBeGreaterThan(100);
});

test("a thousand looks of one day are two entries", () => {
  const looks = WORKERS.map((worker) => ({
    ...{ worker, via: "ssh" as const, outcome: "saw" as const, digest: ROOT },
    ...{ hostKey: null, country: null, asn: null },
  }));
  const entries = Array.from({ length: 1000 }, (_, at): Entry => {
    const time = new Date(Date.parse("2026-02-20T08:00:00Z") + at * 1000).toISOString();
    const fixed = { outcome: "agreed" as const, digest: ROOT, selection: NONE, own: true, clocksAgree: true };
    return { ...fixed, entry: at + 1, at: time, subject: SUBJECT, looks, objects: [] };
  });
  expect(neededOf({ entries, now: "2026-02-20T10:00:00.000Z" }).entries.map(({ entry: at }) => at)).toEqual([1, 1000]);
});
