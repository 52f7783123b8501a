import { copyFileSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readHistory } from "../../src/ledger/history.ts";
import type { Entry } from "../../src/model/record.ts";
import type { Subject } from "../../src/model/subject.ts";
import { tell } from "./oracle.ts";
import { has, chainOf, digest, keyIn, NEVER, OTHER_KEY, place, verification, VIM, type Place } from "./tools.ts";

function keyHex({ stateDir }: Place): string {
  return readFileSync(join(stateDir, "ledger.key"), "utf8").trim();
}

async function pastOf(at: Place, subject: Subject = VIM): Promise<readonly Entry[]> {
  return at.open(subject).past();
}

const BROKEN = { code: "E_LEDGER", message: has("does not hold, and nothing is added to it") };

describe("what is entered", () => {
  test("is there for the next one, as the chain of docs/ledger.md", async () => {
    const at = place();
    expect(await pastOf(at)).toEqual([]);
    const first = await at.enter();
    const second = await at.enter({ outcome: "disagreed", digest: null, objects: [] });
    expect([first, second].map(({ entry, result }) => [entry.entry, entry.own, result])).toEqual([
      [1, true, 0],
      [2, true, 1],
    ]);
    expect(await pastOf(at)).toEqual([first.entry, second.entry]);
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 2, own: 2, last: second.hash, broken: null });
    expect(at.warned).toEqual([]);
  });

  test("lies in files of the user alone, in folders that are made", async () => {
    const at = place(undefined);
    const deep = place(at.dir, join(at.dir, "a/b/ledger.jsonl"));
    await deep.enter();
    const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    expect([deep.path, join(deep.stateDir, "ledger.key")].map(mode)).toEqual(["600", "600"]);
    expect([deep.stateDir, join(at.dir, "a"), join(at.dir, "a/b")].map(mode)).toEqual(["700", "700", "700"]);
  });

  test("is not, where its author fails", async () => {
    const at = place();
    const fail = (): never => {
      throw new Error("no");
    };
    await expect(at.open().enter(fail, NEVER)).rejects.toThrow("no");
    await at.enter();
    const before = at.bytes();
    await expect(at.open().enter(fail, NEVER)).rejects.toThrow("no");
    expect(at.bytes()).toEqual(before);
    await at.enter();
  });

  test("may come from one ledger twice, with what others entered in between", async () => {
    const at = place();
    const ledger = at.open();
    const add = () => ledger.enter((past) => ({ verification: verification(), result: past.length }), NEVER);
    expect((await add()).result).toBe(0);
    await at.enter();
    expect((await add()).result).toBe(2);
    expect(await Promise.all([add(), add(), add()]).then((all) => all.map(({ result }) => result).sort())).toEqual([
      3, 4, 5,
    ]);
    expect(await ledger.past()).toHaveLength(6);
  });

  test("while this one was reading is known when it enters", async () => {
    const at = place();
    await at.enter();
    const ledger = at.open();
    expect(await ledger.past()).toHaveLength(1);
    await at.enter();
    const { result } = await ledger.enter((past) => ({ verification: verification(), result: past.length }), NEVER);
    expect(result).toBe(2);
  });

  test("in a file that was replaced meanwhile, or rewritten in place, is read anew", async () => {
    const at = place();
    await at.enter();
    const texts = [2, 1].map((count) => chainOf(Array.from({ length: count }, () => [verification(), keyIn(at)])));
    for (const [index, text] of texts.entries()) {
      const ledger = at.open();
      await ledger.past();
      if (index === 0) {
        writeFileSync(`${at.path}.new`, text);
        renameSync(`${at.path}.new`, at.path);
      } else at.write(text);
      const { result } = await ledger.enter((past) => ({ verification: verification(), result: past.length }), NEVER);
      expect(result).toBe(2 - index);
    }
  });
});

describe("the past of a subject", () => {
  const asked: readonly (readonly [string, Subject])[] = [
    ["tag", VIM],
    ["tag, pinned", { ...VIM, pin: digest("f") }],
    ["other tag", { ...VIM, tag: "9.0.1901" }],
    ["other repository", { ...VIM, repository: "homebrew/core/vi" }],
    ["longer repository", { ...VIM, repository: "homebrew/core/vim2" }],
    ["other registry", { ...VIM, registry: "ghcr.io:444" }],
    ["registry in capitals", { ...VIM, registry: "GHCR.io" }],
    ["digest", { registry: "ghcr.io", repository: "homebrew/core/vim", digest: digest("d") }],
    ["other digest", { registry: "ghcr.io", repository: "homebrew/core/vim", digest: digest("e") }],
  ];
  test.each([
    { of: "tag", has: ["tag", "tag, pinned", "registry in capitals"] },
    { of: "tag, pinned", has: ["tag", "tag, pinned", "registry in capitals"] },
    { of: "other tag", has: ["other tag"] },
    { of: "longer repository", has: ["longer repository"] },
    { of: "other registry", has: ["other registry"] },
    { of: "digest", has: ["digest"] },
  ])("$of", async ({ of, has }) => {
    const at = place();
    at.write(chainOf(asked.map(([, subject]) => [verification({ subject }), OTHER_KEY])));
    const past = await pastOf(at, new Map(asked).get(of));
    expect(past.map(({ entry }) => asked[entry - 1]?.[0])).toEqual(has);
  });

  test("has every selection, and entries of tomorrow", async () => {
    const at = place();
    await at.enter({ selection: { platform: null, osVersion: "macOS 11", bottle: null } });
    await at.enter({ at: "2999-01-01T00:00:00Z" });
    expect(await pastOf(at)).toHaveLength(2);
  });
});

describe("an entry is one's own only with the key's mac", () => {
  test("one of another key is history, and the chain goes on behind it", async () => {
    const at = place();
    at.write(chainOf([[verification(), OTHER_KEY]]));
    const { entry } = await at.enter();
    expect((await pastOf(at)).map(({ entry: number, own }) => [number, own])).toEqual([
      [1, false],
      [2, true],
    ]);
    expect(entry.entry).toBe(2);
  });

  test("a ledger that was copied from elsewhere has none", async () => {
    const [here, there] = [place(), place()];
    await there.enter();
    copyFileSync(there.path, here.path);
    expect((await pastOf(here)).map(({ own }) => own)).toEqual([false]);
    await here.enter();
    expect((await pastOf(here)).map(({ own }) => own)).toEqual([false, true]);
    expect((await pastOf(there)).map(({ own }) => own)).toEqual([true]);
  });

  test("a line that claims the key and was signed with another does not hold", async () => {
    const at = place();
    await at.enter();
    const forged = chainOf([[verification(), { ...OTHER_KEY, id: keyIn(at).id }]]);
    at.write(forged);
    await expect(pastOf(at)).rejects.toMatchObject(BROKEN);
    await expect(at.enter()).rejects.toMatchObject(BROKEN);
    expect(at.bytes().toString()).toBe(forged);
  });

  test("the key stays in the state folder wherever the ledger lies", async () => {
    const at = place();
    const team = place(at.dir, join(at.dir, "team/ledger.jsonl"));
    await at.enter();
    await team.enter();
    expect((await pastOf(team)).map(({ own }) => own)).toEqual([true]);
  });
});

/** Lines of a good ledger in, lines of a bad one out; and the first that does not hold. */
const TAMPERED: readonly (readonly [string, (lines: string[]) => string[], number])[] = [
  ["the first line is gone", (lines) => lines.slice(1), 1],
  ["a line is gone", (lines) => lines.toSpliced(2, 1), 3],
  ["a line is there twice", (lines) => lines.toSpliced(2, 0, lines[1] ?? ""), 3],
  ["two lines changed places", ([a = "", b = "", c = "", ...rest]) => [a, c, b, ...rest], 2],
  ["a digest was edited", (lines) => lines.with(1, lines[1]?.replace("aaaa", "bbbb") ?? ""), 2],
  ["the last line was edited", (lines) => lines.with(-1, lines.at(-1)?.replace("aaaa", "bbbb") ?? ""), 5],
  ["an empty line", (lines) => lines.toSpliced(3, 0, ""), 4],
  ["windows' line endings", (lines) => lines.map((line) => `${line}\r`), 1],
  ["binary junk in between", (lines) => lines.toSpliced(3, 0, "\u0000\u0001\u00ff"), 4],
  ["a line of 300 KiB", (lines) => lines.toSpliced(3, 0, "x".repeat(300 * 1024)), 4],
  ["a line of 300 KiB at the end, not ended", (lines) => [...lines, "x".repeat(300 * 1024)], 6],
];

describe("a ledger that does not hold", () => {
  test.each(TAMPERED)("%s: nothing is ever added to it", async (what, tamper, broken) => {
    const at = place();
    for (let turn = 0; turn < 5; turn++) await at.enter();
    const lines = at.bytes().toString().trimEnd().split("\n");
    const text = `${tamper(lines).join("\n")}${what.endsWith("not ended") ? "" : "\n"}`;
    at.write(text);
    const history = await readHistory(at).catch((error: unknown) => error);
    const error = await at.enter().then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ ...BROKEN, message: has(`line ${broken}: `) });
    expect(error).toMatchObject({ hint: has("tofu3 history --check") });
    expect(at.bytes().toString()).toBe(text);
    expect(history).toMatchObject({ broken: { line: broken }, last: broken === 1 ? null : { entry: broken - 1 } });
    if (!what.endsWith("not ended")) expect(tell(at.bytes(), keyHex(at)).broken).toBe(broken);
  });

  test("of another key: what is no JSON or no verification does not hold either", async () => {
    const at = place();
    await at.enter();
    const line = chainOf([[verification(), OTHER_KEY]]);
    for (const text of [
      line.replace('"clocksAgree":true', "!"),
      line.replace('"clocksAgree":true', '"clocksAgree":1'),
    ]) {
      at.write(text);
      await expect(at.enter()).rejects.toMatchObject(BROKEN);
    }
    at.write(line.replace('"clocksAgree":true', '"clocksAgree":true,"later":[1]'));
    await at.enter();
    const other = chainOf([[verification({ subject: { ...VIM, repository: "a" } }), OTHER_KEY]]);
    at.write(other.replace('"clocksAgree":true', "!"));
    await expect(at.enter()).rejects.toMatchObject(BROKEN);
  });

  test("any change of any byte is seen, by tofu3 and by what docs/ledger.md says", async () => {
    const at = place();
    for (let turn = 0; turn < 4; turn++) await at.enter({ clocksAgree: turn % 2 === 0 });
    const good = at.bytes();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 2),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom("flip", "insert", "remove"),
        async (offset, by, how) => {
          const bad = [...good];
          if (how === "flip") bad[offset] = (bad[offset] ?? 0) ^ by;
          else bad.splice(offset, how === "remove" ? 1 : 0, ...(how === "insert" ? [by] : []));
          at.write(Buffer.from(bad));
          const told = tell(at.bytes(), keyHex(at));
          const seen = await readHistory(at).catch(() => ({ broken: { line: 1 } }));
          expect(seen.broken?.line ?? null).toBe(told.broken);
          // the end may be exchanged for lines of another key: docs/ledger.md says so
          if (told.broken === null) {
            expect(told.own).toBe(3);
            return;
          }
          await expect(at.enter()).rejects.toMatchObject({ code: "E_LEDGER" });
          expect(at.bytes()).toEqual(Buffer.from(bad));
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("by another name", () => {
  test("through a symbolic link, it is the same ledger with the same lock", async () => {
    const at = place();
    await at.enter();
    mkdirSync(join(at.dir, "other"));
    symlinkSync(at.path, join(at.dir, "other/link.jsonl"));
    const link = place(at.dir, join(at.dir, "other/link.jsonl"));
    await Promise.all([at.enter(), link.enter(), at.enter(), link.enter()]);
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 5, broken: null });
  });
});
