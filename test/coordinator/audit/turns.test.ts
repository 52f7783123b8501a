import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Turns } from "../../../src/coordinator/audit/turns.ts";

const never = new AbortController().signal;

/** Work that ends when it is told to, and says how much of it runs. */
function works(): { start: () => Promise<string>; finish: () => void; running: () => number; most: () => number } {
  const waiting: (() => void)[] = [];
  let [running, most] = [0, 0];
  return {
    start: () => {
      running += 1;
      most = Math.max(most, running);
      return new Promise((resolve) =>
        waiting.push(() => {
          running -= 1;
          resolve("done");
        }),
      );
    },
    finish: () => {
      for (const end of waiting.splice(0)) end();
    },
    running: () => running,
    most: () => most,
  };
}

async function turn(): Promise<void> {
  await sleep(1);
}

describe("turns", () => {
  test("the first question to a registry goes alone, then many go at once", async () => {
    const [turns, work] = [new Turns(), works()];
    const all = Array.from({ length: 300 }, () => turns.take("a.example", work.start, never));
    await turn();
    expect(work.running()).toBe(1);
    work.finish();
    await turn();
    expect(work.running()).toBe(256);
    while (work.running() > 0) {
      work.finish();
      await turn();
    }
    expect(await Promise.all(all)).toEqual(Array.from({ length: 300 }, () => "done"));
    expect(work.most()).toBe(256);
  });

  test("a registry that wants patience keeps only its own questions waiting", async () => {
    const [turns, slow, quick] = [new Turns(), works(), works()];
    turns.slow("slow.example", 60);
    const started = performance.now();
    const first = turns.take("slow.example", slow.start, never);
    const other = turns.take("quick.example", quick.start, never);
    await turn();
    expect([slow.running(), quick.running()]).toEqual([0, 1]);
    quick.finish();
    expect(await other).toBe("done");
    while (slow.running() === 0) await turn();
    expect(performance.now() - started).toBeGreaterThanOrEqual(55);
    slow.finish();
    expect(await first).toBe("done");
  });

  test("one that wanted patience is asked one by one, and one more with each answer", async () => {
    const [turns, work] = [new Turns(), works()];
    const all = Array.from({ length: 30 }, () => turns.take("a.example", work.start, never));
    await turn();
    work.finish();
    await turn();
    expect(work.running()).toBe(29);
    turns.slow("a.example", 0);
    const more = Array.from({ length: 10 }, () => turns.take("a.example", work.start, never));
    // those that were under way say nothing about how patient it is now
    for (const most of [1, 2, 4]) {
      work.finish();
      await turn();
      expect(work.running()).toBe(most);
    }
    while (work.running() > 0) {
      work.finish();
      await turn();
    }
    expect(await Promise.all([...all, ...more])).toHaveLength(40);
  });

  test("one that allows no more is not asked again, and says why", async () => {
    const [turns, work] = [new Turns(), works()];
    const all = Array.from({ length: 3 }, () => turns.take("a.example", work.start, never));
    await turn();
    turns.allow("a.example", 0, "it allows no more");
    work.finish();
    expect(await Promise.all(all)).toEqual(["done", { closed: "it allows no more" }, { closed: "it allows no more" }]);
    expect(await turns.take("a.example", work.start, never)).toEqual({ closed: "it allows no more" });
  });

  test("no more questions run at once than it still allows", async () => {
    const [turns, work] = [new Turns(), works()];
    const all = Array.from({ length: 9 }, () => turns.take("a.example", work.start, never));
    await turn();
    turns.allow("a.example", 3, "");
    work.finish();
    await turn();
    expect(work.running()).toBe(3);
    while (work.running() > 0) {
      work.finish();
      await turn();
    }
    expect(await Promise.all(all)).toHaveLength(9);
  });

  test("once everything is closed, a registry that comes later is not asked either", async () => {
    const [turns, work] = [new Turns(), works()];
    turns.closeAll("a worker is gone");
    expect(await turns.take("new.example", work.start, never)).toEqual({ closed: "a worker is gone" });
    expect(work.most()).toBe(0);
  });

  test("an abort ends the waiting at once, and a place that was never taken is not lost", async () => {
    const [turns, work] = [new Turns(), works()];
    const stop = new AbortController();
    const first = turns.take("a.example", work.start, never);
    const second = turns.take("a.example", work.start, stop.signal);
    await turn();
    stop.abort(new Error("stopped"));
    await expect(second).rejects.toThrow("stopped");
    work.finish();
    expect(await first).toBe("done");
    const third = turns.take("a.example", work.start, never);
    await turn();
    expect(work.running()).toBe(1);
    work.finish();
    await third;
  });

  test("work that fails gives its place back", async () => {
    const turns = new Turns();
    const failing = turns.take("a.example", () => Promise.reject(new Error("no")), never);
    await expect(failing).rejects.toThrow("no");
    expect(await turns.take("a.example", () => Promise.resolve(1), never)).toBe(1);
  });
});
