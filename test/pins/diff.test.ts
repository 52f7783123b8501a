import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shownDiff, unifiedDiff } from "../../src/pins/diff.ts";
import { applyEdits, type Replacement } from "../../src/pins/edits.ts";
import { temporary } from "../release/tools.ts";
import { NEW } from "./mentions.ts";

const TOOLS = [
  ["git", "apply", "--whitespace=nowarn"],
  ["patch", "-p1", "--binary", "--no-backup-if-mismatch"],
] as const;

/** What a tool makes of a file with our diff. */
function patched(tool: readonly string[], path: string, text: string, diff: string): string {
  const folder = temporary();
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  const [program = "", ...args] = tool;
  // outside of any repository, whatever is above
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(folder) };
  const { status, stderr, stdout } = spawnSync(program, args, { cwd: folder, input: diff, encoding: "utf8", env });
  if (status !== 0) throw new Error(`${program}: ${stdout}${stderr}\n${diff}`);
  expect(existsSync(join(folder, `${path}.orig`))).toBe(false);
  return readFileSync(join(folder, path), "utf8");
}

function expectApplies(path: string, text: string, edits: readonly Replacement[]): void {
  const diff = unifiedDiff(path, text, edits);
  for (const tool of TOOLS) expect(patched(tool, path, text, diff), diff).toBe(applyEdits(text, edits));
}

const insert = (text: string, at: string, put: string): Replacement => {
  const start = text.indexOf(at) + at.length;
  return { start, end: start, text: put };
};

test("is what diff -u would say", () => {
  const lines = ["one", "two", "three", "FROM alpine:3", "five", "six", "seven", "eight"];
  const text = `${lines.join("\n")}\n`;
  expect(unifiedDiff("Dockerfile", text, [insert(text, "alpine:3", `@${NEW}`)])).toBe(
    [
      "--- a/Dockerfile",
      "+++ b/Dockerfile",
      "@@ -1,7 +1,7 @@",
      " one",
      " two",
      " three",
      "-FROM alpine:3",
      `+FROM alpine:3@${NEW}`,
      " five",
      " six",
      " seven",
      "",
    ].join("\n"),
  );
  expect(unifiedDiff("Dockerfile", text, [])).toBe("");
});

const MANY = Array.from({ length: 40 }, (_, index) => `l${index}.`).join("\n");

describe("git apply and patch make the rewritten bytes of it", () => {
  test.each([
    ["a file of one line", "a: b\n", [insert("a: b\n", "b", "@1")]],
    ["no line break at the end", "x\na: b", [insert("x\na: b", "b", "@1")]],
    ["a line added where there is no line break at the end", "x\na: b", [insert("x\na: b", "b", "\n  c: 1")]],
    ["a line added at the end", "x\na: b\n", [insert("x\na: b\n", "b\n", "c: 1\n")]],
    ["a line added at the start", "x\na: b\n", [{ start: 0, end: 0, text: "c: 1\n" }]],
    ["CRLF", "x\r\na: b\r\ny\r\n", [insert("x\r\na: b\r\ny\r\n", "b", "@1")]],
    ["a lone carriage return", "x\ra: b\ny\n", [insert("x\ra: b\ny\n", "b", "@1")]],
    ["a byte order mark and a tab", "\ufeffa:\tb\n", [insert("\ufeffa:\tb\n", "b", "@1")]],
    ["two pins of one line", "a: b, c\n", [insert("a: b, c\n", "b", "@1"), insert("a: b, c\n", "c", "@2")]],
    ["two hunks", MANY, [insert(MANY, "l3.", "@1"), insert(MANY, "l30.", "@1")]],
    [
      "hunks that nearly touch",
      MANY,
      [insert(MANY, "l3.", "@1"), insert(MANY, "l10.", "@1"), insert(MANY, "l18.", "@1")],
    ],
    ["a hunk behind one that grew", MANY, [insert(MANY, "l3.", "\nx\ny"), insert(MANY, "l30.", "@1")]],
    ["an edit over two lines", "a\nb\nc\n", [{ start: 0, end: 3, text: "ab" }]],
    ["a new line break at the end", "a\nb", [{ start: 3, end: 3, text: "\n" }]],
  ])("%s", (_, text, edits) => {
    expectApplies("f", text, edits);
  });

  test.each(["a b", 'a"b', "a\\b", "ä", "😀/x y", "a\tb", "a\nb", "d/\u0001", "-x", "a b/c"])(
    "a file named %j",
    (path) => {
      expectApplies(path, "a: b\n", [insert("a: b\n", "b", "@1")]);
    },
  );

  test("property: whatever the text, wherever the edits", () => {
    const unit = fc.constantFrom("a\n", "b\n", "\n", "a\r\n", "é", "a", "b");
    const cuts = fc.array(fc.tuple(fc.nat(60), fc.constantFrom("", "@1", "x\n", "\n", "\ny")), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 50 }), cuts, (units, at) => {
        const text = units.join("");
        const ends = [...new Set(at.map(([cut]) => cut % (text.length + 1)))].sort((a, b) => a - b);
        const edits = ends.flatMap((start, index) => {
          const end = ends[index + 1] ?? start;
          return index % 2 === 0 ? [{ start, end, text: at[index]?.[1] ?? "" }] : [];
        });
        const after = applyEdits(text, edits);
        const diff = unifiedDiff("f", text, edits);
        expect(diff === "").toBe(after === text);
        if (after !== text && after !== "") expectApplies("f", text, edits);
      }),
      { numRuns: 40 },
    );
  });
});

test("on a terminal nothing but text, tabs and line breaks is left of it", () => {
  const text = "a\u001b[2J:\tb\u202e\r\nc\u009b\n";
  const diff = unifiedDiff("x\u202e", text, [insert(text, "b", "@1")]);
  expect(diff).toContain("\u001b[2J");
  const shown = shownDiff(diff);
  expect(shown).not.toMatch(/[^\t\n\P{Cc}]|\p{Cf}/u);
  expect(shown).toContain("+a\\u{1b}[2J:\tb@1\\u{202e}\n c\\u{9b}\n");
});
