import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Evidence } from "../../src/model/evidence.ts";
import { expectedOf, loadCases, pathsOf, type AttackCase } from "./case.ts";
import {
  liedTo,
  POSITIONS,
  startGround,
  TRUSTED,
  VANTAGES,
  type Attacked,
  type Ground,
  type Position,
} from "./ground.ts";

/**
 * Every case is run with the liar at this machine, at one VM and at all three: `npm run attacks`. Otherwise every third
 * case at one of these positions; both turn with the day, so that nine days of ordinary runs see them all.
 */
const ALL = process.env["ATTACKS"] === "all";
const CASES = loadCases();
const TODAY = Math.floor(Date.now() / 86_400_000);
const SLOTS = 3;

let ground: Ground;
const waiting: (() => void)[] = [];
let busy = 0;

beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.stop());

/** At most `SLOTS` programs at a time: more of them on a small machine, and its slowness looks like the registry's. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (busy >= SLOTS) await new Promise<void>((resolve) => waiting.push(resolve));
  busy += 1;
  try {
    return await work();
  } finally {
    busy -= 1;
    waiting.shift()?.();
  }
}

function rows(): { attack: AttackCase; title: string; file: string; position: Position }[] {
  return CASES.flatMap((attack, index) => {
    const today = index % 3 === TODAY % 3 ? (index + Math.floor(TODAY / 3)) % POSITIONS.length : -1;
    const positions = ALL ? POSITIONS : POSITIONS.filter((_, at) => at === today);
    return positions.map((position) => ({ attack, title: attack.title, file: attack.file, position }));
  });
}

/** Two looks at the tag after a disagreement, on top of what the job may ask. */
function again(where: string, { code }: Attacked): number {
  return where === "root" && code === 10 ? 2 : 0;
}

function checkRequests({ requests }: AttackCase, seen: Attacked): void {
  const { repository } = seen.artifact;
  const mine = ground.liar.requests.filter((each) => each.target.includes(repository));
  for (const [where, most] of Object.entries(requests ?? {})) {
    const paths = pathsOf(where, seen.artifact);
    for (const vantage of VANTAGES) {
      const asked = mine.filter(
        (each) => each.vantage === vantage && (paths.length === 0 ? each.host === where : paths.includes(each.target)),
      );
      expect(asked.length, `requests of ${vantage} at ${where}`).toBeLessThanOrEqual(most + again(where, seen));
    }
  }
  // nobody is asked that this world does not know: an address of the cloud's metadata service, say
  expect(mine.filter((each) => !/^[a-z]+\.example(:8443)?$/.test(each.host)).map((each) => each.host)).toEqual([]);
  expect(new Set(mine.map((each) => each.method))).toEqual(new Set(["GET"]));
}

function checkSecrets(seen: Attacked): void {
  const coded = Buffer.from(`alice:${ground.mark}`).toString("base64");
  const outputs = seen.stdout + seen.stderr;
  for (const secret of [ground.mark, coded]) expect(outputs.includes(secret), "a secret in the output").toBe(false);
  const mine = ground.liar.requests.filter((each) => each.target.includes(seen.artifact.repository));
  for (const { host, target, headers, body } of mine) {
    const shown = [target, body, ...Object.values(headers)].some(
      (each) => each.includes(ground.mark) || each.includes(coded),
    );
    if (shown) expect(TRUSTED, `${host} was shown a secret`).toContain(host);
    expect(target, "a secret in a URL").not.toContain(ground.mark);
    expect(headers["cookie"]).toBeUndefined();
  }
}

function checkWords(evidence: Evidence | null, seen: Attacked): void {
  const raw = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;
  expect(seen.stdout, "raw control characters on stdout").not.toMatch(raw);
  expect(seen.stderr, "raw control characters on stderr").not.toMatch(raw);
  if (evidence === null) return;
  expect(evidence.summary.length).toBeGreaterThan(20);
  expect(evidence.summary.length).toBeLessThan(3000);
  for (const { error } of evidence.observations) if (error !== null) expect(error.message.length).toBeGreaterThan(10);
}

describe.concurrent(`${CASES.length} attacks`, () => {
  test.each(rows())("$title, told to $position ($file)", { timeout: 1_200_000 }, async ({ attack, position }) => {
    const seen = await inTurn(() => ground.attack(attack, position));
    const expected = expectedOf(attack, position);
    expect(seen.signal, "it had to be killed").toBeNull();
    expect(seen.code, seen.stderr.slice(-3000)).toBe(expected.exit);
    const evidence = seen.code === 2 ? null : (JSON.parse(seen.stdout) as Evidence);
    const codes = [expected.code].flat();
    for (const { worker, error } of evidence?.observations ?? []) {
      if (!liedTo(position, attack).some((vantage) => vantage === worker)) continue;
      expect(codes, `${worker}: ${error?.message ?? "no error"}`).toContain(error?.code ?? null);
    }
    if (expected.words !== undefined) expect(evidence === null ? seen.stderr : seen.stdout).toContain(expected.words);
    if (expected.exit !== 0) {
      expect(evidence?.released ?? null).toBeNull();
      expect(evidence?.artifact ?? null).toBeNull();
      expect(seen.left).toEqual([]);
    } else {
      expect(attack.released).toBe("same");
      expect(seen.layer?.equals(seen.artifact.layer.bytes)).toBe(true);
      expect(seen.left).toEqual(["out"]);
    }
    checkWords(evidence, seen);
    checkSecrets(seen);
    checkRequests(attack, seen);
    expect(seen.ms, "milliseconds").toBeLessThan((attack.seconds ?? 60) * 1000);
    expect(seen.peak, "bytes of memory").toBeLessThan((attack.megabytes ?? 350) << 20);
  });
});

test(
  "afterwards no secret was in any process list, and nothing is left on the VMs",
  { timeout: 1_200_000 },
  async () => {
    expect(ground.exposed()).toEqual([]);
    await expect.poll(() => ground.remains(), { timeout: 5000 }).toEqual([]);
  },
);
