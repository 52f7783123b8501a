import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { until } from "../../lab/processes.ts";
import { ALPINE, filesIn, holdFor, place, put, tagTo, thing } from "./tools.ts";

const LAYER = thing("a layer");

afterEach(() => void vi.useRealTimers());

test("whoever lost the store to another process writes and removes nothing any more", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const at = place();
  const store = await at.open({ maxBytes: 100 });
  await put(store, ALPINE, LAYER);
  await store.setHold(ALPINE, "edge", holdFor());
  const lock = join(at.folder, "lock");
  const other = readFileSync(lock, "utf8").replace(/"id":"[0-9a-f]{24}"/, `"id":"${"ab".repeat(12)}"`);
  writeFileSync(lock, other);
  const before = filesIn(at.folder);
  await vi.advanceTimersByTimeAsync(10_000);
  await until("it is told", () => (at.warned.length > 0 ? true : undefined));
  expect(at.warned).toEqual([expect.stringContaining("another process took the store")]);
  const lost = { code: "E_STORE", message: expect.stringContaining("another process took it over") as unknown };
  await expect(store.admit(ALPINE, LAYER.object)).rejects.toMatchObject(lost);
  await expect(store.setTag(ALPINE, "x", tagTo(LAYER.object.digest))).rejects.toMatchObject(lost);
  await expect(store.clearHold(ALPINE, "edge")).rejects.toMatchObject(lost);
  await expect(store.makeRoom(100)).rejects.toMatchObject(lost);
  expect(filesIn(at.folder)).toEqual(before);
  // it holds all the same, for those whom it still answers
  await expect(store.setHold(ALPINE, "other", holdFor())).rejects.toMatchObject(lost);
  expect(await store.hold(ALPINE, "other")).toEqual(holdFor());
  await store.close();
  expect(readFileSync(lock, "utf8")).toBe(other);
  rmSync(lock);
});

test("a hold that the disk did not take holds, is written as soon as it can be, and outlives the process", async () => {
  const at = place();
  let store = await at.open();
  const folder = join(at.folder, "repos/docker.io/library+alpine");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "holds"), "in the way");
  await expect(store.setHold(ALPINE, "edge", holdFor())).rejects.toMatchObject({ code: "E_STORE" });
  expect(await store.hold(ALPINE, "edge")).toEqual(holdFor());
  rmSync(join(folder, "holds"));
  expect(await store.hold(ALPINE, "edge")).toEqual(holdFor());
  await store.close();
  store = await at.open();
  expect(await store.hold(ALPINE, "edge")).toEqual(holdFor());
});
