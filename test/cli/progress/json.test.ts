import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { jsonAuditProgress, jsonProgress } from "../../../src/cli/progress/json.ts";
import { digest } from "../../report/fixtures.ts";
import { run } from "../../lab/cli.ts";

const SCHEMA = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../config/progress.schema.json"), "utf8"),
) as object;
const fits = new Ajv({ allErrors: true }).compile(SCHEMA);
const DOCUMENTED = readFileSync(join(import.meta.dirname, "../../../docs/progress.md"), "utf8");

type Line = Readonly<Record<string, unknown>> & { readonly kind: string };

/** The lines, each of which fits the schema. */
function parsed(lines: readonly string[]): readonly Line[] {
  return lines.map((line) => {
    expect(line).toMatch(/^\{"kind":"[a-z]+","seconds":[\d.]+[,}]/);
    const value = JSON.parse(line) as Line;
    expect(fits(value), `${line}\n${JSON.stringify(fits.errors)}`).toBe(true);
    expect(DOCUMENTED).toContain(`\`${value.kind}\``);
    return value;
  });
}

function recorder() {
  const lines: string[] = [];
  return { lines, stderr: { write: (text: string | Uint8Array) => lines.push(...String(text).trimEnd().split("\n")) } };
}

describe("one object a line", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("tells everything that happens, and all workers at most twice a second", () => {
    const { lines, stderr } = recorder();
    const view = jsonProgress(stderr, ["here", "fra"], () => Date.now());
    view.watch({ kind: "phase", worker: "fra", phase: "fetching" });
    view.watch({ kind: "root", worker: "fra", digest: digest("a"), mediaType: null });
    view.watch({ kind: "wanted", worker: "fra", objects: 3, bytes: 40_000 });
    for (let count = 0; count < 1000; count++) {
      view.watch({ kind: "retry", worker: "fra", message: "cut \u202e", waitMs: 1500 });
      view.watch({ kind: "bytes", worker: "fra", bytes: 10 });
      view.watch({ kind: "object", worker: "fra" });
      vi.advanceTimersByTime(10);
    }
    view.watch({ kind: "mismatch", worker: "fra" });
    view.watch({ kind: "again", worker: "fra" });
    const error = { code: "E_CUT", stage: "body", message: "cut", hint: null } as const;
    view.watch({ kind: "end", worker: "fra", outcome: "failed", error });
    vi.advanceTimersByTime(60_000);
    view.stop(true);
    const values = parsed(lines);
    const of = (kind: string): readonly Line[] => values.filter((each) => each.kind === kind);
    expect(values[0]).toEqual({ kind: "start", seconds: 0, schemaVersion: 1, workers: ["here", "fra"] });
    expect(values.at(-1)).toEqual({ kind: "stop", seconds: 70 });
    expect(of("workers").length).toBeLessThanOrEqual(22);
    expect(of("workers")[9]).toEqual({
      kind: "workers",
      seconds: 5,
      workers: [
        {
          worker: "here",
          state: "waiting",
          digest: null,
          ...{ objects: 0, objectsWanted: 0, bytes: 0, bytesWanted: 0 },
          ...{ bytesPerSecond: null, secondsLeft: null, retries: 0 },
        },
        {
          worker: "fra",
          state: "fetching",
          digest: digest("a"),
          ...{ objects: 500, objectsWanted: 3, bytes: 5000, bytesWanted: 40_000 },
          ...{ bytesPerSecond: expect.closeTo(1000, -2) as number, secondsLeft: 35, retries: 500 },
        },
      ],
    });
    expect(of("retry").map(({ retries }) => retries)).toEqual([1, 101, 201, 301, 401, 501, 601, 701, 801, 901]);
    expect(of("retry")[0]).toMatchObject({ message: "cut \\u{202e}", waitSeconds: 1.5 });
    expect(of("end")[0]).toMatchObject({
      worker: "fra",
      outcome: "failed",
      error: { code: "E_CUT", stage: "body", message: "cut" },
    });
    expect(values.filter(({ kind }) => kind === "mismatch" || kind === "again")).toHaveLength(2);
  });

  test("of an audit: the count at most twice a second, and of each registry once that it wants patience", () => {
    const { lines, stderr } = recorder();
    const view = jsonAuditProgress(stderr, () => Date.now());
    view.watch({ kind: "resumed", answers: 3, since: "2026-11-27T00:00:00.000Z" });
    view.watch({ kind: "warned", text: "the ledger is old" });
    for (let done = 1; done <= 500; done++) {
      view.watch({ kind: "slowed", registry: "ghcr.io", why: "429" });
      view.watch({ kind: "done", done, of: 500 });
      vi.advanceTimersByTime(10);
    }
    view.watch({ kind: "closed", registry: null, why: "fra is lost" });
    view.stop();
    const values = parsed(lines);
    expect(values.map(({ kind }) => kind).filter((kind) => kind !== "references")).toEqual([
      "start",
      "resumed",
      "warned",
      "slowed",
      "closed",
      "stop",
    ]);
    const counts = values.filter(({ kind }) => kind === "references");
    expect(counts.length).toBeLessThanOrEqual(12);
    expect(counts.at(-1)).toMatchObject({ done: 500, of: 500 });
  });
});

test('of a real run: every line that begins with {"kind": fits the schema, every other one begins with tofu3:', async () => {
  const { code, stderr, stdout } = await run(["demo", "--tamper", "--progress", "json"]);
  expect(code).toBe(10);
  const lines = stderr
    .trimEnd()
    .split("\n")
    .filter((line) => line.startsWith('{"kind":'));
  const values = parsed(lines);
  expect(values[0]).toMatchObject({ kind: "start", schemaVersion: 1, workers: ["here", "fra", "sgp"] });
  expect(
    values
      .filter(({ kind }) => kind === "end")
      .map(({ worker }) => worker)
      .sort(),
  ).toEqual(["fra", "here", "sgp"]);
  expect(values.filter(({ kind }) => kind === "root")).toHaveLength(3);
  expect(values.at(-1)).toMatchObject({ kind: "stop" });
  expect(stdout).not.toContain('{"kind":');
  const { stderr: quiet } = await run(["demo", "-q", "--progress", "json"]);
  expect(quiet).not.toContain("kind");
});
