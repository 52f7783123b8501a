import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CLASSES } from "../../../src/model/diagnosis.ts";
import { GOLDEN } from "./golden.ts";

const PAGE = join(import.meta.dirname, "../../../docs/diagnosis.md");
const PLACE = /<!-- output: ([a-z0-9-]+) -->\n(?:```text\n[^]*?\n```\n)?/g;

/** The page with what the scenarios printed in its places. */
function filled(page: string): string {
  return page.replace(PLACE, (_, name: string) => {
    const text = readFileSync(join(GOLDEN, `${name}.txt`), "utf8");
    return `<!-- output: ${name} -->\n\`\`\`text\n${text}\`\`\`\n`;
  });
}

test("docs/diagnosis.md shows what every scenario printed, and nothing else", () => {
  const page = readFileSync(PAGE, "utf8");
  if (process.env["UPDATE"] === "1") writeFileSync(PAGE, filled(page));
  expect(readFileSync(PAGE, "utf8")).toBe(filled(page));
  const shown = [...page.matchAll(PLACE)].map(([, name]) => `${String(name)}.txt`);
  expect(shown.sort()).toEqual(readdirSync(GOLDEN).sort());
});

test("docs/diagnosis.md has a chapter, a line and a real output for each class, and no other class", () => {
  const page = readFileSync(PAGE, "utf8");
  const listed = [...page.matchAll(/^\| \[([a-z-]+)\]\(#\1\) \|/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual([...CLASSES].sort());
  for (const name of CLASSES) {
    const chapter = page.split(`\n## ${name}\n`)[1]?.split("\n## ")[0] ?? "";
    expect(chapter, name).toMatch(
      new RegExp(`^diagnosis: ${name} \\((?:sure|likely|possible)\\): .+\\nnext: .+$`, "m"),
    );
  }
});
