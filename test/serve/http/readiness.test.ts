import { afterEach, expect, test, vi } from "vitest";
import { Tofu3Error } from "../../../src/errors.ts";
import type { Fault } from "../../../src/model/observation.ts";
import { faultFrom } from "../../../src/worker/walk/ending.ts";
import { watchReadiness } from "../../../src/serve/http/readiness.ts";

afterEach(() => vi.useRealTimers());

const GONE = faultFrom(new Tofu3Error("E_SSH", "connection refused\u202e", { stage: "ssh" }));

test("a worker that does not answer is missed after a minute, and is there again with its next answer", async () => {
  vi.useFakeTimers();
  let sgp: Fault | null = null;
  let now = 0;
  const reach = () => Promise.resolve(new Map<string, Fault | null>([["fra", null], ["sgp", sgp]])); // prettier-ignore
  const state = watchReadiness({ vantages: { reach }, folder: "/", minFreeBytes: 0, clock: () => now });
  const pass = async (seconds: number): Promise<readonly string[]> => {
    now += seconds * 1000;
    await vi.advanceTimersByTimeAsync(seconds * 1000);
    return state.reasons();
  };
  expect(await state.reasons()).toEqual(["the workers have not been asked yet"]);
  expect(await pass(1)).toEqual([]);
  sgp = GONE;
  expect(await pass(30)).toEqual([]);
  expect(await pass(60)).toEqual(['worker "sgp" is not there: connection refused\\u{202e}']);
  expect(state.workers()).toEqual(new Map([["fra", true], ["sgp", false]])); // prettier-ignore
  sgp = null;
  expect(await pass(30)).toEqual([]);
  await state.close();
  expect(vi.getTimerCount()).toBe(0);
});

test("whoever never answered, workers that cannot be asked, and a full disk are reasons", async () => {
  vi.useFakeTimers();
  let asked = 0;
  const reach = (): Promise<Map<string, Fault | null>> =>
    asked++ === 0 ? Promise.resolve(new Map([["sgp", GONE]])) : Promise.reject(new Error("no key"));
  const state = watchReadiness({ vantages: { reach }, folder: "/", minFreeBytes: 2 ** 62, clock: () => 0 });
  await vi.advanceTimersByTimeAsync(1);
  expect(await state.reasons()).toEqual([
    expect.stringMatching(/^worker "sgp" is not there: connection refused/),
    expect.stringMatching(/^the disk of the store has [0-9]+ bytes left/),
  ]);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await state.reasons()).toContain("the workers cannot be asked: no key");
  await state.close();
});
