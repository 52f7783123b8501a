import { describe, expect, test } from "vitest";
import { devcontainer } from "../../../src/pins/formats/devcontainer.ts";
import { DIGEST, mentionsOf, OTHER, pinned, told } from "./found.ts";

describe("what a devcontainer names", () => {
  test.each<[string, string, readonly string[]]>([
    ["an image", '{ "image": "a.io/b:1" }', ["1:13 a.io/b:1"]],
    ["with comments and a trailing comma", '// x\n{ /* "image": "no" */\n"image": "b",\n}', ["3:11 b"]],
    ["with a byte order mark", '\ufeff{"image":"b"}', ["1:11 b"]],
    [
      "features",
      '{ "features": {\n "ghcr.io/d/f/node:1": {},\n "ghcr.io/d/f/go": "latest" } }',
      ["2:3 ghcr.io/d/f/node:1", "3:3 ghcr.io/d/f/go"],
    ],
    ["features of a folder or a file", '{"features":{"./a":{},"../b":{},"https://x/y.tgz":{}}}', []],
    [
      "features of an old tool",
      '{"features":{"node":"lts"}}',
      ["1:15 node ? a feature without a registry is part of an old tool"],
    ],
    [
      "features of a GitHub release",
      '{"features":{"a/b/c@v1":{}}}',
      ["1:15 a/b/c@v1 ? a feature without a registry is a GitHub release"],
    ],
    ["a default", '{"image":"${localEnv:IMAGE:a.io/b:1}"}', ["1:28 a.io/b:1"]],
    ["a default among others", '{"image":"a:${localEnv:T:1}"}', ["1:11 a:${localEnv:T:1} = a:1"]],
    ["a variable", '{"image":"a:${localEnv:T}"}', ["1:11 a:${localEnv:T} ? the variable localEnv:T has no default"]],
    ["escapes", '{"image":"a\\u003a1"}', ['1:10 "a\\u003a1" = a:1']],
    ["an image further down", '{"x":{"image":"b"},"build":{"dockerfile":"Dockerfile"}}', []],
    ["an image that is no string", '{"image":["b"],"features":[1]}', []],
    ["no object", "[]", []],
    ["nothing", "", []],
  ])("%s", (_, text, expected) => {
    expect(told(text, mentionsOf(devcontainer, text))).toEqual(expected);
  });

  test("is read as far as it goes", () => {
    const found = devcontainer.find({ path: "d", text: '{\n"image": "b"\n"x": }' });
    expect(found.mentions).toHaveLength(1);
    expect(found.unread).toEqual([{ file: "d", why: "line 3 is not JSON with comments" }]);
  });

  test("is not read if it is nested too deeply", () => {
    const found = devcontainer.find({ path: "d", text: "[".repeat(1_000_000) });
    expect(found).toEqual({ mentions: [], unread: [{ file: "d", why: "it is nested too deeply" }] });
  });
});

describe("how a devcontainer is pinned", () => {
  test.each<[string, string, string | null]>([
    ["an image", '{"image":"a:1" }', `{"image":"a:1@${OTHER}" }`],
    ["a default", '{"image":"${localEnv:I:a:1}"}', `{"image":"\${localEnv:I:a:1@${OTHER}}"}`],
    [
      "the digest takes the tag's place",
      '{"features":{\n"g.io/a/b:1": {},\n"g.io/a/c": {}}}',
      `{"features":{\n"g.io/a/b@${OTHER}": {}, // 1\n"g.io/a/c": {}}}`,
    ],
    ["no tag", '{"features":{"g.io/a/b":{},"g.io/c/d":{}}}', `{"features":{"g.io/a/b@${OTHER}":{},"g.io/c/d":{}}}`],
    ["a digest", `{"features":{"g.io/a/b@${DIGEST}":{}}}`, `{"features":{"g.io/a/b@${OTHER}":{}}}`],
    ["a port is no tag", '{"features":{"g.io:5000/a/b":{}}}', `{"features":{"g.io:5000/a/b@${OTHER}":{}}}`],
    ["two tags on one line", '{"features":{"g.io/a/b:1":{},"g.io/c/d:2":{}}}', null],
    ["an image behind it", '{"features":{"g.io/a/b:1":{}}, "image":"x"}', null],
    ["a comment behind it", '{"features":{"g.io/a/b:1":{} // why\n}}', null],
    ["a comment that goes on", '{"features":{"g.io/a/b:1":{} /* why\n */}}', null],
    ["what is put together", '{"image":"a:${localEnv:T:1}"}', null],
    ["escapes", '{"image":"a\\u003a1"}', null],
  ])("%s", (_, text, expected) => {
    const [mention] = mentionsOf(devcontainer, text);
    expect(mention === undefined ? "none" : pinned(text, mention)).toBe(expected);
  });

  test("and the comment that it leaves is read", () => {
    const text = `{"features":{\n"g.io/a/b@${DIGEST}": {}, // 1\n}}`;
    expect(mentionsOf(devcontainer, text)[0]?.comment).toBe("1");
  });
});

test.each<[string, boolean]>([
  ["devcontainer.json", true],
  [".devcontainer.json", true],
  [".devcontainer/go/devcontainer.json", true],
  ["package.json", false],
])("%s: %s", (path, expected) => {
  expect(devcontainer.claims({ path, text: "" })).toBe(expected);
});
