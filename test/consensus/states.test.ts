import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { Tofu3Error } from "../../src/errors.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import { exitOf } from "../../src/cli/exit.ts";
import { verifyFrom, type House } from "../../src/verify.ts";
import { exitFor } from "../e2e/worlds/expect.ts";
import { dice } from "../e2e/worlds/dice.ts";
import { writeConfig } from "../lab/config.ts";
import { fakeClock, vantageOf } from "../worker/fixtures.ts";
import { ALL_OF_IT, TOLD, transportOf, TRUTH, type Told } from "./told.ts";

const NAMES = ["here", "fra", "sgp"] as const;
type Three = readonly [here: Told, fra: Told, sgp: Told];

const folder = mkdtempSync(join(tmpdir(), "tofu3-states-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function houseIn(cwd: string): Promise<House> {
  const vm = { host: "192.0.2.1", user: "tofu", identityFile: "/nonexistent", hostKeyFingerprint: `SHA256:${"A".repeat(43)}` };
  const workers = [
    { name: "fra", vm: { ...vm, port: 1 } },
    { name: "sgp", vm: { ...vm, port: 2, hostKeyFingerprint: `SHA256:${"B".repeat(42)}A` } },
  ];
  const surroundings = { env: {}, home: folder, cwd };
  const config = await loadConfig(await writeConfig(folder, { workers, others: { limits: { retries: 1 } } }), surroundings);
  const quiet = { authfile: null, version: "0.0.0", passphrase: null, log: () => undefined };
  return { ...surroundings, ...quiet, config, now: () => new Date(0) };
}

interface Ended {
  /** Null when it ended without a verdict. */
  readonly evidence: Evidence | null;
  readonly steps: number;
  /** What is where the release should be, by path; null for nothing. */
  readonly released: ReadonlyMap<string, Buffer> | null;
  readonly left: readonly string[];
}

let rooms = 0;
const REQUEST = { reference: "registry.example/a/b:1", platform: null, osVersion: null, bottle: null, destination: "oci:out", force: false };

/** A verification and, where they agree, a release, by the program; interrupted at the given step of any of its transports. */
async function runOf(three: Three, interruptAt = Infinity): Promise<Ended> {
  const cwd = join(folder, `room${(rooms += 1)}`);
  mkdirSync(cwd);
  const controller = new AbortController();
  let steps = 0;
  const step = (): void => {
    steps += 1;
    if (steps === interruptAt) controller.abort(new Tofu3Error("E_INTERRUPTED", "interrupted"));
  };
  const open: Parameters<typeof verifyFrom>[0] = (_house, keep, admit) =>
    Promise.resolve(
      three.map((told, at) => {
        const name = NAMES[at] ?? "";
        const common = { name, clock: fakeClock(), ...(admit === null ? {} : { admit }) };
        return vantageOf(transportOf(told, name, step), { ...common, via: at === 0 ? "local" : "ssh", keep: at === 0 ? keep : null });
      }),
    );
  const evidence = await verifyFrom(open, REQUEST, await houseIn(cwd), () => undefined, controller.signal).catch((error: unknown) => {
    if (error === controller.signal.reason) return null;
    throw error;
  });
  const left = readdirSync(cwd);
  const released = left.includes("out") ? filesIn(join(cwd, "out", "blobs", "sha256")) : null;
  rmSync(cwd, { recursive: true });
  return { evidence, steps, released, left };
}

function filesIn(path: string): Map<string, Buffer> {
  return new Map(readdirSync(path).map((name) => [`sha256:${name}`, readFileSync(join(path, name))]));
}

/** VMs that change places change nothing; this machine is not a VM. */
function everyThree(): Three[] {
  return TOLD.flatMap((here) => TOLD.flatMap((fra, at) => TOLD.slice(at).map((sgp): Three => [here, fra, sgp])));
}

function nameOf(three: Three): string {
  return three.map(({ name }) => name).join(" | ");
}

/** The rule once more: what three reports come to, as an exit code. */
function exitOfThree(three: Three): number {
  const code = exitFor(
    three.map(({ report }) => report),
    null,
  );
  const keys = three.flatMap(({ key }) => (key === undefined ? [] : [key]));
  return code === 0 && new Set(keys).size < keys.length ? 13 : code;
}

/** The one release that there can be: the bytes of the artifact, each under its digest, and nothing else. */
const WHOLE = new Map(ALL_OF_IT.map(({ digest, bytes }) => [String(digest), bytes]));

function expectSound(three: Three, { evidence, released, left }: Ended, what: string): void {
  const agreed = exitOfThree(three) === 0;
  if (released !== null) {
    expect(agreed, what).toBe(true);
    expect(released, what).toEqual(WHOLE);
    expect(left, what).toEqual(["out"]);
  } else expect(left, what).toEqual([]);
  if (evidence !== null) expect(exitOf(evidence.outcome), what).toBe(exitOfThree(three));
}

describe("what three workers are told, at each of their transports", () => {
  test("is judged as the rule says, and only what three were told alike is released", { timeout: 300_000 }, async () => {
    let agreed = 0;
    for (const three of everyThree()) {
      const ended = await runOf(three);
      expect(ended.evidence, nameOf(three)).not.toBeNull();
      expectSound(three, ended, nameOf(three));
      expect(ended.released !== null, nameOf(three)).toBe(exitOfThree(three) === 0);
      if (ended.released === null) continue;
      agreed += 1;
      expect(ended.evidence?.artifact?.digest).toBe(TRUTH.digest);
    }
    expect(agreed).toBe(5);
  });
});
