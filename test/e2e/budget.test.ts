import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { descriptorOf, documentOf, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, blobOf, type Blob } from "../lab/image.ts";
import { documentAnswer } from "../lab/liar-shelf.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { useLab } from "../lab/uselab.ts";
import { openShelf, type Shelf, type Vantage } from "./shelf.ts";
import { startStage, type Stage, type Verified } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let liar: Liar;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar({ vantages: ["fra", "sgp"] }))]);
});

const MIB = 1024 * 1024;
/** Of the whole program; it is 100 MiB with nothing to do. */
const MOST_MEMORY = 600 * MIB;
const config = blobOf(OCI_CONFIG, "{}");

/** A manifest of almost 4 MiB, which is as much as one may have. */
function largeManifest(at: number): Blob {
  const annotations = Object.fromEntries(
    Array.from({ length: 40 }, (_, key) => [`a${key}`, `${at} ${"é".repeat(50_000)}`]),
  );
  return documentOf(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptorOf(config),
    layers: [],
    annotations,
  });
}

interface Large {
  readonly count: number;
  readonly declared: (size: number) => number;
  /** Who gets the index; who gets its manifests. */
  readonly rootTo: Vantage | "all";
  readonly restTo: Vantage | "all";
}

/** Puts an index of so many large manifests behind the tag. */
function serveLarge(shelf: Shelf, { count, declared, rootTo, restTo }: Large): void {
  const manifests = Array.from({ length: count }, (_, at) => {
    const manifest = largeManifest(at);
    const answer = documentAnswer(manifest);
    const path = `/v2/${shelf.repository}/manifests/${manifest.digest}`;
    // made anew for each request: the liar has a heap as well
    const made = { ...answer, body: "" };
    if (restTo === "all") liar.answer(path, () => ({ ...made, body: largeManifest(at).bytes }));
    else liar.lie(restTo, path, () => ({ ...made, body: largeManifest(at).bytes }));
    return { ...descriptorOf(manifest), size: declared(manifest.size) };
  });
  shelf.answer(
    rootTo,
    "root",
    documentAnswer(documentOf(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests })),
  );
}

async function verifyWithSmallHeap(shelf: Shelf): Promise<Verified & { peak: number }> {
  let pid = 0;
  let peak = 0;
  const timer = setInterval(() => {
    try {
      peak = Math.max(
        peak,
        Number(/^VmHWM:\s+([0-9]+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024,
      );
    } catch {
      // not there yet, or any more
    }
  }, 50);
  const seen = await stage.verify(shelf.reference, {
    liar,
    env: { NODE_OPTIONS: "--max-old-space-size=256" },
    flags: ["-o", "oci:out"],
    onStart: (started) => (pid = started),
    timeoutMs: 120_000,
  });
  clearInterval(timer);
  return Object.assign(seen, { peak });
}

describe("manifests of 4 MiB at one vantage only", () => {
  test.each<{ what: string; who: Vantage; count: number; declared: (size: number) => number }>([
    { what: "100, at a VM", who: "fra", count: 100, declared: (size) => size },
    { what: "100, here", who: "here", count: 100, declared: (size) => size },
    { what: "100 that are declared to be small, at a VM", who: "fra", count: 100, declared: () => 500 },
    { what: "100 that are declared to be small, here", who: "here", count: 100, declared: () => 500 },
    { what: "as many as the budget allows, at a VM", who: "fra", count: 15, declared: (size) => size },
    { what: "as many as the budget allows, here", who: "here", count: 15, declared: (size) => size },
  ])("$what: an alarm, and no harm", async ({ who, count, declared }) => {
    const shelf = openShelf(liar);
    serveLarge(shelf, { count, declared, rootTo: who, restTo: who });
    const seen = await verifyWithSmallHeap(shelf);
    expect(seen.code, seen.stderr).toBe(10);
    expect(await seen.left()).toEqual([]);
    expect(seen.peak).toBeLessThan(MOST_MEMORY);
  });
});

test.each(["fra", "here"] as const)(
  "more than the budget that only %s is given: incomplete, and no harm",
  async (who) => {
    const shelf = openShelf(liar);
    serveLarge(shelf, { count: 100, declared: (size) => size, rootTo: "all", restTo: who });
    const seen = await verifyWithSmallHeap(shelf);
    expect(seen.code, seen.stderr).toBe(12);
    expect(await seen.left()).toEqual([]);
    expect(seen.peak).toBeLessThan(MOST_MEMORY);
    const codes = seen.evidence.observations.map((each) => [each.worker, each.error?.code]);
    expect(codes).toContainEqual([who, "E_LIMIT"]);
  },
);

test("more than the budget for all: incomplete, with what to do", async () => {
  const shelf = openShelf(liar);
  serveLarge(shelf, { count: 20, declared: (size) => size, rootTo: "all", restTo: "all" });
  const seen = await verifyWithSmallHeap(shelf);
  expect(seen.code, seen.stderr).toBe(12);
  expect(await seen.left()).toEqual([]);
  expect(seen.peak).toBeLessThan(MOST_MEMORY);
  expect(seen.evidence.observations.map((each) => each.error?.code)).toEqual(["E_LIMIT", "E_LIMIT", "E_LIMIT"]);
  expect(seen.evidence.observations[0]?.error?.hint).toContain("limits.documentBytes");
});
