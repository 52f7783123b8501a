import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { promisesIn } from "../guards/promises.ts";
import { findTitle, isFilledFrom } from "../guards/titles.ts";

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

function isThere({ file, title: named }: { readonly file: string; readonly title: string }): boolean {
  const source = readFileSync(join(ROOT, file), "utf8");
  const title = findTitle(source, named);
  return title !== null && isFilledFrom(source, title, named);
}

describe("the promises", () => {
  test.each(PROMISES.map((each) => [each.promise, each] as const))(
    '"%s" is held by tests that exist',
    (_promise, each) => {
      expect(each.loose, 'what is not of the form `test/x/y.test.ts` › "title"').toBe("");
      expect(each.heldBy.length).toBeGreaterThan(0);
      expect(each.heldBy.filter((held) => !isThere(held))).toEqual([]);
    },
  );

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
