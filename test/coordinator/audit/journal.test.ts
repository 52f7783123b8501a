import { appendFile, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openJournal, type Journal } from "../../../src/coordinator/audit/journal.ts";
import type { Answer } from "../../../src/model/audit.ts";
import { makeFolder } from "../../lab/processes.ts";

const AGREED: Answer = {
  outcome: "agreed",
  summary: "3 of 3 workers saw it",
  reason: null,
  finding: null,
  root: null,
  history: null,
  fault: null,
};
const NOON = new Date("2026-11-27T12:00:00Z");

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => void (folder = await makeFolder("journal")));
afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  await folder.remove();
});

const opened: Journal<Answer>[] = [];

async function open(of: unknown = "one", now = NOON, fresh = false): Promise<Journal<Answer>> {
  const journal = await openJournal<Answer>(join(folder.path, "audits"), of, { fresh, now: () => now });
  opened.push(journal);
  return journal;
}

async function interrupted(...answers: readonly (readonly [string, Answer])[]): Promise<string> {
  const journal = await open();
  for (const [question, answer] of answers) journal.keep(question, answer);
  await journal.close();
  const [name = ""] = await readdir(join(folder.path, "audits"));
  return join(folder.path, "audits", name);
}

describe("an interrupted audit", () => {
  test("is carried on with the answers that it had", async () => {
    await interrupted(["a:1", AGREED], ["b:1", { ...AGREED, outcome: "disagreed" }]);
    const journal = await open();
    expect(journal.known("a:1")).toEqual(AGREED);
    expect(journal.known("b:1")).toEqual({ ...AGREED, outcome: "disagreed" });
    expect(journal.known("c:1")).toBeNull();
    expect(journal.before).toEqual({ answers: 2, since: NOON.toISOString() });
    await journal.close();
  });

  test("asks again for what could not be checked", async () => {
    await interrupted(["a:1", { ...AGREED, outcome: "incomplete" }]);
    expect((await open()).known("a:1")).toBeNull();
  });

  test("is forgotten after an hour, and answers from tomorrow do not count", async () => {
    await interrupted(["a:1", AGREED]);
    expect((await open("one", new Date(NOON.getTime() + 3_599_000))).known("a:1")).toEqual(AGREED);
    expect((await open("one", new Date(NOON.getTime() + 3_600_000))).known("a:1")).toBeNull();
    expect((await open("one", new Date(NOON.getTime() - 1000))).known("a:1")).toBeNull();
  });

  test("is another one with other workers or another policy", async () => {
    await interrupted(["a:1", AGREED]);
    expect((await open("two")).known("a:1")).toBeNull();
  });

  test("is forgotten once it is done, or where somebody begins afresh", async () => {
    const path = await interrupted(["a:1", AGREED]);
    expect((await open("one", NOON, true)).known("a:1")).toBeNull();
    const journal = await open();
    journal.keep("a:1", AGREED);
    await journal.finish();
    await expect(stat(path)).rejects.toThrow("ENOENT");
  });

  test("survives a line that was cut off, and what is no line", async () => {
    const path = await interrupted(["a:1", AGREED]);
    await appendFile(path, '{"question":"b:1","at":"2026-11-27T12:00:00.000Z","ans');
    const journal = await open();
    journal.keep("c:1", AGREED);
    await journal.close();
    const again = await open();
    expect([again.known("a:1"), again.known("b:1"), again.known("c:1")]).toEqual([AGREED, null, AGREED]);
  });

  test("is readable by its owner alone", async () => {
    const path = await interrupted(["a:1", AGREED]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder.path, "audits"))).mode & 0o777).toBe(0o700);
  });

  test("follows no link, and an audit goes on without it", async () => {
    const path = await interrupted(["a:1", AGREED]);
    const other = join(folder.path, "other");
    await writeFile(other, await readFile(path));
    await rm(path);
    await symlink(other, path);
    const journal = await open();
    journal.keep("b:1", AGREED);
    await journal.close();
    expect(journal.known("a:1")).toBeNull();
    expect(await readFile(other, "utf8")).not.toContain("b:1");
  });
});
