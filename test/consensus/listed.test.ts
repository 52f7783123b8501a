import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeListed } from "../../src/consensus/listed.ts";
import type { ListedView } from "../../src/model/listed.ts";
import { fault } from "./observations.ts";

/** `-`: it is not in the list. `404`, `cut`: there is no list, or nobody knows. Anything else is what stands there. */
type Told = string;

function viewOf(told: Told, at: number): ListedView {
  const worker = ["here", "fra", "sgp", "tyo"][at] ?? `w${at}`;
  if (told === "404") return { worker, value: null, fault: fault("E_NOT_FOUND") };
  if (told === "cut") return { worker, value: null, fault: fault("E_CUT") };
  return { worker, value: told === "-" ? null : told, fault: null };
}

/** From docs/audit.md alone. */
function rule(all: readonly Told[]): string {
  const read = new Set(all.filter((each) => each !== "404" && each !== "cut"));
  if (read.size > 1) return "disagreed";
  if (all.length < 3) return "incomplete";
  if (all.every((each) => each === "404")) return "absent";
  if (all.some((each) => each === "404" || each === "cut")) return "incomplete";
  return read.has("-") ? "absent" : "agreed";
}

test("what workers read in lists is judged as the page says", () => {
  const seen = new Set<string>();
  const told = fc.constantFrom("tag a", "tag a", "tag a", "tag b", "-", "-", "404", "404", "cut");
  fc.assert(
    fc.property(fc.array(told, { maxLength: 4 }), (all) => {
      const { outcome, value } = judgeListed(all.map(viewOf));
      expect(outcome).toBe(rule(all));
      expect(value).toBe(outcome === "agreed" ? all[0] : null);
      seen.add(outcome);
    }),
    { numRuns: 3000 },
  );
  expect([...seen].sort()).toEqual(["absent", "agreed", "disagreed", "incomplete"]);
});

test("one worker that reports three times is one", () => {
  const view = viewOf("tag a", 0);
  expect(judgeListed([view, view, view])).toMatchObject({ outcome: "incomplete", value: null });
});

test("who was told what is said, the most first", () => {
  const of = (...all: readonly Told[]): string => judgeListed(all.map(viewOf)).summary;
  expect(of("tag a", "-", "tag a")).toBe("here and sgp were told tag a, fra was told nothing of it");
  expect(of("tag a", "tag a", "tag a")).toBe("3 of 3 workers were told tag a");
  expect(of("-", "-", "-")).toBe("all 3 workers were told that it is not there");
  expect(of("404", "404", "404")).toBe("all 3 workers were told that there is no such list");
  expect(of("tag a", "cut", "404")).toMatch(/^fra, sgp could not tell: /);
});
