import { expect, test } from "vitest";
import { Flights } from "../../../src/serve/gate/flights.ts";

const now = (): Date => new Date("2026-11-27T10:00:00Z");

/** Work that ends when it is told to, and counts how often it began. */
function controlled() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => async (): Promise<ReadonlyMap<string, string>> => {
    begun.push(name);
    await new Promise<void>((resolve) => ends.set(name, resolve));
    return new Map([[name, `${name} landed`]]);
  };
  return { begun, work, end: (name: string) => ends.get(name)?.() };
}

test("so many at a time in each lane, the others in order, and documents do not wait behind blobs", async () => {
  const { begun, work, end } = controlled();
  const flights = new Flights<string>(2, now);
  const started = ["a", "b", "c", "d"].map((name) => flights.start([name], name, "blobs", work(name)));
  flights.start(["doc"], "doc", "documents", work("doc"));
  expect(begun).toEqual(["a", "b", "doc"]);
  expect([flights.queuedIn("blobs"), flights.queuedIn("documents")]).toEqual([2, 0]);
  expect(flights.views().map(({ what, isQueued }) => `${what} ${isQueued}`)).toEqual([
    "a false",
    "b false",
    "c true",
    "d true",
    "doc false",
  ]);
  end("b");
  expect((await started[1]?.landed)?.get("b")).toBe("b landed");
  expect(begun).toEqual(["a", "b", "doc", "c"]);
  for (const name of ["a", "c", "doc"]) end(name);
  await started[2]?.landed;
  end("d");
  await flights.close();
  expect(flights.views()).toEqual([]);
});

test("a key leads to the flight that brings it until it has landed, and one flight may bring several", async () => {
  const { work, end } = controlled();
  const flights = new Flights<string>(1, now);
  const flight = flights.start(["one", "two"], "both", "blobs", work("one"));
  expect(flights.find("two")).toBe(flight);
  expect(flights.views()).toEqual([{ what: "both", since: "2026-11-27T10:00:00.000Z", waiting: 0, isQueued: false }]);
  end("one");
  await flight.landed;
  expect([flights.find("one"), flights.find("two")]).toEqual([null, null]);
});

test("closing waits for those that wait for their turn as well", async () => {
  const { work, end, begun } = controlled();
  const flights = new Flights<string>(1, now);
  flights.start(["a"], "a", "documents", work("a"));
  flights.start(["b"], "b", "documents", work("b"));
  let closed = false;
  const closing = flights.close().then(() => (closed = true));
  end("a");
  await flights.find("a")?.landed;
  await new Promise((resolve) => setImmediate(resolve));
  expect([begun, closed]).toEqual([["a", "b"], false]);
  end("b");
  await closing;
});
