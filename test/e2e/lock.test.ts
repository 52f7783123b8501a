import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseDigest, type Digest } from "../../src/oci/digest.ts";
import { EMPTY_LOCK, renderLock, withPins } from "../../src/pins/lock.ts";
import { digest } from "../pins/mentions.ts";
import { pushDocument, pushImage } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches, resultIn } from "./contract.ts";
import { startStage, type Stage, type Verified } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let registry: Registry;
let name = "";
let first: Digest;
let second: Digest;

beforeAll(async () => {
  [stage, registry] = await Promise.all([lab(startStage()), lab(startRegistry())]);
  name = `${registry.host}/locked/app`;
  // one tag that stays, one that moved, one that a name without a tag means
  const image = await pushImage(registry, { name: "locked/app", tag: "v1", layers: [10] });
  first = parseDigest(image.manifest.digest);
  await pushDocument(registry, "locked/app", "latest", image.manifest);
  second = parseDigest((await pushImage(registry, { name: "locked/app", tag: "v2", layers: [20] })).manifest.digest);
});

/** Verifies with a lock that says this. */
async function verifyLocked(reference: string, lock: string, flags: readonly string[] = []): Promise<Verified> {
  const cwd = await stage.room();
  await writeFile(join(cwd, "tofu3.lock"), lock);
  return stage.verify(reference, { flags: ["--lock", "tofu3.lock", ...flags] }, cwd);
}

function lockOf(pins: Readonly<Record<string, Digest>>): string {
  const entries = Object.entries(pins).map(([tag, to]) => ({
    reference: `${name}:${tag}`,
    digest: to,
    at: "2026-01-31T12:00:00Z",
    workers: ["fra", "here", "sgp"],
  }));
  return renderLock(withPins(EMPTY_LOCK, entries));
}

describe("verify --lock", () => {
  test("the tag leads to what the lock has, at every vantage: 0, and the artifact is released", async () => {
    const seen = await verifyLocked(`${name}:v1`, lockOf({ v1: first, v2: first }), ["-o", "oci:out"]);
    expect(seen.code, seen.stderr).toBe(0);
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence.artifact?.digest).toBe(first);
    expect(seen.evidence.observations).toHaveLength(3);
    for (const { asked } of seen.evidence.observations) expect(asked).toMatchObject({ tag: "v1", pin: first });
    expect(await seen.left()).toEqual(["out", "tofu3.lock"]);
  });

  test("the tag leads elsewhere, at every vantage: 15, and nothing is released", async () => {
    const seen = await verifyLocked(`${name}:v2`, lockOf({ v1: first, v2: first }), ["-o", "oci:out"]);
    expect(seen.code, seen.stderr).toBe(15);
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence).toMatchObject({ outcome: "changed", released: null });
    expect(seen.evidence.summary).toContain(second);
    expect(await seen.left()).toEqual(["tofu3.lock"]);
  });

  test("no tag means latest, in the lock too", async () => {
    const seen = await verifyLocked(name, lockOf({ latest: first }));
    expect([seen.code, seen.evidence.observations[0]?.asked]).toEqual([
      0,
      expect.objectContaining({ tag: "latest", pin: first }),
    ]);
  });

  test("a digest that the lock has, with its tag and without: 0", async () => {
    for (const reference of [`${name}:v1@${first}`, `${name}@${first}`]) {
      const seen = await verifyLocked(reference, lockOf({ v1: first, v2: digest("b") }));
      expect(seen.code, seen.stderr).toBe(0);
    }
  });

  test.each([
    [
      "a reference that the lock does not have",
      ":v3",
      () => lockOf({ v1: first }),
      /does not have .*:v3$/m,
      /tofu3 pin adds/,
    ],
    [
      "a digest that the lock does not have",
      `@${digest("a")}`,
      () => lockOf({ v1: first }),
      /^tofu3: error: sha256:a+ is not what the lock/m,
      /--update/,
    ],
    [
      "another digest than the lock has",
      `:v1@${digest("a")}`,
      () => lockOf({ v1: first }),
      /is not what the lock/,
      /--update/,
    ],
    [
      "a lock with a mistake",
      ":v1",
      () => lockOf({ v1: first }).replace("workers", "wrkers"),
      /tofu3\.lock:4:\d+: pins\[0\]\.wrkers: unknown key/,
      /restore the file/,
    ],
    [
      "a lock with a conflict of a merge",
      ":v1",
      () => `${lockOf({ v1: first })}<<<<<<< HEAD\n`,
      /tofu3\.lock:5:1: /,
      /restore the file/,
    ],
    ["a lock of a later version", ":v1", () => "version: 2\n", /this is version 2/, /restore the file/],
  ])("%s: 2, with a hint, and nothing is fetched", async (_, suffix, lock, says, hint) => {
    const asked = registry.requests().length;
    const seen = await verifyLocked(`${name}${suffix}`, lock());
    expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 2, stdout: "" });
    expect(seen.stderr).toMatch(says);
    expect(seen.stderr.split("tofu3: hint: ")[1]).toMatch(hint);
    expect(registry.requests().length).toBe(asked);
  });

  test.each([
    ["there is no such file", "nowhere.lock", /there is no such file$/m],
    ["it is a folder", ".", /it is a folder, not a file$/m],
  ])("%s: 2", async (_, file, says) => {
    const seen = await stage.verify(`${name}:v1`, { flags: ["--lock", file] });
    expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 2, stdout: "" });
    expect(seen.stderr).toMatch(says);
    expect(seen.stderr).toMatch(/^tofu3: hint: /m);
  });
});
