import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run } from "../../lab/cli.ts";
import { documentAnswer, expectTold, useGround, type Scene } from "./ground.ts";
import { tmpfs } from "../../release/tools.ts";
import { fixedImage } from "./images.ts";

/** Nothing is released that is not in the ledger, and no ledger takes an alarm away. */

const ground = useGround();
const [image, other] = await Promise.all([fixedImage(["tofu 1.4\n"]), fixedImage(["tofu 1.4, and more\n"])]);
const isRoot = process.getuid?.() === 0;

async function openWithImage(): Promise<Scene> {
  const scene = await ground().open();
  await scene.push(image);
  return scene;
}

function deceive(scene: Scene): void {
  scene.plant("sgp", other);
}

interface Place {
  readonly what: string;
  readonly words: RegExp;
  /** Null where this machine cannot have such a place. */
  readonly make: (room: string) => string | null;
}

const FOLDER: Place = {
  what: "a folder in its place",
  words: /it is a folder, not a file/,
  make: (room) => {
    mkdirSync(join(room, "ledger.jsonl"));
    return join(room, "ledger.jsonl");
  },
};
const OF_ROOT: readonly Place[] = [
  {
    what: "a full disk",
    words: /the disk is full/,
    make: () => {
      const folder = tmpfs(64);
      if (folder !== null) spawnSync("dd", ["if=/dev/zero", `of=${folder}/filler`, "bs=1k"]);
      return folder && join(folder, "ledger.jsonl");
    },
  },
  {
    what: "a file system that is read-only",
    words: /the file system is read-only/,
    make: () => {
      const folder = tmpfs(64);
      if (folder !== null) spawnSync("mount", ["-o", "remount,ro", folder]);
      return folder && join(folder, "ledger.jsonl");
    },
  },
];

describe("a ledger that cannot be written", () => {
  test.for([FOLDER, ...(isRoot ? OF_ROOT : [])])(
    "$what: an agreement releases nothing and ends with 1, a disagreement stays 10",
    async ({ words, make }, context) => {
      const scene = await openWithImage();
      const ledger = make(await ground().stage.room());
      if (ledger === null) return context.skip("a tmpfs cannot be mounted here");
      const agreed = await scene.look({ policy: { ledger } });
      expect(agreed.code, agreed.stderr).toBe(1);
      expect(agreed.left).toEqual([]);
      expect(agreed.evidence).toMatchObject({
        outcome: "agreed",
        entered: null,
        released: null,
        releaseError: { code: "E_LEDGER", message: expect.stringMatching(words) as string },
      });
      expect(agreed.evidence.summary).toMatch(/; nothing was released$/);
      expect(agreed.stderr).toMatch(words);
      expect(agreed.stderr).toMatch(/^tofu3: hint: \S/m);
      deceive(scene);
      const alarm = await scene.look({ policy: { ledger } });
      expect(alarm.code, alarm.stderr).toBe(10);
      expect(alarm.left).toEqual([]);
      expect(alarm.evidence.diagnosis?.class).toBe("split-view");
      expect(alarm.evidence.notices.join(" ")).toMatch(words);
    },
  );
});

test("a ledger in which one line was edited: nothing is added or released, and a disagreement stays 10", async () => {
  const scene = await openWithImage();
  expect((await scene.look()).code).toBe(0);
  expect((await scene.look()).code).toBe(0);
  expect((await scene.history("--check")).code).toBe(0);
  const file = join(scene.state, "tofu3/ledger.jsonl");
  const lines = readFileSync(file, "utf8").split("\n");
  const edited = [lines[0]?.replace('"outcome":"agreed"', '"outcome":"absent"'), ...lines.slice(1)].join("\n");
  writeFileSync(file, edited);
  const agreed = await scene.look();
  expect(agreed.code, agreed.stderr).toBe(1);
  expect(agreed.left).toEqual([]);
  expect(agreed.stderr).toMatch(/does not hold, and nothing is added to it: line 1/);
  deceive(scene);
  const alarm = await scene.look();
  expect(alarm.code).toBe(10);
  expect(alarm.left).toEqual([]);
  expect(readFileSync(file, "utf8")).toBe(edited);
  const check = await scene.history("--check");
  expect(check.code).toBe(10);
  expect(check.stdout + check.stderr).toMatch(/line 1|entry 1/);
});

test("two verifications at once leave a chain that holds, and an outcome of each", async () => {
  const scene = await openWithImage();
  const seen = await Promise.all([scene.look(), scene.look()]);
  expect(seen.map(({ code }) => code)).toEqual([0, 0]);
  expect(seen.map(({ evidence }) => evidence.entered?.entry).sort()).toEqual([1, 2]);
  scene.lie("fra", scene.path("1.4"), { status: 503 });
  expect((await scene.look()).code).toBe(12);
  deceive(scene);
  scene.lie("fra", scene.path("1.4"), documentAnswer(image.manifest));
  const alarm = await scene.look();
  expectTold(alarm, { code: 10, outcome: "disagreed", class: "split-view", confidence: "sure", names: ["sgp"] });
  const check = await scene.history("--check", "--json");
  expect(check.code, check.stdout).toBe(0);
  expect(JSON.parse(check.stdout)).toMatchObject({ check: { holds: true, entries: 4, own: 4 } });
  expect((await scene.entries()).map(({ outcome }) => outcome)).toEqual([
    "agreed",
    "agreed",
    "incomplete",
    "disagreed",
  ]);
});

test("the demo writes no ledger", async () => {
  const { stage } = ground();
  const state = await stage.room();
  const { code, stderr } = await run(["demo"], { env: { HOME: stage.home, XDG_STATE_HOME: state } });
  expect(code, stderr).toBe(0);
  expect(existsSync(join(state, "tofu3"))).toBe(false);
});
