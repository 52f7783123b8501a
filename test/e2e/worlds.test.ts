import { setMaxListeners } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { naiveOutcome } from "../consensus/oracle.ts";
import { chosen } from "./worlds/expect.ts";
import { openTheatre, type Seen, type Theatre } from "./worlds/run.ts";
import { makeWorld, type View, type World } from "./worlds/view.ts";

/**
 * `WORLD=SEED` plays one world again, `WORLDS=COUNT` more of them. Half of the seeds are always the same, the others
 * change with the day.
 */
const AGAIN = process.env["WORLD"];
const COUNT = Number(process.env["WORLDS"] ?? 240);
const TODAY = Math.floor(Date.now() / 86_400_000) * 10_000;

function seeds(): number[] {
  if (AGAIN !== undefined) return [Number(AGAIN)];
  return Array.from({ length: COUNT }, (_, at) => (at % 2 === 0 ? at / 2 + 1 : TODAY + (at - 1) / 2));
}

function wordsFor({ vantage, way, root, rootFault, rootType, faults, lies, slowRootMs, slowLayers }: View): string {
  return [
    `${vantage} (${typeof way === "string" ? way : `cut at ${way.cutAt}`}):`,
    rootFault ?? `${root.kind} ${root.blob.digest.slice(7, 13)}${rootType === null ? "" : ` as ${rootType}`}`,
    ...[...faults].map(([digest, { fault, passing }]) => `${digest.slice(7, 13)} ${fault}${passing ? " once" : ""}`),
    ...[...lies.keys()].map((digest) => `${digest.slice(7, 13)} lie`),
    ...(slowRootMs > 0 || slowLayers ? ["slow"] : []),
  ].join(" ");
}

function wordsOf({ views, flags, pin }: World): string {
  return [...views.map(wordsFor), ...flags, ...(pin === null ? [] : [`@${pin.slice(7, 13)}`])].join(" | ");
}

let theatre: Theatre;
beforeAll(async () => {
  // hundreds of exchanges hang on one signal, as in the program itself
  setMaxListeners(0);
  theatre = await openTheatre();
});
afterAll(() => theatre.stop());

/** What is released is all that was chosen of the truth, and nothing else. */
function checkReleased({ truth, flags }: World, { evidence, left, released }: Seen): void {
  expect(evidence?.artifact?.digest).toBe(truth.blob.digest);
  const wanted = chosen(truth, flags).map((node) => node.blob);
  for (const { digest, bytes } of wanted) {
    if (evidence?.released !== null && released.has(digest))
      expect(released.get(digest)?.equals(bytes), digest).toBe(true);
  }
  if (evidence?.released === null) {
    expect(left).toEqual([]);
    return;
  }
  expect(left).toEqual(["out"]);
  expect([...released.keys()].filter((digest) => wanted.every((each) => each.digest !== digest))).toEqual([]);
  // with a selection an index that only leads to it stays behind
  const missing = wanted.filter(({ digest }) => !released.has(digest)).map(({ mediaType }) => mediaType);
  expect(flags.length > 0 ? missing.filter((type) => !/index|list/.test(type)) : missing).toEqual([]);
}

/** Nobody reports a root that he was not given, and where roots differ everybody who saw one is named. */
function checkNames({ views }: World, { evidence }: Seen): void {
  const seen = evidence?.observations.filter((each) => each.digest !== null) ?? [];
  for (const { worker, digest } of seen) {
    expect(digest, worker).toBe(views.find((view) => view.vantage === worker)?.root.blob.digest);
  }
  if (new Set(seen.map((each) => each.digest)).size < 2) return;
  const named = evidence?.differences.flatMap(({ views: sights }) => sights.flatMap(({ workers }) => workers)) ?? [];
  expect([...new Set(named)].sort()).toEqual(expect.arrayContaining(seen.map((each) => each.worker)));
}

/** What the workers say that they saw comes to the same by the naive judge of reports. */
function checkReports({ evidence }: Seen): void {
  if (evidence === null) return;
  const { outcome, observations } = evidence;
  expect(naiveOutcome(observations)).toBe(outcome === "changed" ? "agreed" : outcome);
}

describe.concurrent("random worlds through the command line, judged by who was told what", () => {
  test.each(seeds().map((seed) => ({ seed })))("world $seed", { timeout: 120_000 }, async ({ seed }) => {
    const world = makeWorld(seed);
    const what = `WORLD=${seed}: ${wordsOf(world)}`;
    const seen = await theatre.play(world);
    expect([...seen.right], `${what}\n${seen.evidence?.summary ?? seen.stderr}`).toContain(seen.code);
    checkNames(world, seen);
    checkReports(seen);
    if (seen.code === 0) {
      checkReleased(world, seen);
      return;
    }
    expect(seen.evidence?.released ?? null, what).toBeNull();
    expect(seen.evidence?.artifact ?? null, what).toBeNull();
    expect(seen.left, what).toEqual([]);
    expect((seen.evidence?.differences.length ?? 0) > 0, what).toBe(seen.code === 10);
  });
});
