import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { resultIn } from "../contract.ts";
import { tmpfs } from "../../release/tools.ts";
import { expectGolden } from "./golden.ts";
import { expectTold, useGround, VANTAGES, type Scene } from "./ground.ts";
import { fixedImage } from "./images.ts";

/** `--keep-evidence DIR`: what each worker was given, to be compared, and never a release. */

const ground = useGround();
const [image, other] = await Promise.all([fixedImage(["tofu 1.4\n"]), fixedImage(["tofu 1.4, and more\n"])]);
const SPLIT = { code: 10, outcome: "disagreed", class: "split-view", confidence: "sure", names: ["fra"] } as const;
const KEEP = ["--keep-evidence", "evidence"];
const isRoot = process.getuid?.() === 0;

async function openSplit(): Promise<Scene> {
  const scene = await ground().open();
  await scene.push(image);
  scene.plant("fra", other);
  return scene;
}

/** Digests in a worker's folder, each checked against the bytes. */
function keptBy(folder: string, worker: string): string[] {
  return readdirSync(join(folder, worker)).map((name) => {
    const hash = createHash("sha256")
      .update(readFileSync(join(folder, worker, name)))
      .digest("hex");
    expect(name).toBe(`sha256-${hash}`);
    return `sha256:${hash}`;
  });
}

describe("a split view", () => {
  test("every worker's root and the layers that differ are kept by digest, and the first entry that differs is shown", async () => {
    const scene = await openSplit();
    scene.hold();
    const seen = await scene.look({ flags: KEEP });
    expectTold(seen, SPLIT);
    const folder = join(seen.cwd, "evidence");
    expect(readdirSync(folder).sort()).toEqual(["README.txt", ...VANTAGES]);
    for (const worker of VANTAGES)
      expect(keptBy(folder, worker)).toContain((worker === "fra" ? other : image).manifest.digest);
    expect(keptBy(folder, "fra")).toContain(other.layers[0]?.digest);
    expect(VANTAGES.flatMap((worker) => keptBy(folder, worker))).toContain(image.layers[0]?.digest);
    const inside = seen.evidence.compared.find(({ at }) => at.includes("layer 1"));
    expect(inside?.changes.map(({ what }) => what)).toEqual(["entry 1 (file): size", "entry 1 (file): content"]);
    expect(seen.stdout).toMatch(/entry 1 \(file\): size: 9 → 19/);
    expectGolden("evidence", seen, ground().registry.host);
    // once more into the same folder: nothing that is there is written again
    expectTold(await scene.look({ flags: KEEP, cwd: seen.cwd }), SPLIT);
  });

  test("false bytes of one blob are kept beside the true ones", async () => {
    const scene = await ground().open();
    await scene.push(image);
    const [layer] = image.layers;
    const [lie] = other.layers;
    scene.lie("sgp", scene.path(layer?.digest ?? "", "blobs"), { body: lie?.bytes ?? "" });
    const seen = await scene.look({ flags: KEEP });
    expectTold(seen, { ...SPLIT, class: "false-content", names: ["sgp"] });
    expect(keptBy(join(seen.cwd, "evidence"), "sgp")).toContain(lie?.digest);
    expect(seen.stdout).toMatch(/entry 1 \(file\): content/);
  });

  test("an agreement keeps nothing", async () => {
    const scene = await ground().open();
    await scene.push(image);
    const seen = await scene.look({ flags: KEEP });
    expect(seen.code, seen.stderr).toBe(0);
    expect(readdirSync(join(seen.cwd, "evidence"))).toEqual([]);
  });
});

describe("a folder that would be a release", () => {
  test.each([
    { what: "DEST itself", flags: ["-o", "oci:out", "--keep-evidence", "out"] },
    { what: "a folder in DEST", flags: ["-o", "oci:out", "--keep-evidence", "out/evidence"] },
    { what: "the folder that DEST is in", flags: ["-o", "oci:evidence/out", "--keep-evidence", "evidence"] },
    { what: "the same through a symbolic link", flags: ["-o", "oci:link/out", "--keep-evidence", "real"] },
    { what: "a file", flags: ["-o", "oci:out", "--keep-evidence", "file"] },
  ])("$what: 2, and nothing is fetched", async ({ flags }) => {
    const { stage, liar } = ground();
    const scene = await openSplit();
    const cwd = await stage.room();
    mkdirSync(join(cwd, "real"));
    symlinkSync("real", join(cwd, "link"));
    writeFileSync(join(cwd, "file"), "");
    const seen = await stage.verify(scene.reference, { liar, flags, env: { XDG_STATE_HOME: scene.state } }, cwd);
    expect(seen.code, seen.stderr).toBe(2);
    expect(resultIn(seen.stdout)).toBe("");
    expect(seen.stderr).toMatch(/evidence cannot be kept in /);
    expect(seen.stderr).toMatch(/^tofu3: hint: \S/m);
    expect(liar.requests.filter(({ target }) => target.includes(`/${scene.repository}/`))).toEqual([]);
    expect(existsSync(join(cwd, "out"))).toBe(false);
  });
});

describe.runIf(isRoot)("a folder that cannot be written to (tmpfs, needs root)", () => {
  test.for([
    { what: "full", spoil: (folder: string) => spawnSync("dd", ["if=/dev/zero", `of=${folder}/filler`, "bs=1k"]) },
    { what: "read-only", spoil: (folder: string) => spawnSync("mount", ["-o", "remount,ro", folder]) },
  ])("$what: the alarm is the same, and it is told", async ({ spoil }, context) => {
    const folder = tmpfs(64);
    if (folder === null) return context.skip("a tmpfs cannot be mounted here");
    spoil(folder);
    const scene = await openSplit();
    const seen = await scene.look({ flags: ["--keep-evidence", folder] });
    expectTold(seen, SPLIT);
    expect(seen.evidence.notices.join("\n")).toContain(`evidence could not be kept in ${folder}`);
  });
});
