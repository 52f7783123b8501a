import { expect, test } from "vitest";
import type { Image } from "../../lab/image.ts";
import { expectGolden } from "./golden.ts";
import { documentAnswer, expectTold, useGround, VANTAGES, type Scene } from "./ground.ts";
import { fixedImage } from "./images.ts";

/** A difference in place: one vantage is shown something else than the others. */

const ground = useGround();
const honest = await fixedImage(["tofu 1.4\n"]);
const other = await fixedImage(["tofu 1.4, with something in it\n"]);

async function openWith(image: Image): Promise<Scene> {
  const scene = await ground().open();
  await scene.push(image);
  return scene;
}

test.each(VANTAGES)("another image at %s only, again and again: split-view, sure", async (who) => {
  const scene = await openWith(honest);
  scene.plant(who, other);
  scene.hold();
  const seen = await scene.look();
  expectTold(seen, { code: 10, outcome: "disagreed", class: "split-view", confidence: "sure", names: [who] });
  expect(seen.evidence.diagnosis?.explanation).toContain(other.manifest.digest.slice(0, 19));
  if (who === "fra") expectGolden("split-view", seen, ground().registry.host);
});

test("a vantage that is shown the truth as soon as it asks again: split-view, not sure, and still an alarm", async () => {
  const scene = await openWith(honest);
  scene.plant("sgp", other);
  scene.lie("sgp", scene.path("1.4"), documentAnswer(other.manifest), documentAnswer(honest.manifest));
  const seen = await scene.look();
  expectTold(seen, { code: 10, outcome: "disagreed", class: "split-view", confidence: "likely", names: ["sgp"] });
});

test("an older image of the ledger at one vantage, there for all by its digest: stale-replica", async () => {
  const scene = await openWith(other);
  expect((await scene.look()).code).toBe(0);
  await scene.push(honest);
  expect((await scene.look()).code).toBe(0);
  scene.lie("fra", scene.path("1.4"), documentAnswer(other.manifest));
  scene.hold();
  const seen = await scene.look();
  expectTold(seen, {
    code: 10,
    outcome: "disagreed",
    class: "stale-replica",
    confidence: "likely",
    names: ["fra"],
  });
  expectGolden("stale-replica", seen, ground().registry.host);
});

test("an older image by its own date, and an empty ledger: stale-replica, possible", async () => {
  const [old, young] = await Promise.all([
    fixedImage(["tofu 1.3\n"], { created: "2026-01-01T00:00:00Z" }),
    fixedImage(["tofu 1.4\n"], { created: "2026-05-01T00:00:00Z" }),
  ]);
  const scene = await openWith(old);
  await scene.push(young);
  scene.lie("fra", scene.path("1.4"), documentAnswer(old.manifest));
  const seen = await scene.look();
  expectTold(seen, {
    code: 10,
    outcome: "disagreed",
    class: "stale-replica",
    confidence: "possible",
    names: ["fra"],
  });
});

test("other bytes at every look at every vantage: dynamic", async () => {
  const scene = await openWith(honest);
  const { manifest } = honest;
  for (const [at, who] of VANTAGES.entries()) {
    const bodies = [1, 2, 3].map((turn) => Buffer.concat([manifest.bytes, Buffer.from(" ".repeat(3 * at + turn))]));
    scene.lie(who, scene.path("1.4"), ...bodies.map((bytes) => documentAnswer({ ...manifest, bytes })));
  }
  scene.hold();
  const seen = await scene.look();
  expectTold(seen, { code: 10, outcome: "disagreed", class: "dynamic", confidence: "likely", names: [] });
  expectGolden("dynamic", seen, ground().registry.host);
});
