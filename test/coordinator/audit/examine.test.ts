import { describe, expect, test } from "vitest";
import { examine, examineAny, type Asking } from "../../../src/coordinator/audit/examine.ts";
import type { Answer, Presence } from "../../../src/model/audit.ts";
import { formatListed, type ListedAnswer } from "../../../src/model/listed.ts";
import { formatSubject } from "../../../src/model/subject.ts";
import type { Wanted } from "../../../src/model/wanted.ts";
import { parseDigest, type Digest } from "../../../src/oci/digest.ts";
import { formatReference, parseReference } from "../../../src/oci/reference.ts";

const [A, B, C] = ["a", "b", "c"].map((each) => parseDigest(`sha256:${each.repeat(64)}`)) as [Digest, Digest, Digest];
const LONG = parseDigest(`sha512:${"d".repeat(128)}`);

function leadsTo(digest: Digest, outcome: Answer["outcome"] = "agreed", bottles: readonly Digest[] = []): Answer {
  const entries = bottles.map((bottleDigest) => ({ digest: C, platform: null, bottle: "all", bottleDigest }));
  const root = { digest, kind: entries.length > 0 ? ("index" as const) : ("manifest" as const), entries };
  return { outcome, summary: "", reason: null, finding: null, root, history: null, fault: null };
}

const [COMMIT, OTHER] = ["1".repeat(40), "2".repeat(40)];
const REPOSITORY = "https://github.com/o/r";
const LISTED: Readonly<Record<string, ListedAnswer>> = {
  [`git+${REPOSITORY}@${COMMIT}`]: { outcome: "absent", value: null, summary: "", hint: null },
  [`git+${REPOSITORY}@v1`]: { outcome: "agreed", value: `tag ${OTHER}`, summary: "", hint: null },
};

/** Answers from a table, and what was asked, in order. */
function asking(answers: Readonly<Record<string, Answer | null>>, blobs: Presence = "there") {
  const asked: string[] = [];
  const table: Asking = {
    ask: (subject) => {
      const name = formatSubject(subject).replace("r.example/", "");
      asked.push(name);
      return Promise.resolve(answers[name] ?? { closed: `${name} is not asked` });
    },
    askListed: (listed) => {
      const name = formatListed(listed);
      asked.push(name);
      return Promise.resolve(LISTED[name] ?? { closed: `${name} is not asked` });
    },
    askFile: ({ key }) => {
      asked.push(key);
      return Promise.resolve(answers[key] ?? { closed: `${key} is not asked` });
    },
    present: (_wanted, digests) => {
      asked.push(`blobs ${digests.join(" ")}`);
      return Promise.resolve(new Map(digests.map((digest) => [digest, blobs])));
    },
  };
  return { asked, table };
}

function wanted(text: string, more: Partial<Wanted> = {}): Wanted {
  const reference = parseReference(`r.example/${text}`);
  const tag = reference.tag ?? (reference.digest === undefined ? "latest" : null);
  return { key: formatReference(reference), reference, tag, claims: [], bottles: [], ...more };
}

describe("what is asked of a reference", () => {
  test.each([
    { says: "of a tag, where it leads", text: "a:1", asks: ["a:1"] },
    { says: "without tag and digest, where latest leads", text: "a", asks: ["a:latest"] },
    { says: "of a digest alone, the digest", text: `a@${A}`, asks: [`a@${A}`] },
    { says: "of a pinned tag that leads to its pin, nothing more", text: `a:1@${A}`, asks: ["a:1"] },
    { says: "of a pinned tag that leads elsewhere, the pin too", text: `a:1@${B}`, asks: ["a:1", `a@${B}`] },
    { says: "of a pin by sha512, the pin alone", text: `a:1@${LONG}`, asks: [`a@${LONG}`] },
  ])("$says", async ({ text, asks }) => {
    const { asked, table } = asking({ "a:1": leadsTo(A), "a:latest": leadsTo(A) });
    await examine(wanted(text), table);
    expect(asked).toEqual(asks);
  });

  test("the pin is asked for by its digest unless everybody agrees that the tag leads there", async () => {
    for (const outcome of ["changed", "indistinct", "disagreed", "moved", "incomplete"] as const) {
      const { asked, table } = asking({ "a:1": leadsTo(A, outcome), [`a@${A}`]: leadsTo(A) });
      const seen = await examine(wanted(`a:1@${A}`), table);
      expect(asked).toEqual(["a:1", `a@${A}`]);
      expect(seen.pin).toEqual(leadsTo(A));
    }
  });

  test("a tag that a comment claims is asked for as well", async () => {
    const { asked, table } = asking({ [`a@${A}`]: leadsTo(A), "a:v2": leadsTo(B) });
    const seen = await examine(wanted(`a@${A}`, { claims: ["v2"] }), table);
    expect(asked).toEqual([`a@${A}`, "a:v2"]);
    expect(seen.claims.get("v2")).toEqual(leadsTo(B));
    expect(seen.notAsked).toBeNull();
  });

  test("of bottles, only those that the index does not list are looked for by their blob", async () => {
    const bottles = [
      { tag: "all", digest: A },
      { tag: "big_sur", digest: B },
    ];
    const { asked, table } = asking({ "a:1": leadsTo(C, "agreed", [A]) }, "gone");
    const seen = await examine(wanted("a:1", { bottles }), table);
    expect(asked).toEqual(["a:1", `blobs ${B}`]);
    expect(seen.blobs).toEqual(new Map([[B, "gone"]]));
  });

  test("bottles of an unknown version are looked for by their blobs alone", async () => {
    const { asked, table } = asking({});
    await examine(wanted("a", { tag: null, bottles: [{ tag: "all", digest: A }] }), table);
    expect(asked).toEqual([`blobs ${A}`]);
  });

  test("what was not asked is said, and what was stays", async () => {
    const { table } = asking({ "a:1": leadsTo(A) });
    const seen = await examine(wanted(`a:1@${B}`), table);
    expect(seen).toMatchObject({ tag: leadsTo(A), pin: null, notAsked: `a@${B} is not asked` });
  });

  test("of a commit, the tags that comments claim are looked up beside it", async () => {
    const listed = { repository: REPOSITORY, ref: COMMIT };
    const { asked, table } = asking({});
    const seen = await examineAny({ key: "k", listed, claims: ["v1", "v2"] }, table);
    expect(asked).toEqual([COMMIT, "v1", "v2"].map((ref) => `git+${REPOSITORY}@${ref}`));
    expect(seen).toEqual({
      listed,
      answer: LISTED[`git+${REPOSITORY}@${COMMIT}`],
      claims: new Map([["v1", LISTED[`git+${REPOSITORY}@v1`]]]),
      notAsked: null,
    });
    const closed = { repository: REPOSITORY, ref: "v3" };
    expect(await examineAny({ key: "k", listed: closed, claims: [] }, table)).toEqual({
      listed: closed,
      answer: null,
      claims: new Map(),
      notAsked: `git+${REPOSITORY}@v3 is not asked`,
    });
  });
});
