import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countWorks, nextWork, without, type Pending, type Work } from "../../src/ssh/queue.ts";
import { contentQueryFor, never, queryFor } from "../http/rawserver.ts";

const MIB = 2 ** 20;
const owner = { registry: "r", over: never, certified: new Map(), question: null, signed: [] };
const waiting = { owner, signal: never, alone: false, resolve: () => undefined, reject: () => undefined };

function read(maxBytes: number, key = "k"): Pending {
  return { ...waiting, kind: "read", key, query: queryFor("http://r/", { maxBytes }) };
}

function blob(
  maxBytes: number,
  more: { key?: string; alone?: boolean; expectedBytes?: number | null; algorithm?: "sha256" | "sha512" } = {},
): Pending {
  const { key = "k", alone = false, expectedBytes = maxBytes, algorithm = "sha256" } = more;
  return {
    ...waiting,
    kind: "content",
    key,
    alone,
    query: contentQueryFor("http://r/", { maxBytes, expectedBytes, algorithm }),
  };
}

function roomOf(work: Work): number | null {
  return work.kind === "batch" ? work.room : null;
}

function drained(queue: readonly Pending[]): Work[] {
  const works: Work[] = [];
  for (let rest = queue, work = nextWork(rest); work !== null; work = nextWork(rest)) {
    works.push(work);
    rest = without(rest, work);
  }
  return works;
}

test("nothing waits, nothing is done", () => expect([nextWork([]), countWorks([], 4)]).toEqual([null, 0]));

describe("what goes together", () => {
  test("documents first, with each other", () => {
    const queue = [blob(10), read(10), blob(30 * MIB), read(20)];
    expect(drained(queue).map((work) => work.items.map((item) => queue.indexOf(item)))).toEqual([[1, 3], [0], [2]]);
  });
  test("other options, other batches", () =>
    expect(drained([read(1, "a"), read(1, "b"), read(1, "a")]).map((work) => work.items.length)).toEqual([2, 1]));
  test("large blobs go alone, the largest first", () => {
    const queue = [blob(17 * MIB), blob(99 * MIB), blob(20 * MIB)];
    expect(drained(queue).map((work) => [work.kind, queue.indexOf(work.items[0])])).toEqual([
      ["stream", 1],
      ["stream", 2],
      ["stream", 0],
    ]);
  });
  test("16 MiB is small, one byte more is large", () =>
    expect(drained([blob(16 * MIB), blob(16 * MIB + 1)]).map((work) => work.kind)).toEqual(["batch", "stream"]));
  test("a blob of unknown size is large", () =>
    expect(nextWork([blob(10, { expectedBytes: null })])?.kind).toBe("stream"));
  test("a blob whose batch died goes alone", () =>
    expect(
      drained([blob(10), blob(10, { alone: true }), blob(10)]).map((work) => [work.kind, work.items.length]),
    ).toEqual([
      ["batch", 2],
      ["stream", 1],
    ]));
  test("a document goes in a batch whatever its size", () =>
    expect(nextWork([read(200 * MIB)])).toMatchObject({ kind: "batch", mode: "r" }));
  test("each algorithm has its mode", () => {
    expect(nextWork([blob(1)])).toMatchObject({ mode: "256" });
    expect(nextWork([blob(1, { algorithm: "sha512" })])).toMatchObject({ mode: "512" });
  });
  test("256 items, then another batch", () =>
    expect(drained(Array.from({ length: 600 }, () => blob(10))).map((work) => work.items.length)).toEqual([
      256, 256, 88,
    ]));
  test("64 MiB, then another batch", () =>
    expect(drained(Array.from({ length: 9 }, () => blob(16 * MIB))).map((work) => work.items.length)).toEqual([
      4, 4, 1,
    ]));
  test("many documents share 64 MiB, whatever each of them may have", () =>
    expect(
      drained(Array.from({ length: 300 }, () => read(4 * MIB))).map((work) => [work.items.length, roomOf(work)]),
    ).toEqual([
      [256, MIB / 4],
      [44, Math.floor((64 * MIB) / 44)],
    ]));
  test("few documents, and those that had no room, have all of it", () => {
    expect(drained(Array.from({ length: 16 }, () => read(4 * MIB))).map(roomOf)).toEqual([4 * MIB]);
    const again = Array.from({ length: 20 }, () => ({ ...read(4 * MIB), alone: true }));
    expect(drained([...again, read(1)]).map((work) => [work.items.length, roomOf(work)])).toEqual([
      [16, 4 * MIB],
      [4, 4 * MIB],
      [1, 1],
    ]);
  });
  test("one large file counts for all, as the limit is one for all", () => {
    expect(
      drained([...Array.from({ length: 10 }, () => blob(1)), blob(16 * MIB)]).map((work) => work.items.length),
    ).toEqual([10, 1]);
  });
});

test("every query is done once, in batches within their bounds that never mix", () => {
  const pending = fc.oneof(
    fc.tuple(fc.integer({ min: 0, max: 5 * MIB }), fc.constantFrom("a", "b")).map(([size, key]) => read(size, key)),
    fc
      .tuple(fc.integer({ min: 0, max: 20 * MIB }), fc.constantFrom("a", "b"), fc.boolean())
      .map(([size, key, alone]) => blob(size, { key, alone })),
  );
  fc.assert(
    fc.property(fc.array(pending, { maxLength: 400 }), (queue) => {
      const works = drained(queue);
      expect(new Set(works.flatMap((work) => [...work.items]))).toEqual(new Set(queue));
      expect(works.reduce((sum, work) => sum + work.items.length, 0)).toBe(queue.length);
      expect(countWorks(queue, 1000)).toBe(works.length);
      expect(countWorks(queue, 2)).toBe(Math.min(2, works.length));
      for (const work of works) {
        const { kind, items } = work;
        expect(new Set(items.map((item) => `${item.kind} ${item.key}`)).size).toBe(1);
        expect(items.length).toBeLessThanOrEqual(kind === "stream" ? 1 : 256);
        if (items.length > 1) expect((roomOf(work) ?? Infinity) * items.length).toBeLessThanOrEqual(64 * MIB);
        if (items[0].kind === "content" && kind === "batch")
          expect(roomOf(work)).toBe(Math.max(...items.map((item) => item.query.maxBytes)));
      }
    }),
    { numRuns: 50 },
  );
});
