import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Edit, Mention } from "../../src/model/mention.ts";
import { applyEdits } from "../../src/pins/edits.ts";
import { agreementKey, planPins, type FilePlan, type Terms } from "../../src/pins/plan.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { mentionOf, NEW, OLD, OTHER, type Described } from "./mentions.ts";

const AGREED = new Map([
  ["docker.io/library/alpine:3", NEW],
  ["docker.io/library/alpine", NEW],
  ["docker.io/library/debian:12", OTHER],
]);
const TERMS: Terms = { agreed: AGREED, update: false, alarm: false };

/** The plan for the only file. */
function planOf(mentions: readonly Mention[], terms: Partial<Terms> = {}): FilePlan {
  const [plan, ...others] = planPins(mentions, { ...TERMS, ...terms });
  if (plan === undefined || others.length > 0) throw new Error("not one file");
  return plan;
}

const unpinned = { kinds: ["unpinned" as const], reason: "a base of ours" };
const stale = { kinds: ["stale-pin" as const], reason: "kept on purpose" };

describe("one reference", () => {
  interface Row extends Described {
    readonly written: string;
    readonly update?: boolean;
    readonly becomes: string;
    readonly stays?: string;
  }
  const rows: readonly Row[] = [
    { written: "alpine:3", becomes: `alpine:3@${NEW}` },
    { written: "alpine:3", update: true, becomes: `alpine:3@${NEW}` },
    { written: "alpine", becomes: `alpine@${NEW}` },
    { written: "docker.io/library/alpine:3", becomes: `docker.io/library/alpine:3@${NEW}` },
    { written: `alpine:3@${OLD}`, becomes: `alpine:3@${OLD}`, stays: "pinned" },
    { written: `alpine:3@${OLD}`, update: true, becomes: `alpine:3@${NEW}` },
    { written: `alpine:3@${NEW}`, update: true, becomes: `alpine:3@${NEW}`, stays: "pinned" },
    { written: `alpine@${OLD}`, update: true, becomes: `alpine@${OLD}`, stays: "pinned" },
    { written: `gone:1@${OLD}`, becomes: `gone:1@${OLD}`, stays: "pinned" },
    { written: "gone:1", becomes: "gone:1", stays: "not-agreed" },
    { written: `gone:1@${OLD}`, update: true, becomes: `gone:1@${OLD}`, stays: "not-agreed" },
    { written: "alpine:3", byHand: "why", becomes: "alpine:3", stays: "by-hand" },
    { written: "gone:1", byHand: "why", becomes: "gone:1", stays: "by-hand" },
    { written: "alpine:3", edits: [], becomes: "alpine:3", stays: "by-hand" },
    { written: "alpine:3", target: { kind: "unresolved", why: "why" }, becomes: "alpine:3", stays: "unresolved" },
    { written: "alpine:3", ignores: [unpinned], becomes: "alpine:3", stays: "ignored" },
    { written: "alpine:3", ignores: [stale], becomes: `alpine:3@${NEW}` },
    { written: `alpine:3@${OLD}`, update: true, ignores: [stale], becomes: `alpine:3@${OLD}`, stays: "ignored" },
    { written: `alpine:3@${OLD}`, update: true, ignores: [unpinned], becomes: `alpine:3@${NEW}` },
    { written: "gone:1", ignores: [unpinned], becomes: "gone:1", stays: "ignored" },
    {
      written: "alpine:3",
      target: {
        kind: "bottle",
        reference: { registry: "docker.io", repository: "library/alpine", tag: "3" },
        bottle: { tag: "arm64_sonoma", digest: OLD },
      },
      update: true,
      becomes: "alpine:3",
      stays: "pinned",
    },
    { written: `alpine:3@${OLD}`, source: "lock", update: true, becomes: `alpine:3@${OLD}`, stays: "pinned" },
  ];
  test.each(rows)(
    "$written, update $update: $becomes, stays $stays",
    ({ written, update, becomes, stays, ...more }) => {
      const plan = planOf([mentionOf(written, more)], { update: update ?? false });
      expect(applyEdits(written, plan.edits)).toBe(becomes);
      expect(plan.stays.map(({ kind }) => kind)).toEqual(stays === undefined ? [] : [stays]);
      expect(plan.changes).toHaveLength(becomes === written ? 0 : 1);
      expect(plan.held).toBe(stays === "not-agreed" ? "not-agreed" : null);
    },
  );

  test("a change says what it was and what it is, and where", () => {
    const written = `alpine:3@${OLD}`;
    const [change] = planOf([mentionOf(written, { text: `\nimage: ${written}\n` })], { update: true }).changes;
    expect(change).toMatchObject({ reference: "docker.io/library/alpine:3", from: OLD, to: NEW });
    expect(change?.place).toMatchObject({ file: "f", line: 2, column: 8 });
  });

  test("the key of what was agreed has no digest", () => {
    expect(agreementKey(parseReference(`alpine:3@${OLD}`))).toBe("docker.io/library/alpine:3");
  });
});

describe("a file is written whole or not at all", () => {
  const text = "alpine:3 debian:12 gone:1";
  const mentions = ["alpine:3", "debian:12", "gone:1"].map((each) => mentionOf(each, { text }));

  test("one reference without agreement holds its file, and no other", () => {
    const plans = planPins([...mentions, mentionOf("alpine:3", { file: "e" })], TERMS);
    expect(plans.map(({ file, held, edits, changes }) => [file, held, edits.length, changes.length])).toEqual([
      ["e", null, 1, 1],
      ["f", "not-agreed", 0, 0],
    ]);
    expect(plans[1]?.stays.map(({ mention, kind }) => [mention.text, kind])).toEqual([["gone:1", "not-agreed"]]);
  });

  test.each([{ byHand: "why" }, { ignores: [unpinned] }, { target: { kind: "unresolved", why: "why" } as const }])(
    "one that stays for another reason holds nothing: %j",
    (more) => {
      const plan = planOf([...mentions.slice(0, 2), mentionOf("gone:1", { text, ...more })]);
      expect(applyEdits(text, plan.edits)).toBe(`alpine:3@${NEW} debian:12@${OTHER} gone:1`);
    },
  );

  test("an alarm anywhere holds every file that would be written", () => {
    const pinned = mentionOf(`alpine:3@${OLD}`, { file: "g" });
    const plans = planPins([...mentions, mentionOf("alpine:3", { file: "e" }), pinned], { ...TERMS, alarm: true });
    expect(plans.map(({ held, edits, changes }) => [held, edits.length, changes.length])).toEqual([
      ["alarm", 0, 0],
      ["alarm", 0, 0],
      [null, 0, 0],
    ]);
  });
});

describe("two references at one place", () => {
  const text = "ARG V=3\nFROM alpine:$V\nFROM debian:$V\nFROM debian:12\n";
  const at = (start: number, end = start): Edit => ({ start, end, before: "@", after: "" });
  const both = (one: Mention, other: Mention): readonly Mention[] => [one, other];
  const shared = (edits: readonly Edit[], reference = "alpine:3"): Mention =>
    mentionOf("debian:$V", { text, edits, target: { kind: "reference", reference: parseReference(reference) } });

  test("that say the same are written once", () => {
    const plan = planOf(both(shared([at(7)]), shared([at(7)])));
    expect(plan.edits).toEqual([{ start: 7, end: 7, text: `@${NEW}` }]);
    expect(plan.changes).toHaveLength(2);
  });

  test.each([
    { what: "another digest", one: [at(7)], other: [at(7)] },
    { what: "an overlap", one: [at(2, 7)], other: [at(6, 9)] },
    { what: "one inside of the other", one: [at(2, 7)], other: [at(4)] },
  ])("that contradict each other are left to a person: $what", ({ one, other }) => {
    const clear = mentionOf("debian:12", { text });
    const plan = planOf([clear, shared(one), shared(other, "debian:12")]);
    expect(plan.stays.map(({ kind }) => kind)).toEqual(["by-hand", "by-hand"]);
    expect(plan.held).toBe(null);
    expect(applyEdits(text, plan.edits)).toBe(text.replace("debian:12", `debian:12@${OTHER}`));
  });

  test("take along whatever shares another stretch with them: no reference is half written", () => {
    const split = shared([at(7), at(20)]);
    const plan = planOf([split, shared([at(7)], "debian:12"), shared([at(20)])]);
    expect(plan.stays.map(({ kind }) => kind)).toEqual(["by-hand", "by-hand", "by-hand"]);
    expect(plan.edits).toEqual([]);
  });

  test("that only touch are both written", () => {
    const plan = planOf(both(shared([at(2, 4)]), shared([at(4, 6), at(2)], "debian:12")));
    expect(plan.edits.map(({ start, end }) => [start, end])).toEqual([
      [2, 2],
      [2, 4],
      [4, 6],
    ]);
  });

  test("property: what is written never overlaps, and every mention is written in all of its stretches or in none", () => {
    const stretch = fc.tuple(fc.nat(12), fc.nat(3)).map(([start, length]) => at(start, start + length));
    const mention = fc.tuple(
      fc.array(stretch, { minLength: 1, maxLength: 3 }),
      fc.constantFrom("alpine:3", "debian:12"),
    );
    fc.assert(
      fc.property(fc.array(mention, { minLength: 1, maxLength: 6 }), (described) => {
        const mentions = described.map(([edits, reference]) => shared(edits, reference));
        const { edits, stays, changes } = planOf(mentions);
        expect(stays.length + changes.length).toBe(mentions.length);
        expect(() => applyEdits(text, edits)).not.toThrow();
        const stayed = new Set(stays.map((each) => each.mention));
        const written = new Set(edits.map((edit) => JSON.stringify(edit)));
        const wanted = mentions.flatMap((each, index) =>
          stayed.has(each)
            ? []
            : (described[index]?.[0] ?? []).map(({ start, end }) =>
                JSON.stringify({ start, end, text: `@${described[index]?.[1] === "alpine:3" ? NEW : OTHER}` }),
              ),
        );
        expect(written).toEqual(new Set(wanted));
        // the rule once more, naively: whoever collides with anybody, and whoever shares a stretch with one who does
        const listed = described.map(([own, reference]) => own.map((edit) => ({ ...edit, reference })));
        const meets = (a: number, b: number, hard: boolean): boolean =>
          (listed[a] ?? []).some((x) =>
            (listed[b] ?? []).some((y) => {
              const same = x.start === y.start && x.end === y.end;
              const overlap = x.start < y.end && y.start < x.end;
              return hard ? (same ? x.reference !== y.reference : overlap) : same || overlap;
            }),
          );
        const all = mentions.map((_, index) => index);
        const torn = new Set(all.filter((a) => all.some((b) => meets(a, b, true))));
        for (let size = -1; size !== torn.size;) {
          size = torn.size;
          for (const a of all) if ([...torn].some((b) => meets(a, b, false))) torn.add(a);
        }
        expect([...torn].sort()).toEqual(all.filter((index) => stayed.has(mentions[index] as Mention)));
      }),
      { numRuns: 500 },
    );
  });
});
