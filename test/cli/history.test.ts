import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { run } from "../lab/cli.ts";
import {
  chainOf,
  digest,
  has,
  keyIn,
  NEVER,
  OTHER_KEY,
  place,
  temporary,
  verification,
  VIM,
  type Place,
} from "../ledger/tools.ts";
import { capture } from "./capture.ts";

/** A home with a ledger in its usual place. */
function home(dir = temporary()): Place {
  const stateDir = join(dir, ".local/state/tofu3");
  return { ...place(dir, join(stateDir, "ledger.jsonl")), stateDir };
}

async function history(dir: string, ...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const io = capture(dir);
  const code = await main(["history", ...args], io, NEVER);
  return { code, out: io.out(), err: io.err() };
}

/** What three verifications wrote: a, b, and a again, the second of another key. */
async function threeEntries(at: Place): Promise<void> {
  const { openLedgers } = await import("../../src/ledger/ledger.ts");
  await openLedgers({ ...at, subjects: [VIM], warn: () => undefined })
    .about(VIM)
    .enter(() => ({ verification: verification(), result: null }), NEVER);
  writeFileSync(
    at.path,
    chainOf([
      [verification(), keyIn(at)],
      [verification({ digest: digest("b") }), OTHER_KEY],
      [verification({ subject: { ...VIM, tag: "1" } }), keyIn(at)],
      [verification(), keyIn(at)],
    ]),
  );
}

function objectOf(text: string): { entries: Record<string, unknown>[]; check: unknown; ledger: string } {
  return JSON.parse(text) as ReturnType<typeof objectOf>;
}

describe("tofu3 history", () => {
  test("lists everything, through the real command line", async () => {
    const at = home();
    await threeEntries(at);
    const { code, stdout, stderr } = await run(["history"], { cwd: at.dir, env: { HOME: at.dir } });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")).toHaveLength(6);
    expect(stdout).toMatch(/^WHEN \(UTC\) +REFERENCE/);
    expect(stdout.split("\n").map((line) => /(moved.*|rolled back)$/.exec(line)?.[0])).toEqual([
      ...[undefined, undefined, "moved, not written here", undefined, "rolled back", undefined],
    ]);
  });

  test("SUBJECT: those of that tag or digest only", async () => {
    const at = home();
    await threeEntries(at);
    const { out } = await history(at.dir, "ghcr.io/homebrew/core/vim:9.0.1900", "--json");
    expect(objectOf(out).entries.map(({ entry, own, change }) => [entry, own, change])).toEqual([
      [1, true, "first"],
      [2, false, "moved"],
      [4, true, "rolled-back"],
    ]);
    const none = await history(at.dir, "ghcr.io/homebrew/core/vim");
    expect(none).toMatchObject({ code: 0, out: "", err: has("has no entry about ghcr.io/homebrew/core/vim:latest") });
    expect(none.err).toContain("has neither tag nor digest");
    expect((await history(at.dir, "ghcr.io/homebrew/core/vim", "-q")).err).toBe("");
  });

  test("--json is one object with the entries as they were made", async () => {
    const at = home();
    await threeEntries(at);
    const { out } = await history(at.dir, "--json");
    const { entries, ...rest } = objectOf(out);
    expect(rest).toEqual({ schemaVersion: 1, ledger: at.path, check: null });
    expect(entries[0]).toEqual({ entry: 1, own: true, change: "first", ...verification() });
  });

  test("without a ledger there is none, and that is no error", async () => {
    const dir = temporary();
    const note = `tofu3: note: there is no ledger at "${join(dir, ".local/state/tofu3/ledger.jsonl")}" yet\n`;
    expect(await history(dir)).toEqual({ code: 0, out: "", err: note });
    expect(await history(dir, "--check")).toMatchObject({ code: 0, err: note });
    const { out } = await history(dir, "--check", "--json");
    const check = { holds: true, entries: 0, own: 0, last: null, torn: 0, firstBroken: null };
    expect(objectOf(out)).toMatchObject({ entries: [], check });
  });

  test("policy.ledger of the configuration that is found names the file", async () => {
    const at = place();
    await at.enter();
    mkdirSync(join(at.dir, "etc"));
    const workers =
      "workers: [{name: here, via: local}, {name: b, via: ssh, host: b}, {name: c, via: ssh, host: c}]\npolicy: ";
    writeFileSync(join(at.dir, "etc/x.yaml"), `${workers}{ledger: ../ledger.jsonl}\n`);
    for (const args of [["--config", "etc/x.yaml"], []]) {
      const { code, out } = await history(at.dir, "--json", ...args);
      expect([code, objectOf(out).ledger]).toEqual([0, at.path]);
      expect(objectOf(out).entries.map(({ own }) => own)).toEqual([false]);
      writeFileSync(join(at.dir, "tofu3.yaml"), `${workers}{ledger: ${at.path}}\n`);
    }
  });

  test("two subjects, or a reference that is none, is 2", async () => {
    const dir = temporary();
    expect(await history(dir, "a", "b")).toMatchObject({ code: 2, err: has('unexpected argument "b"') });
    expect(await history(dir, "A:")).toMatchObject({ code: 2 });
  });
});

describe("tofu3 history --check", () => {
  test("says how many entries hold, how many are one's own, and the hash of the last", async () => {
    const at = home();
    await threeEntries(at);
    const { code, stdout } = await run(["history", "--check"], { cwd: at.dir, env: { HOME: at.dir } });
    const { out } = await history(at.dir, "--check", "--json");
    const { last } = objectOf(out).check as { last: { hash: string } };
    expect(stdout).toBe(`last: entry 4, ${last.hash}\n4 entries hold, 3 of them written here\nthe chain holds\n`);
    expect(code).toBe(0);
    expect(objectOf(out).check).toEqual({
      ...{ holds: true, entries: 4, own: 3, torn: 0, firstBroken: null },
      last: { entry: 4, hash: has(/^sha256:[0-9a-f]{64}$/) },
    });
  });

  test("names the first entry that does not hold, and exits with 10", async () => {
    const at = home();
    await threeEntries(at);
    const lines = readFileSync(at.path, "utf8").split("\n");
    writeFileSync(at.path, lines.with(2, lines[2]?.replace("aaaa", "cccc") ?? "").join("\n"));
    const why = "it was changed after it was written: its mac is another";
    const checked = await history(at.dir, "--check");
    expect(checked).toMatchObject({ code: 10, err: "", out: has(`entry 3 does not hold: ${why}\n`) });
    expect(checked.out).toContain("2 entries hold, 1 of them written here\n");
    expect(objectOf((await history(at.dir, "--check", "--json")).out).check).toMatchObject({
      ...{ holds: false, entries: 2, firstBroken: { line: 3, why } },
    });
    const listed = await history(at.dir);
    expect(listed).toMatchObject({ code: 10, err: has(`entry 3 of the ledger "${at.path}" does not hold: ${why}\n`) });
    expect(listed.out.split("\n")).toHaveLength(4);
  });

  test("tells of a last line that is not whole, and leaves it", async () => {
    const at = home();
    await threeEntries(at);
    const text = readFileSync(at.path, "utf8").slice(0, -10);
    writeFileSync(at.path, text);
    const { code, out, err } = await history(at.dir, "--check");
    expect([code, out]).toEqual([0, has("3 entries hold")]);
    expect(err).toMatch(/^tofu3: note: the last line, \d+ bytes, is not whole/);
    expect(readFileSync(at.path, "utf8")).toBe(text);
  });

  test.each([
    { what: "a picture", write: (path: string) => writeFileSync(path, Buffer.from("89504e470d0a1a0a0000", "hex")) },
    { what: "another JSON", write: (path: string) => writeFileSync(path, '{"a": 1}\n') },
    { what: "a folder", write: (path: string) => mkdirSync(path) },
  ])("of $what is 2", async ({ write }) => {
    const at = home();
    mkdirSync(dirname(at.path), { recursive: true });
    write(at.path);
    for (const args of [["--check"], []]) {
      const seen = await history(at.dir, ...args);
      expect(seen).toMatchObject({ code: 2, out: "", err: has(/^tofu3: error: cannot read/) });
    }
    const { code, out } = await history(at.dir, "--check", "--json");
    expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({
      code: 2,
      outcome: null,
      error: { code: "E_LEDGER", message: has("cannot read the ledger") },
    });
  });
});
