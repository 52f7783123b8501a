import { describe, expect, test } from "vitest";
import { bazel } from "../../../src/pins/formats/bazel.ts";
import { DIGEST, mentionsOf, OTHER, pinned, told } from "./found.ts";

describe("what a Bazel file names", () => {
  test.each<[string, string, readonly string[]]>([
    ["an image and its tag", 'oci.pull(name = "a", image = "a.io/b", tag = "1")', ["1:31 a.io/b = a.io/b:1"]],
    ["an image alone", "oci_pull(image = 'a.io/b')", ["1:19 a.io/b"]],
    ["a digest", `oci.pull(image="a.io/b",digest="${DIGEST}")`, [`1:17 a.io/b = a.io/b@${DIGEST}`]],
    ["a tag in the image", 'oci.pull(image = "debian:12")', ["1:19 debian:12"]],
    [
      "a repository of a registry",
      'container_pull(\n  registry = "gcr.io",\n  repository = "x/y",\n  tag = "z",\n)',
      ["3:17 x/y = gcr.io/x/y:z"],
    ],
    ["brackets and calls within", 'oci.pull(p = ["a", f(")")], image = "a.io/b") # )', ["1:38 a.io/b"]],
    ["a long string", 'oci.pull(image = """a.io/b""")', ["1:21 a.io/b"]],
    ["a comment", '# oci.pull(image = "a.io/b")', []],
    ["a string", "x = \"oci.pull(image = 'a.io/b')\"", []],
    ["a definition", "def oci_pull(name, image):\n  pass", []],
    ["a name that only ends alike", 'my_oci_pull(image = "a.io/b")', []],
    ["a call that is not closed", 'oci.pull(image = "a.io/b", tag = "1"', ["1:19 a.io/b"]],
    ["a string that is not closed", 'oci.pull(image = "a.io/b\n, tag = "1")', ["1:19 a.io/b = a.io/b:1"]],
    ["a variable", "oci.pull(image = IMAGE)", ["1:10 image = IMAGE ? its image is not a plain string"]],
    ["a sum", 'oci.pull(image = A + "b")', ['1:10 image = A + "b" ? its image is not a plain string']],
    [
      "a tag that is computed",
      'oci.pull(image = "a.io/b", tag = T)',
      ["1:19 a.io/b ? its registry, tag or digest is not a plain string"],
    ],
    ["nothing", "oci.pull(**args)", ["1:1 oci.pull ? the call names no image"]],
    ["a repository alone", 'container_pull(repository = "x/y")', ["1:30 x/y ? the call names no registry"]],
  ])("%s", (_, text, expected) => {
    expect(told(text, mentionsOf(bazel, text))).toEqual(expected);
  });
});

describe("how a Bazel file is pinned", () => {
  test.each<[string, string, string | null]>([
    [
      "the digest takes the tag's place",
      'oci.pull(\n  image = "a",\n  tag = "v1",\n)\n',
      `oci.pull(\n  image = "a",\n  digest = "${OTHER}", # v1\n)\n`,
    ],
    ["on one line", 'oci.pull(image = "a", tag = "v1")\r\n', `oci.pull(image = "a", digest = "${OTHER}") # v1\r\n`],
    [
      "a digest is replaced",
      `oci_pull(image = "a", digest = "${DIGEST}")`,
      `oci_pull(image = "a", digest = "${OTHER}")`,
    ],
    ["even an empty one", 'oci_pull(image = "a", digest = "")', `oci_pull(image = "a", digest = "${OTHER}")`],
    ["neither is there", 'oci_pull(image = "a")', `oci_pull(image = "a", digest = "${OTHER}")`],
    ["in the image", `oci_pull(image = "a@${DIGEST}")`, `oci_pull(image = "a@${OTHER}")`],
    ["a line with a comment", 'oci.pull(image = "a",\n tag = "v1", # why\n)', null],
    ["a line with another call", 'oci.pull(image = "a", tag = "1"); oci.pull(image = "b")', null],
    ["a tag in the image", 'oci.pull(image = "a:1")', null],
    ["what is not known", "oci.pull(image = A)", null],
  ])("%s", (_, text, expected) => {
    const [mention] = mentionsOf(bazel, text);
    expect(mention === undefined ? "none" : pinned(text, mention)).toBe(expected);
  });

  test("and the comment that it leaves is read", () => {
    const text = `oci.pull(\n  image = "a",\n  digest = "${DIGEST}", # v1\n)\n`;
    expect(mentionsOf(bazel, text)[0]?.comment).toBe("v1");
  });
});

test.each(["MODULE.bazel", "x/WORKSPACE", "WORKSPACE.bazel", "BUILD", "a/BUILD.bazel", "deps.bzl"])("%s", (path) => {
  expect(bazel.claims({ path, text: "" })).toBe(true);
  expect(bazel.claims({ path: `${path}.md`, text: "" })).toBe(false);
});
