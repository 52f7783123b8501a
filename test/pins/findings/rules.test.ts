import { describe, expect, test } from "vitest";
import type { Examination } from "../../../src/model/audit.ts";
import type { FindingKind } from "../../../src/model/findingkind.ts";
import type { Mention } from "../../../src/model/mention.ts";
import { findingsOf } from "../../../src/pins/findings/findings.ts";
import { isFloating } from "../../../src/pins/findings/unpinned.ts";
import {
  absent,
  added,
  agreed,
  answer,
  because,
  bottle,
  bottles,
  byReference,
  changed,
  digest,
  examination,
  index,
  manifest,
  mention,
  past,
} from "./made.ts";

const OPTIONS = { failOn: null, baseline: null, honourComments: true };
const PIN = digest("a");
const TAGGED = "alpine:3.20";
const PINNED = `alpine:3.20@${PIN}`;
const ALONE = `alpine@${PIN}`;
const BOTTLES = "ghcr.io/homebrew/core/hello:2.12";
const AMD = { "linux/amd64": "1" };
const BOTH = { ...AMD, "linux/arm64": "2" };
const OTHER = { "linux/amd64": "3", "linux/arm64": "2" };
const MISMATCH = { tag: "2.6.2", says: "version", text: "2.8.2" } as const;

function kindsOf(mentioned: Mention, asked: Examination): readonly FindingKind[] {
  return findingsOf([mentioned], byReference(asked), OPTIONS).findings.map(({ kind }) => kind);
}

interface Row {
  readonly sentence: string;
  readonly text: string;
  readonly seen: Partial<Examination>;
  readonly mentioned?: Partial<Mention>;
  readonly kinds: readonly FindingKind[];
}

const twenty = Array.from({ length: 20 }, (_, at) => `linux/${at} manifest`);
const swapped = [...added("linux/arm64 manifest"), { what: "linux/amd64 manifest", left: "x", right: "y" }];
const pinOf = agreed({ ...index("a", AMD) });
const single = agreed(manifest("a"));

const ROWS: readonly Row[] = [
  {
    sentence: "a version without a digest is unpinned",
    text: TAGGED,
    seen: { tag: agreed(manifest("a")) },
    kinds: ["unpinned"],
  },
  {
    sentence: "latest without a digest is floating, and unpinned",
    text: "alpine:latest",
    seen: { tag: agreed(manifest("a")) },
    kinds: ["floating-tag", "unpinned"],
  },
  {
    sentence: "a name alone means latest",
    text: "alpine",
    seen: { tag: agreed(manifest("a")) },
    kinds: ["floating-tag", "unpinned"],
  },
  { sentence: "a pin that its tag leads to is fine", text: PINNED, seen: { tag: pinOf, pin: pinOf }, kinds: [] },
  {
    sentence: "a floating tag with a digest is fine",
    text: `alpine:latest@${PIN}`,
    seen: { tag: pinOf, pin: pinOf },
    kinds: [],
  },
  { sentence: "a digest alone is fine", text: ALONE, seen: { pin: pinOf }, kinds: [] },
  {
    sentence: "too few days are an agreement here",
    text: ALONE,
    seen: { pin: answer("pending", { root: manifest("a") }) },
    kinds: [],
  },
  { sentence: "a digest that nobody finds is gone", text: ALONE, seen: { pin: absent() }, kinds: ["pin-gone"] },
  {
    sentence: "a digest that is gone, and whose tag leads elsewhere, is gone and not stale",
    text: PINNED,
    seen: { tag: agreed(manifest("b")), pin: absent() },
    kinds: ["pin-gone"],
  },
  {
    sentence: "an index of which a part is gone is hollow",
    text: ALONE,
    seen: { pin: absent(index("a", AMD)) },
    kinds: ["hollow-index"],
  },
  {
    sentence: "so is one behind a tag",
    text: TAGGED,
    seen: { tag: absent(index("a", AMD)) },
    kinds: ["hollow-index", "unpinned"],
  },
  {
    sentence: "vantages that disagree on the digest are an alarm",
    text: ALONE,
    seen: { pin: because("disagreed", "split-view") },
    kinds: ["disagreed"],
  },
  {
    sentence: "vantages that disagree on the tag alarm, though the pin is fine",
    text: PINNED,
    seen: { tag: because("disagreed", "split-view"), pin: pinOf },
    kinds: ["disagreed"],
  },
  {
    sentence: "vantages that disagree on the comment's tag alarm",
    text: ALONE,
    seen: { pin: pinOf, claims: new Map([["3.20", because("disagreed", "split-view")]]) },
    mentioned: { comment: "3.20" },
    kinds: ["disagreed"],
  },
  {
    sentence: "one answer to tag and digest alarms once",
    text: PINNED,
    seen: { tag: because("disagreed", "split-view"), pin: because("disagreed", "split-view") },
    kinds: ["disagreed"],
  },
  {
    sentence: "the same bytes by two media types are mislabelled, and not merely unreachable",
    text: ALONE,
    seen: { pin: because("incomplete", "mislabelled") },
    kinds: ["mislabelled"],
  },
  {
    sentence: "an index of another version is mislabelled",
    text: PINNED,
    seen: {
      tag: changed({ kind: "version", root: digest("a"), mismatch: MISMATCH }, index("a", AMD)),
      pin: pinOf,
    },
    kinds: ["mislabelled"],
  },
  {
    sentence: "a tag that moves meanwhile has moved",
    text: PINNED,
    seen: { tag: answer("moved", { reason: { kind: "moved", from: [digest("b")], to: digest("c") } }), pin: pinOf },
    kinds: ["moved"],
  },
  {
    sentence: "a tag that moved since the ledger's last agreement has changed",
    text: TAGGED,
    seen: { tag: agreed(manifest("a"), past("moved")) },
    kinds: ["changed-since-ledger", "unpinned"],
  },
  {
    sentence: "so it has where the policy refuses that",
    text: TAGGED,
    seen: { tag: changed({ kind: "ledger", root: digest("a"), history: past("moved") }, manifest("a")) },
    kinds: ["changed-since-ledger", "unpinned"],
  },
  {
    sentence: "a tag that went back has changed",
    text: TAGGED,
    seen: { tag: agreed(manifest("a"), past("rolled-back", added("linux/arm64 manifest"))) },
    kinds: ["changed-since-ledger", "unpinned"],
  },
  {
    sentence: "an index that only got more entries since has grown",
    text: TAGGED,
    seen: { tag: agreed(index("a", BOTH), past("moved", added("linux/arm64 manifest"))) },
    kinds: ["unpinned", "grew"],
  },
  {
    sentence: "a list of changes that may be cut proves no growth",
    text: TAGGED,
    seen: { tag: agreed(index("a", BOTH), past("moved", added(...twenty))) },
    kinds: ["changed-since-ledger", "unpinned"],
  },
  {
    sentence: "one entry that is another one is no growth",
    text: TAGGED,
    seen: { tag: agreed(index("a", BOTH), past("moved", swapped)) },
    kinds: ["changed-since-ledger", "unpinned"],
  },
  {
    sentence: "a tag of which the ledger knows nothing, or the same, has not changed",
    text: TAGGED,
    seen: { tag: agreed(manifest("a"), past("first")) },
    kinds: ["unpinned"],
  },
  {
    sentence: "a tag that leads past the pin makes it stale",
    text: PINNED,
    seen: { tag: agreed(manifest("b")), pin: single },
    kinds: ["stale-pin"],
  },
  {
    sentence: "a tag with everything that the pin has, and more, has grown",
    text: PINNED,
    seen: { tag: agreed(index("b", BOTH)), pin: pinOf },
    kinds: ["grew"],
  },
  {
    sentence: "a tag with another entry for a platform of the pin makes it stale",
    text: PINNED,
    seen: { tag: agreed(index("b", OTHER)), pin: pinOf },
    kinds: ["stale-pin"],
  },
  {
    sentence: "a tag with other annotations and the same entries makes it stale",
    text: PINNED,
    seen: { tag: agreed(index("b", AMD)), pin: pinOf },
    kinds: ["stale-pin"],
  },
  {
    sentence: "a tag that is no more, while the digest is, makes it stale",
    text: PINNED,
    seen: { tag: absent(), pin: single },
    kinds: ["stale-pin"],
  },
  {
    sentence: "a tag that is no more, with its digest, is gone",
    text: PINNED,
    seen: { tag: absent(), pin: absent() },
    kinds: ["pin-gone"],
  },
  {
    sentence: "the manifest of one platform is pinned, and the tag is its index",
    text: PINNED,
    seen: { tag: agreed(index("b", { "linux/amd64": "a" })), pin: single },
    kinds: ["platform-pin"],
  },
  {
    sentence: "a manifest is pinned that the tag's index does not have",
    text: PINNED,
    seen: { tag: agreed(index("b", AMD)), pin: single },
    kinds: ["platform-pin", "stale-pin"],
  },
  {
    sentence: "the comment says another tag than the reference",
    text: PINNED,
    seen: { tag: pinOf, pin: pinOf },
    mentioned: { comment: "3.19" },
    kinds: ["tag-digest-comment"],
  },
  {
    sentence: "the comment says the tag of the reference",
    text: PINNED,
    seen: { tag: pinOf, pin: pinOf },
    mentioned: { comment: "3.20" },
    kinds: [],
  },
  {
    sentence: "the comment's tag leads to the digest",
    text: ALONE,
    seen: { pin: pinOf, claims: new Map([["3.20", pinOf]]) },
    mentioned: { comment: "3.20" },
    kinds: [],
  },
  {
    sentence: "the comment's tag leads elsewhere",
    text: ALONE,
    seen: { pin: pinOf, claims: new Map([["3.20", agreed(manifest("b"))]]) },
    mentioned: { comment: "3.20" },
    kinds: ["tag-digest-comment"],
  },
  {
    sentence: "the comment's tag is an index that has the digest",
    text: ALONE,
    seen: { pin: single, claims: new Map([["3.20", agreed(index("b", { "linux/amd64": "a" }))]]) },
    mentioned: { comment: "3.20" },
    kinds: [],
  },
  {
    sentence: "the comment's tag does not exist, which says nothing",
    text: ALONE,
    seen: { pin: single, claims: new Map([["v4", absent()]]) },
    mentioned: { comment: "v4" },
    kinds: [],
  },
  {
    sentence: "the comment's tag could not be asked for",
    text: ALONE,
    seen: { pin: single, claims: new Map([["v4", answer("incomplete")]]) },
    mentioned: { comment: "v4" },
    kinds: ["unreachable"],
  },
  {
    sentence: "a bottle that the index lists is fine",
    text: BOTTLES,
    seen: { tag: agreed(bottles("1", { sonoma: "a" })) },
    mentioned: bottle(BOTTLES, "sonoma", "a"),
    kinds: [],
  },
  {
    sentence: "a bottle whose entry has another file was built anew",
    text: BOTTLES,
    seen: { tag: agreed(bottles("1", { sonoma: "b" })), blobs: new Map([[PIN, "there"]]) },
    mentioned: bottle(BOTTLES, "sonoma", "a"),
    kinds: ["stale-pin"],
  },
  {
    sentence: "a bottle whose file nobody finds is gone",
    text: BOTTLES,
    seen: { tag: agreed(bottles("1", { ventura: "b" })), blobs: new Map([[PIN, "gone"]]) },
    mentioned: bottle(BOTTLES, "sonoma", "a"),
    kinds: ["pin-gone"],
  },
  {
    sentence: "a bottle whose index is gone, and whose file is there, is fine",
    text: BOTTLES,
    seen: { tag: absent(), blobs: new Map([[PIN, "there"]]) },
    mentioned: bottle(BOTTLES, "sonoma", "a"),
    kinds: [],
  },
  {
    sentence: "a bottle of which not all vantages know is unreachable",
    text: BOTTLES,
    seen: { tag: absent(), blobs: new Map([[PIN, "unclear"]]) },
    mentioned: bottle(BOTTLES, "sonoma", "a"),
    kinds: ["unreachable"],
  },
  {
    sentence: "an index of bottles that a vantage cannot reach is unreachable once",
    text: BOTTLES,
    seen: { tag: answer("incomplete") },
    mentioned: bottle(BOTTLES, "sonoma", "a"),
    kinds: ["unreachable"],
  },
  {
    sentence: "a tag that a vantage cannot reach is unreachable, and unpinned by its own text",
    text: TAGGED,
    seen: { tag: answer("incomplete") },
    kinds: ["unpinned", "unreachable"],
  },
  {
    sentence: "vantages that are one are not three",
    text: ALONE,
    seen: { pin: answer("indistinct", { root: manifest("b") }) },
    kinds: ["unreachable"],
  },
  {
    sentence: "a tag that nobody finds is unreachable",
    text: TAGGED,
    seen: { tag: absent() },
    kinds: ["unpinned", "unreachable"],
  },
  {
    sentence: "what was not asked for is unreachable",
    text: PINNED,
    seen: { notAsked: "10.0.0.1 is a private address" },
    kinds: ["unreachable"],
  },
  {
    sentence: "what nobody can know is unresolved",
    text: TAGGED,
    seen: {},
    mentioned: { target: { kind: "unresolved", why: "the variable TAG has no default" } },
    kinds: ["unresolved"],
  },
];

test.each(ROWS)("$sentence", ({ text, seen, mentioned, kinds }) => {
  expect(kindsOf({ ...mention(text), ...mentioned }, examination(text, seen))).toEqual(kinds);
});

describe("tags that are made to move", () => {
  test.each(["latest", "stable-slim", "Nightly", "main", "lts-alpine", "edge"])("%s is one", (tag) => {
    expect(isFloating(tag)).toBe(true);
  });

  test.each(["3.20", "1.25-alpine", "bookworm", "bookworm-slim", "v4", "alpine", "latest-2024", "mainz"])(
    "%s is none",
    (tag) => {
      expect(isFloating(tag)).toBe(false);
    },
  );
});

test("a reference that is missing among the answers was not asked for", () => {
  const { findings } = findingsOf([mention(PINNED)], new Map(), OPTIONS);
  expect(findings.map(({ kind, message }) => [kind, message])).toEqual([
    ["unreachable", "it was not asked for: nothing was asked about it"],
  ]);
});

test("a message says where the tag leads, and the digest is a value of its own", () => {
  const seen = examination(PINNED, { tag: agreed(manifest("b")), pin: single });
  expect(findingsOf([mention(PINNED)], byReference(seen), OPTIONS).findings).toEqual([
    {
      kind: "stale-pin",
      level: "note",
      reference: `docker.io/library/alpine:3.20@${PIN}`,
      message: `the tag "3.20" leads to ${digest("b")} now, and not to the pin`,
      next: "the pin is what you get: move it when the publisher says what has changed",
      digest: digest("b"),
      fails: false,
      places: [{ file: "Dockerfile", line: 1, column: 6, endLine: 1, endColumn: 20 }],
    },
  ]);
});
