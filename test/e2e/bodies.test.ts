import { beforeAll, describe, expect, test } from "vitest";
import { makeAuthority } from "../lab/authority.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { makeFolder, until } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches } from "./contract.ts";
import { HOSTILE, redirectTo } from "./hostile.ts";
import { openShelf, VANTAGES, type Shelf } from "./shelf.ts";
import { startStage, SHORT, leftOn, type Ask, type Stage, type Verified } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let liar: Liar;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar({ vantages: ["fra", "sgp"] }))]);
});

/**
 * What holds however it went: an answer in time, nothing released, nothing left behind, nothing that a terminal obeys.
 */
async function check(shelf: Shelf, code: number, ask: Ask = {}): Promise<Verified> {
  const seen = await stage.verify(shelf.reference, {
    liar,
    limits: { ...SHORT, totalSeconds: 12 },
    flags: ["-o", "oci:out"],
    ...ask,
  });
  expect(seen.code, seen.stderr).toBe(code);
  expect(seen.ms).toBeLessThan(40_000);
  expect(breaches(seen.stdout)).toEqual([]);
  expect(await seen.left()).toEqual([]);
  expect(seen.stderr + seen.stdout).not.toMatch(/[\u001b\u202e]/);
  expect(seen.evidence.released).toBeNull();
  return seen;
}

describe.concurrent("an answer that is wrong in its way", () => {
  test.each(HOSTILE)(
    "$what, at one vantage and at all three",
    async ({ answer, place = "blob", code, fault, words }) => {
      const who = VANTAGES[HOSTILE.findIndex((row) => row.answer === answer) % 3] ?? "fra";
      const one = openShelf(liar);
      one.answer(who, place, answer(one));
      const { evidence } = await check(one, code);
      expect(evidence.quorum).toBe("2/3");
      const met = evidence.observations.filter((each) => each.error !== null);
      expect(met.map((each) => each.worker)).toEqual([who]);
      const three = openShelf(liar);
      three.answer("all", place, answer(three));
      const { evidence: same } = await check(three, code);
      expect(same.quorum).toBe("0/3");
      for (const { error, worker, via } of [...met, ...same.observations]) {
        expect(error?.code, `${worker}: ${error?.message ?? ""}`).toMatch(fault);
        expect(error?.message, worker).toMatch(words);
        expect(error?.hint, `${via} ${error?.code ?? ""} ${error?.message ?? ""}`).toMatch(/./);
      }
    },
  );
});

test("https that redirects to http, or that nobody vouches for, is refused by both engines", async () => {
  const folder = await makeFolder("authority");
  const authority = await makeAuthority(folder.path);
  const secure = await lab(
    startLiar({ vantages: ["fra", "sgp"], certificate: await authority.issue("liar", ["127.0.0.1"]) }),
  );
  const shelf = openShelf(secure);
  const honest: Ask = {
    liar: secure,
    config: { others: { registries: { [secure.host]: { caFile: authority.caFile } } } },
  };
  expect((await stage.verify(shelf.reference, honest)).code).toBe(0);
  shelf.answer("all", "blob", redirectTo(`${liar.url}/blob`));
  const { evidence } = await check(shelf, 12, honest);
  for (const { error } of evidence.observations) {
    expect(error).toMatchObject({
      code: "E_REDIRECT",
      message: expect.stringMatching(/redirects from https to http:/) as unknown,
    });
  }
  expect(liar.requests.filter((each) => each.target === "/blob")).toEqual([]);
  const stranger = await makeFolder("stranger");
  const { caFile } = await makeAuthority(stranger.path);
  const unknown = await check(shelf, 12, {
    liar: secure,
    config: { others: { registries: { [secure.host]: { caFile } } } },
  });
  for (const { error } of unknown.evidence.observations) {
    expect(error).toMatchObject({ code: "E_TLS", stage: "tls", hint: expect.any(String) as unknown });
  }
  await stranger.remove();
  await folder.remove();
});

test("after all that no shell, no curl and no file is left on a VM", async () => {
  for (const vm of [stage.fra, stage.sgp])
    await until("a clean VM", () => (leftOn(vm).length === 0 ? true : undefined), 2);
});
