import { expect, test } from "vitest";
import { Memos } from "../../../src/serve/gate/memos.ts";

function clock() {
  let at = Date.parse("2026-11-27T10:00:00Z");
  return { now: () => new Date(at), pass: (seconds: number) => (at += seconds * 1000) };
}

test("a memo lasts as long as it says, and the last one counts", () => {
  const { now, pass } = clock();
  const memos = new Memos<string>(now);
  memos.keep("a", "first", 10);
  memos.keep("a", "second", 60);
  pass(59);
  expect(memos.find("a")).toBe("second");
  pass(1);
  expect([memos.find("a"), memos.find("b")]).toEqual([null, null]);
  memos.keep("a", "third", 5);
  memos.forget("a");
  expect(memos.find("a")).toBeNull();
});

test("a clock that is set back makes no memo last longer", () => {
  const { now, pass } = clock();
  const memos = new Memos<string>(now);
  memos.keep("a", "absent", 60);
  pass(-3600);
  expect(memos.find("a")).toBeNull();
});

test("ten thousand are kept, the oldest goes first", () => {
  const memos = new Memos<number>(clock().now);
  for (let at = 0; at <= 10_000; at++) memos.keep(`${at}`, at, 60);
  expect([memos.find("0"), memos.find("1"), memos.find("10000")]).toEqual([null, 1, 10_000]);
});
