import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXITS, exitOf, exitOfError } from "../../src/cli/exit.ts";
import type { ErrorCode } from "../../src/errors.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Rows `| code | outcome | meaning |` of the first such table. */
function tableOf(path: string): unknown[] {
  const rows = readFileSync(path, "utf8").matchAll(/^\| *(\d+) *\| *(?:`(\w+)`|[–-]) *\| *(.*?) *\|$/gm);
  return [...rows].map(([, code, outcome, meaning]) => ({ code: Number(code), outcome: outcome ?? null, meaning }));
}

test("docs/exit-codes.md has the table of the source", () => {
  expect(tableOf(join(ROOT, "docs/exit-codes.md"))).toEqual(EXITS);
});

test.runIf(existsSync(join(ROOT, "README.md")))("a row of exit codes in README.md says what the source says", () => {
  const rows = tableOf(join(ROOT, "README.md"));
  for (const row of rows) expect(EXITS).toContainEqual(row);
});

test("no code stands twice, and every outcome has one", () => {
  expect(new Set(EXITS.map((exit) => exit.code)).size).toBe(EXITS.length);
  const outcomes = [
    "agreed",
    "disagreed",
    "incomplete",
    "absent",
    "changed",
    "moved",
    "indistinct",
    "pending",
  ] as const;
  expect(outcomes.map(exitOf)).toEqual([0, 10, 12, 16, 15, 11, 13, 14]);
});

describe("an error that ends a command", () => {
  test.each<[ErrorCode, number]>([
    ["E_USAGE", 2],
    ["E_REFERENCE", 2],
    ["E_CONFIG", 2],
    ["E_DESTINATION", 2],
    ["E_SELECTION", 2],
    ["E_NOT_FOUND", 16],
    ["E_DIGEST", 10],
    ["E_MISMATCH", 10],
    ["E_TIMEOUT", 12],
    ["E_DENIED", 12],
    ["E_HOST_KEY", 12],
    ["E_DISK", 1],
    ["E_RELEASE", 1],
    ["E_LEDGER", 1],
    ["E_BUG", 1],
    ["E_INTERRUPTED", 130],
  ])("%s exits with %i", (code, exit) => {
    expect(exitOfError(code)).toBe(exit);
  });
});
