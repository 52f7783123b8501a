import { describe, expect, test } from "vitest";
import type { ListedExamination } from "../../../src/model/audit.ts";
import { formatListed, type ListedAnswer, type ListedSubject } from "../../../src/model/listed.ts";
import type { Mention } from "../../../src/model/mention.ts";
import { findingsOf } from "../../../src/pins/findings/findings.ts";
import { subjectsOf } from "../../../src/pins/findings/subjects.ts";
import { digest, place } from "./made.ts";

const REPOSITORY = "https://github.com/a/b";
const [ONE, OTHER] = ["1".repeat(40), "2".repeat(40)];
const RELEASE = { index: "https://pypi.org/simple/", project: "f", version: "1", digest: digest("a") };
const told = (outcome: ListedAnswer["outcome"], value: string | null = null): ListedAnswer => {
  return { outcome, value, summary: `it is ${outcome}`, hint: null };
};

function kindsOf(
  listed: ListedSubject,
  answer: ListedAnswer | null,
  {
    comment = null,
    claims = [],
  }: { comment?: string | null; claims?: readonly (readonly [string, ListedAnswer])[] } = {},
) {
  const name = formatListed(listed);
  const mention: Mention = {
    source: "github",
    place: place(),
    text: "a/b/c@REF",
    target: { kind: "listed", listed },
    comment,
    ignores: [{ kinds: ["disagreed"], reason: "an alarm is never left out" }],
    pinning: { kind: "by-hand", why: "" },
  };
  const examination: ListedExamination = {
    listed,
    answer,
    claims: new Map(claims),
    notAsked: answer === null ? "it is closed" : null,
  };
  const examinations = new Map([[name, examination]]);
  const { findings } = findingsOf([mention], examinations, { failOn: null, baseline: null, honourComments: true });
  expect(findings.every(({ reference }) => reference === name)).toBe(true);
  const [subject] = subjectsOf(examinations);
  return { kinds: findings.map(({ kind }) => kind), findings, subject };
}

describe("of a name in a repository of Git", () => {
  const git = { repository: REPOSITORY, ref: "v1" };

  test("a tag is not pinned, a branch is made to move, and the commit to pin is told", () => {
    const tag = kindsOf(git, told("agreed", `tag ${ONE}`));
    expect(tag.kinds).toEqual(["unpinned"]);
    expect(tag.findings[0]?.next).toContain(`a/b/c@${ONE} # v1`);
    expect(tag.subject).toMatchObject({ outcome: "agreed", digest: null });
    expect(kindsOf(git, told("agreed", `branch ${ONE}`)).kinds).toEqual(["floating-tag", "unpinned"]);
    const both = kindsOf(git, told("agreed", `tag ${ONE} and branch ${OTHER}`));
    expect(both.kinds).toEqual(["floating-tag", "unpinned"]);
    expect(both.findings[1]?.next).not.toContain(ONE);
  });

  test.each([
    ["disagreed", ["disagreed"]],
    ["absent", ["unreachable"]],
    ["incomplete", ["unreachable"]],
  ] as const)("that is %s", (outcome, kinds) => {
    expect(kindsOf(git, told(outcome)).kinds).toEqual(kinds);
  });

  test("nobody asked about", () => {
    expect(kindsOf(git, null)).toMatchObject({ kinds: ["unreachable"], subject: { outcome: "unasked" } });
  });
});

describe("of a commit", () => {
  const git = { repository: REPOSITORY, ref: ONE };
  const tip = told("agreed", `commit ${ONE}`);

  test("that a tag or a branch leads to there is nothing to say", () => {
    expect(kindsOf(git, tip)).toMatchObject({ kinds: [], subject: { outcome: "agreed" } });
    const claims = [["v1", told("agreed", `tag ${ONE}`)]] as const;
    expect(kindsOf(git, tip, { comment: "v1", claims }).kinds).toEqual([]);
  });

  test("that none leads to, nothing can be told", () => {
    expect(kindsOf(git, told("absent")).kinds).toEqual(["unreachable"]);
  });

  test("and its comment, which names a tag that leads elsewhere", () => {
    const elsewhere = [["v1", told("agreed", `tag ${OTHER}`)]] as const;
    for (const answer of [tip, told("absent")]) {
      const seen = kindsOf(git, answer, { comment: "v1", claims: elsewhere });
      expect(seen.kinds).toEqual(["tag-digest-comment"]);
      expect(seen.findings[0]?.message).toContain(OTHER);
    }
    expect(kindsOf(git, tip, { comment: "v2", claims: elsewhere }).kinds).toEqual([]);
    const gone = [["v1", told("absent")]] as const;
    expect(kindsOf(git, tip, { comment: "v1", claims: gone }).kinds).toEqual([]);
  });

  test("an alarm about the tag of its comment is one", () => {
    const split = [["v1", told("disagreed")]] as const;
    const seen = kindsOf(git, tip, { comment: "v1", claims: split });
    expect(seen).toMatchObject({ kinds: ["disagreed"], subject: { outcome: "disagreed" } });
  });
});

test.each([
  ["agreed", [], RELEASE.digest],
  ["disagreed", ["disagreed"], null],
  ["absent", ["pin-gone"], null],
  ["incomplete", ["unreachable"], null],
] as const)("of a file of a release that is %s", (outcome, kinds, agreed) => {
  const seen = kindsOf(RELEASE, told(outcome, outcome === "agreed" ? "f-1.whl" : null));
  expect(seen).toMatchObject({ kinds, subject: { reference: formatListed(RELEASE), digest: agreed } });
});
