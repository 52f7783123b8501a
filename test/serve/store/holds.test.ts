import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { removeHold } from "../../../src/serve/store/clear.ts";
import { ALPINE, filesIn, holdFor, place, thing, VIM } from "./tools.ts";

const DIGEST = thing("x").object.digest;
const FILE = "repos/docker.io/library+alpine/holds/edge.json";

test("a hold is of one name in one repository, and goes when it is cleared", async () => {
  const at = place();
  const store = await at.open();
  await store.setHold(ALPINE, "edge", holdFor());
  await store.setHold(ALPINE, DIGEST, holdFor({ outcome: "moved" }));
  for (const [repository, name] of [
    [ALPINE, "Edge"],
    [VIM, "edge"],
    [ALPINE, DIGEST.replace(":", "-")],
  ] as const)
    expect(await store.hold(repository, name)).toBeNull();
  expect(await store.hold(ALPINE, DIGEST)).toEqual(holdFor({ outcome: "moved" }));
  await store.clearHold(ALPINE, DIGEST);
  await store.clearHold(ALPINE, "never");
  expect(await store.holds()).toEqual([{ repository: ALPINE, name: "edge", hold: holdFor() }]);
  expect(filesIn(at.folder)).toEqual([FILE]);
});

test("a person may clear it while the server runs, and it can be set again", async () => {
  const at = place();
  const store = await at.open();
  for (const clear of [
    () => removeHold(at.folder, ALPINE, "edge"),
    () => {
      rmSync(join(at.folder, FILE));
      return true;
    },
  ]) {
    await store.setHold(ALPINE, "edge", holdFor());
    expect(await store.hold(ALPINE, "edge")).toEqual(holdFor());
    expect(await clear()).toBe(true);
    expect(await store.hold(ALPINE, "edge")).toBeNull();
    expect(await store.holds()).toEqual([]);
  }
  expect(await removeHold(at.folder, ALPINE, "edge")).toBe(false);
});

test("a store that is away for a moment takes no hold with it", async () => {
  const at = place();
  const store = await at.open();
  await store.setHold(ALPINE, "edge", holdFor());
  renameSync(at.folder, `${at.folder}.away`);
  expect(await store.hold(ALPINE, "edge")).toMatchObject({ outcome: "disagreed" });
  // what is left where a file system was mounted
  mkdirSync(at.folder);
  expect(await store.hold(ALPINE, "edge")).toMatchObject({ outcome: "disagreed" });
  rmSync(at.folder, { recursive: true });
  renameSync(`${at.folder}.away`, at.folder);
  expect(await store.hold(ALPINE, "edge")).toEqual(holdFor());
});

describe("one that cannot be read holds until a person looks", () => {
  test.each([
    ["torn", (path: string) => writeFileSync(path, '{"outcome":')],
    [
      "about another name",
      (path: string) => writeFileSync(path, JSON.stringify({ ...ALPINE, name: "x", ...holdFor() })),
    ],
    [
      "a link",
      (path: string) => {
        rmSync(path);
        symlinkSync("/dev/null", path);
      },
    ],
  ])("%s", async (_, spoil) => {
    const at = place();
    let store = await at.open();
    await store.setHold(ALPINE, "edge", holdFor());
    spoil(join(at.folder, FILE));
    const unreadable = { outcome: "disagreed", sentence: expect.stringContaining("cannot be read") as unknown };
    for (const isAgain of [false, true]) {
      if (isAgain) {
        await store.close();
        store = await at.open();
      }
      expect(await store.hold(ALPINE, "edge")).toMatchObject(unreadable);
      expect(await store.holds()).toMatchObject([{ repository: ALPINE, name: "edge", hold: unreadable }]);
    }
    expect(at.warned.length).toBeGreaterThanOrEqual(1);
    await store.clearHold(ALPINE, "edge");
    expect(await store.hold(ALPINE, "edge")).toBeNull();
  });
});
