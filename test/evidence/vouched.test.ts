import { describe, expect, test } from "vitest";
import { publicKeyOf, type PublicKey } from "../../src/evidence/keys/publickey.ts";
import { doubtOf } from "../../src/evidence/vouched.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import type { Signed } from "../../src/model/signed.ts";
import { evidence, failed, observation } from "../report/fixtures.ts";

const [FRA, SGP, OTHER] = [1, 2, 3].map((seed) => publicKeyOf(new Uint8Array(32).fill(seed))) as [
  ReturnType<typeof publicKeyOf>,
  ReturnType<typeof publicKeyOf>,
  ReturnType<typeof publicKeyOf>,
];
const fra: Signed = { worker: "fra", by: FRA.id, objects: 7, of: 7, authorities: [], why: null };
const sgp: Signed = { worker: "sgp", by: SGP.id, objects: 7, of: 7, authorities: [], why: null };

function seen(signed: readonly Signed[] | undefined, lost: readonly string[] = []): Evidence {
  const workers = ["fra", "here", "sgp"].map((name) => {
    const via = name === "here" ? "local" : "ssh";
    return lost.includes(name) ? ({ ...failed(name), via } as const) : observation(name, { via });
  });
  const all = evidence(workers);
  return signed === undefined ? (JSON.parse(JSON.stringify({ ...all, signed })) as Evidence) : { ...all, signed };
}

function doubt(
  report: Evidence,
  keys: readonly PublicKey[],
  more: { readonly authorities?: readonly string[]; readonly ledgerDays?: boolean } = {},
): string | null {
  return doubtOf(report, { keys, authorities: [], ledgerDays: false, ...more });
}

describe("with a list of VMs", () => {
  test("what they signed whole stands, in whatever order", () => {
    expect(doubt(seen([fra, sgp]), [SGP, FRA, OTHER])).toBeNull();
    expect(doubt(seen([sgp, fra]), [FRA, SGP])).toBeNull();
  });

  test.each([
    [
      "an object is missing",
      [{ ...fra, objects: 6 }, sgp],
      `what worker "fra" saw is signed in part by ${FRA.id}: 6 of 7 objects`,
    ],
    ["nothing counts", [fra, { ...sgp, by: null, objects: 0, why: "w" }], 'what worker "sgp" saw is unsigned: w'],
    ["one signed nothing", [fra, { ...sgp, by: null, objects: 0 }], 'what worker "sgp" saw is unsigned'],
    ["one is not told of", [sgp], 'what worker "fra" saw is unsigned'],
    ["nobody is told of", undefined, 'what worker "fra" saw is unsigned'],
    [
      "another key signed",
      [fra, { ...sgp, by: OTHER.id }],
      `worker "sgp" is signed by ${OTHER.id}, which is on no list of VMs`,
    ],
    ["one key signed twice", [fra, { ...sgp, by: FRA.id }], `workers "fra" and "sgp" are signed by one VM, ${FRA.id}`],
  ])("if %s, it does not", (_, signed, why) => expect(doubt(seen(signed), [FRA, SGP])).toBe(why));

  test("a worker that saw nothing has nothing to sign", () => {
    expect(seen([fra], ["sgp"]).outcome).toBe("incomplete");
    expect(doubt(seen([fra], ["sgp"]), [FRA, SGP])).toBeNull();
    expect(doubt(seen([], ["sgp", "fra"]), [FRA])).toBeNull();
  });

  test("not more than one worker may be on no VM, and two have to be", () => {
    const local = observation("a", { via: "local" });
    const two = evidence([local, observation("b", { via: "local" }), observation("fra", { via: "ssh" })]);
    expect(doubt({ ...two, signed: [fra] }, [FRA, SGP])).toBe("it has more than one worker that is on no VM");
    // whatever it says of the others, one VM is not two
    expect(doubt({ ...seen([fra, sgp], ["sgp"]), outcome: "agreed" }, [FRA, SGP])).toBe(
      "fewer than 2 VMs signed what all agree on",
    );
  });

  test("days of the ledger rest on nobody's signature", () => {
    const report = { ...seen([fra, sgp]), policy: { distinct: [], days: 3, onChange: "notice", met: true } } as const;
    expect(doubt(report, [FRA, SGP])).toMatch(/^no VM signed the other days: that they agreed on 3 of them/);
    expect(doubt(report, [FRA, SGP], { ledgerDays: true })).toBeNull();
    expect(doubt({ ...report, outcome: "disagreed" }, [FRA, SGP])).toBeNull();
  });

  test("an authority of the coordinator's counts only where it is listed", () => {
    const [one, two] = ["a".repeat(64), "b".repeat(64)];
    const report = seen([{ ...fra, authorities: [one, two] }, sgp]);
    expect(doubt(report, [FRA, SGP], { authorities: [one] })).toBe(
      `worker "fra" was given the authority sha256:${two}, which is on no list`,
    );
    expect(doubt(report, [FRA, SGP], { authorities: [two, one] })).toBeNull();
  });

  test("an empty list believes nobody", () => {
    expect(doubt(seen([fra, sgp]), [])).toBe(`worker "fra" is signed by ${FRA.id}, which is on no list of VMs`);
  });
});
