import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FLIGHTS, killOne, wrongs, type Said } from "./killed.ts";
import { place, temporary } from "./tools.ts";

/**
 * A time is a commit that was under way when its process was killed with kill -9 at a random moment, after others had
 * been committed; a process has ten at once, and none of them ever pauses. After each process the store is whole.
 */
const TIMES = 500;
/** Stores that are used at once; each lives through its share of the times. */
const STORES = 2;

test(`${TIMES} times, a store whose process was killed is whole`, { timeout: 1_200_000 }, async () => {
  const commits = await Promise.all(
    Array.from({ length: STORES }, async () => {
      const at = place(join(temporary(), "store"));
      mkdirSync(at.folder, { recursive: true });
      const said: Said = { tags: new Map(), holds: new Set(), warned: [], commits: 0 };
      for (let time = 0; time < TIMES / STORES; time += FLIGHTS) {
        await killOne(at.folder, said, Math.random);
        await (await at.open({ verdicts: { count: 5, bytes: 1e6 } })).close();
        expect([...wrongs(at.folder, said), ...at.warned], `after ${said.commits} commits`).toEqual([]);
      }
      return said.commits;
    }),
  );
  expect(Math.min(...commits)).toBeGreaterThanOrEqual(TIMES / STORES / FLIGHTS);
});
