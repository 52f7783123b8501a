import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/consensus/diagnose/diagnose.ts";
import { judge } from "../../../src/consensus/judge.ts";
import { CLASSES, type Finding } from "../../../src/model/diagnosis.ts";
import type { Observation } from "../../../src/model/observation.ts";
import type { Probes } from "../../../src/model/probe.ts";
import type { Entry } from "../../../src/model/record.ts";
import type { Policy } from "../../../src/model/policy.ts";
import { diagnosisOf } from "../../../src/report/diagnosis.ts";
import { anyObservation, nearlyAlike } from "../malformed.ts";
import { digest, saw, tree } from "../observations.ts";
import { entry, glance, now, past } from "../past.ts";
import { report, worlds } from "../worlds.ts";
import { ALSO_LETS, issued, LETS, PROXY, SCENES } from "./cases.ts";

function findingOf(
  observations: readonly Observation[],
  {
    asked = null,
    entries = [],
    policy = {},
  }: { asked?: Probes | null; entries?: readonly Entry[]; policy?: Partial<Policy> } = {},
): Finding | null {
  const verdict = judge(observations, policy, { past: past("2026-03-03", ...entries), probes: asked });
  return diagnose(verdict, observations, asked, entries);
}

describe("the diagnosis", () => {
  test.each(SCENES)(
    "$why: $finding.class",
    ({ observations, asked = null, past: entries = [], policy = {}, finding }) => {
      const found = findingOf(observations, { asked, entries, policy });
      expect(found).toMatchObject(finding);
      // in whatever order they are heard
      expect(findingOf(observations.toReversed(), { asked, entries, policy })).toMatchObject({
        class: finding.class,
        confidence: finding.confidence,
        odd: finding.odd,
      });
    },
  );

  test("has at least two scenes for each class", () => {
    for (const each of CLASSES)
      expect(SCENES.filter(({ finding }) => finding.class === each).length, each).toBeGreaterThan(1);
  });

  test("of an agreement is none, and of one that waits for more days", () => {
    expect(findingOf(now())).toBeNull();
    expect(findingOf(now(), { policy: { days: 3 }, entries: [entry("2026-03-02")] })).toBeNull();
  });

  test("says what it says in printable words, for every scene", () => {
    for (const { observations, asked = null, past: entries = [], policy = {} } of SCENES) {
      const found = findingOf(observations, { asked, entries, policy });
      if (found === null) continue;
      const { explanation, next, confidence } = diagnosisOf(found);
      expect(confidence).toBe(found.confidence);
      for (const text of [explanation, next]) expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{20,}$/u);
      const named = (worker: string): boolean => `${explanation} ${next}`.includes(worker);
      expect(found.odd.every(named) || explanation.includes("every worker"), explanation).toBe(true);
    }
  });
});

describe("another issuer", () => {
  const host = "cdn.example";
  const view = (evidence: readonly Partial<Observation["evidence"]>[]): string | undefined =>
    findingOf(now("aaf").map((each, at) => ({ ...each, evidence: { ...each.evidence, ...evidence[at] } })))?.class;

  test.each([
    { why: "at all three alike is a split view", issuers: [PROXY, PROXY, PROXY], found: "split-view" },
    { why: "at one of the majority says nothing of the odd one", issuers: [LETS, PROXY, LETS], found: "split-view" },
    { why: "at each, another, is no sign", issuers: ["O=A", "O=B", "O=C"], found: "split-view" },
    {
      why: "by its organisation, in another spelling of the name",
      issuers: ["O = Let's Encrypt, C = US", LETS, "CN=X1, O=Let's Encrypt"],
      found: "split-view",
    },
    {
      why: "with a comma in it",
      issuers: ["O=Cloudflare\\, Inc., CN=1", "O=Cloudflare\\, Inc., CN=2", "O=Cloudflare\\, Ltd., CN=1"],
      found: "interception",
    },
    {
      why: "with the same comma in it",
      issuers: ["O=Cloudflare\\, Inc., CN=1", "O=Cloudflare\\, Inc., CN=2", "O=Cloudflare\\, Inc., CN=3"],
      found: "split-view",
    },
    { why: "without an organisation, by the whole name", issuers: ["CN=a", "CN=a", "CN=b"], found: "interception" },
    {
      why: "in an organisational unit is no organisation",
      issuers: ["OU=x, CN=a", "OU=x, CN=a", "OU=x, CN=b"],
      found: "interception",
    },
    { why: "of another intermediate is normal", issuers: [LETS, ALSO_LETS, LETS], found: "split-view" },
    { why: "at the odd one", issuers: [LETS, ALSO_LETS, PROXY], found: "interception" },
  ])("$why", ({ issuers, found }) => {
    expect(view(issuers.map((issuer) => issued(issuer, host)))).toBe(found);
  });

  test("is looked for host by host, and unknown is no sign", () => {
    expect(view([issued(LETS, host), issued(LETS, host), issued(PROXY, "other.example")])).toBe("split-view");
    expect(view([{}, {}, issued(PROXY, host)])).toBe("split-view");
    expect(view([issued(LETS, host), issued(LETS, host), {}])).toBe("split-view");
    const both = (issuer: string): Partial<Observation["evidence"]> => ({
      certificates: [...(issued(LETS, "a.example").certificates ?? []), ...(issued(issuer, host).certificates ?? [])],
    });
    expect(view([both(LETS), both(LETS), both(PROXY)])).toBe("interception");
  });

  test("makes no alarm where all agree", () => {
    const seen = now().map((each) => ({
      ...each,
      evidence: { ...each.evidence, ...issued(each.worker === "sgp" ? PROXY : LETS) },
    }));
    expect(findingOf(seen)).toBeNull();
  });
});

const anyAsked = fc.record({
  again: fc.array(fc.array(fc.tuple(fc.nat(4), fc.nat(3)), { maxLength: 5 }), { maxLength: 3 }),
  byDigest: fc.array(fc.tuple(fc.nat(4), fc.nat(3), fc.nat(3)), { maxLength: 12 }),
});

test("every world has one of the classes, and whoever is heard first makes no difference", () => {
  const seen = new Map<string, number>();
  const world = fc.oneof(worlds(1, true), worlds(2, false), worlds(2, true), worlds(3, false));
  fc.assert(
    fc.property(world, anyAsked, fc.constantFrom("", "a", "f"), (sights, { again, byDigest }, letters) => {
      const observations = sights.map((sight, at) => report(`w${at}`, sight));
      const roots = observations.flatMap((each) => each.digest ?? []);
      const root = (at: number): (typeof roots)[number] | null => roots[at] ?? null;
      const asked = {
        again: again.map((each) => each.map(([worker, at]) => glance(`w${worker}`, "1", root(at)))),
        byDigest: byDigest.map(([worker, at, got]) => glance(`w${worker}`, root(at) ?? "", root(got))),
        documents: new Map(),
        configs: new Map(),
      };
      const entries = letters === "" ? [] : [entry("2026-03-01", letters.repeat(3), { digest: root(0) })];
      const found = findingOf(observations, { asked, entries });
      const { outcome } = judge(observations, {}, { past: past("2026-03-03", ...entries), probes: asked });
      expect(found === null).toBe(outcome === "agreed" || outcome === "pending");
      if (found === null) return;
      expect(CLASSES).toContain(found.class);
      const workers = new Set(observations.map(({ worker }) => worker));
      expect(found.odd.every((worker) => workers.has(worker))).toBe(true);
      expect(found.odd).toEqual([...new Set(found.odd)].sort());
      const again_ = findingOf(observations.toReversed(), { asked, entries });
      expect([again_?.class, again_?.confidence, again_?.odd]).toEqual([found.class, found.confidence, found.odd]);
      seen.set(found.class, (seen.get(found.class) ?? 0) + 1);
    }),
    { numRuns: 3000, seed: 20261126 },
  );
  for (const each of ["split-view", "false-content", "unreachable", "absent"])
    expect(seen.get(each) ?? 0, each).toBeGreaterThan(5);
});

test("reports that no worker makes have one of the classes too", () => {
  const strange = fc.oneof(fc.array(anyObservation, { maxLength: 5 }), nearlyAlike);
  fc.assert(
    fc.property(strange, fc.boolean(), (observations, helped) => {
      const asked = helped
        ? {
            again: [observations.map(({ worker }) => glance(worker, "1", digest("a")))],
            byDigest: [glance("here", digest("a"), null)],
            documents: new Map(),
            configs: new Map(),
          }
        : null;
      const found = findingOf(observations, { asked, entries: [entry("2026-03-01")] });
      if (judge(observations).outcome === "agreed") expect(found).toBeNull();
      else expect(CLASSES).toContain(found?.class);
    }),
    { numRuns: 3000, seed: 20261126 },
  );
});

test("an observation's root that nobody looked at by digest is no reason to fail", () => {
  const observations = ["here", "fra", "sgp"].map((worker, at) => saw(tree(digest(["a", "f", "9"][at] ?? "")))(worker));
  expect(
    findingOf(observations, { asked: { again: [], byDigest: [], documents: new Map(), configs: new Map() } })?.class,
  ).toBe("split-view");
});
