import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyEdits, byPlace, keepsTheRest, type Replacement } from "../../src/pins/edits.ts";
import { planPins } from "../../src/pins/plan.ts";
import { mentionOf, NEW, OLD } from "./mentions.ts";

/** Texts of every kind, and disjoint edits that split no character. */
const CASE = fc
  .tuple(
    fc.array(fc.constantFrom("a", "é", "😀", "\r\n", "\n", "\t", "\ufeff", "@", "‮", "\u0000"), { maxLength: 40 }),
    fc.array(fc.tuple(fc.nat(40), fc.string({ unit: "grapheme", maxLength: 5 })), { maxLength: 8 }),
  )
  .map(([characters, cuts]) => {
    const offsets = characters.reduce<number[]>((sums, each) => [...sums, (sums.at(-1) ?? 0) + each.length], [0]);
    const ends = [...new Set(cuts.map(([cut]) => offsets[cut % offsets.length] ?? 0))].sort((a, b) => a - b);
    const edits: Replacement[] = [];
    for (let index = 0; index + 1 < ends.length; index += 2)
      edits.push({ start: ends[index] ?? 0, end: ends[index + 1] ?? 0, text: cuts[index]?.[1] ?? "" });
    return { text: characters.join(""), edits };
  });

test("property: everything but the edits stays, in order, byte by byte", () => {
  fc.assert(
    fc.property(CASE, ({ text, edits }) => {
      const after = applyEdits(text, edits);
      let [rest, at] = [after, 0];
      for (const { start, end, text: put } of edits) {
        const head = text.slice(at, start) + put;
        expect(rest.startsWith(head)).toBe(true);
        [rest, at] = [rest.slice(head.length), end];
      }
      expect(rest).toBe(text.slice(at));
      expect(keepsTheRest(Buffer.from(text), Buffer.from(after), text, edits)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test("property: one byte that differs outside of an edit is seen, and one that is too many", () => {
  fc.assert(
    fc.property(CASE, fc.nat(), ({ text, edits }, seed) => {
      const put = edits.map((edit) => ({ ...edit, text: "" }));
      const after = Buffer.from(applyEdits(text, put));
      fc.pre(after.length > 0);
      const wrong = Buffer.from(after);
      wrong[seed % wrong.length] = (wrong[seed % wrong.length] ?? 0) ^ 1;
      expect(keepsTheRest(Buffer.from(text), wrong, text, put)).toBe(false);
      expect(keepsTheRest(Buffer.from(text), Buffer.concat([after, after]), text, put)).toBe(false);
      expect(keepsTheRest(Buffer.from(text), after.subarray(1), text, put)).toBe(false);
    }),
  );
});

test("property: pinning what is pinned already changes nothing", () => {
  const line = fc.tuple(
    fc.constantFrom("", "  ", "\t", "# é "),
    fc.constantFrom("", `@${OLD}`),
    fc.constantFrom("\n", "\r\n", ""),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), fc.boolean(), (lines, update) => {
      const agreed = new Map(lines.map((_, index) => [`docker.io/library/i${index}x:1`, NEW]));
      const text = lines.map(([indent, pin, end], index) => `${indent}image: i${index}x:1${pin} ${end}`).join("");
      const run = (before: string): string => {
        const found = [...before.matchAll(/i\d+x:1(?:@sha256:\w+)?/g)].map(([written]) =>
          mentionOf(written, { text: before }),
        );
        return applyEdits(
          before,
          planPins(found, { agreed, update, alarm: false }).flatMap(({ edits }) => edits),
        );
      };
      const once = run(text);
      expect(once.match(/@sha256:/g)?.length ?? 0).toBe(lines.length);
      if (update) expect(once).not.toContain(OLD);
      expect(run(once)).toBe(once);
    }),
  );
});

describe("edits that do not fit are a bug", () => {
  test.each([
    [[{ start: 3, end: 9, text: "" }]],
    [[{ start: 2, end: 1, text: "" }]],
    [
      [
        { start: 0, end: 2, text: "" },
        { start: 1, end: 3, text: "" },
      ],
    ],
    [[{ start: 2, end: 2, text: "x" }]],
  ])("%j", (edits) => {
    expect(() => applyEdits("a😀b", edits)).toThrow(expect.objectContaining({ code: "E_BUG" }) as Error);
  });
});

test("an insertion comes before what begins at the same place", () => {
  const edits = [
    { start: 1, end: 2, text: "Y" },
    { start: 1, end: 1, text: "X" },
  ].sort(byPlace);
  expect(applyEdits("abc", edits)).toBe("aXYc");
});
