import { expect, describe, test } from "vitest";
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { openLedgers, type Entered, type Ledgers } from "../../src/ledger/ledger.ts";
import { acquireLock } from "../../src/ledger/lock.ts";
import type { Verification } from "../../src/model/record.ts";
import type { Subject } from "../../src/model/subject.ts";
import { tell } from "./oracle.ts";
import { chainOf, digest, has, keyIn, NEVER, OTHER_KEY, place, verification, VIM, type Place } from "./tools.ts";

const EMACS: Subject = { registry: "ghcr.io", repository: "homebrew/core/emacs", tag: "29", pin: null };
const NANO: Subject = { registry: "docker.io", repository: "library/nano", digest: digest("c") };
const ALL = [VIM, EMACS, NANO];

function open(at: Place, subjects: readonly Subject[] = ALL): Ledgers {
  return openLedgers({ path: at.path, stateDir: at.stateDir, subjects, warn: (text) => void at.warned.push(text) });
}

/** Enters, with how many entries of its subject were there as the result. */
function add(
  ledgers: Ledgers,
  subject: Subject,
  signal = NEVER,
  part: Partial<Verification> = {},
): Promise<Entered<number>> {
  return ledgers
    .about(subject)
    .enter((past) => ({ verification: verification({ subject, ...part }), result: past.length }), signal);
}

function keyHex(at: Place): string {
  return readFileSync(`${at.stateDir}/ledger.key`, "utf8").trim();
}

describe("what is entered at the same time", () => {
  test("is one chain in the order of the calls; each sees what was entered about its subject before", async () => {
    const at = place();
    const ledgers = open(at);
    const subjects = Array.from({ length: 30 }, (_, index) => ALL[index % 3] ?? VIM);
    const entered = await Promise.all(subjects.map((subject) => add(ledgers, subject)));
    expect(entered.map(({ entry }) => entry.entry)).toEqual(subjects.map((_, index) => index + 1));
    expect(entered.map(({ entry }) => entry.subject)).toEqual(subjects);
    expect(entered.map(({ result }) => result)).toEqual(subjects.map((_, index) => Math.floor(index / 3)));
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({
      holds: 30,
      own: 30,
      last: entered.at(-1)?.hash,
      broken: null,
    });
    expect(await ledgers.about(EMACS).past()).toEqual(
      entered.filter((_, index) => index % 3 === 1).map(({ entry }) => entry),
    );
    expect(await open(at, [EMACS]).about(EMACS).past()).toHaveLength(10);
  });

  test("takes one lock for all that wait, and not one for each", async () => {
    const at = place();
    await at.enter();
    const ledgers = open(at);
    const lock = await acquireLock(`${at.path}.lock`, NEVER);
    const adding = Promise.all(Array.from({ length: 200 }, () => add(ledgers, VIM)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const inodes = new Set<number>();
    const timer = setInterval(() => existsSync(`${at.path}.lock`) && inodes.add(statSync(`${at.path}.lock`).ino), 0);
    await lock.release();
    expect((await adding).at(-1)?.result).toBe(200);
    clearInterval(timer);
    expect(inodes.size).toBeLessThan(5);
  });

  test("with an author who fails: that one is not entered, and the others are", async () => {
    const at = place();
    const ledgers = open(at);
    const fail = ledgers.about(VIM).enter(() => {
      throw new Error("no");
    }, NEVER);
    const [first, failed, second, wrong, third] = await Promise.allSettled([
      add(ledgers, VIM),
      fail,
      add(ledgers, EMACS),
      add(ledgers, VIM, NEVER, { at: "yesterday" }),
      add(ledgers, VIM),
    ]);
    expect([failed.status, wrong.status]).toEqual(["rejected", "rejected"]);
    expect([first, second, third]).toMatchObject([
      { value: { entry: { entry: 1 }, result: 0 } },
      { value: { entry: { entry: 2 }, result: 0 } },
      { value: { entry: { entry: 3 }, result: 1 } },
    ]);
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 3, broken: null });
  });

  test("in a ledger that does not hold: nobody is entered", async () => {
    const at = place();
    await at.enter();
    at.write(Buffer.from(at.bytes().toString("utf8").replace('"agreed"', '"absent"')));
    const before = at.bytes();
    const ledgers = open(at);
    const all = await Promise.allSettled([add(ledgers, VIM), add(ledgers, EMACS), add(ledgers, NANO)]);
    expect(all).toMatchObject(Array.from({ length: 3 }, () => ({ status: "rejected", reason: { code: "E_LEDGER" } })));
    expect(at.bytes()).toEqual(before);
  });

  test("and whose lock is taken over meanwhile: nobody is entered", async () => {
    const at = place();
    await at.enter();
    const before = at.bytes();
    const ledgers = open(at);
    const thief = ledgers.about(EMACS).enter(() => {
      writeFileSync(`${at.path}.lock`, "another one's");
      return { verification: verification({ subject: EMACS }), result: 0 };
    }, NEVER);
    const all = await Promise.allSettled([
      thief,
      add(ledgers, VIM, AbortSignal.timeout(300)),
      add(ledgers, EMACS, AbortSignal.timeout(300)),
    ]);
    expect(all.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(all[0]).toMatchObject({ reason: { code: "E_LEDGER", message: has("took the lock over") } });
    expect(at.bytes()).toEqual(before);
  });

  test("who does not wait any more is not entered, and the others are", async () => {
    const at = place();
    await at.enter();
    const ledgers = open(at);
    const lock = await acquireLock(`${at.path}.lock`, NEVER);
    const [impatient, queued] = [new AbortController(), new AbortController()];
    const first = add(ledgers, VIM, impatient.signal);
    const second = add(ledgers, EMACS);
    const third = add(ledgers, VIM, queued.signal);
    const fourth = add(ledgers, VIM, AbortSignal.abort(new Error("late")));
    impatient.abort(new Error("enough"));
    queued.abort(new Error("enough too"));
    await expect(first).rejects.toThrow("enough");
    await lock.release();
    await expect(third).rejects.toThrow("enough too");
    await expect(fourth).rejects.toThrow("late");
    expect((await second).entry.entry).toBe(2);
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 2, broken: null });
  });

  test("behind a torn line: the first of them says how much that was", async () => {
    const at = place();
    await at.enter();
    await at.enter();
    truncateSync(at.path, at.bytes().length - 20);
    const torn = at.bytes().length - at.bytes().indexOf("\n") - 1;
    const ledgers = open(at);
    const lock = await acquireLock(`${at.path}.lock`, NEVER);
    const adding = Promise.all([add(ledgers, VIM), add(ledgers, VIM), add(ledgers, VIM)]);
    await lock.release();
    expect((await adding).map(({ result }) => result)).toEqual([1, 2, 3]);
    const lines = at.bytes().toString("utf8").split("\n");
    expect(lines.map((line) => /"recovered":(\d+)/.exec(line)?.[1])).toEqual([
      undefined,
      String(torn),
      undefined,
      undefined,
      undefined,
    ]);
    expect(at.warned).toHaveLength(1);
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 4, broken: null });
  });

  test("behind a line that lacks its line feed, again and again", async () => {
    const at = place();
    await at.enter();
    truncateSync(at.path, at.bytes().length - 1);
    const ledgers = open(at);
    for (const round of [0, 1, 2]) {
      const all = await Promise.all([add(ledgers, VIM), add(ledgers, EMACS), add(ledgers, VIM)]);
      expect(all.map(({ result }) => result)).toEqual([1 + 2 * round, round, 2 + 2 * round]);
    }
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 10, broken: null });
  });

  test("and what other processes enter in between, is one chain", async () => {
    const at = place();
    const ledgers = open(at);
    const others = open(at, [VIM]);
    const results: number[] = [];
    for (let round = 0; round < 10; round++) {
      const all = await Promise.all([add(ledgers, VIM), add(others, VIM), add(ledgers, VIM), at.enter()]);
      results.push(...all.map(({ result }) => result));
    }
    expect(results.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(tell(at.bytes(), keyHex(at))).toMatchObject({ holds: 40, own: 40, broken: null });
  });
});

describe("one reading for many subjects", () => {
  test("has for each what a reading of its own has", async () => {
    const at = place();
    await at.enter();
    const subjects: readonly Subject[] = [
      ...ALL,
      { ...VIM, tag: "9.1" },
      { ...VIM, repository: "homebrew/core/vi" },
      { ...VIM, registry: "ghcr.io:444" },
    ];
    const odd = verification({ subject: { ...VIM, repository: '"repository":"homebrew/core/vim"', tag: "1" } });
    at.write(
      chainOf(
        [...subjects, ...subjects]
          .map((subject, index) => [verification({ subject }), index % 2 === 0 ? keyIn(at) : OTHER_KEY] as const)
          .concat([[odd, OTHER_KEY]]),
      ),
    );
    const ledgers = open(at, subjects);
    for (const subject of subjects) {
      const own = await at.open(subject).past();
      expect(own).toHaveLength(2);
      expect(await ledgers.about(subject).past()).toEqual(own);
    }
  });

  test("knows of no other subject", async () => {
    await expect(open(place(), [VIM]).about(EMACS).past()).rejects.toMatchObject({ code: "E_BUG" });
  });
});
