import { describe, expect, test } from "vitest";
import { budgetOf } from "../../../src/coordinator/budget.ts";
import { Trouble } from "../../../src/coordinator/audit/trouble.ts";
import type { Stage } from "../../../src/errors.ts";
import type { Observation } from "../../../src/model/observation.ts";
import { observation } from "../../consensus/observations.ts";

function failed(worker: string, stage: Stage | null, code: NonNullable<Observation["error"]>["code"]): Observation {
  return observation(worker, { outcome: "failed", error: { code, stage, message: `${code} happened`, hint: null } });
}

const FINE = observation("here", {});
const DEAD = failed("fra", "connect", "E_CONNECT");
const LOST = failed("sgp", "ssh", "E_SSH");

/** Each round is asked after the one before has been answered. */
function rounds(...each: readonly (readonly Observation[])[]): ReturnType<Trouble["after"]> {
  const trouble = new Trouble();
  return each.map((observations) => trouble.after(trouble.begin(), "r.example", observations)).at(-1) ?? null;
}

describe("an audit gives up", () => {
  test.each([
    {
      says: "on a registry that a worker does not reach twice",
      of: [
        [FINE, DEAD],
        [FINE, DEAD],
      ],
      where: "r.example",
    },
    {
      says: "on one that takes too long twice",
      of: [[failed("fra", null, "E_TIMEOUT")], [failed("fra", null, "E_TIMEOUT")]],
      where: "r.example",
    },
    { says: "on one that allows no more, at once", of: [[failed("fra", "http", "E_RATE_LIMIT")]], where: "r.example" },
    {
      says: "on everything, where a worker itself is not reached twice",
      of: [
        [FINE, LOST],
        [FINE, LOST],
      ],
      where: null,
    },
  ])("$says", ({ of, where }) => {
    expect(rounds(...of)).toMatchObject({ registry: where, why: expect.stringContaining("happened") as string });
  });

  test.each([
    { says: "once is not enough", of: [[FINE, DEAD]] },
    { says: "an answer in between starts the count anew", of: [[DEAD], [observation("fra", {})], [DEAD]] },
    {
      says: "two workers that fail once each are no streak",
      of: [[DEAD], [observation("fra", {}), failed("sgp", "dns", "E_DNS")]],
    },
    {
      says: "what a registry refuses is an answer",
      of: [[failed("fra", "http", "E_STATUS")], [failed("fra", "http", "E_STATUS")]],
    },
  ])("not where $says", ({ of }) => {
    expect(rounds(...of)).toBeNull();
  });

  test("not for many questions that were under way when one connection was lost", () => {
    const trouble = new Trouble();
    const numbers = Array.from({ length: 5 }, () => trouble.begin());
    for (const number of numbers) expect(trouble.after(number, "r.example", [LOST])).toBeNull();
    expect(trouble.after(trouble.begin(), "r.example", [LOST])).toMatchObject({ registry: null });
  });

  test("on one registry, while others are asked on", () => {
    const trouble = new Trouble();
    for (const registry of ["a.example", "b.example"])
      expect(trouble.after(trouble.begin(), registry, [DEAD])).toBeNull();
    expect(trouble.after(trouble.begin(), "b.example", [DEAD])).toMatchObject({ registry: "b.example" });
  });
});

describe("the budget of a registry", () => {
  const telling = (worker: string, ...headers: readonly string[]): Observation => {
    const plain = observation(worker, {});
    return { ...plain, evidence: { ...plain.evidence, headers } };
  };

  test.each([
    {
      says: "is what the worker with the fewest has left, less ten",
      of: [telling("fra", "ratelimit-remaining: 97;w=21600"), telling("here", "ratelimit-remaining: 40;w=21600")],
      budget: { left: 30, worker: "here" },
    },
    {
      says: "is used up below ten",
      of: [telling("fra", "ratelimit-remaining: 3;w=21600")],
      budget: { left: -7, worker: "fra" },
    },
    {
      says: "may be told under the older name",
      of: [telling("fra", "x-ratelimit-remaining: 12")],
      budget: { left: 2, worker: "fra" },
    },
    {
      says: "is unknown where nobody tells it",
      of: [telling("fra", "ratelimit-limit: 100;w=21600"), FINE],
      budget: null,
    },
    {
      says: "is unknown where what is told is no number",
      of: [telling("fra", "ratelimit-remaining: many"), FINE],
      budget: null,
    },
  ])("$says", ({ of, budget }) => {
    expect(budgetOf(of)).toEqual(budget);
  });
});
