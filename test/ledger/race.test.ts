import { hostname } from "node:os";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { acquireLock } from "../../src/ledger/lock.ts";
import { readOwner } from "../../src/owner.ts";
import type * as Owner from "../../src/owner.ts";
import { NEVER, temporary } from "./tools.ts";

/** Holds up the first who asks whether the holder of a lock lives. */
const gate = vi.hoisted(() => {
  let open: () => void = () => undefined;
  return { asked: 0, closed: new Promise<void>((resolve) => (open = resolve)), open: () => open() };
});
vi.mock("../../src/owner.ts", async (load) => {
  const real = await load<typeof Owner>();
  const lifeOf: typeof real.lifeOf = async (...args) => {
    gate.asked += 1;
    if (gate.asked === 1) await gate.closed;
    return real.lifeOf(...args);
  };
  return { ...real, lifeOf };
});

test("a slow breaker of a dead lock does not remove the lock that a faster one took meanwhile", async () => {
  const path = join(temporary(), "lock");
  const owner = { ...(await readOwner()), start: "1" };
  writeFileSync(path, JSON.stringify({ id: "ab".repeat(12), host: hostname(), pid: 1, owner, at: "then" }));
  let slowHasIt = false;
  const slow = acquireLock(path, NEVER).then((lock) => {
    slowHasIt = true;
    return lock;
  });
  await vi.waitFor(() => expect(gate.asked).toBe(1));
  const fast = await acquireLock(path, NEVER);
  gate.open();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([slowHasIt, await fast.isHeld()]).toEqual([false, true]);
  await fast.release();
  await (await slow).release();
});
