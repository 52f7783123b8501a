import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDigest } from "../../src/oci/digest.ts";
import {
  bottleFileName,
  bottleOf,
  checkBottle,
  formulaOfRepository,
  isBottleIndex,
  repositoryOfFormula,
  versionMismatch,
  type BottleMismatch,
  versionOf,
} from "../../src/oci/homebrew.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
const VERSION = "org.opencontainers.image.version";
const TITLE = "org.opencontainers.image.title";
const HEX = "ab".repeat(32);
const DIGEST = parseDigest(`sha256:${HEX}`);

/** What a mismatch means. */
function wordsOf(found: BottleMismatch | null): string | null {
  if (found === null) return null;
  const says = { version: "says that it holds version", name: "says that it is", bottle: "has the bottle" }[found.says];
  return `the tag "${found.tag}" was asked for, but the index ${says} "${found.text}"${found.says === "bottle" ? " in it" : ""}`;
}

describe("the name of an entry says which bottle it is", () => {
  test.each([
    ["9.0.1900.big_sur", { version: "9.0.1900", tag: "big_sur", rebuild: 0 }, "vim--9.0.1900.big_sur.bottle.tar.gz"],
    ["0.8.9.0.ventura.2", { version: "0.8.9.0", tag: "ventura", rebuild: 2 }, "vim--0.8.9.0.ventura.bottle.2.tar.gz"],
    [
      "2.8.2_1.arm64_sonoma",
      { version: "2.8.2_1", tag: "arm64_sonoma", rebuild: 0 },
      "vim--2.8.2_1.arm64_sonoma.bottle.tar.gz",
    ],
    [
      "2024-01-01.x86_64_linux.11",
      { version: "2024-01-01", tag: "x86_64_linux", rebuild: 11 },
      "vim--2024-01-01.x86_64_linux.bottle.11.tar.gz",
    ],
    ["1.2.all", { version: "1.2", tag: "all", rebuild: 0 }, "vim--1.2.all.bottle.tar.gz"],
    ["1.0-beta.3.tahoe", { version: "1.0-beta.3", tag: "tahoe", rebuild: 0 }, "vim--1.0-beta.3.tahoe.bottle.tar.gz"],
  ])("%s", (refName, bottle, fileName) => {
    expect(bottleOf({ annotations: { [REF_NAME]: refName } })).toEqual(bottle);
    expect(bottleFileName("vim", bottle)).toBe(fileName);
  });

  test.each([
    "",
    "latest",
    "1.2.3",
    "9.0.1900",
    "../../x.big_sur",
    "1.0/2.big_sur",
    "1.0.big sur",
    "1.0.BIG_SUR",
    "1.0.big_sur.0",
    "1.0.big_sur.2.3",
    ".big_sur",
    "1.0.big_sur\n",
  ])("no bottle: %j", (refName) => {
    expect(bottleOf({ annotations: { [REF_NAME]: refName } })).toBeNull();
  });

  test("a name longer than any file name is no bottle", () => {
    expect(bottleOf({ annotations: { [REF_NAME]: `${"1".repeat(251)}.all` } })).not.toBeNull();
    expect(bottleOf({ annotations: { [REF_NAME]: `${"1".repeat(252)}.all` } })).toBeNull();
  });

  // the rule as one pattern, which is too slow for long names
  const PATTERN = /^([A-Za-z0-9][A-Za-z0-9._+~-]*)\.([a-z0-9_]*[a-z][a-z0-9_]*)(?:\.([1-9][0-9]{0,5}))?$/;

  test("any short name is read as the pattern reads it", () => {
    const letters = fc.constantFrom(".", ".", "0", "1", "20", "a", "b_", "_", "-", "+", "A", "~", "!", "\n", "1000000");
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 10 }), (parts) => {
        const name = parts.join("");
        const [, version, tag, rebuild] = PATTERN.exec(name) ?? [];
        const expected = version === undefined ? null : { version, tag, rebuild: Number(rebuild ?? "0") };
        expect(bottleOf({ annotations: { [REF_NAME]: name } })).toEqual(expected);
      }),
      { numRuns: 5000 },
    );
  });

  test("an entry without a name is no bottle", () => {
    expect(bottleOf({ annotations: {} })).toBeNull();
  });

  test.each(["../x", "a/b", "", ".", ".hidden", "a\0b", "-o"])("no file name for the formula %j", (formula) => {
    expect(bottleFileName(formula, { version: "1", tag: "all", rebuild: 0 })).toBeNull();
  });
});

test.each([
  ["says so", { annotations: { "com.github.package.type": "homebrew_bottle" }, manifests: [] }, true],
  [
    "has bottles",
    { annotations: {}, manifests: [{ annotations: { [REF_NAME]: "1.all", "sh.brew.bottle.digest": HEX } }] },
    true,
  ],
  ["has names only", { annotations: {}, manifests: [{ annotations: { [REF_NAME]: "1.all" } }] }, false],
  ["is an image", { annotations: { [VERSION]: "24.04" }, manifests: [{ annotations: {} }] }, false],
])("an index that %s", (_, index, bottles) => {
  expect(isBottleIndex(index)).toBe(bottles);
});

test.each([
  ["homebrew/core/vim", {}, "vim"],
  ["homebrew/core/python/3.11", {}, "python@3.11"],
  ["homebrew/core/gtkx", {}, "gtkx"],
  ["homebrew/core/gtkx", { [TITLE]: "gtk+" }, "gtk+"],
  ["homebrew/core/libxml2", { [TITLE]: "libxml2" }, "libxml2"],
  ["homebrew/core/vim", { [TITLE]: "../../evil" }, "vim"],
  ["homebrew/core/vim", { [TITLE]: "emacs" }, "vim"],
  ["vim", {}, "vim"],
])("%s with %j is the formula %s", (repository, annotations, formula) => {
  expect(formulaOfRepository(repository, annotations)).toBe(formula);
  expect(repository.endsWith(repositoryOfFormula(formula))).toBe(true);
});

describe("the version that was asked for", () => {
  const index = (annotations: Record<string, string>): Parameters<typeof versionMismatch>[0] => ({
    annotations: { "com.github.package.type": "homebrew_bottle", ...annotations },
    manifests: [],
  });
  test.each([
    ["is there", { [VERSION]: "2.8.2", [REF_NAME]: "2.8.2" }, "2.8.2", null],
    ["is there with its revision", { [VERSION]: "2.8.2_1", [REF_NAME]: "2.8.2_1" }, "2.8.2_1", null],
    ["is there with its rebuild", { [VERSION]: "0.8.9.0", [REF_NAME]: "0.8.9.0-2" }, "0.8.9.0-2", null],
    ["is not said", {}, "2.6.2", null],
    ["is none", { [VERSION]: "2.8.2" }, "latest", null],
    [
      "is another",
      { [VERSION]: "2.8.2", [REF_NAME]: "2.8.2" },
      "2.6.2",
      'the tag "2.6.2" was asked for, but the index says that it holds version "2.8.2"',
    ],
    [
      "is a longer one",
      { [VERSION]: "2.8" },
      "2.8.2",
      'the tag "2.8.2" was asked for, but the index says that it holds version "2.8"',
    ],
    [
      "has no rebuild",
      { [VERSION]: "2.8" },
      "2.8-rc1",
      'the tag "2.8-rc1" was asked for, but the index says that it holds version "2.8"',
    ],
    [
      "is another rebuild",
      { [VERSION]: "1.0", [REF_NAME]: "1.0-1" },
      "1.0-2",
      'the tag "1.0-2" was asked for, but the index says that it is "1.0-1"',
    ],
    [
      "is hostile",
      { [VERSION]: "\u001b[2J" },
      "1",
      'the tag "1" was asked for, but the index says that it holds version "\u001b[2J"',
    ],
  ])("%s", (_, annotations, tag, text) => {
    expect(wordsOf(versionMismatch(index(annotations), tag))).toBe(text);
  });

  test.each([
    ["are of that version", ["2.8.2.big_sur", "2.8.2.sonoma"], "2.8.2", null],
    ["are of that rebuild", ["0.8.9.0.ventura.2"], "0.8.9.0-2", null],
    ["are none", ["2.8.2"], "2.6.2", null],
    ["hold another", ["2.6.2.sonoma", "2.8.2.big_sur"], "2.6.2", 'but the index has the bottle "2.8.2.big_sur" in it'],
    ["are another rebuild", ["1.0.big_sur.1"], "1.0-2", 'but the index has the bottle "1.0.big_sur.1" in it'],
    ["have no rebuild", ["1.0.big_sur"], "1.0-2", 'but the index has the bottle "1.0.big_sur" in it'],
  ])("bottles that %s", (_, names, tag, text) => {
    const manifests = names.map((name) => ({ annotations: { [REF_NAME]: name } }));
    const found = versionMismatch({ annotations: { "com.github.package.type": "homebrew_bottle" }, manifests }, tag);
    expect(wordsOf(found)).toBe(text === null ? null : `the tag "${tag}" was asked for, ${text}`);
  });

  test("an image's version says nothing about its tag", () => {
    expect(versionMismatch({ annotations: { [VERSION]: "24.04" }, manifests: [] }, "22.04")).toBeNull();
    expect(versionOf({ [VERSION]: "24.04" })).toBe("24.04");
    expect(versionOf({})).toBeNull();
  });
});

test.each([
  ["agrees", { "sh.brew.bottle.digest": HEX, "sh.brew.bottle.size": "7" }, null],
  ["says nothing", {}, null],
  [
    "names another digest",
    { "sh.brew.bottle.digest": "cd".repeat(32) },
    `the index says that the bottle is sha256:${"cd".repeat(32)}, but the layer of its manifest is ${DIGEST}`,
  ],
  [
    "names the digest in upper case",
    { "sh.brew.bottle.digest": HEX.toUpperCase() },
    expect.stringContaining("but the layer"),
  ],
  [
    "names another size",
    { "sh.brew.bottle.digest": HEX, "sh.brew.bottle.size": "8" },
    "the index says that the bottle has 8 bytes, but the layer of its manifest has 7",
  ],
  ["names a size that is none", { "sh.brew.bottle.size": "7.0\u001b" }, expect.stringContaining("7.0\\u{1b} bytes")],
])("a bottle's entry that %s", (_, annotations, text) => {
  expect(checkBottle({ annotations }, { digest: DIGEST, size: 7 })).toEqual(text);
});
