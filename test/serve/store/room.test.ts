import { statfsSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Store } from "../../../src/serve/store/store.ts";
import { tmpfs } from "../../release/tools.ts";
import {
  ALPINE,
  bytesOf,
  filesIn,
  holdFor,
  NEVER,
  place,
  put,
  shelve,
  tagTo,
  thing,
  VIM,
  type Place,
} from "./tools.ts";

/** Of 100 bytes each. */
const [A, B, C, D] = ["a", "b", "c", "d"].map((letter) => thing(letter.repeat(100))) as [Thing, Thing, Thing, Thing];
type Thing = ReturnType<typeof thing>;

async function kept(store: Store): Promise<string> {
  const found = await Promise.all([A, B, C, D].map(({ object }) => store.find(ALPINE, object.digest)));
  return found.map((each, index) => (each === null ? "" : "abcd"[index])).join("");
}

/** Each put in an hour after the one before. */
async function filled(at: Place, store: Store): Promise<void> {
  for (const each of [A, B, C]) {
    at.time = new Date(at.time.getTime() + 3600_000);
    await put(store, ALPINE, each);
  }
}

describe("the least used goes first", () => {
  test("with all rights to it, and no more than needed", async () => {
    const at = place();
    const store = await at.open({ maxBytes: 300 });
    await filled(at, store);
    await store.admit(VIM, A.object);
    await bytesOf(store, ALPINE, A.object.digest);
    expect(await store.makeRoom(0)).toBe(true);
    expect(await kept(store)).toBe("abc");
    expect(await store.makeRoom(1)).toBe(true);
    expect(await kept(store)).toBe("ac");
    await store.read(ALPINE, A.object.digest, NEVER);
    expect(await store.makeRoom(200)).toBe(true);
    expect([await kept(store), store.bytes]).toEqual(["a", 100]);
    expect(await store.makeRoom(300)).toBe(true);
    expect(await store.find(VIM, A.object.digest)).toBeNull();
    expect([store.bytes, filesIn(at.folder)]).toEqual([0, []]);
  });

  test("by what was used before the start, too, and down to what the limit is now", async () => {
    const at = place();
    let store = await at.open();
    await filled(at, store);
    at.time = new Date(at.time.getTime() + 3600_000);
    await bytesOf(store, ALPINE, A.object.digest);
    await store.close();
    store = await at.open({ maxBytes: 299 });
    expect(await kept(store)).toBe("ac");
    await put(store, ALPINE, D);
    expect(await kept(store)).toBe("ad");
  });

  test("but nothing goes in vain", async () => {
    const at = place();
    const store = await at.open({ maxBytes: 300 });
    await filled(at, store);
    expect(await store.makeRoom(301)).toBe(false);
    const release = store.protect([A.object.digest]);
    expect(await store.makeRoom(201)).toBe(false);
    expect(await kept(store)).toBe("abc");
    release();
    expect(await store.makeRoom(201)).toBe(true);
  });
});

describe("what is needed stays", () => {
  test("while it is read", async () => {
    const at = place();
    const store = await at.open({ maxBytes: 300 });
    await filled(at, store);
    const readings = [1, 2].map(() => store.open(ALPINE, A.object.digest, NEVER));
    for (const [left, reading] of [...readings.entries()].reverse()) {
      expect(await store.makeRoom(300)).toBe(false);
      expect(await store.makeRoom(200)).toBe(true);
      expect(await kept(store)).toBe("a");
      await (await reading)?.close();
      if (left > 0) await (await reading)?.close();
    }
    expect(await store.makeRoom(300)).toBe(true);
  });

  test("under a flight, also what is not there yet", async () => {
    const at = place();
    const store = await at.open({ maxBytes: 100 });
    const [one, two] = [store.protect([A.object.digest]), store.protect([A.object.digest, B.object.digest])];
    await put(store, ALPINE, A);
    await put(store, ALPINE, B);
    expect(await kept(store)).toBe("ab");
    two();
    two();
    expect(await store.makeRoom(0)).toBe(true);
    expect(await kept(store)).toBe("a");
    one();
    expect(await store.makeRoom(1)).toBe(true);
    expect(await kept(store)).toBe("");
  });

  test("what a tag names now, after a start, too; not what it named before", async () => {
    const at = place();
    let store = await at.open({ maxBytes: 300 });
    await filled(at, store);
    await store.setTag(ALPINE, "x", tagTo(A.object.digest));
    await store.setTag(VIM, "x", tagTo(A.object.digest));
    await store.setTag(ALPINE, "x", tagTo(B.object.digest));
    await store.setTag(VIM, "x", tagTo(B.object.digest, { checkedAt: "2026-11-28T00:00:00.000Z" }));
    for (const isAgain of [false, true]) {
      if (isAgain) {
        await store.close();
        store = await at.open({ maxBytes: 100 });
      }
      expect(await store.makeRoom(300)).toBe(false);
      await store.makeRoom(isAgain ? 0 : 200);
      expect(await kept(store)).toBe("b");
    }
  });
});

test("the file system keeps its free bytes (tmpfs, needs root)", async (context) => {
  const folder = tmpfs(1024, ",mode=0700");
  if (folder === null) return context.skip("a tmpfs cannot be mounted here");
  const at = place(folder);
  const store = await at.open({ minFreeBytes: 500_000 });
  const things = [1, 2, 3].map((each) => thing(Buffer.alloc(150_000, each)));
  for (const each of things) {
    expect(await store.makeRoom(each.bytes.length)).toBe(true);
    await put(store, ALPINE, each);
  }
  expect(await store.makeRoom(150_000)).toBe(true);
  const { bavail, bsize } = statfsSync(folder);
  expect(bavail * bsize).toBeGreaterThanOrEqual(650_000);
  expect(store.bytes).toBe(300_000);
  expect(await store.makeRoom(700_000)).toBe(false);
});

test("a full disk costs what does not fit, and nothing else (tmpfs, needs root)", async (context) => {
  const folder = tmpfs(256, ",mode=0700");
  if (folder === null) return context.skip("a tmpfs cannot be mounted here");
  const at = place(folder);
  let store = await at.open();
  await put(store, ALPINE, A);
  await shelve(store, thing(Buffer.alloc(1000)));
  let count = 0;
  const fault = await (async (): Promise<unknown> => {
    for (;;) {
      try {
        await store.setTag(ALPINE, `t${count}`, tagTo(A.object.digest));
        count += 1;
      } catch (error) {
        return error;
      }
    }
  })();
  expect(fault).toMatchObject({ code: "E_DISK", message: expect.stringContaining("the disk is full") as unknown });
  // what cannot be written holds all the same
  await expect(store.setHold(ALPINE, "x", holdFor())).rejects.toMatchObject({ code: "E_DISK" });
  expect(await store.hold(ALPINE, "x")).toEqual(holdFor());
  expect(await bytesOf(store, ALPINE, A.object.digest)).toEqual(A.bytes);
  await store.close();
  store = await at.open();
  expect(await store.tag(ALPINE, `t${count}`)).toBeNull();
  expect(await store.tag(ALPINE, `t${count - 1}`)).toEqual(tagTo(A.object.digest));
  expect(at.warned).toEqual([]);
});

test("the disk is told of a use once an hour", async () => {
  const at = place();
  let store = await at.open();
  await filled(at, store);
  const right = join(at.folder, "repos/docker.io/library+alpine/objects", A.object.digest.replace(":", "-"));
  await bytesOf(store, ALPINE, A.object.digest);
  await store.close();
  // as it was left: two hours ago
  utimesSync(right, 1000, 1000);
  store = await at.open({ maxBytes: 250 });
  expect(await kept(store)).toBe("bc");
});
