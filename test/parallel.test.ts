import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createGate } from "../src/parallel.ts";

/** Starts works of these weights and says which run after each end, oldest first. */
async function runningOf(gate: ReturnType<typeof createGate>, weights: readonly number[]): Promise<string[]> {
  const running: { at: number; end: () => void }[] = [];
  const rows: string[] = [];
  const all = weights.map((weight, at) => gate(() => new Promise<void>((end) => running.push({ at, end })), weight));
  await setImmediate();
  while (running.length > 0) {
    rows.push(running.map((each) => each.at).join(""));
    running.shift()?.end();
    await setImmediate();
  }
  await Promise.all(all);
  return rows;
}

test.each([
  { what: "places", gate: createGate(2), weights: [1, 1, 1, 1], rows: ["01", "12", "23", "3"] },
  { what: "weight", gate: createGate(9, 5), weights: [2, 2, 2, 4], rows: ["01", "12", "2", "3"] },
  {
    what: "one that is heavier than allowed goes alone",
    gate: createGate(9, 5),
    weights: [1, 9, 1],
    rows: ["0", "1", "2"],
  },
  { what: "nobody overtakes", gate: createGate(9, 5), weights: [3, 4, 1], rows: ["0", "12", "2"] },
])("$what", async ({ gate, weights, rows }) => {
  expect(await runningOf(gate, weights)).toEqual(rows);
});

test("a work that fails makes room", async () => {
  const gate = createGate(1);
  await expect(gate(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await gate(() => Promise.resolve("yes"))).toBe("yes");
});
