import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readOwner } from "../../../src/owner.ts";
import { openStore } from "../../../src/serve/store/open.ts";
import { until } from "../../lab/processes.ts";
import { ALPINE, filesIn, place, put, temporary, thing } from "./tools.ts";

const isRoot = process.getuid?.() === 0;
const has = (text: string): unknown => expect.stringContaining(text);

test("a store that is missing is made, for its owner alone", async () => {
  const at = place(join(temporary(), "not/there/yet"));
  await at.open();
  expect(statSync(at.folder).mode & 0o777).toBe(0o700);
});

test("through a link to the folder it is the same store", async () => {
  const at = place();
  const store = await at.open();
  const link = join(temporary(), "link");
  symlinkSync(at.folder, link);
  await expect(place(link).open()).rejects.toMatchObject({ code: "E_STORE", message: has("holds it") });
  await store.close();
  expect((await place(link).open()).folder).toBe(store.folder);
});

describe("a folder is refused, and left as it was", () => {
  test.each([
    [
      "not empty, and no store",
      (path: string) => writeFileSync(join(path, "thesis.txt"), "x"),
      'not empty: "thesis.txt"',
    ],
    ["with folders of our names in it, and no store", (path: string) => mkdirSync(join(path, "blobs")), "not empty"],
    ["open to everybody", (path: string) => chmodSync(path, 0o777), "everybody may write to it"],
    [
      "a store of another version",
      (path: string) => writeFileSync(join(path, "store.json"), '{"format":"tofu3 store","version":2}'),
      "another version of tofu3",
    ],
    [
      "with a mark of somebody else",
      (path: string) => writeFileSync(join(path, "store.json"), "{}"),
      "not what tofu3 wrote",
    ],
  ])("%s", async (_, spoil, says) => {
    const folder = temporary();
    spoil(folder);
    const before = readdirSync(folder);
    await expect(place(folder).open()).rejects.toMatchObject({ code: "E_STORE", message: has(says) });
    expect(readdirSync(folder)).toEqual(before);
  });

  test.runIf(isRoot)("somebody else's (needs root)", async () => {
    const folder = temporary();
    chownSync(folder, 65534, 65534);
    await expect(place(folder).open()).rejects.toMatchObject({ code: "E_STORE", message: has("another user") });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a link in place of one of its parts", async () => {
    const at = place();
    await (await at.open()).close();
    const { folder } = at;
    const elsewhere = temporary();
    spawnSync("rmdir", [join(folder, "verdicts")]);
    symlinkSync(elsewhere, join(folder, "verdicts"));
    await expect(at.open()).rejects.toMatchObject({
      code: "E_STORE",
      message: has("something is where a folder belongs"),
    });
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });
});

test("what a mount and a first start that was killed leave is no hindrance", async () => {
  const folder = temporary();
  mkdirSync(join(folder, "lost+found"));
  writeFileSync(join(folder, "store.json.new"), '{"form');
  const dead = { ...(await readOwner()), start: "1" };
  const holder = { id: "ab".repeat(12), host: "here", pid: 1, owner: dead, at: "then" };
  for (const name of ["lock", `lock.${"cd".repeat(12)}.new`]) writeFileSync(join(folder, name), JSON.stringify(holder));
  await place(folder).open();
  expect(filesIn(folder)).toEqual([]);
});

describe("another process that has it", () => {
  const PROGRAM = `
import { openStore } from ${JSON.stringify(join(import.meta.dirname, "../../../dist/serve/store/open.js"))};
const store = await openStore(process.argv[1], { maxBytes: 1e9, minFreeBytes: 0, warn: () => {}, now: () => new Date() });
console.log("open");
process.stdin.once("data", () => store.close().then(() => process.exit()));
`;

  test.each(["ends", "is killed"])("keeps everybody out until it %s", async (how) => {
    const at = place();
    const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, at.folder], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let said = "";
    child.stdout.on("data", (more: Buffer) => (said += more.toString()));
    await until("the store is open", () => said.includes("open") || undefined);
    await expect(at.open()).rejects.toMatchObject({
      code: "E_STORE",
      message: has(`process ${child.pid} on `),
      hint: has("a store of its own"),
    });
    if (how === "ends") child.stdin.write("x");
    else child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    await put(await at.open(), ALPINE, thing("x"));
  });

  test.each([
    { age: 61, free: true },
    { age: 40, free: false },
  ])("on another machine, $age s after its last sign: free $free", async ({ age, free }) => {
    const at = place();
    await (await at.open()).close();
    const owner = { pid: "5", start: "1", boot: "ffffffff" };
    const lock = join(at.folder, "lock");
    writeFileSync(lock, JSON.stringify({ id: "ab".repeat(12), host: "other", pid: 5, owner, at: "then" }));
    utimesSync(lock, Date.now() / 1000 - age, Date.now() / 1000 - age);
    if (free) await at.open();
    else await expect(at.open()).rejects.toMatchObject({ message: has("process 5 on other") });
  });

  test("this very process, twice", async () => {
    const at = place();
    await at.open();
    await expect(at.open()).rejects.toMatchObject({ code: "E_STORE" });
  });
});

test("nothing is written once it is closed", async () => {
  const store = await place().open();
  await put(store, ALPINE, thing("x"));
  await store.close();
  await expect(store.admit(ALPINE, thing("x").object)).rejects.toMatchObject({
    code: "E_STORE",
    message: has("closed"),
  });
});

test("a store of 20,000 objects is opened without reading them", async () => {
  const at = place();
  const store = await at.open();
  await store.close();
  const hex = (index: number): string => index.toString(16).padStart(64, "0");
  for (let index = 0; index < 20_000; index++) writeFileSync(join(at.folder, "blobs/sha256", hex(index)), "");
  for (let each = 0; each < 200; each++) {
    const folder = join(at.folder, `repos/docker.io/library+r${each}/objects`);
    mkdirSync(folder, { recursive: true });
    // torn, all of them: whoever read them would say so
    for (let index = 0; index < 100; index++) writeFileSync(join(folder, `sha256-${hex(each * 100 + index)}`), "{");
  }
  const started = performance.now();
  const opened = await openStore(at.folder, {
    maxBytes: 1e12,
    minFreeBytes: 0,
    warn: (text) => void at.warned.push(text),
    now: () => new Date(),
  });
  const took = performance.now() - started;
  if (process.env["TELL"] === "1") console.log(`opened in ${took.toFixed(0)} ms`);
  expect(at.warned).toEqual([]);
  expect(filesIn(at.folder)).toHaveLength(40_000);
  await opened.close();
});
