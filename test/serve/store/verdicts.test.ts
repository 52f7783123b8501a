import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Evidence } from "../../../src/model/evidence.ts";
import { ALPINE, holdFor, place } from "./tools.ts";

const GOLDEN = join(import.meta.dirname, "../../report/golden");
const [NAME = ""] = readdirSync(GOLDEN).filter((name) => /^(?!audit-|hostile-).*-report\.json$/.test(name));
const EVIDENCE = JSON.parse(readFileSync(join(GOLDEN, NAME), "utf8")) as Evidence;
const SIZE = Buffer.byteLength(`${JSON.stringify(EVIDENCE)}\n`);

const numbered = (number: number): Evidence => ({ ...EVIDENCE, summary: `verdict ${number % 10}` });

test("they sort by time, within a millisecond and over a clock that is set back, too", async () => {
  const at = place();
  let store = await at.open();
  const ids: string[] = [];
  for (let number = 0; number < 6; number++) {
    if (number === 3) at.time = new Date("2020-01-01T00:00:00.000Z");
    if (number === 5) {
      await store.close();
      store = await at.open();
    }
    ids.push(await store.keepVerdict(numbered(number)));
  }
  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids).size).toBe(6);
  for (const id of ids) expect(id).toMatch(/^[0-9A-Za-z-]+$/);
  expect((await store.verdicts(100)).map(({ id }) => id)).toEqual([...ids].reverse());
  expect((await store.verdicts(2)).map(({ evidence }) => evidence.summary)).toEqual(["verdict 5", "verdict 4"]);
  expect(await store.verdict(ids[0] ?? "")).toEqual(numbered(0));
  for (const id of ["", "..", "../store", "20261127T120000000Z-000000000000"])
    expect(await store.verdict(id)).toBeNull();
});

test.each([
  ["count", { count: 3, bytes: 1e9 }],
  ["size", { count: 100, bytes: SIZE * 3 + 100 }],
])("only the last are kept, by %s; those that holds name go last", async (_, verdicts) => {
  const at = place();
  const store = await at.open({ verdicts });
  const held = await store.keepVerdict(numbered(0));
  await store.setHold(ALPINE, "edge", holdFor({ verdict: held }));
  for (let number = 1; number < 5; number++) await store.keepVerdict(numbered(number));
  const told = async (): Promise<string[]> =>
    (await store.verdicts(100)).map(({ evidence }) => evidence.summary.replace("verdict ", ""));
  expect(await told()).toEqual(["4", "3", "0"]);
  await store.clearHold(ALPINE, "edge");
  await store.keepVerdict(numbered(5));
  expect(await told()).toEqual(["5", "4", "3"]);
  expect(await store.verdict(held)).toBeNull();
  expect(readdirSync(join(at.folder, "verdicts"))).toHaveLength(3);
});

test("one that is torn counts as not there, and a warning is told once", async () => {
  const at = place();
  const store = await at.open();
  const ids = [await store.keepVerdict(numbered(0)), await store.keepVerdict(numbered(1))];
  writeFileSync(join(at.folder, "verdicts", `${ids[1]}.json`), '{"schemaVersion":1');
  expect(await store.verdict(ids[1] ?? "")).toBeNull();
  expect((await store.verdicts(5)).map(({ id }) => id)).toEqual([ids[0]]);
  expect(at.warned).toHaveLength(1);
});
