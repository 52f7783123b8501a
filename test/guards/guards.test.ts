import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkGuards } from "./check.ts";
import { broken, ROOT, selectorFor, testFileOf, type Guard } from "./guard.ts";
import { promisesIn } from "./promises.ts";
import { makeScratch } from "./scratch.ts";
import { GUARDS } from "./table.ts";

const PROMISES = promisesIn(read("docs/threat-model.md"));
const TODAY = Math.floor(Date.now() / 86_400_000);
const EACH_DAY = 4;

/** Without servers and without the built program: a second or two for a run. */
function isCheap(file: string): boolean {
  return !/\/lab\/|ground\.ts|child\.ts/.test(read(file));
}

/** What is wrong with them, of what is thrown. */
function faultsOf(check: (guard: Guard) => unknown): string[] {
  return GUARDS.flatMap((guard) => {
    try {
      check(guard);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

describe("the guards", () => {
  test("stand in the sources as the table has them, once, and can be broken", () => {
    expect(faultsOf((guard) => broken(guard, read(guard.file)))).toEqual([]);
  });

  test("name tests that exist", () => {
    expect(faultsOf((guard) => selectorFor(guard, read(testFileOf(guard))))).toEqual([]);
  });

  test("keep one promise each, and every promise has one", () => {
    const kept = (words: string): string[] =>
      PROMISES.map(({ promise }) => promise).filter((each) => each.startsWith(words));
    const words = [...new Set(GUARDS.map(({ promise }) => promise))];
    expect(words.filter((each) => kept(each).length !== 1)).toEqual([]);
    const all = new Set(words.flatMap(kept));
    expect(PROMISES.map(({ promise }) => promise).filter((promise) => !all.has(promise))).toEqual([]);
    // as the page says
    expect(GUARDS.length).toBeGreaterThan(250);
  });

  test(
    `of today, ${EACH_DAY} of those whose tests need no server, are noticed when they are broken`,
    { timeout: 300_000 },
    async () => {
      const cheap = GUARDS.filter((guard) => isCheap(testFileOf(guard)));
      const chosen = Array.from({ length: EACH_DAY }, (_, at) => cheap[(TODAY * EACH_DAY + at) % cheap.length]);
      const scratch = makeScratch();
      try {
        const complaints: string[] = [];
        const guards = chosen.filter((each) => each !== undefined);
        await checkGuards(scratch, guards, ({ file, from }, complaint) => {
          if (complaint !== null) complaints.push(`${file}: ${from}: ${complaint}`);
        });
        expect(complaints).toEqual([]);
      } finally {
        scratch.remove();
      }
    },
  );
});
