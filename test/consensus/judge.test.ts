import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import { A, B, expectedOutcome, NAMES, REPORTS, ROWS, three } from "./table.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Digest } from "../../src/oci/digest.ts";
import type { Policy } from "../../src/model/policy.ts";
import type { Step } from "../../src/model/verdict.ts";
import { anyObservation } from "./malformed.ts";
import {
  asking,
  digest,
  failed,
  fault,
  INDEX,
  object,
  observation,
  refused,
  saw,
  sawWrong,
  tree,
} from "./observations.ts";

function step(role: Step["role"], part: Partial<Step> = {}): Step {
  return { role, position: 0, platform: null, osVersion: null, alike: false, ...part };
}

describe("a row is what three workers report", () => {
  test.each(ROWS)("$why: $outcome", ({ reports, outcome }) => {
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
    expect(judge(asking({ pin: digest("a") }, three([A, A, A]))).outcome).toBe("agreed");
    const verdict = judge(asking({ pin: digest("7") }, three([A, A, A])));
    expect(verdict).toMatchObject({ outcome: "changed", reason: { kind: "pin", root: digest("a"), pin: digest("7") } });
  });
  test("a disagreement outranks the pin", () => {
    expect(judge(asking({ pin: digest("7") }, three([A, A, B]))).outcome).toBe("disagreed");
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
    expect(judge(asking({ tag: "2.8.2" }, three([bottle, bottle, bottle]))).outcome).toBe("agreed");
    expect(judge(asking({ tag: "2.6.2" }, three([bottle, bottle, bottle]))).outcome).toBe("changed");
  });
});

describe("differences are located and say who saw what", () => {
  test("at a layer", () => {
    const { differences } = judge(three([A, A, sawWrong(4)]));
    expect(differences).toEqual([
      {
        path: [step("index"), step("manifest", { platform: "linux/amd64" }), step("layer", { position: 1 })],
        expected: digest("e"),
        views: [
          { digest: digest("e"), size: 10, mediaType: tree()[4]?.mediaType, workers: ["fra", "here"] },
          { digest: digest("9"), size: 10, mediaType: tree()[4]?.mediaType, workers: ["sgp"] },
        ],
      },
    ]);
  });
  test("at the root", () => {
    const { differences } = judge(three([A, B, A]));
    expect(differences[0]).toEqual({
      path: [step("index")],
      expected: null,
      views: [
        { digest: digest("a"), size: 10, mediaType: INDEX, workers: ["here", "sgp"] },
        { digest: digest("f"), size: 10, mediaType: INDEX, workers: ["fra"] },
      ],
    });
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
      three([
        saw(objects),
        saw(objects),
        (worker) => observation(worker, { objects: wrong, error: fault("E_MISMATCH") }),
      ]),
    );
    const last = { position: 2, platform: "darwin/amd64", osVersion: "macOS 14", alike: true };
    expect(differences.map((each) => each.path)).toEqual([[step("index"), step("manifest", last)]]);
  });
});

test(`every one of ${REPORTS.length ** 3} combinations of three reports, against the rule said another way`, () => {
  for (const x of REPORTS) {
    for (const y of REPORTS) {
      for (const z of REPORTS) {
        const all = [x, y, z];
        const observations = all.map(({ report }, index) => report(NAMES[index] ?? ""));
        const verdict = judge(observations);
        expect(verdict.outcome, all.map(({ name }) => name).join(" | ")).toBe(expectedOutcome(all));
        expect(judge([...observations].reverse()).outcome).toBe(verdict.outcome);
      }
    }
  }
});

/** Whatever one saw, each time that it saw it. */
function computedOf(seen: Observation | undefined): string[] {
  return (seen?.objects ?? [])
    .map((each) => `${each.role} ${String(each.computed)} ${each.size} ${each.mediaType}`)
    .sort();
}

describe("whatever is reported", () => {
  test("more reports than a call has arguments are judged, and options that are undefined are not said", () => {
    const many = Array.from({ length: 150_000 }, (_, at) => {
      const root = `sha256:${at.toString(16).padStart(64, "0")}` as Digest;
      return observation(`w${at}`, { objects: [object({ role: "blob", digest: root })] });
    });
    expect(judge(many)).toMatchObject({ outcome: "disagreed", quorum: "1/150000" });
    const unsaid = { distinct: undefined } as unknown as Partial<Policy>;
    expect(judge(three([A, A, A]), unsaid).outcome).toBe("agreed");
  });
  test("the judgement is total, and the order of the observations does not matter", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyObservation, { maxLength: 4, selector: ({ worker }) => worker }),
        fc.infiniteStream(fc.nat()),
        (observations, keys) => {
          const shuffled = observations
            .map((each) => ({ each, key: keys.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ each }) => each);
          const [one, other] = [judge(observations), judge(shuffled)];
          expect(other.outcome).toBe(one.outcome);
          expect(other.quorum).toBe(one.quorum);
          expect(new Set(other.differences.map(({ path }) => JSON.stringify(path)))).toEqual(
            new Set(one.differences.map(({ path }) => JSON.stringify(path))),
          );
        },
      ),
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
            each.objects.every(
              (seen) => seen.computed === seen.digest && (seen.declaredSize ?? seen.size) === seen.size,
            ),
          ).toBe(true);
          expect(each.digest).toBe(observations[0]?.digest);
          expect(computedOf(each)).toEqual(computedOf(observations[0]));
        }
      }),
      { numRuns: 5000 },
    );
  });
});
