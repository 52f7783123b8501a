import { describe, expect, test } from "vitest";
import type { Entry } from "../../src/model/record.ts";
import { PLAIN } from "../../src/report/paint.ts";
import { changesOf, historyEntries, renderHistory } from "../../src/report/history.ts";
import { digest, verification, VIM } from "../ledger/tools.ts";

function entries(...parts: readonly Partial<Entry>[]): Entry[] {
  return parts.map((part, index) => ({ ...verification(part), entry: index + 1, own: part.own ?? true }));
}

describe("a digest that changed", () => {
  test.each([
    { seen: "a", changes: "first" },
    { seen: "aaa", changes: "first none none" },
    { seen: "abb", changes: "first moved none" },
    { seen: "aba", changes: "first moved rolled-back" },
    { seen: "abcb", changes: "first moved moved rolled-back" },
    { seen: "a-a-b", changes: "first  none  moved" },
    { seen: "-a", changes: " first" },
  ])("$seen: $changes", ({ seen, changes }) => {
    const list = entries(...seen.split("").map((letter) => ({ digest: letter === "-" ? null : digest(letter) })));
    expect(
      changesOf(list)
        .map((change) => change ?? "")
        .join(" "),
    ).toBe(changes);
  });

  test("is one of the same tag, whatever the pin and the case of the registry", () => {
    const list = entries(
      { digest: digest("a") },
      { digest: digest("b"), subject: { ...VIM, tag: "other" } },
      { digest: digest("b"), subject: { ...VIM, registry: "GHCR.io", pin: digest("b") } },
      { digest: digest("c"), subject: { registry: "ghcr.io", repository: "homebrew/core/vim", digest: digest("c") } },
    );
    expect(changesOf(list)).toEqual(["first", "first", "moved", null]);
  });
});

const ASKED = "ghcr.io/homebrew/core/vim:9.0.1900, linux/amd64";

test("the table says when, what, from where and what changed", () => {
  const looks = verification({ digest: digest("a") }).looks;
  const odd = looks.map((look, at) => (at === 2 ? { ...look, digest: digest("b") } : look));
  const silent = looks.map((look, at) => (at === 0 ? { ...look, outcome: "failed" as const, digest: null } : look));
  const list = entries(
    { digest: digest("a") },
    { digest: null, outcome: "disagreed", looks: odd, at: "2026-11-27T00:00:00Z" },
    { digest: digest("b"), own: false },
    { digest: digest("a") },
    { digest: null, outcome: "incomplete", looks: silent },
  );
  const lines = renderHistory(list, PLAIN).trimEnd().split("\n");
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ["WHEN (UTC)", "REFERENCE", "OUTCOME", "DIGEST", "WORKERS", "NOTE"],
    ["2026-11-26 22:04:07", ASKED, "agreed", "sha256:aaaaaaaaaaaa…", "fra (DE), here, sgp"],
    [
      ...["2026-11-27 00:00:00", ASKED, "disagreed", "–"],
      "fra (DE), here: sha256:aaaaaaaaaaaa…; sgp: sha256:bbbbbbbbbbbb…",
    ],
    [
      ...["2026-11-26 22:04:07", ASKED, "agreed", "sha256:bbbbbbbbbbbb…", "fra (DE), here, sgp"],
      "moved, not written here",
    ],
    ["2026-11-26 22:04:07", ASKED, "agreed", "sha256:aaaaaaaaaaaa…", "fra (DE), here, sgp", "rolled back"],
    ["2026-11-26 22:04:07", ASKED, "incomplete", "–", "fra (DE): failed; here, sgp: sha256:aaaaaaaaaaaa…"],
  ]);
  expect(historyEntries(list).map((each) => (each as { change: unknown }).change)).toEqual([
    "first",
    null,
    "moved",
    "rolled-back",
    null,
  ]);
});

test("nothing in it reaches the terminal as it is", () => {
  const bad = "\u001b[2J\u202e\n";
  const list = entries({
    subject: { registry: "r", repository: `a${bad}`, tag: bad, pin: null },
    selection: { platform: bad, osVersion: bad, bottle: bad },
    looks: [
      { worker: bad, via: "ssh", outcome: "saw", digest: digest("a"), hostKey: bad, country: bad, asn: bad },
      { worker: "b", via: "ssh", outcome: "saw", digest: digest("b"), hostKey: bad, country: null, asn: bad },
    ],
  });
  expect(renderHistory(list, PLAIN)).not.toMatch(/[^\n\P{C}]/u);
  expect(renderHistory(list, PLAIN).trimEnd().split("\n")).toHaveLength(2);
});
