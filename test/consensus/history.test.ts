import { describe, expect, test } from "vitest";
import { historyOf } from "../../src/consensus/history.ts";
import { judge } from "../../src/consensus/judge.ts";
import type { Entry, RecordedObject } from "../../src/model/record.ts";
import { noticesOf } from "../../src/report/notices.ts";
import { asking, digest } from "./observations.ts";
import { entry, now, past } from "./past.ts";

const A = digest("a");
const F = digest("f");

const recorded = (
  root: string,
  below: readonly (readonly [RecordedObject["role"], string, string | null])[],
): RecordedObject[] => [
  { role: "index", digest: digest(root), parent: null, platform: null },
  ...below.map(([role, letter, platform]) => ({ role, digest: digest(letter), parent: digest(root), platform })),
];

describe("what the ledger says of a root", () => {
  test.each([
    { why: "nothing", entries: [], change: "first", last: null, at: null, since: null },
    { why: "one agreement on it", entries: [entry("2026-03-01")], change: "none", last: A, at: "01", since: "01" },
    {
      why: "two agreements on it",
      entries: [entry("2026-03-01"), entry("2026-03-02")],
      change: "none",
      last: A,
      at: "02",
      since: "01",
    },
    {
      why: "something else",
      entries: [entry("2026-03-01", "fff"), entry("2026-03-02", "fff")],
      change: "moved",
      last: F,
      at: "02",
      since: "01",
    },
    {
      why: "something else since it was this",
      entries: [entry("2026-03-01"), entry("2026-03-02", "fff")],
      change: "rolled-back",
      last: F,
      at: "02",
      since: "02",
    },
    {
      why: "this again",
      entries: [entry("2026-03-01"), entry("2026-03-02", "fff"), entry("2026-03-03"), entry("2026-03-04")],
      change: "none",
      last: A,
      at: "04",
      since: "03",
    },
    {
      why: "days that waited for more days",
      entries: [entry("2026-03-01", "fff", { outcome: "pending" })],
      change: "moved",
      last: F,
      at: "01",
      since: "01",
    },
    {
      why: "disagreements and absences only",
      entries: [entry("2026-03-01", "aaf"), entry("2026-03-02", "aa-"), entry("2026-03-03", "---")],
      change: "first",
      last: null,
      at: null,
      since: null,
    },
    {
      why: "agreements that the policy did not like",
      entries: [
        entry("2026-03-01"),
        entry("2026-03-02", "fff", { outcome: "changed" }),
        entry("2026-03-03", "fff", { outcome: "indistinct" }),
      ],
      change: "none",
      last: A,
      at: "01",
      since: "01",
    },
    {
      why: "what another coordinator saw",
      entries: [entry("2026-03-01", "fff", { own: false })],
      change: "moved",
      last: F,
      at: "01",
      since: "01",
    },
  ])("$why: $change", ({ entries, change, last, at, since }) => {
    const time = (day: string | null): string | null => day && `2026-03-${day}T12:00:00.000Z`;
    expect(historyOf(entries, A)).toEqual({ last, at: time(at), since: time(since), change, changes: [] });
  });

  test("what changed below it is told by what it is for", () => {
    const before = recorded("f", [
      ["manifest", "1", "linux/amd64"],
      ["layer", "2", "linux/amd64"],
      ["layer", "3", "linux/amd64"],
      ["manifest", "4", "linux/arm64"],
    ]);
    const after = recorded("a", [
      ["manifest", "5", "linux/amd64"],
      ["layer", "2", "linux/amd64"],
      ["layer", "6", "linux/amd64"],
      ["config", "7", null],
    ]);
    expect(historyOf([entry("2026-03-01", "fff", { objects: before })], A, { objects: after }).changes).toEqual([
      { what: "config", left: null, right: digest("7") },
      { what: "linux/amd64 layer 2", left: digest("3"), right: digest("6") },
      { what: "linux/amd64 manifest", left: digest("1"), right: digest("5") },
      { what: "linux/arm64 manifest", left: digest("4"), right: null },
    ]);
    expect(historyOf([entry("2026-03-01", "fff", { objects: before })], A).changes).toEqual([]);
    expect(historyOf([entry("2026-03-01", "fff")], A, { objects: after }).changes).toEqual([]);
    expect(historyOf([entry("2026-03-01", "aaa", { objects: before })], A, { objects: after }).changes).toEqual([]);
  });

  test("is cut after twenty changes", () => {
    const many = recorded(
      "f",
      Array.from({ length: 40 }, () => ["layer", "2", null] as const),
    );
    const others = recorded(
      "a",
      Array.from({ length: 40 }, () => ["layer", "3", null] as const),
    );
    expect(historyOf([entry("2026-03-01", "fff", { objects: many })], A, { objects: others }).changes).toHaveLength(20);
  });
});

describe("looks at the root alone", () => {
  const before = recorded("f", [["manifest", "1", "linux/amd64"], ["layer", "2", "linux/amd64"]]); // prettier-ignore
  const after = recorded("a", [["manifest", "3", "linux/amd64"], ["layer", "4", "linux/amd64"]]); // prettier-ignore
  const [root] = before;
  if (root === undefined) throw new Error("no root");
  const shallow = { depth: "root", objects: [root] } as const;

  test("say where a tag led, as any other", () => {
    expect(historyOf([entry("2026-03-01", "fff", shallow)], A)).toMatchObject({ last: F, change: "moved" });
    expect(historyOf([entry("2026-03-01", "aaa", shallow)], A)).toMatchObject({ last: A, change: "none" });
  });

  test("make nothing below it vanish or appear", () => {
    expect(historyOf([entry("2026-03-01", "fff", shallow)], A, { objects: after }).changes).toEqual([]);
    const deep = entry("2026-03-01", "fff", { objects: before });
    expect(historyOf([deep], A, { objects: after.slice(0, 1), depth: "root" }).changes).toEqual([]);
    expect(
      historyOf([entry("2026-03-01", "fff", shallow)], A, { objects: after.slice(0, 1), depth: "root" }).changes,
    ).toEqual([]);
  });

  test("are compared with manifests alone, where they have some", () => {
    const deep = entry("2026-03-01", "fff", { objects: before });
    const { changes } = historyOf([deep], A, { objects: after.slice(0, 2), depth: "root" });
    expect(changes.map((each) => JSON.stringify(each))).toEqual([expect.stringContaining("linux/amd64 manifest")]);
  });

  test("hide no earlier look at everything below the same root", () => {
    const entries = [entry("2026-03-01", "fff", { objects: before }), entry("2026-03-02", "fff", shallow)];
    expect(historyOf(entries, A, { objects: after }).changes).toHaveLength(2);
  });
});

describe("a tag that changed since the ledger's last agreement", () => {
  const moved: readonly Entry[] = [entry("2026-03-01", "fff"), entry("2026-03-02", "fff")];
  const back: readonly Entry[] = [entry("2026-03-01"), entry("2026-03-02", "fff")];

  test.each([
    {
      why: "moved",
      entries: moved,
      words:
        /THE TAG HAS MOVED.*it was sha256:f{64} \(agreed from 2026-03-01 to 2026-03-02\), and is sha256:a{64} now$/,
    },
    {
      why: "went back",
      entries: back,
      words: /THE TAG WENT BACK.*it was sha256:f{64} \(agreed on 2026-03-02\), and is sha256:a{64} now$/,
    },
  ])("$why: a notice, and where the policy minds a failure", ({ entries, words }) => {
    const knowledge = { past: past("2026-03-03", ...entries), probes: null };
    const noticed = judge(now(), { onChange: "notice" }, knowledge);
    expect(noticed.outcome).toBe("agreed");
    const history = historyOf(entries, A);
    expect(noticesOf({ verdict: noticed, history })).toEqual([expect.stringMatching(words)]);
    const failed = judge(now(), { onChange: "fail" }, knowledge);
    expect(failed).toMatchObject({ outcome: "changed", reason: { kind: "ledger", root: A, history } });
    expect(noticesOf({ verdict: failed, history })).toEqual([expect.stringMatching(words)]);
  });

  test("is accepted by a pin that names the new digest, and by no other", () => {
    const knowledge = { past: past("2026-03-03", ...moved), probes: null };
    expect(judge(asking({ pin: A }, now()), { onChange: "fail" }, knowledge).outcome).toBe("agreed");
    expect(judge(asking({ pin: F }, now()), { onChange: "fail" }, knowledge)).toMatchObject({
      outcome: "changed",
      reason: { kind: "pin" },
    });
  });

  test("lowers no alarm", () => {
    const knowledge = { past: past("2026-03-03", ...moved), probes: null };
    expect(judge(now("aaf"), { onChange: "fail" }, knowledge).outcome).toBe("disagreed");
  });

  test("is not said where nothing changed", () => {
    const verdict = judge(now());
    for (const entries of [[], [entry("2026-03-01")]])
      expect(noticesOf({ verdict, history: historyOf(entries, A) })).toEqual([]);
    expect(noticesOf({ verdict, history: null })).toEqual([]);
  });
});
