import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  digestNamed,
  fileNameOf,
  folderOf,
  holdOf,
  objectNameOf,
  tagOf,
  textOf,
} from "../../../src/serve/store/names.ts";
import { ALPINE, thing } from "./tools.ts";

const DIGEST = thing("x").object.digest;

test.each([
  ["docker.io", "docker.io"],
  ["localhost:5000", "localhost%3a5000"],
  ["[::1]:5000", "%5b%3a%3a1%5d%3a5000"],
  ["library/alpine", "library+alpine"],
  ["library", "library"],
  ["a/tags/b", "a+tags+b"],
  ["Latest", "!latest"],
  ["..", "%2e."],
  ["../../etc", "%2e.+..+etc"],
  ["a%2fb+c!d~e", "a%252fb%2bc%21d%7ee"],
  ["naïve\0", "na%c3%afve%00"],
  [`sha256:${"0".repeat(64)}`, `sha256%3a${"0".repeat(64)}`],
])("%s has the name %s", (text, name) => {
  expect(fileNameOf(text)).toBe(name);
  expect(textOf(name)).toBe(text);
});

describe("no two texts have one name, and none leaves its folder", () => {
  const alphabet = fc.constantFrom(..."aAbZz09._-/+!%~:\0@ ".split(""), "é", "Σ", "2f", "..", "sha256");
  const text = fc.oneof(
    fc.array(alphabet, { maxLength: 12 }).map((parts) => parts.join("")),
    // so long that only a hash tells them apart
    fc.array(alphabet, { minLength: 250, maxLength: 300 }).map((parts) => parts.join("")),
  );

  test("whatever they are, and where case is folded, too", () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [a, b] = [fileNameOf(one), fileNameOf(other)];
        expect(a.toLowerCase()).toBe(a);
        expect(a === b).toBe(one === other);
        for (const name of [a, b]) {
          expect(name).not.toMatch(/^\.|[/\0]/);
          expect(Buffer.byteLength(`${name}.json`)).toBeLessThanOrEqual(255);
        }
        if (!a.includes("~")) expect(textOf(a)).toBe(one);
        else expect(textOf(a)).toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["names of 255 characters", "a".repeat(255), `${"a".repeat(254)}b`],
    ["that differ behind what is shown", `${"a/".repeat(120)}x`, `${"a/".repeat(120)}y`],
    ["tags of 128 capitals", "A".repeat(128), `${"A".repeat(127)}B`],
  ])("%s", (_, one, other) => {
    expect(fileNameOf(one)).not.toBe(fileNameOf(other));
    expect(Buffer.byteLength(`${fileNameOf(one)}.json`)).toBeLessThanOrEqual(255);
  });

  test("a repository in another, one named like a part of the store, a tag like a digest", () => {
    const folders = ["a", "a/objects", "a/tags", "a/tags/b", "a/b", "a+b"].map((repository) =>
      folderOf({ registry: "r.io", repository }),
    );
    expect(new Set(folders.map((each) => each.split("/").length))).toEqual(new Set([3]));
    expect(new Set(folders).size).toBe(folders.length);
    // registries and repositories are not one text
    expect(folderOf({ registry: "a", repository: "b/c" })).not.toBe(folderOf({ registry: "a/b", repository: "c" }));
    expect(holdOf(ALPINE, DIGEST)).not.toBe(holdOf(ALPINE, DIGEST.replace(":", "-")));
    expect(tagOf(ALPINE, "a")).not.toBe(tagOf(ALPINE, "A"));
  });
});

test("what is no name of ours is for nothing", () => {
  for (const name of ["A", "%", "%zz", "%C3", ".x", "é", "a%2Fb", "%61", "a~b"]) expect(textOf(name)).toBeNull();
});

test("an object's name", () => {
  expect(digestNamed(objectNameOf(DIGEST))).toBe(DIGEST);
  for (const name of ["sha256-00", `sha256-${"A".repeat(64)}`, "x", `sha512-${"0".repeat(64)}`])
    expect(digestNamed(name)).toBeNull();
});
