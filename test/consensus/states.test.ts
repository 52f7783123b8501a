import { subjectOf } from "../../src/model/subject.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { Tofu3Error } from "../../src/errors.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import { exitOf } from "../../src/cli/exit.ts";
import { verifyFrom, type Runtime } from "../../src/coordinator/verify.ts";
import { exitFor } from "../e2e/worlds/expect.ts";
import { dice } from "../e2e/worlds/dice.ts";
import { writeConfig } from "../lab/config.ts";
import { fakeClock, vantageOf } from "../worker/fixtures.ts";
import { ARTIFACTS, pagesOf, TOLD, transportOf, type Told } from "./told.ts";

const NAMES = ["here", "fra", "sgp"] as const;
type Three = readonly [here: Told, fra: Told, sgp: Told];

const folder = mkdtempSync(join(tmpdir(), "tofu3-states-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function openRuntime(): Promise<Runtime> {
  const vm = {
    host: "192.0.2.1",
    user: "tofu",
    identityFile: "/nonexistent",
    hostKeyFingerprint: `SHA256:${"A".repeat(43)}`,
  };
  const workers = [
    { name: "fra", vm: { ...vm, port: 1 } },
    { name: "sgp", vm: { ...vm, port: 2, hostKeyFingerprint: `SHA256:${"B".repeat(42)}A` } },
  ];
  const surroundings = { env: {}, home: folder, cwd: folder };
  const config = await loadConfig(
    await writeConfig(folder, { workers, others: { limits: { retries: 1 } } }),
    surroundings,
  );
  const quiet = { authfile: null, version: "0.0.0", passphrase: null, log: () => undefined };
  return { ...surroundings, ...quiet, config, now: () => new Date(0) };
}

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});

interface Ended {
  /** Null when it ended without a verdict. */
  readonly evidence: Evidence | null;
  readonly steps: number;
  /** What is where the release should be, by path; null for nothing. */
  readonly released: ReadonlyMap<string, Buffer> | null;
  readonly left: readonly string[];
}

let rooms = 0;
const REQUEST = {
  reference: "registry.example/a/b:1",
  subject: subjectOf(parseReference("registry.example/a/b:1")),
  platform: null,
  osVersion: null,
  bottle: null,
  destination: "oci:out",
  force: false,
  days: null,
  keepEvidence: null,
  remember: false,
};

/**
 * A verification and, where they agree, a release, by the program; interrupted at the given step of any of its
 * transports.
 */
async function runOf(three: Three, interruptAt = Infinity): Promise<Ended> {
  const cwd = join(folder, `room${(rooms += 1)}`);
  mkdirSync(cwd);
  const controller = new AbortController();
  let steps = 0;
  const step = (): void => {
    steps += 1;
    if (steps === interruptAt) controller.abort(new Tofu3Error("E_INTERRUPTED", "interrupted"));
  };
  const vantages = three.map((told, at) => {
    const name = NAMES[at] ?? "";
    return vantageOf(transportOf(told, name, step), { name, clock: fakeClock(), via: at === 0 ? "local" : "ssh" });
  });
  const evidence = await verifyFrom(vantages, REQUEST, { ...runtime, cwd }, () => undefined, controller.signal).catch(
    (error: unknown) => {
      if (error === controller.signal.reason) return null;
      throw error;
    },
  );
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

/** Eight at a time: most of a run is waiting for the disk. */
async function inLanes<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const waiting = all.values();
  const lane = async (): Promise<void> => {
    for (const each of waiting) await work(each);
  };
  await Promise.all(Array.from({ length: 8 }, lane));
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

/** The only releases that there can be: every object of an artifact under its digest, and nothing else. */
const WHOLE = [...ARTIFACTS.values()].map(
  (things) => new Map(things.map(({ digest, bytes }) => [String(digest), bytes])),
);

/** Whatever happened: what is at the destination is what three saw alike, or nothing is, and nothing is beside it. */
function expectSound(three: Three, { evidence, released, left }: Ended, what: string): void {
  const right = exitOfThree(three);
  if (evidence !== null) expect(exitOf(evidence.outcome), what).toBe(right);
  expect(left, what).toEqual(released === null ? [] : ["out"]);
  if (released === null) return;
  expect(right, what).toBe(0);
  expect(WHOLE, what).toContainEqual(released);
  expect(released.has(three[0].report.root ?? ""), what).toBe(true);
}

describe("what three workers are told", () => {
  test(
    "is judged as the rule says, and only what three were told alike is released",
    { timeout: 300_000 },
    async () => {
      let agreed = 0;
      await inLanes(everyThree(), async (three) => {
        const ended = await runOf(three);
        expect(ended.evidence, nameOf(three)).not.toBeNull();
        expectSound(three, ended, nameOf(three));
        expect(ended.released !== null, nameOf(three)).toBe(exitOfThree(three) === 0);
        if (ended.released !== null) agreed += 1;
      });
      // A and A and A, or one of them by the host key K; B and B and B
      expect(agreed).toBe(4);
    },
  );

  test("and are interrupted at any step: a whole release or none", { timeout: 300_000 }, async () => {
    const throws = dice(Math.floor(Date.now() / 86_400_000));
    const [A, B, cut] = TOLD;
    if (A === undefined || B === undefined || cut === undefined) throw new Error("nothing was told");
    const { steps } = await runOf([A, A, A]);
    const always = Array.from({ length: steps }, (_, at) => ({ three: [A, A, A] as Three, at: at + 1 }));
    const sometimes = throws.some(everyThree(), 0.1).map((three) => ({ three, at: 1 + throws.below(steps) }));
    const ends = new Set<string>();
    for (const { three, at } of [...always, ...sometimes]) {
      const ended = await runOf(three, at);
      expectSound(three, ended, `${nameOf(three)}, interrupted at step ${at}`);
      if (ended.evidence === null) expect(ended.released, "after an interruption").toBeNull();
      ends.add(ended.evidence === null ? "interrupted" : ended.released === null ? "refused" : "released");
    }
    expect([...ends]).toContain("interrupted");
  });

  test(
    "and kill -9 at any moment leaves a whole release or none, and never what they did not agree on",
    { timeout: 300_000 },
    async () => {
      const [A, B] = TOLD;
      if (A === undefined || B === undefined) throw new Error("nothing was told");
      const all: Three = [A, A, A];
      const whole = await mortal(all, {});
      expect(whole.last).toMatch(/^agreed /);
      const steps = Number(whole.last.split(" ")[1]);
      const throws = dice(Date.now());
      const moments: Moment[] = [
        ...Array.from({ length: 10 }, () => ({ killAtStep: 1 + throws.below(steps) })),
        ...Array.from({ length: 10 }, () => ({ killAfterMs: throws.below(30) })),
      ];
      const rows = [
        ...moments.map((moment) => ({ three: all, moment })),
        ...moments.slice(6, 14).map((moment) => ({ three: [A, A, B] as Three, moment })),
      ];
      for (const { three, moment } of rows) {
        const { released, others } = await mortal(three, moment);
        const what = `${nameOf(three)}, ${JSON.stringify(moment)}`;
        if (released !== null) expect(exitOfThree(three), what).toBe(0);
        if (released !== null) expect(WHOLE, what).toContainEqual(released);
        // a quarantine that nobody can take for a result, and that the next run removes
        expect(
          others.filter((name) => !name.startsWith(".tofu3-")),
          what,
        ).toEqual([]);
      }
    },
  );
});

interface Moment {
  readonly killAtStep?: number;
  /** After the last worker has ended: judgement and release. */
  readonly killAfterMs?: number;
}

/** A process of its own that verifies, and dies at this moment. */
async function mortal(
  three: Three,
  moment: Moment,
): Promise<{ last: string; released: Ended["released"]; others: readonly string[] }> {
  const cwd = join(folder, `room${(rooms += 1)}`);
  mkdirSync(cwd);
  const told = three.map(({ routes }, at) => ({ name: NAMES[at], pages: pagesOf(routes) }));
  const file = join(folder, `mortal${rooms}.json`);
  const wanted = {
    config: join(folder, "tofu3.yaml"),
    cwd,
    request: REQUEST,
    told,
    killAtStep: null,
    killAfterMs: null,
    ...moment,
  };
  writeFileSync(file, JSON.stringify(wanted));
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "mortal.mjs"), file]).catch(
    (error: unknown) => {
      if ((error as { signal?: string }).signal === "SIGKILL") return { stdout: "killed" };
      throw error;
    },
  );
  const names = readdirSync(cwd);
  const released = names.includes("out") ? filesIn(join(cwd, "out", "blobs", "sha256")) : null;
  return { last: stdout.trim(), released, others: names.filter((name) => name !== "out") };
}
