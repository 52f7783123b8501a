import type { Observation } from "../../src/model/observation.ts";
import type { Entry } from "../../src/model/record.ts";
import { asking } from "./observations.ts";
import { entry, keyOf, looks, now, WORKERS } from "./past.ts";

export const ALL_BEFORE = [entry("2026-03-01"), entry("2026-03-02")];

/** Ledgers, and the days that count on 3 March. */
export const DAY_CASES: readonly {
  readonly why: string;
  readonly before: readonly Entry[];
  readonly today?: readonly Observation[];
  readonly days: readonly string[];
}[] = [
  { why: "nothing is remembered", before: [], days: ["2026-03-03"] },
  { why: "two days before", before: ALL_BEFORE, days: ["2026-03-01", "2026-03-02", "2026-03-03"] },
  {
    why: "two looks on one day",
    before: [entry("2026-03-03T00:00:01.000Z"), entry("2026-03-03T09:00:00.000Z")],
    days: ["2026-03-03"],
  },
  {
    why: "a second before midnight and a second after it",
    before: [entry("2026-03-01T23:59:59.999Z"), entry("2026-03-02T00:00:00.000Z")],
    days: ["2026-03-01", "2026-03-02", "2026-03-03"],
  },
  {
    why: "days that waited for more days",
    before: ALL_BEFORE.map((each) => ({ ...each, outcome: "pending" as const })),
    days: ["2026-03-01", "2026-03-02", "2026-03-03"],
  },
  { why: "the days need not follow each other", before: [entry("1999-12-31")], days: ["1999-12-31", "2026-03-03"] },
  { why: "a disagreement starts anew", before: [...ALL_BEFORE, entry("2026-03-02", "aaf")], days: ["2026-03-03"] },
  {
    why: "a disagreement below one root starts anew",
    before: [...ALL_BEFORE, entry("2026-03-02", "aaa", { outcome: "disagreed", digest: null })],
    days: ["2026-03-03"],
  },
  {
    why: "a disagreement of another coordinator starts anew",
    before: [...ALL_BEFORE, entry("2026-03-02", "aaf", { own: false })],
    days: ["2026-03-03"],
  },
  {
    why: "a tag that moved while the workers looked starts anew",
    before: [...ALL_BEFORE, entry("2026-03-02", "aaf", { outcome: "moved" })],
    days: ["2026-03-03"],
  },
  {
    why: "another digest in between starts anew",
    before: [...ALL_BEFORE, entry("2026-03-02", "fff")],
    days: ["2026-03-03"],
  },
  {
    why: "another digest at those who answered starts anew",
    before: [...ALL_BEFORE, entry("2026-03-02", "ff-")],
    days: ["2026-03-03"],
  },
  {
    why: "an absence in between takes nothing and earns nothing",
    before: [entry("2026-03-01"), entry("2026-03-02", "aa-")],
    days: ["2026-03-01", "2026-03-03"],
  },
  {
    why: "a disagreement before the first agreement",
    before: [entry("2026-03-01", "aaf"), entry("2026-03-02")],
    days: ["2026-03-02", "2026-03-03"],
  },
  {
    why: "a disagreement, and an agreement later that day",
    before: [entry("2026-03-01"), entry("2026-03-02T08:00:00.000Z", "aaf"), entry("2026-03-02T09:00:00.000Z")],
    days: ["2026-03-02", "2026-03-03"],
  },
  { why: "entries of tomorrow", before: [entry("2026-03-04"), entry("2026-03-05")], days: ["2026-03-03"] },
  {
    why: "a clock that jumped ahead and back",
    before: [entry("2026-03-01"), entry("2027-03-01"), entry("2026-03-02")],
    days: ["2026-03-01", "2026-03-02", "2026-03-03"],
  },
  {
    why: "a ledger that was copied from elsewhere",
    before: ALL_BEFORE.map((each) => ({ ...each, own: false })),
    days: ["2026-03-03"],
  },
  {
    why: "clocks that nobody confirms",
    before: ALL_BEFORE.map((each) => ({ ...each, clocksAgree: false })),
    days: ["2026-03-03"],
  },
  {
    why: "today's clock is not confirmed",
    before: ALL_BEFORE,
    today: now().map((each) => ({ ...each, evidence: { ...each.evidence, clockOffsetMs: null } })),
    days: ["2026-03-01", "2026-03-02"],
  },
  {
    why: "another selection",
    before: [
      entry("2026-03-01", "aaa", { selection: { platform: "linux/amd64", osVersion: null, bottle: null } }),
      entry("2026-03-01", "aaa", { selection: { platform: null, osVersion: "macOS 11", bottle: null } }),
      entry("2026-03-02", "aaa", { selection: { platform: null, osVersion: null, bottle: "big_sur" } }),
    ],
    days: ["2026-03-03"],
  },
  {
    why: "a disagreement about another selection of the tag",
    before: [
      entry("2026-03-01"),
      entry("2026-03-02", "aaf", { selection: { platform: "linux/amd64", osVersion: null, bottle: null } }),
    ],
    days: ["2026-03-03"],
  },
  {
    why: "the same selection",
    before: [entry("2026-03-01", "aaa", { selection: { platform: "linux/amd64", osVersion: "1", bottle: "x" } })],
    today: asking({ platform: "linux/amd64", osVersion: "1", bottle: "x" }, now()),
    days: ["2026-03-01", "2026-03-03"],
  },
  {
    why: "one of today's vantages did not look that day",
    before: [entry("2026-03-01", "aaa", { looks: looks("aaa", ["here", "fra", "tyo"]) })],
    days: ["2026-03-03"],
  },
  {
    why: "one more vantage looked that day",
    before: [entry("2026-03-01", "aaa", { looks: looks("aaaa", [...WORKERS, "tyo"]) })],
    days: ["2026-03-01", "2026-03-03"],
  },
  {
    why: "a vantage that is another machine by now",
    before: [
      entry("2026-03-01", "aaa", { looks: looks("aaa").map((look) => ({ ...look, hostKey: keyOf("fra") })) }),
      entry("2026-03-02", "aaa", { looks: looks("aaa").map((look) => ({ ...look, hostKey: null })) }),
    ],
    days: ["2026-03-03"],
  },
  {
    why: "agreements that the policy did not like",
    before: [entry("2026-03-01", "aaa", { outcome: "indistinct" }), entry("2026-03-02", "aaa", { outcome: "changed" })],
    days: ["2026-03-03"],
  },
];
