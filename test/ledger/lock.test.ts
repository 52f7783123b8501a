import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { acquireLock } from "../../src/ledger/lock.ts";
import { readOwner } from "../../src/owner.ts";
import { tell } from "./oracle.ts";
import { has, NEVER, place, startWriter, temporary, verification, type Place } from "./tools.ts";

function told(at: Place): ReturnType<typeof tell> {
  return tell(at.bytes(), readFileSync(join(at.stateDir, "ledger.key"), "utf8").trim());
}

function lockOf({ path }: Place): string {
  return `${path}.lock`;
}

/** A lock file as another process would have left it. */
async function leaveLock(at: Place, part: object, ageSeconds = 0): Promise<void> {
  const owner = await readOwner();
  const holder = { id: "ab".repeat(12), host: hostname(), pid: 1, owner, at: new Date().toISOString(), ...part };
  mkdirSync(at.dir, { recursive: true });
  writeFileSync(lockOf(at), JSON.stringify(holder));
  const time = Date.now() / 1000 - ageSeconds;
  utimesSync(lockOf(at), time, time);
}

function litter(at: Place): string[] {
  return readdirSync(at.dir).filter((name) => name.includes(".lock"));
}

describe("processes that append at once", () => {
  test.each([
    { writers: 2, count: 20 },
    { writers: 10, count: 5 },
  ])("$writers of them: one chain, nothing lost", async ({ writers, count }) => {
    const at = place();
    const ended = await Promise.all(Array.from({ length: writers }, () => startWriter(at, { count }).ended));
    expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 0));
    expect(told(at)).toMatchObject({ holds: writers * count, own: writers * count, broken: null });
    expect(litter(at)).toEqual([]);
    // each saw what all the others had entered before it
    const seen = ended.flatMap(({ said }) => [...said.matchAll(/in (\d+)\nentered (\d+)/g)]);
    expect(seen).toHaveLength(writers * count);
    for (const [, past, entry] of seen) expect(Number(past)).toBe(Number(entry) - 1);
  });

  test("while one is killed again and again: the chain holds, and nobody waits for the dead", async () => {
    const at = place();
    for (let turn = 0; turn < 15; turn++) {
      const writer = startWriter(at, { count: 1000 });
      await writer.said("entered");
      await new Promise((resolve) => setTimeout(resolve, turn * 3));
      writer.kill();
      await writer.ended;
      const started = performance.now();
      await at.enter();
      expect(performance.now() - started).toBeLessThan(15_000);
    }
    expect(told(at)).toMatchObject({ broken: null, rest: Buffer.alloc(0) });
  });
});

describe("a lock", () => {
  test("whose holder was killed is broken at once, by ten at the same time, one after the other", async () => {
    const at = place();
    for (let turn = 0; turn < 5; turn++) {
      const holder = startWriter(at, { wait: 60_000 });
      await holder.said("in ");
      holder.kill();
      await holder.ended;
      expect(existsSync(lockOf(at))).toBe(true);
      let inside = 0;
      const takers = Array.from({ length: 10 }, async () => {
        const lock = await acquireLock(lockOf(at), NEVER);
        inside += 1;
        expect(inside).toBe(1);
        expect(await lock.isHeld()).toBe(true);
        await new Promise((resolve) => setTimeout(resolve, 2));
        inside -= 1;
        await lock.release();
      });
      await Promise.all(takers);
    }
    expect(litter(at).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  test(
    "of a live process is waited for, and after ten seconds the error says who holds it",
    { timeout: 30_000 },
    async () => {
      const at = place();
      const holder = startWriter(at, { wait: 60_000 });
      await holder.said("in ");
      const started = performance.now();
      await expect(at.enter()).rejects.toMatchObject({
        code: "E_LEDGER",
        message: has(new RegExp(`process ${holder.pid} on .* holds it$`)),
        hint: has(`remove "${lockOf(at)}"`),
      });
      expect(performance.now() - started).toBeGreaterThan(9000);
      holder.kill();
    },
  );

  test("is waited for no longer than the run", async () => {
    const at = place();
    await leaveLock(at, { owner: { pid: "5", start: "1", boot: "ffffffff" } });
    const signal = AbortSignal.timeout(100);
    const making = at.open().enter(() => ({ verification: verification(), result: 0 }), signal);
    await expect(making).rejects.toMatchObject({ name: /Abort|Timeout/ });
    expect(litter(at)).toEqual(["ledger.jsonl.lock"]);
  });

  test.each([
    { of: "a pid that now belongs to another process", part: { owner: null }, age: 0, free: true },
    {
      of: "another machine, older than a minute",
      part: { owner: { pid: "5", start: "1", boot: "ffffffff" } },
      age: 61,
      free: true,
    },
    {
      of: "another machine, younger",
      part: { owner: { pid: "5", start: "1", boot: "ffffffff" } },
      age: 50,
      free: false,
    },
    { of: "this very process, however old", part: {}, age: 1000, free: false },
    { of: "nobody knows whom, older than a minute", part: { id: 5 }, age: 61, free: true },
    { of: "nobody knows whom, younger", part: { id: 5 }, age: 50, free: false },
  ])("of $of: free $free", async ({ part, age, free }) => {
    const at = place();
    const self = await readOwner();
    await leaveLock(at, part.owner === null ? { owner: { ...self, start: "1" } } : part, age);
    const signal = AbortSignal.timeout(free ? 20_000 : 300);
    const entering = at.open().enter(() => ({ verification: verification(), result: 0 }), signal);
    if (free) expect((await entering).entry.entry).toBe(1);
    else await expect(entering).rejects.toThrow();
    expect(existsSync(at.path)).toBe(free);
  });

  test("that was taken over while it was held is not released, and nothing is written", async () => {
    const at = place();
    await at.enter();
    const before = at.bytes();
    const entering = at.open().enter(() => {
      writeFileSync(lockOf(at), "another one's");
      return { verification: verification(), result: 0 };
    }, NEVER);
    await expect(entering).rejects.toMatchObject({
      code: "E_LEDGER",
      message: has("took the lock over"),
    });
    expect(at.bytes()).toEqual(before);
    expect(readFileSync(lockOf(at), "utf8")).toBe("another one's");
  });

  test("of a breaker that was killed does not block the next one", async () => {
    const at = place();
    const dead = spawnSync("true").pid;
    const self = await readOwner();
    const owner = { ...self, pid: String(dead) };
    await leaveLock(at, { owner });
    writeFileSync(
      `${lockOf(at)}.${"ab".repeat(12)}`,
      JSON.stringify({ id: "cd".repeat(12), host: hostname(), pid: dead, owner, at: "then" }),
    );
    await at.enter();
    expect(litter(at)).toEqual([]);
  });
});

test("ten processes that begin at once make one key", async () => {
  const dir = temporary();
  const places = Array.from({ length: 10 }, (_, index) => ({
    dir,
    path: join(dir, `${index}.jsonl`),
    stateDir: join(dir, "state"),
  }));
  const ended = await Promise.all(places.map((each) => startWriter(each).ended));
  expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 0));
  const ids = places.map(({ path }) => (JSON.parse(readFileSync(path, "utf8")) as { by: string }).by);
  expect(new Set(ids).size).toBe(1);
  expect(readdirSync(join(dir, "state"))).toEqual(["ledger.key"]);
});
