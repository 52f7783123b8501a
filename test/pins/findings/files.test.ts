import { expect, test } from "vitest";
import type { FileExamination } from "../../../src/model/audit.ts";
import type { Mention } from "../../../src/model/mention.ts";
import { formatSubject } from "../../../src/model/subject.ts";
import type { Outcome } from "../../../src/model/verdict.ts";
import { findingsOf } from "../../../src/pins/findings/findings.ts";
import { subjectsOf } from "../../../src/pins/findings/subjects.ts";
import { answer, digest, place } from "./made.ts";

const FILE = { url: "https://e.example/f", pin: digest("a") };
const NAME = formatSubject(FILE);
const MENTION: Mention = {
  source: "dockerfile",
  place: place(),
  text: FILE.url,
  target: { kind: "file", file: FILE, url: FILE.url },
  comment: null,
  ignores: [{ kinds: ["disagreed", "pin-gone"], reason: "why" }],
  pinning: { kind: "by-hand", why: "" },
};

function seen(outcome: Outcome | null): ReadonlyMap<string, FileExamination> {
  const [found, notAsked] = outcome === null ? [null, "it is closed"] : [answer(outcome), null];
  return new Map([[NAME, { file: FILE, answer: found, notAsked }]]);
}

test.each<[Outcome | null, readonly string[], readonly string[]]>([
  ["agreed", [], []],
  ["pending", [], []],
  ["disagreed", ["disagreed"], []],
  ["changed", [], ["pin-gone"]],
  ["absent", [], ["pin-gone"]],
  ["moved", ["moved"], []],
  ["incomplete", ["unreachable"], []],
  ["indistinct", ["unreachable"], []],
  [null, ["unreachable"], []],
])("of a file that is %s", (outcome, kinds, hidden) => {
  const options = { failOn: null, baseline: null, honourComments: true };
  const { findings, suppressed } = findingsOf([MENTION], seen(outcome), options);
  expect(findings.map(({ kind }) => kind)).toEqual(kinds);
  expect(suppressed.map(({ finding: { kind } }) => kind)).toEqual(hidden);
  expect([...findings, ...suppressed.map(({ finding }) => finding)].every(({ reference }) => reference === NAME)).toBe(
    true,
  );
  const isAgreed = outcome === "agreed" || outcome === "pending";
  expect(subjectsOf(seen(outcome))).toMatchObject([
    { reference: NAME, outcome: outcome ?? "unasked", digest: isAgreed ? FILE.pin : null },
  ]);
});

test("nothing is known of a file that nobody asked about", () => {
  const options = { failOn: null, baseline: null, honourComments: true };
  expect(findingsOf([MENTION], new Map(), options).findings).toMatchObject([{ kind: "unreachable" }]);
});
