import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import type { Observation } from "../../src/model/observation.ts";
import { digest, failed, fault, INDEX, MANIFEST, object, observation, refused, saw, sawWrong, tree } from "./observations.ts";

const A = saw();
const B = saw(tree(digest("f")));
const NAMES = ["here", "fra", "sgp"] as const;

function three(reports: readonly ((worker: string) => Observation)[]): Observation[] {
  return reports.map((report, index) => report(NAMES[index] ?? `w${index}`));
}

describe("a row is what three workers report", () => {
  test.each([
    { why: "all the same", reports: [A, A, A], outcome: "agreed" },
    { why: "one saw another root", reports: [A, A, B], outcome: "disagreed" },
    { why: "three saw three roots", reports: [A, B, saw(tree(digest("8")))], outcome: "disagreed" },
    { why: "a difference outranks an absence", reports: [A, B, failed()], outcome: "disagreed" },
    { why: "a difference outranks a 404", reports: [A, refused("E_NOT_FOUND"), B], outcome: "disagreed" },
    { why: "one has no answer", reports: [A, A, failed()], outcome: "incomplete" },
    { why: "one is told 404", reports: [A, A, refused("E_NOT_FOUND")], outcome: "incomplete" },
    { why: "one is told 403", reports: [A, refused("E_DENIED"), A], outcome: "incomplete" },
    { why: "three 404", reports: [refused("E_NOT_FOUND"), refused("E_NOT_FOUND"), refused("E_NOT_FOUND")], outcome: "absent" },
    {
      why: "three 403 are no absence",
      reports: [refused("E_DENIED"), refused("E_DENIED"), refused("E_DENIED")],
      outcome: "incomplete",
    },
    { why: "two 404 and a timeout", reports: [refused("E_NOT_FOUND"), refused("E_NOT_FOUND"), failed()], outcome: "incomplete" },
    {
      why: "a failure that calls itself not found",
      reports: [failed("E_NOT_FOUND"), failed("E_NOT_FOUND"), failed("E_NOT_FOUND")],
      outcome: "incomplete",
    },
    { why: "three failures", reports: [failed(), failed(), failed()], outcome: "incomplete" },
    { why: "one layer is other bytes at one worker", reports: [A, sawWrong(3), A], outcome: "disagreed" },
    { why: "all were served the same wrong bytes", reports: [sawWrong(3), sawWrong(3), sawWrong(3)], outcome: "disagreed" },
    { why: "one layer never ended", reports: [A, A, sawWrong(4, null)], outcome: "disagreed" },
    { why: "wrong bytes beside two failures", reports: [failed(), sawWrong(2), failed()], outcome: "disagreed" },
    {
      why: "another root seen before a failure",
      reports: [A, A, failed("E_CUT", [tree(digest("f"))[0] ?? object({ role: "index", digest: digest("f") })])],
      outcome: "disagreed",
    },
    { why: "the same root seen before a failure", reports: [A, A, failed("E_CUT", tree().slice(0, 2))], outcome: "incomplete" },
    {
      why: "the bytes are the same, the media type is not",
      reports: [A, A, saw(tree().map((each, at) => (at === 0 ? { ...each, mediaType: MANIFEST } : each)))],
      outcome: "disagreed",
    },
    {
      why: "a size that is not the declared one",
      reports: [A, A, saw(tree().map((each, at) => (at === 3 ? { ...each, size: 11 } : each)))],
      outcome: "disagreed",
    },
    { why: "one claims to be complete and lacks a layer", reports: [A, A, saw(tree().slice(0, 4))], outcome: "disagreed" },
    {
      why: "all stopped early",
      reports: NAMES.map(() => (worker: string) => observation(worker, { objects: tree(), error: fault("E_STOPPED") })),
      outcome: "incomplete",
    },
    { why: "three empty observations", reports: [saw([]), saw([]), saw([])], outcome: "incomplete" },
  ])("$why: $outcome", ({ reports, outcome }) => {
    const verdict = judge(three(reports));
    expect(verdict.outcome).toBe(outcome);
    expect(verdict.differences.length > 0).toBe(outcome === "disagreed");
  });
});

describe("who counts", () => {
  test("two workers never agree", () => {
    expect(judge(three([A, A])).outcome).toBe("incomplete");
  });
  test("one worker that reports three times counts once", () => {
    expect(judge([A("here"), A("here"), A("here")]).outcome).toBe("incomplete");
    expect(judge([A("here"), A("fra"), A("sgp"), A("sgp")]).outcome).toBe("incomplete");
  });
  test("five workers must be five", () => {
    const five = ["a", "b", "c", "d", "e"].map((name) => A(name));
    expect(judge(five).outcome).toBe("agreed");
    expect(judge([...five.slice(0, 4), failed()("e")]).outcome).toBe("incomplete");
    expect(judge([...five.slice(0, 4), B("e")]).outcome).toBe("disagreed");
  });
  test("nobody", () => {
    expect(judge([]).outcome).toBe("incomplete");
  });
  test("the quorum is the largest group that saw one whole artifact", () => {
    expect(judge(three([A, A, B])).quorum).toBe("2/3");
    expect(judge(three([A, A, A])).quorum).toBe("3/3");
    expect(judge(three([failed(), refused("E_DENIED"), failed()])).quorum).toBe("0/3");
  });
});

describe("what was asked for beyond the same everywhere", () => {
  test("a tag that leads to something else than its pin everywhere has changed", () => {
    expect(judge(three([A, A, A]), { pin: digest("a"), tag: "1" }).outcome).toBe("agreed");
    const verdict = judge(three([A, A, A]), { pin: digest("7"), tag: "1" });
    expect(verdict.outcome).toBe("changed");
    expect(verdict.summary).toContain(digest("7"));
  });
  test("a disagreement outranks the pin", () => {
    expect(judge(three([A, A, B]), { pin: digest("7"), tag: "1" }).outcome).toBe("disagreed");
  });
  test("a bottle of another version than its tag has changed", () => {
    const entry = { "org.opencontainers.image.ref.name": "2.8.2.big_sur", "sh.brew.bottle.digest": "d" };
    const bottle = saw(
      tree().map((each, at) => ({
        ...each,
        annotations:
          at === 0
            ? { "com.github.package.type": "homebrew_bottle", "org.opencontainers.image.version": "2.8.2" }
            : at === 1
              ? entry
              : {},
      })),
    );
    expect(judge(three([bottle, bottle, bottle]), { pin: null, tag: "2.8.2" }).outcome).toBe("agreed");
    expect(judge(three([bottle, bottle, bottle]), { pin: null, tag: "2.6.2" }).outcome).toBe("changed");
  });
});

describe("differences are located and say who saw what", () => {
  test("at a layer", () => {
    const { differences, summary } = judge(three([A, A, sawWrong(4)]));
    expect(differences).toEqual([
      {
        at: "index > manifest linux/amd64 > layer 2",
        expected: digest("e"),
        views: [
          { digest: digest("e"), size: 10, mediaType: tree()[4]?.mediaType, workers: ["fra", "here"] },
          { digest: digest("9"), size: 10, mediaType: tree()[4]?.mediaType, workers: ["sgp"] },
        ],
      },
    ]);
    expect(summary).toBe(
      `at index > manifest linux/amd64 > layer 2: 2 of 3 workers saw ${digest("e")}, sgp saw ${digest("9")}, asked for by ${digest("e")}`,
    );
  });
  test("at the root", () => {
    const { differences, summary } = judge(three([A, B, A]));
    expect(differences[0]).toEqual({
      at: "index",
      expected: null,
      views: [
        { digest: digest("a"), size: 10, mediaType: INDEX, workers: ["here", "sgp"] },
        { digest: digest("f"), size: 10, mediaType: INDEX, workers: ["fra"] },
      ],
    });
    expect(summary).toBe(`2 of 3 workers saw ${digest("a")}, fra saw ${digest("f")}`);
  });
  test("siblings of one platform are told apart", () => {
    const root = digest("a");
    const entry = (letter: string, position: number, osVersion: string) =>
      object({ role: "manifest", digest: digest(letter), parent: root, position, platform: "darwin/amd64", osVersion });
    const objects = [
      object({ role: "index", digest: root }),
      entry("1", 0, "macOS 13"),
      entry("2", 1, "macOS 14"),
      entry("3", 2, "macOS 14"),
    ];
    const wrong = objects.map((each) => (each.position === 2 ? { ...each, computed: digest("9") } : each));
    const { differences } = judge(
      three([saw(objects), saw(objects), (worker) => observation(worker, { objects: wrong, error: fault("E_MISMATCH") })]),
    );
    expect(differences.map((each) => each.at)).toEqual(["index > manifest darwin/amd64 (macOS 14) #3"]);
  });
});

/** Everything a worker can report about one artifact, with what it contributes to an independent statement of the rule. */
const REPORTS = [
  { name: "A", report: A, root: "a", whole: true, lies: false, gone: false },
  { name: "B", report: B, root: "f", whole: true, lies: false, gone: false },
  { name: "A then cut", report: failed("E_CUT", tree().slice(0, 3)), root: "a", whole: false, lies: false, gone: false },
  { name: "B then cut", report: failed("E_CUT", tree(digest("f")).slice(0, 1)), root: "f", whole: false, lies: false, gone: false },
  { name: "A then 404", report: refused("E_NOT_FOUND", tree().slice(0, 3)), root: "a", whole: false, lies: false, gone: true },
  { name: "A with wrong layer", report: sawWrong(3), root: "a", whole: false, lies: true, gone: false },
  {
    name: "A stopped",
    report: (worker: string) => observation(worker, { objects: tree().slice(0, 3), error: fault("E_STOPPED") }),
    root: "a",
    whole: false,
    lies: false,
    gone: false,
  },
  { name: "404", report: refused("E_NOT_FOUND"), root: null, whole: false, lies: false, gone: true },
  { name: "403", report: refused("E_DENIED"), root: null, whole: false, lies: false, gone: false },
  { name: "timeout", report: failed("E_TIMEOUT"), root: null, whole: false, lies: false, gone: false },
  { name: "dead VM", report: failed("E_SSH"), root: null, whole: false, lies: false, gone: false },
  { name: "host key", report: failed("E_HOST_KEY"), root: null, whole: false, lies: false, gone: false },
  { name: "nothing", report: saw([]), root: null, whole: false, lies: false, gone: false },
] as const;

test(`every one of ${REPORTS.length ** 3} combinations of three reports, against the rule said another way`, () => {
  for (const x of REPORTS) {
    for (const y of REPORTS) {
      for (const z of REPORTS) {
        const all = [x, y, z];
        const roots = new Set(all.flatMap(({ root }) => (root === null ? [] : [root])));
        let expected = "incomplete";
        if (roots.size > 1 || all.some(({ lies }) => lies)) expected = "disagreed";
        else if (all.every(({ whole }) => whole)) expected = "agreed";
        else if (all.every(({ gone }) => gone)) expected = "absent";
        const observations = all.map(({ report }, index) => report(NAMES[index] ?? ""));
        const verdict = judge(observations);
        expect(verdict.outcome, all.map(({ name }) => name).join(" | ")).toBe(expected);
        expect(judge([...observations].reverse()).summary.length).toBeGreaterThan(0);
        expect(judge([...observations].reverse()).outcome).toBe(verdict.outcome);
      }
    }
  }
});

const anyObject = fc.record({
  role: fc.constantFrom("index" as const, "manifest" as const, "config" as const, "layer" as const, "blob" as const),
  digest: fc.constantFrom("a", "b", "c").map(digest),
  computed: fc.option(fc.constantFrom("a", "b", "c").map(digest)),
  size: fc.nat(3),
  declaredSize: fc.option(fc.nat(3)),
  mediaType: fc.constantFrom(INDEX, MANIFEST),
  parent: fc.option(fc.constantFrom("a", "b").map(digest)),
  position: fc.nat(2),
  platform: fc.option(fc.constantFrom("linux/amd64", "__proto__")),
  osVersion: fc.option(fc.constant("1")),
  annotations: fc.constant({}),
});
const anyObservation = fc
  .record({
    worker: fc.constantFrom("here", "fra", "sgp", "tyo"),
    outcome: fc.constantFrom("saw" as const, "refused" as const, "failed" as const),
    objects: fc.array(anyObject, { maxLength: 6 }),
    error: fc.option(fc.constantFrom("E_NOT_FOUND" as const, "E_MISMATCH" as const, "E_STOPPED" as const).map(fault)),
  })
  .map(({ worker, ...part }) => observation(worker, part));

describe("whatever is reported", () => {
  test("the judgement is total, and the order of the observations does not matter", () => {
    fc.assert(
      fc.property(fc.array(anyObservation, { maxLength: 5 }), fc.infiniteStream(fc.nat()), (observations, keys) => {
        const shuffled = observations
          .map((each) => ({ each, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ each }) => each);
        const [one, other] = [judge(observations), judge(shuffled)];
        expect(other.outcome).toBe(one.outcome);
        expect(other.quorum).toBe(one.quorum);
        expect(new Set(other.differences.map((each) => each.at))).toEqual(new Set(one.differences.map((each) => each.at)));
      }),
      { numRuns: 2000 },
    );
  });
  test("nothing agrees but three distinct, complete, genuine and equal observations", () => {
    fc.assert(
      fc.property(fc.array(anyObservation, { minLength: 3, maxLength: 4 }), (observations) => {
        if (judge(observations).outcome !== "agreed") return;
        expect(new Set(observations.map((each) => each.worker)).size).toBe(observations.length);
        for (const each of observations) {
          expect(each.error).toBeNull();
          expect(each.outcome).toBe("saw");
          expect(
            each.objects.every((seen) => seen.computed === seen.digest && (seen.declaredSize ?? seen.size) === seen.size),
          ).toBe(true);
          expect(each.digest).toBe(observations[0]?.digest);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
