import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readHistory } from "../../src/ledger/history.ts";
import { tmpfs } from "../release/tools.ts";
import { tell } from "./oracle.ts";
import { has, chainOf, keyIn, OTHER_KEY, place, verification, type Place } from "./tools.ts";

function keyHex({ stateDir }: Place): string {
  return readFileSync(join(stateDir, "ledger.key"), "utf8").trim();
}

/** Two lines, and the third as it would be written. */
async function threeLines(at: Place): Promise<{ whole: string; third: string }> {
  await at.enter();
  const key = keyIn(at);
  const text = chainOf([1, 2, 3].map(() => [verification({ looks: [], objects: [] }), key]));
  const [first = "", second = "", third = ""] = text.split("\n");
  return { whole: `${first}\n${second}\n`, third };
}

describe("a torn last line", () => {
  test("is cut away, wherever it was torn, and the next entry says how much that was", async () => {
    const at = place();
    const { whole, third } = await threeLines(at);
    for (let length = 1; length < third.length; length++) {
      at.write(whole + third.slice(0, length));
      expect(await readHistory(at)).toMatchObject({ broken: null, torn: length, last: { entry: 2 } });
      at.warned.length = 0;
      const { entry, result } = await at.enter();
      expect([entry.entry, result]).toEqual([3, 2]);
      expect(at.warned).toEqual([has(`its ${length} bytes were removed`)]);
      const last = at.bytes().toString().slice(whole.length);
      expect(JSON.parse(last)).toMatchObject({ recovered: length });
      expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 3, own: 3, broken: null, rest: Buffer.alloc(0) });
    }
  });

  test("that lacks nothing but its line feed is completed", async () => {
    const at = place();
    const { whole, third } = await threeLines(at);
    at.write(whole + third);
    expect(await readHistory(at)).toMatchObject({ broken: null, torn: 0, last: { entry: 3 } });
    const { entry, result } = await at.enter();
    expect([entry.entry, result]).toEqual([4, 3]);
    expect(at.bytes().toString().startsWith(`${whole}${third}\n`)).toBe(true);
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 4, broken: null });
    expect(at.warned).toEqual([]);
  });

  test("may be the first, and may end in the zeros of a power cut", async () => {
    const at = place();
    const { whole, third } = await threeLines(at);
    const first = whole.split("\n")[0] ?? "";
    for (const text of [first.slice(0, 20), "{", "", "\0".repeat(4096)]) {
      at.write(text);
      expect((await at.enter()).entry.entry).toBe(1);
    }
    for (const tail of [third.slice(0, 100) + "\0".repeat(400), "\0".repeat(4096)]) {
      at.write(whole + tail);
      expect((await at.enter()).entry.entry).toBe(3);
    }
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 3, broken: null, rest: Buffer.alloc(0) });
  });

  test.each([
    { what: "is another text", tail: "not a ledger" },
    { what: "belongs elsewhere", tail: '{"previous":null,"entry":1' },
    { what: "is whole and was edited", tail: null },
    { what: "is longer than any line", tail: "long" },
  ])("that $what is not cut away", async ({ tail }) => {
    const at = place();
    const { whole, third } = await threeLines(at);
    const edited = third.replace("aaaa", "bbbb");
    const text = whole + (tail === null ? edited : tail === "long" ? third.slice(0, -80) + "x".repeat(300_000) : tail);
    at.write(text);
    await expect(at.enter()).rejects.toMatchObject({ code: "E_LEDGER", message: has("line 3: ") });
    expect(at.bytes().toString()).toBe(text);
    expect(await readHistory(at)).toMatchObject({ broken: { line: 3 } });
  });

  test("of another key is completed as well", async () => {
    const at = place();
    at.write(chainOf([[verification(), OTHER_KEY]]).trimEnd());
    expect((await at.enter()).entry.entry).toBe(2);
  });
});

describe.runIf(process.getuid?.() === 0)("a full disk (tmpfs, needs root)", () => {
  test("leaves the ledger as it was, and goes on once there is room", async (context) => {
    const dir = tmpfs(64);
    if (dir === null) return context.skip("a tmpfs cannot be mounted here");
    const at = place(dir);
    await at.enter();
    const before = at.bytes();
    spawnSync("sh", ["-c", 'head -c 1M /dev/zero > "$1/filler" 2>/dev/null', "sh", dir]);
    const objects = verification().objects;
    const big = Array.from({ length: 100 }, () => ({
      ...(objects[0] ?? expect.fail("none")),
      platform: "x".repeat(90),
    }));
    // there is room for the lock, and for a part of the line
    spawnSync("truncate", ["-s", "-16K", join(dir, "filler")]);
    await expect(at.enter({ objects: big })).rejects.toMatchObject({
      code: "E_LEDGER",
      message: has("cannot write the ledger"),
    });
    expect(at.bytes()).toEqual(before);
    expect(readdirSync(dir).sort()).toEqual(["filler", "ledger.jsonl", "state"]);
    writeFileSync(join(dir, "filler"), "");
    expect((await at.enter({ objects: big })).entry.entry).toBe(2);
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 2, broken: null });
  });

  test("makes no new ledger", async (context) => {
    const dir = tmpfs(32);
    if (dir === null) return context.skip("a tmpfs cannot be mounted here");
    const at = place(place().dir, join(dir, "ledger.jsonl"));
    spawnSync("sh", ["-c", 'head -c 1M /dev/zero > "$1/filler" 2>/dev/null; truncate -s -8K "$1/filler"', "sh", dir]);
    const objects = Array.from({ length: 150 }, () => verification().objects[0] ?? expect.fail("none"));
    const entering = at.enter({ objects });
    await expect(entering).rejects.toMatchObject({
      code: "E_LEDGER",
      message: has("disk is full"),
    });
    expect(readdirSync(dir)).toEqual(["filler"]);
  });
});
