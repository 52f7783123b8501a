import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Store } from "../../../src/serve/store/store.ts";
import { ALPINE, bytesOf, filesIn, NEVER, place, put, shelve, tagTo, thing, VIM, type Thing } from "./tools.ts";

const LAYER = thing("a layer");
const OTHER = thing("other bytes");
const { digest: DIGEST } = LAYER.object;

/** As somebody who writes to the file, and hides that as well as possible. */
function tamper(store: Store, each: Thing, bytes = "A LAYER"): void {
  const path = store.shelf.pathOf(each.object.digest);
  const { atime, mtime } = statSync(path);
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
  chmodSync(path, 0o444);
  utimesSync(path, atime, mtime);
}

/** By this process so far. */
const bytesRead = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);

const rightsOf = (folder: string): string[] => filesIn(folder).filter((each) => each.includes("/objects/"));

describe("rights", () => {
  test("what one repository may give out is not found through another, whatever its name", async () => {
    const store = await place().open();
    await put(store, ALPINE, LAYER);
    const others = [
      VIM,
      { registry: "docker.io", repository: "library" },
      { registry: "docker.io", repository: "library/alpine/objects" },
      { registry: "docker.io:443", repository: "library/alpine" },
      { registry: "docker.io", repository: "../docker.io/library+alpine" },
      { registry: "..", repository: "repos/docker.io/library+alpine" },
    ];
    for (const each of others) {
      expect(await store.find(each, DIGEST)).toBeNull();
      expect(await store.open(each, DIGEST, NEVER)).toBeNull();
      expect(await store.read(each, DIGEST, NEVER)).toBeNull();
    }
    await store.admit(VIM, { ...LAYER.object, mediaType: "another/type" });
    expect((await store.find(VIM, DIGEST))?.mediaType).toBe("another/type");
    expect((await store.find(ALPINE, DIGEST))?.mediaType).toBe("application/octet-stream");
  });

  test("a right that was copied to another repository gives nothing out there", async () => {
    const at = place();
    let store = await at.open();
    await put(store, ALPINE, LAYER);
    await put(store, VIM, OTHER);
    await store.close();
    const name = DIGEST.replace(":", "-");
    const [from, to] = ["repos/docker.io/library+alpine/objects", "repos/ghcr.io/homebrew+core+vim/objects"];
    writeFileSync(join(at.folder, to, name), readFileSync(join(at.folder, from, name)));
    store = await at.open();
    expect(await store.find(VIM, DIGEST)).toBeNull();
    expect(at.warned).toEqual([expect.stringContaining("is not what tofu3 wrote there")]);
    expect(await store.find(ALPINE, DIGEST)).toEqual(LAYER.object);
  });

  test("a right that was copied to another digest gives nothing out there", async () => {
    const at = place();
    let store = await at.open();
    const same = thing("as long");
    await put(store, ALPINE, LAYER);
    await put(store, VIM, same);
    await store.close();
    const folder = join(at.folder, "repos/docker.io/library+alpine/objects");
    const nameOf = (digest: string): string => join(folder, digest.replace(":", "-"));
    expect(same.object.size).toBe(LAYER.object.size);
    writeFileSync(nameOf(same.object.digest), readFileSync(nameOf(DIGEST)));
    store = await at.open();
    expect(await store.find(ALPINE, same.object.digest)).toBeNull();
    expect(await store.open(ALPINE, same.object.digest, NEVER)).toBeNull();
    expect(at.warned).toEqual([expect.stringContaining("is not what tofu3 wrote there")]);
    expect(await bytesOf(store, VIM, same.object.digest)).toEqual(same.bytes);
  });

  test("none without its file, or with one of another size", async () => {
    const at = place();
    const store = await at.open();
    const wrong = { code: "E_STORE", message: expect.stringContaining("cannot give out") as unknown };
    await expect(store.admit(ALPINE, LAYER.object)).rejects.toMatchObject(wrong);
    await shelve(store, LAYER);
    await expect(store.admit(ALPINE, { ...LAYER.object, size: 5 })).rejects.toMatchObject(wrong);
    expect(await store.find(ALPINE, DIGEST)).toBeNull();
    expect(rightsOf(at.folder)).toEqual([]);
  });

  test.each([
    ["torn", (path: string) => writeFileSync(path, readFileSync(path, "utf8").slice(0, 50))],
    ["empty", (path: string) => writeFileSync(path, "")],
    ["foreign", (path: string) => writeFileSync(path, "[]")],
    ["not UTF-8", (path: string) => writeFileSync(path, Buffer.from([0xff]))],
    ["huge", (path: string) => appendFileSync(path, " ".repeat(70_000))],
    [
      "of another size than its file",
      (path: string) => writeFileSync(path, readFileSync(path, "utf8").replace(":7", ":8")),
    ],
    [
      "a link to one that is whole",
      (path: string) => {
        renameSync(path, join(path, "../../right"));
        symlinkSync("../right", path);
      },
    ],
    [
      "a folder",
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])("one that is %s counts as not there, and a warning is told", async (_, spoil) => {
    const at = place();
    let store = await at.open();
    await put(store, ALPINE, LAYER);
    await put(store, VIM, LAYER);
    await store.close();
    spoil(join(at.folder, "repos/docker.io/library+alpine/objects", DIGEST.replace(":", "-")));
    store = await at.open();
    expect(await store.find(ALPINE, DIGEST)).toBeNull();
    expect(await store.documents(ALPINE)).toEqual([]);
    expect(await store.open(ALPINE, DIGEST, NEVER)).toBeNull();
    expect(await bytesOf(store, VIM, DIGEST)).toEqual(LAYER.bytes);
    expect(at.warned).not.toEqual([]);
  });
});

describe("a file is hashed before a byte is given", () => {
  test.each(["open", "read"] as const)("at the first %s since the start", async (how) => {
    const at = place();
    let store = await at.open();
    await put(store, ALPINE, LAYER);
    await put(store, VIM, LAYER);
    await store.close();
    tamper(store, LAYER);
    store = await at.open();
    expect(await store.find(ALPINE, DIGEST)).toEqual(LAYER.object);
    expect(await store[how](ALPINE, DIGEST, NEVER)).toBeNull();
    expect(at.warned).toEqual([`${DIGEST} was removed from the store: its bytes are not those of its digest`]);
    // for the other repository, too
    for (const each of [ALPINE, VIM]) expect(await store.find(each, DIGEST)).toBeNull();
    expect(filesIn(at.folder)).toEqual([]);
    expect(store.bytes).toBe(0);
  });

  test("and when it was touched since, though its time and size are as they were", async () => {
    const at = place();
    const store = await at.open();
    await put(store, ALPINE, LAYER);
    // a whole second, which can be put back
    utimesSync(store.shelf.pathOf(DIGEST), 1e9, 1e9);
    expect(await bytesOf(store, ALPINE, DIGEST)).toEqual(LAYER.bytes);
    tamper(store, LAYER);
    expect(statSync(store.shelf.pathOf(DIGEST), { bigint: true }).mtimeNs).toBe(10n ** 18n);
    expect(await bytesOf(store, ALPINE, DIGEST)).toBeNull();
    expect(await store.find(ALPINE, DIGEST)).toBeNull();
  });

  test("and when the shelf was not told that it landed, or something else took its place", async () => {
    const at = place();
    const store = await at.open();
    const wrong = { ...OTHER, object: { ...OTHER.object, digest: DIGEST, size: OTHER.bytes.length } };
    await put(store, ALPINE, wrong, false);
    expect(await bytesOf(store, ALPINE, DIGEST)).toBeNull();
    await put(store, ALPINE, LAYER);
    expect(await bytesOf(store, ALPINE, DIGEST)).toEqual(LAYER.bytes);
    await shelve(store, { ...LAYER, bytes: Buffer.from("A LAYER") }, false);
    expect(await bytesOf(store, ALPINE, DIGEST)).toBeNull();
  });

  test("and when something took its place before the shelf was told", async () => {
    const store = await place().open();
    await shelve(store, LAYER, false);
    const path = store.shelf.pathOf(DIGEST);
    const landed = await open(path, "r");
    rmSync(path);
    writeFileSync(path, "A LAYER", { mode: 0o444 });
    await store.shelf.landed(DIGEST, landed);
    await landed.close();
    await store.admit(ALPINE, LAYER.object);
    expect(await bytesOf(store, ALPINE, DIGEST)).toBeNull();
  });

  test("a file that is as it was is given, whoever touched it", async () => {
    const at = place();
    const store = await at.open();
    await put(store, ALPINE, LAYER);
    utimesSync(store.shelf.pathOf(DIGEST), 1, 1);
    expect(await bytesOf(store, ALPINE, DIGEST)).toEqual(LAYER.bytes);
    expect(at.warned).toEqual([]);
  });

  test.each([
    ["gone", (path: string) => rmSync(path), "it is gone"],
    [
      "a link to the right bytes",
      (path: string) => {
        renameSync(path, join(path, "../../../right"));
        symlinkSync("../../right", path);
      },
      "it is no file",
    ],
  ])("one that is %s is nothing", async (_, spoil, why) => {
    const at = place();
    const store = await at.open();
    await put(store, ALPINE, LAYER);
    spoil(store.shelf.pathOf(DIGEST));
    expect(await store.open(ALPINE, DIGEST, NEVER)).toBeNull();
    expect(at.warned).toEqual([`${DIGEST} was removed from the store: ${why}`]);
    expect(existsSync(store.shelf.pathOf(DIGEST))).toBe(false);
    expect(rightsOf(at.folder)).toEqual([]);
  });

  test("a document in memory needs no file; one that is open stays", async () => {
    const at = place();
    const store = await at.open();
    await put(store, ALPINE, LAYER);
    const reading = await store.open(ALPINE, DIGEST, NEVER);
    await store.read(ALPINE, DIGEST, NEVER);
    renameSync(store.shelf.pathOf(DIGEST), join(at.folder, "elsewhere"));
    expect(Buffer.from((await store.read(ALPINE, DIGEST, NEVER)) ?? [])).toEqual(LAYER.bytes);
    expect(await reading?.handle.readFile()).toEqual(LAYER.bytes);
    await reading?.close();
    await reading?.close();
    rmSync(join(at.folder, "elsewhere"));
  });

  test("readers that come at once share one hashing, and one that goes takes nobody with it", async () => {
    const at = place();
    const large = thing(Buffer.alloc(20_000_000, 7));
    let store = await at.open();
    await put(store, ALPINE, large);
    await store.close();
    store = await at.open();
    const controller = new AbortController();
    const before = bytesRead();
    const gone = store.open(ALPINE, large.object.digest, controller.signal);
    const staying = Array.from({ length: 5 }, () => store.open(ALPINE, large.object.digest, NEVER));
    controller.abort(new Error("the client went"));
    await expect(gone).rejects.toThrow("the client went");
    const readings = await Promise.all(staying);
    expect(bytesRead() - before).toBeLessThan(2 * large.bytes.length);
    expect(readings.map((each) => each?.object)).toEqual(staying.map(() => large.object));
    for (const each of readings) await each?.close();
    await expect(store.open(ALPINE, large.object.digest, controller.signal)).rejects.toThrow("the client went");
  });
});

test("links and foreign files that were planted lead nowhere", async () => {
  const at = place();
  let store = await at.open();
  await put(store, ALPINE, LAYER);
  await store.setTag(ALPINE, "x", tagTo(DIGEST));
  await store.close();
  const outside = join(at.folder, "../outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "file"), "outside");
  symlinkSync(outside, join(at.folder, "repos/ghcr.io"));
  symlinkSync(join(outside, "file"), join(at.folder, "blobs/sha256", OTHER.object.digest.slice(7)));
  writeFileSync(join(at.folder, "blobs/sha256/README"), "hello");
  writeFileSync(join(at.folder, "repos/docker.io/library+alpine/tags/torn.json"), '{"registry":');
  writeFileSync(join(at.folder, "verdicts/..json"), "{}");
  store = await at.open();
  expect(at.warned).toHaveLength(4);
  expect(await store.tag(ALPINE, "torn")).toBeNull();
  expect(await store.tag(ALPINE, "x")).toEqual(tagTo(DIGEST));
  await shelve(store, OTHER);
  await expect(store.admit(VIM, OTHER.object)).rejects.toMatchObject({ code: "E_STORE" });
  await expect(store.setTag(VIM, "x", tagTo(DIGEST))).rejects.toMatchObject({ code: "E_STORE" });
  expect(await store.find(VIM, OTHER.object.digest)).toBeNull();
  expect(readdirSync(outside)).toEqual(["file"]);
  expect(readFileSync(join(outside, "file"), "utf8")).toBe("outside");
});

test("what a crash left half done is finished at the start", async () => {
  const at = place();
  let store = await at.open();
  await put(store, ALPINE, LAYER);
  await put(store, VIM, OTHER);
  // shelved, and not admitted
  await shelve(store, thing("nobody's"));
  await store.close();
  writeFileSync(join(at.folder, "tmp/draft"), "half");
  mkdirSync(join(at.folder, ".tofu3-1-1-00000000-000000000000/blobs"), { recursive: true });
  rmSync(store.shelf.pathOf(OTHER.object.digest));
  utimesSync(join(at.folder, ".tofu3-1-1-00000000-000000000000/blobs"), 1, 1);
  utimesSync(join(at.folder, ".tofu3-1-1-00000000-000000000000"), 1, 1);
  store = await at.open();
  const right = `repos/docker.io/library+alpine/objects/${DIGEST.replace(":", "-")}`;
  expect(filesIn(at.folder)).toEqual([`blobs/sha256/${DIGEST.slice(7)}`, right]);
  expect(store.bytes).toBe(LAYER.bytes.length);
  expect(readdirSync(at.folder).filter((each) => each.startsWith("."))).toEqual([]);
});
