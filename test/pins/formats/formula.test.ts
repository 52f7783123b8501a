import { describe, expect, test } from "vitest";
import { formatReference, type Reference } from "../../../src/oci/reference.ts";
import { brewfile } from "../../../src/pins/formats/brewfile.ts";
import { formula } from "../../../src/pins/formats/formula.ts";
import { mentionsOf, told } from "./found.ts";

const HEX = "c".repeat(64);

function written(stable: string, bottle: string): string {
  return `class Vim < Formula\n${stable}\n\n  bottle do\n${bottle}\n  end\n\n  def install\n  end\nend\n`;
}

const BOTTLE = `    sha256 cellar: :any, arm64_sonoma: "${HEX}"`;

describe("the index that lists a formula's bottles", () => {
  test.each<[string, string, string, string, string]>([
    ["a version", "vim", '  version "9.1"', BOTTLE, "ghcr.io/homebrew/core/vim:9.1"],
    ["a url", "vim", '  url "https://x.org/vim-9.1.2.tar.gz"', BOTTLE, "ghcr.io/homebrew/core/vim:9.1.2"],
    ["a GitHub archive", "a", '  url "https://g/archive/refs/tags/v1.2.tar.gz"', BOTTLE, "ghcr.io/homebrew/core/a:1.2"],
    ["a git tag", "a", '  url "https://g/a.git",\n      tag: "v1.2"', BOTTLE, "ghcr.io/homebrew/core/a:1.2"],
    ["a revision", "a", '  version "1"\n  revision 3', BOTTLE, "ghcr.io/homebrew/core/a:1_3"],
    ["a rebuild", "a", '  version "1"', `    rebuild 2\n${BOTTLE}`, "ghcr.io/homebrew/core/a:1-2"],
    ["both", "a", '  version "1"\n  revision 1', `    rebuild 2\n${BOTTLE}`, "ghcr.io/homebrew/core/a:1_1-2"],
    ["a stable block", "a", '  stable do\n    version "1"\n  end', BOTTLE, "ghcr.io/homebrew/core/a:1"],
    ["a version in its name", "python@3.11", '  version "3"', BOTTLE, "ghcr.io/homebrew/core/python/3.11:3"],
    ["a plus", "gtk+", '  version "3"', BOTTLE, "ghcr.io/homebrew/core/gtkx:3"],
    ["another tap", "a", '  version "3"', `    root_url "https://ghcr.io/v2/me/tap"\n${BOTTLE}`, "ghcr.io/me/tap/a:3"],
    ["a url that tells nothing", "a", '  url "https://x.org/a-src.tar.gz"', BOTTLE, "ghcr.io/homebrew/core/a"],
    ["a url that may tell more", "a", '  url "https://x.org/a-1.2-rc1.tar.gz"', BOTTLE, "ghcr.io/homebrew/core/a"],
    ["a computed version", "a", '  version "1#{x}"', BOTTLE, "ghcr.io/homebrew/core/a"],
    [
      "the version of a resource is another",
      "a",
      '  resource "b" do\n    version "7"\n    url "https://x/b-7.1.tar.gz"\n  end\n  version "1"',
      BOTTLE,
      "ghcr.io/homebrew/core/a:1",
    ],
  ])("%s", (_, name, stable, bottle, expected) => {
    const [mention] = mentionsOf(formula, written(stable, bottle), `Formula/a/${name}.rb`);
    const target = mention?.target;
    const reference: Reference | null = target?.kind === "bottle" ? target.reference : null;
    expect(reference === null ? target : formatReference(reference)).toBe(expected);
  });
});

describe("the bottles of a formula", () => {
  test.each<[string, string, readonly string[]]>([
    ["as written today", BOTTLE, [`5:41 ${HEX} arm64_sonoma`]],
    ["as once written", `    sha256 "${HEX}" => :catalina`, [`5:13 ${HEX} catalina`]],
    ["for all", `    sha256 cellar: "/x", all: "${HEX}"`, [`5:32 ${HEX} all`]],
    ["a malformed one", '    sha256 all: "abc"', ["5:18 abc ? its sha256 is malformed"]],
    ["a comment", `    # sha256 all: "${HEX}"`, []],
  ])("%s", (_, bottle, expected) => {
    const text = written('  version "1"', bottle);
    const mentions = mentionsOf(formula, text, "vim.rb");
    expect(told(text, mentions)).toEqual(expected);
    expect(mentions.every(({ pinning }) => pinning.kind === "by-hand")).toBe(true);
  });

  test("elsewhere are not read, and that is said", () => {
    const text = written('  version "1"', `    root_url "https://example.org/bottles"\n${BOTTLE}`);
    const found = formula.find({ path: "vim.rb", text });
    expect(found).toEqual({ mentions: [], unread: [{ file: "vim.rb", why: "its bottles are not in ghcr.io" }] });
  });

  test("make a Ruby file a formula", () => {
    expect(formula.claims({ path: "vim.rb", text: written("", BOTTLE) })).toBe(true);
    expect(formula.claims({ path: "vim.rb", text: "class Vim\nend\n" })).toBe(false);
    expect(formula.claims({ path: "vim.txt", text: written("", BOTTLE) })).toBe(false);
  });
});

test("a Brewfile names no versions", () => {
  const text = 'tap \'a/b\'\nbrew "vim", restart_service: true\n  brew \'a/b/c\' # brew "no"\ncask "x"\n# brew "y"\n';
  const why = "a Brewfile names no version";
  expect(told(text, mentionsOf(brewfile, text))).toEqual([`2:7 vim ? ${why}`, `3:9 a/b/c ? ${why}`]);
  expect(
    ["Brewfile", "a/Brewfile", ".Brewfile", "Brewfile.lock.json"].map((path) => brewfile.claims({ path, text })),
  ).toEqual([true, true, true, false]);
});
