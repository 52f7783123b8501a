import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { indistinctOf, type Identified } from "../../src/consensus/distinct.ts";
import { judge } from "../../src/consensus/judge.ts";
import type { Observation } from "../../src/model/observation.ts";
import { asking, digest, failed, refused, saw, tree } from "./observations.ts";
import { naivelyDistinct, type NaiveExit } from "./oracle.ts";
import { A, B, NAMES } from "./table.ts";

interface Who {
  readonly hostKey?: string;
  readonly machine?: string;
  readonly boot?: string;
}

function identified(who: readonly Who[]): Identified[] {
  return who.map(({ hostKey = null, machine = null, boot = null }, at) => ({
    worker: NAMES[at] ?? `w${at}`,
    evidence: { hostKey, machine, boot },
  }));
}

function observed(reports: readonly ((worker: string) => Observation)[], who: readonly Who[]): Observation[] {
  return identified(who).map(({ worker, evidence }, at) => {
    const seen = (reports[at] ?? A)(worker);
    return { ...seen, evidence: { ...seen.evidence, ...evidence } };
  });
}

const THREE: readonly Who[] = [{ machine: "a" }, { hostKey: "K1", machine: "b" }, { hostKey: "K2", machine: "c" }];

describe("who is one", () => {
  test.each([
    { why: "three machines", who: THREE, machine: [], nothing: [] },
    {
      why: "two with one machine identity",
      who: [{ machine: "a" }, { hostKey: "K1", machine: "b" }, { hostKey: "K2", machine: "b" }],
      machine: [{ why: "machine", workers: ["fra", "sgp"] }],
      nothing: [],
    },
    {
      why: "a VM that is this machine",
      who: [{ machine: "a" }, { hostKey: "K1", machine: "b" }, { hostKey: "K2", machine: "a" }],
      machine: [{ why: "machine", workers: ["here", "sgp"] }],
      nothing: [],
    },
    {
      why: "one host key, which no policy excuses",
      who: [{ machine: "a" }, { hostKey: "K1", machine: "b" }, { hostKey: "K1", machine: "c" }],
      machine: [{ why: "host key", workers: ["fra", "sgp"] }],
      nothing: [{ why: "host key", workers: ["fra", "sgp"] }],
    },
    {
      why: "one of which nobody knows",
      who: [{ machine: "a" }, { hostKey: "K1" }, { hostKey: "K2", machine: "c" }],
      machine: [{ why: "unknown machine", workers: ["fra"] }],
      nothing: [],
    },
    {
      why: "two of which nobody knows are not one, and not two",
      who: [{ machine: "a" }, { hostKey: "K1" }, { hostKey: "K2" }],
      machine: [{ why: "unknown machine", workers: ["fra", "sgp"] }],
      nothing: [],
    },
    {
      why: "a container without an identity of its own, beside its machine",
      who: [
        { machine: "a", boot: "x" },
        { hostKey: "K1", machine: "x", boot: "x" },
        { hostKey: "K2", machine: "c", boot: "y" },
      ],
      machine: [{ why: "machine", workers: ["fra", "here"] }],
      nothing: [],
    },
    {
      why: "two containers with identities of their own on one kernel",
      who: [
        { machine: "a", boot: "x" },
        { hostKey: "K1", machine: "b", boot: "y" },
        { hostKey: "K2", machine: "c", boot: "y" },
      ],
      machine: [],
      nothing: [],
    },
    {
      why: "a machine that was copied and then booted by itself is still one",
      who: [{ machine: "a" }, { hostKey: "K1", machine: "b", boot: "x" }, { hostKey: "K2", machine: "b", boot: "y" }],
      machine: [{ why: "machine", workers: ["fra", "sgp"] }],
      nothing: [],
    },
    {
      why: "everything at once, each said once",
      who: [{ machine: "a" }, { hostKey: "K1", machine: "a" }, { hostKey: "K1", machine: "a" }, { hostKey: "K3" }],
      machine: [
        { why: "host key", workers: ["fra", "sgp"] },
        { why: "machine", workers: ["fra", "here", "sgp"] },
        { why: "unknown machine", workers: ["w3"] },
      ],
      nothing: [{ why: "host key", workers: ["fra", "sgp"] }],
    },
  ])("$why", ({ who, machine, nothing }) => {
    expect(indistinctOf(identified(who), ["machine"])).toEqual(machine);
    expect(indistinctOf(identified(who), [])).toEqual(nothing);
    expect(indistinctOf(identified(who).reverse(), ["machine"])).toHaveLength(machine.length);
  });

  test("ten thousand workers take no time", () => {
    const many = identified(
      Array.from({ length: 10_000 }, (_, at) => ({ hostKey: `K${at % 5000}`, machine: `m${at % 3}` })),
    );
    const start = performance.now();
    expect(indistinctOf(many, ["machine"])).toHaveLength(5003);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe("the judgement of workers that are not distinct", () => {
  const twins: readonly Who[] = [{ machine: "a" }, { hostKey: "K1", machine: "b" }, { hostKey: "K2", machine: "b" }];
  const oneKey: readonly Who[] = [{ machine: "a" }, { hostKey: "K1", machine: "b" }, { hostKey: "K1", machine: "c" }];
  const asked = { distinct: ["machine"] } as const;

  test("same bytes from one machine are indistinct, and the reason says who and why", () => {
    const verdict = judge(observed([A, A, A], twins), asked);
    expect(verdict).toMatchObject({ outcome: "indistinct", quorum: "3/3", differences: [] });
    const indistinct = [{ why: "machine", workers: ["fra", "sgp"] }];
    expect(verdict.reason).toEqual({ kind: "indistinct", root: digest("a"), indistinct });
    expect(judge(observed([A, A, A], THREE), asked).outcome).toBe("agreed");
  });

  test("one proved host key is indistinct whatever the policy says", () => {
    for (const distinct of [[], ["machine"]] as const) {
      const verdict = judge(observed([A, A, A], oneKey), { distinct });
      const indistinct = [{ why: "host key", workers: ["fra", "sgp"] }];
      expect(verdict).toMatchObject({ outcome: "indistinct", reason: { indistinct } });
    }
  });

  test("a machine that is not known is not distinct", () => {
    const verdict = judge(
      observed([A, A, A], [{ machine: "a" }, { hostKey: "K1" }, { hostKey: "K2", machine: "c" }]),
      asked,
    );
    const indistinct = [{ why: "unknown machine", workers: ["fra"] }];
    expect(verdict).toMatchObject({ outcome: "indistinct", reason: { indistinct } });
  });

  test.each([
    { why: "a difference", reports: [A, A, B], outcome: "disagreed" },
    { why: "an absence", reports: [A, A, failed()], outcome: "incomplete" },
    {
      why: "three 404",
      reports: [refused("E_NOT_FOUND"), refused("E_NOT_FOUND"), refused("E_NOT_FOUND")],
      outcome: "absent",
    },
  ])("$why outranks it: $outcome", ({ reports, outcome }) => {
    for (const who of [twins, oneKey, []])
      expect(judge(observed(reports, [...who, {}, {}, {}].slice(0, 3)), asked).outcome).toBe(outcome);
  });

  test("a pin that is not met outranks it: changed", () => {
    expect(judge(asking({ pin: digest("7") }, observed([A, A, A], twins)), asked).outcome).toBe("changed");
    expect(judge(asking({ pin: digest("a") }, observed([saw(tree()), A, A], twins)), asked).outcome).toBe("indistinct");
  });
});

describe("where they leave", () => {
  const few = fc.integer({ min: 0, max: 3 });
  const anyExit = fc.option(
    fc.record({
      v4: fc.option(few),
      v6: fc.option(fc.tuple(few, few)),
      country: fc.option(fc.constantFrom("DE", "SG", "US", "FR")),
      asn: fc.option(fc.constantFrom("AS1", "AS2", "AS3", "AS4")),
      doubt: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
    { freq: 20 },
  );

  function leaving(exits: readonly (NaiveExit | null)[]): Identified[] {
    return exits.map((exit, at) => {
      const addresses = [
        ...(exit?.v4 == null ? [] : [`192.0.2.${exit.v4}`]),
        ...(exit?.v6 == null ? [] : [`2001:db8:0:${exit.v6[0]}::${exit.v6[1]}`]),
      ];
      const note = exit && { addresses, sources: ["x"], country: exit.country, asn: exit.asn };
      const noted = note && { ...note, doubt: exit.doubt ? "it changed" : null };
      return { worker: `w${at}`, evidence: { hostKey: null, machine: `m${at}`, boot: null, exit: noted } };
    });
  }

  test.each(["network", "asn", "country"] as const)("%s: the rule and the naive rule say the same", (what) => {
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(fc.array(anyExit, { minLength: 3, maxLength: 4 }), (exits) => {
        const distinct = indistinctOf(leaving(exits), [what]).length === 0;
        expect(distinct).toBe(naivelyDistinct(exits, what));
        expect(indistinctOf(leaving(exits).reverse(), [what]).length === 0).toBe(distinct);
        seen.add(distinct);
      }),
      { numRuns: 3000, seed: 20261126 },
    );
    expect(seen.size).toBe(2);
  });

  test("whatever is put in place of an exit, it is unknown and nothing breaks", () => {
    const known = leaving([1, 2].map((v4) => ({ v4, v6: null, country: "DE", asn: "AS1", doubt: false })));
    fc.assert(
      fc.property(fc.anything(), (exit) => {
        const odd = { worker: "odd", evidence: { hostKey: null, machine: "m", boot: null, exit } } as Identified;
        for (const what of ["network", "asn", "country"] as const) {
          const why = indistinctOf([...known, odd], [what]).map((each) => `${each.why}: ${each.workers.join()}`);
          expect(why).toContain(`unknown ${what}: odd`);
        }
      }),
    );
  });

  test("ten thousand exits take no time", () => {
    const many = leaving(
      Array.from({ length: 10_000 }, (_, at) => ({
        v4: at % 200,
        v6: [at, 1] as const,
        country: "DE",
        asn: null,
        doubt: false,
      })),
    );
    const start = performance.now();
    expect(indistinctOf(many, ["network", "asn", "country"])).toHaveLength(202);
    expect(performance.now() - start).toBeLessThan(8000);
  });
});
