import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ledgerPlace } from "../../src/config/state.ts";
import { realPath } from "../../src/ledger/file.ts";
import { readHistory } from "../../src/ledger/history.ts";
import { tmpfs } from "../release/tools.ts";
import { has, place, startWriter, temporary, type Place } from "./tools.ts";

const isRoot = process.getuid?.() === 0;

describe("where it lies", () => {
  const home = "/home/kim";
  const usual = "/home/kim/.local/state/tofu3";
  test.each([
    { env: {}, ledger: null, path: `${usual}/ledger.jsonl`, stateDir: usual },
    { env: { XDG_STATE_HOME: "" }, ledger: null, path: `${usual}/ledger.jsonl`, stateDir: usual },
    { env: { XDG_STATE_HOME: "state" }, ledger: null, path: `${usual}/ledger.jsonl`, stateDir: usual },
    { env: { XDG_STATE_HOME: "/s" }, ledger: null, path: "/s/tofu3/ledger.jsonl", stateDir: "/s/tofu3" },
    { env: { XDG_STATE_HOME: "/s" }, ledger: "/team/l.jsonl", path: "/team/l.jsonl", stateDir: "/s/tofu3" },
  ])("$env, policy.ledger $ledger: $path, the key in $stateDir", ({ env, ledger, path, stateDir }) => {
    expect(ledgerPlace(ledger === null ? null : { ledger }, { env, home })).toEqual({ path, stateDir });
  });
});

describe("a place that cannot be one", () => {
  test.each<{ what: string; prepare: (at: Place) => void; says: string; readable?: true }>([
    { what: "a folder", prepare: ({ path }) => mkdirSync(path), says: "it is a folder, not a file" },
    {
      what: "a link to a folder",
      prepare: ({ path, dir }) => symlinkSync(dir, path),
      says: "it is a folder, not a file",
    },
    {
      what: "a link that leads nowhere",
      prepare: ({ path }) => symlinkSync("/nowhere", path),
      says: "a symbolic link that leads nowhere",
      readable: true,
    },
    { what: "a link in a circle", prepare: ({ path }) => symlinkSync(path, path), says: "lead in a circle" },
    { what: "a pipe", prepare: ({ path }) => void spawnSync("mkfifo", [path]), says: "it is a pipe or a device" },
    { what: "a picture", prepare: (at) => at.write("\x89PNG\r\n\x1a\n\0\0"), says: "not a line of a ledger" },
    { what: "a note", prepare: (at) => at.write("a note"), says: "not a line of a ledger" },
    { what: "another JSON", prepare: (at) => at.write('{"a":1}\n'), says: "not a line of a ledger" },
  ])("$what", async ({ prepare, says, readable }) => {
    const at = place();
    prepare(at);
    const error = await at.enter().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "E_LEDGER", message: has(says), hint: has("") });
    if (readable === true) expect(await readHistory(at)).toMatchObject({ exists: false });
    else await expect(readHistory(at)).rejects.toMatchObject({ code: "E_LEDGER" });
  });

  test("below a file", async () => {
    const at = place();
    writeFileSync(join(at.dir, "file"), "");
    const below = place(at.dir, join(at.dir, "file/ledger.jsonl"));
    await expect(below.enter()).rejects.toMatchObject({
      code: "E_LEDGER",
      message: has(/cannot .*: (a part of its path is not a folder|something is in the way)/),
      hint: has("policy.ledger"),
    });
  });

  test.runIf(isRoot)("on a file system that is read-only (needs root)", async (context) => {
    const dir = tmpfs(64);
    if (dir === null) return context.skip("a tmpfs cannot be mounted here");
    const at = place(dir);
    await at.enter();
    spawnSync("mount", ["-o", "remount,ro", dir]);
    expect(await at.open().past()).toHaveLength(1);
    await expect(at.enter()).rejects.toMatchObject({
      code: "E_LEDGER",
      message: has("the file system is read-only"),
    });
  });

  test.runIf(isRoot)("where others may not write, or not read (needs root)", async () => {
    const at = place();
    await at.enter();
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const state = join(at.dir, "of-nobody");
    chmodSync(at.dir, 0o755);
    mkdirSync(state, { mode: 0o777 });
    chmodSync(state, 0o777);
    const told = async (): Promise<string> =>
      (await startWriter({ ...at, stateDir: state }, { prefix: nobody }).ended).said;
    expect(await told()).toContain(`E_LEDGER cannot lock the ledger with "${at.path}.lock": permission denied`);
    chmodSync(at.dir, 0o777);
    expect(await told()).toContain(`E_LEDGER cannot write the ledger "${at.path}": permission denied`);
  });
});

describe("the key", () => {
  const path = ({ stateDir }: Place): string => join(stateDir, "ledger.key");

  test.each([0o640, 0o604, 0o620])("that others may use (mode %o) is refused", async (mode) => {
    const at = place();
    await at.enter();
    const before = at.bytes();
    chmodSync(path(at), mode);
    for (const work of [at.enter, () => at.open().past(), () => readHistory(at)])
      await expect(work()).rejects.toMatchObject({ code: "E_LEDGER", hint: has("chmod 600") });
    expect(at.bytes()).toEqual(before);
  });

  test.each(["", "abc", `${"0".repeat(63)}g`, "0".repeat(65), "0".repeat(2000)])(
    "that is %j is refused",
    async (text) => {
      const at = place();
      await at.enter();
      writeFileSync(path(at), text);
      await expect(at.enter()).rejects.toMatchObject({ code: "E_LEDGER" });
      expect(readFileSync(path(at), "utf8")).toBe(text);
    },
  );

  test("that is a folder is refused", async () => {
    const at = place();
    mkdirSync(path(at), { recursive: true });
    await expect(at.enter()).rejects.toMatchObject({ code: "E_LEDGER", message: has("a folder") });
  });

  test("that is lost is made anew, and the old entries are somebody else's", async () => {
    const at = place();
    await at.enter();
    rmSync(path(at));
    await at.enter();
    expect((await at.open().past()).map(({ own }) => own)).toEqual([false, true]);
  });
});

test("a file that others make at this moment is not taken for a link that leads nowhere", async () => {
  const path = join(temporary(), "ledger.jsonl");
  const end = Date.now() + 400;
  const others = async (): Promise<void> => {
    while (Date.now() < end) {
      await writeFile(path, "");
      await rm(path);
    }
  };
  const looks = async (): Promise<void> => {
    while (Date.now() < end) expect(await realPath(path)).toBe(path);
  };
  await Promise.all([others(), looks(), looks()]);
});
