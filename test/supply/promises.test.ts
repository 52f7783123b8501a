import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/threat-model.md"), "utf8");

test("every file that the threat model names exists", () => {
  const named = [...PAGE.matchAll(/`((?:test|src)\/[^`]+)`/g)].map(([, file = ""]) => file);
  expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  expect(named.filter((file) => file.endsWith(".test.ts")).length).toBeGreaterThan(15);
  const links = ["threat-model.md", "SECURITY.md", "supply-chain.md"].flatMap((name) =>
    [...readFileSync(join(ROOT, "docs", name), "utf8").matchAll(/\]\(([^):]+)\)/g)].map(([, link = ""]) => link),
  );
  expect(links.filter((link) => !existsSync(join(ROOT, "docs", link)))).toEqual([]);
});

test("every promise names a test", () => {
  const table = PAGE.slice(PAGE.indexOf("## Promises"), PAGE.indexOf("## Counts"));
  const rows = table.split("\n").filter((line) => line.startsWith("|") && !/^\|( promise|-| -)/.test(line));
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter((row) => !/\.test\.ts`/.test(row))).toEqual([]);
});

test("the attacks are counted", () => {
  const count = readdirSync(join(ROOT, "test/attacks/cases")).length;
  expect(PAGE).toContain(`**${count} cases**`);
  expect(PAGE).toContain(`**${count * 3} runs**`);
});
