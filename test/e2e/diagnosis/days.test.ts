import { chmod, copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { startVm } from "../stage.ts";
import { relay } from "../../lab/liar-relay.ts";
import { expectGolden } from "./golden.ts";
import { documentAnswer, expectTold, useGround, type Look, type Scene, type Seen } from "./ground.ts";
import { fixedImage } from "./images.ts";

/** Distinct days, with clocks that are set: those of the VMs by a `date` of their own, that of the coordinator before it starts. */

const DAY_MS = 86_400_000;
const ground = useGround();
const [image, other] = await Promise.all([fixedImage(["tofu 1.4\n"]), fixedImage(["tofu 1.4, and more\n"])]);

let scene: Scene;
/** A state folder after the first day. */
let monday: string;
let first: Seen;
let setClocks: (days: { readonly here: number; readonly vms: number }) => Promise<Look>;

beforeAll(async () => {
  const { stage, lab, liar } = ground();
  const folder = await stage.room();
  const offset = join(folder, "offset");
  const date = join(folder, "date");
  const preload = join(folder, "clock.mjs");
  await writeFile(
    date,
    `#!/bin/sh\ntest "$1" = +%s && exec echo $(($(/usr/bin/date +%s) + $(cat ${offset})))\nexec /usr/bin/date "$@"\n`,
  );
  await chmod(date, 0o755);
  await writeFile(
    preload,
    `const Real = Date; const shift = Number(process.env.SHIFT_MS);
globalThis.Date = class extends Real {
  constructor(...args) { if (args.length === 0) super(Real.now() + shift); else super(...args); }
  static now() { return Real.now() + shift; }
};
`,
  );
  const env = { PATH: `${folder}:/usr/bin:/bin` };
  const [fra, sgp] = await Promise.all([lab(startVm({ env })), lab(startVm({ env }))]);
  const workers = [
    { name: "fra", vm: fra, proxy: liar.proxyOf("fra") },
    { name: "sgp", vm: sgp, proxy: liar.proxyOf("sgp") },
  ];
  setClocks = async ({ here, vms }) => {
    await writeFile(offset, String((vms * DAY_MS) / 1000));
    return {
      config: { local: { proxy: liar.proxyOf("here") }, workers },
      flags: ["--days", "2"],
      env: { NODE_OPTIONS: `--import ${preload}`, SHIFT_MS: String(here * DAY_MS) },
    };
  };
  scene = await ground().open();
  await scene.push(image);
  first = await scene.look(await setClocks({ here: 0, vms: 0 }));
  monday = scene.state;
});

/** Another coordinator's state that is the same, its key included. */
async function copyOf(state: string): Promise<string> {
  const room = await ground().stage.room();
  await cp(state, room, { recursive: true });
  return room;
}

function expectPending(seen: Seen, have: number): void {
  expect(seen.code, seen.stderr + seen.stdout).toBe(14);
  expect(seen.left).toEqual([]);
  expect(seen.evidence).toMatchObject({
    outcome: "pending",
    diagnosis: null,
    reason: { kind: "days", have, needed: 2 },
    released: null,
  });
  expect(seen.stdout).toMatch(/^PENDING {2}/m);
}

test("the first day of two: pending, with the grid, when to come back, and a line for cron", () => {
  expectPending(first, 1);
  expect(first.stdout).toMatch(/^DAY +fra +here +sgp +NOTE$/m);
  const tomorrow = new Date(Date.now() + DAY_MS).toISOString().slice(0, 10);
  expect(first.stdout).toContain(`run the same command again on ${tomorrow} (UTC)`);
  expect(first.stdout).toContain(
    `with cron, and your other flags: 17 7 * * * tofu3 verify ${scene.reference} --days 2`,
  );
  expectGolden("pending", first, ground().registry.host);
});

test("the second day, by all clocks: agreed, and released", async () => {
  const state = await copyOf(monday);
  const seen = await scene.look({ ...(await setClocks({ here: 1, vms: 1 })), state });
  expect(seen.code, seen.stderr + seen.stdout).toBe(0);
  expect(seen.left).toEqual(["out"]);
  expect(seen.evidence.days.map(({ counts, outcome }) => [counts, outcome])).toEqual([
    [true, "agreed"],
    [true, "agreed"],
  ]);
  expectGolden("second-day", seen, ground().registry.host);
});

test("a coordinator whose clock alone jumps a day forward earns nothing, and is told why", async () => {
  const state = await copyOf(monday);
  const seen = await scene.look({ ...(await setClocks({ here: 1, vms: 0 })), state });
  expectPending(seen, 1);
  expect(seen.stdout).toContain("today does not count: no other clock confirms this machine's, or they are far apart");
});

test("a ledger that was copied to another machine earns nothing there", async () => {
  const state = await ground().stage.room();
  await mkdir(join(state, "tofu3"));
  await copyFile(join(monday, "tofu3/ledger.jsonl"), join(state, "tofu3/ledger.jsonl"));
  expectPending(await scene.look({ ...(await setClocks({ here: 1, vms: 1 })), state }), 1);
});

test("entries of tomorrow earn nothing today", async () => {
  const state = await ground().stage.room();
  expectPending(await scene.look({ ...(await setClocks({ here: 1, vms: 1 })), state }), 1);
  const today = await scene.look({ ...(await setClocks({ here: 0, vms: 0 })), state });
  expectPending(today, 1);
  expect(today.evidence.days.map(({ counts }) => counts)).toEqual([false, true]);
});

test("a disagreement in between starts the count anew", async () => {
  const state = await copyOf(monday);
  const clocks = await setClocks({ here: 1, vms: 1 });
  scene.lie("fra", scene.path("1.4"), documentAnswer(other.manifest));
  const alarm = await scene.look({ ...clocks, state });
  expectTold(alarm, { code: 10, outcome: "disagreed", class: "split-view", confidence: "sure", names: ["fra"] });
  scene.lie("fra", scene.path("1.4"), relay);
  const again = await scene.look({ ...clocks, state });
  expectPending(again, 1);
  expect(again.stdout).toMatch(/disagreed$/m);
});
