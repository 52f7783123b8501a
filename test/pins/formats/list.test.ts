import { describe, expect, test } from "vitest";
import { list } from "../../../src/pins/formats/list.ts";
import { lock } from "../../../src/pins/formats/lock.ts";
import { DIGEST, mentionsOf, OTHER, pinned, told } from "./found.ts";

test("a list has one reference a line", () => {
  const text = "\ufeff# mine\r\n\r\nalpine:3 # 3.20\r\n\tb.io/c\nNo\na b\n  # x\nlast";
  const mentions = mentionsOf(list, text);
  expect(told(text, mentions)).toEqual([
    "3:1 alpine:3",
    "4:2 b.io/c",
    "5:1 No ? a repository name is lower case",
    "6:1 a b ? the line has more than one word",
    "8:1 last",
  ]);
  expect(mentions.map(({ comment }) => comment)).toEqual(["3.20", null, null, null, null]);
  const [first] = mentions;
  expect(first === undefined ? "none" : pinned(text, first)).toBe(text.replace("alpine:3", `alpine:3@${OTHER}`));
});

test.each<[string, boolean]>([
  ["ci.images", true],
  ["a/images.txt", true],
  ["images.list", true],
  ["images", false],
  ["myimages.txt", false],
])("%s is a list: %s", (path, expected) => {
  expect(list.claims({ path, text: "" })).toBe(expected);
});

describe("a lock", () => {
  const head = "version: 1\npins:\n";

  test("has references and digests", () => {
    const text = `${head}  - { reference: docker.io/library/alpine:3, digest: "${DIGEST}", at: x, workers: [a] }\n`;
    const mentions = mentionsOf(lock, text);
    expect(told(text, mentions)).toEqual([`3:18 docker.io/library/alpine:3 = docker.io/library/alpine:3@${DIGEST}`]);
    expect(mentions.map((mention) => pinned(text, mention))).toEqual([text.replace(DIGEST, OTHER)]);
  });

  test.each<[string, string, readonly string[], readonly string[]]>([
    ["no digest", `${head} - { reference: a }\n`, ["3:17 a ? its digest is missing or malformed"], []],
    ["another version", "version: 2\npins: []\n", [], ["it is no lock of version 1"]],
    ["no pins", "version: 1\n", [], ["it has no list of pins"]],
    ["no YAML", "version: [\n", [], ["it is not YAML: line 2"]],
    ["no pin", `${head} - 1\n - { digest: x }\n`, [], []],
  ])("%s", (_, text, expected, whys) => {
    const found = lock.find({ path: "tofu3.lock", text });
    expect(told(text, found.mentions)).toEqual(expected);
    expect(found.unread.map(({ why }) => why)).toEqual(whys);
  });
});
