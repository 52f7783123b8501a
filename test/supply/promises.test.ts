import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { promisesIn } from "../guards/promises.ts";
import { findTitle } from "../guards/titles.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/threat-model.md"), "utf8");
const PROMISES = promisesIn(PAGE);

test("every file that the threat model names exists", () => {
  const named = [...PAGE.matchAll(/`((?:test|src)\/[^`]+)`/g)].map(([, file = ""]) => file);
  expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  const links = ["threat-model.md", "SECURITY.md", "supply-chain.md"].flatMap((name) =>
    [...readFileSync(join(ROOT, "docs", name), "utf8").matchAll(/\]\(([^):]+)\)/g)].map(([, link = ""]) => link),
  );
  expect(links.filter((link) => !existsSync(join(ROOT, "docs", link)))).toEqual([]);
});

describe("the promises", () => {
  test.each(PROMISES)('"$promise" is held by tests that exist', ({ heldBy, loose }) => {
    expect(loose, 'what is not of the form `test/x/y.test.ts` › "title"').toBe("");
    expect(heldBy.length).toBeGreaterThan(0);
    const missing = heldBy.filter(({ file, title }) => findTitle(readFileSync(join(ROOT, file), "utf8"), title) === null);
    expect(missing).toEqual([]);
  });

  test("are a table of a line each", () => {
    expect(PROMISES.length).toBeGreaterThan(15);
    expect(new Set(PROMISES.map(({ promise }) => promise)).size).toBe(PROMISES.length);
  });
});

test("the attacks are counted", () => {
  const count = readdirSync(join(ROOT, "test/attacks/cases")).length;
  expect(PAGE).toContain(`**${count} cases**`);
  expect(PAGE).toContain(`**${count * 3} runs**`);
});
