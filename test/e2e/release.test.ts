import { createHash } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { resultIn } from "./contract.ts";
import { pushBottleIndex, type BottleIndex } from "../lab/bottles.ts";
import type { Image } from "../lab/image.ts";
import { runTool } from "../lab/processes.ts";
import { pushImage, pushIndex, type Pushed } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { startStage, type Stage, type Verified } from "./stage.ts";

const lab = useLab();
const PLATFORMS = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));

let stage: Stage;
let registry: Registry;
let image: Image;
let index: Pushed;
let bottles: BottleIndex & { reference: string };

beforeAll(async () => {
  [registry, stage] = await Promise.all([lab(startRegistry()), lab(startStage())]);
  image = await pushImage(registry, { name: "app", tag: "1.0", layers: [30_000, 100] });
  index = await pushIndex(registry, { name: "multi", tag: "v1", platforms: PLATFORMS });
  bottles = await pushBottleIndex(registry, { formula: "vim", version: "9.0.1900", rebuild: 1 });
});

function app(): string {
  return `${registry.host}/app:1.0`;
}

/** Digest of what skopeo reads, exactly as it stands there. */
async function skopeoDigest(reference: string, flags: readonly string[] = []): Promise<string> {
  const raw = await runTool("skopeo", ["inspect", "--raw", ...flags, reference]);
  return `sha256:${createHash("sha256").update(raw).digest("hex")}`;
}

async function blobOfBottle(seen: Verified, name: string): Promise<string> {
  const bytes = await readFile(join(seen.cwd, name));
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

describe("oci:", () => {
  test("an image: skopeo reads the same digest back and copies all of it; nothing else is left", async () => {
    const seen = await stage.verify(app(), { flags: ["-o", "oci:out"] });
    expect(seen.code, seen.stderr).toBe(0);
    expect(await seen.left()).toEqual(["out"]);
    expect(seen.evidence.released).toEqual({ format: "oci", path: join(seen.cwd, "out") });
    expect(seen.evidence.summary).toMatch(/; released to oci:.*\/out$/);
    const layout = `oci:${join(seen.cwd, "out")}:1.0`;
    expect(await skopeoDigest(layout)).toBe(image.manifest.digest);
    await runTool("skopeo", ["copy", "-q", "--preserve-digests", layout, `dir:${join(seen.cwd, "copy")}`]);
    expect(await readFile(join(seen.cwd, "copy/manifest.json"))).toEqual(image.manifest.bytes);
  });

  test("an index: skopeo copies every platform of it", async () => {
    const seen = await stage.verify(`${registry.host}/multi:v1`, { flags: ["-o", "oci:out"] });
    expect(seen.code, seen.stderr).toBe(0);
    const layout = `oci:${join(seen.cwd, "out")}:v1`;
    expect(await skopeoDigest(layout)).toBe(index.index.digest);
    await runTool("skopeo", ["copy", "-q", "--all", "--preserve-digests", layout, `dir:${join(seen.cwd, "copy")}`]);
    for (const { manifest } of index.images)
      expect(await readFile(join(seen.cwd, `copy/${manifest.digest.slice(7)}.manifest.json`))).toEqual(manifest.bytes);
  });

  test("an image to a bare path is such a layout, too", async () => {
    const seen = await stage.verify(app(), { flags: ["-o", "out"] });
    expect(seen.code, seen.stderr).toBe(0);
    expect(seen.evidence.released?.format).toBe("oci");
    expect(await skopeoDigest(`oci:${join(seen.cwd, "out")}:1.0`)).toBe(image.manifest.digest);
  });
});

describe("files", () => {
  test("docker-archive: skopeo reads the image back", async () => {
    const seen = await stage.verify(app(), { flags: ["-o", "docker-archive:app.tar"] });
    expect(seen.code, seen.stderr).toBe(0);
    expect(await seen.left()).toEqual(["app.tar", "app.tar.digest"]);
    const config = await runTool("skopeo", [
      "inspect",
      "--config",
      "--raw",
      `docker-archive:${join(seen.cwd, "app.tar")}`,
    ]);
    expect(config).toBe(image.config.bytes.toString());
  });

  test.each([
    { dest: "file:vim.tar.gz", name: "vim.tar.gz" },
    { dest: "vim.tar.gz", name: "vim.tar.gz" },
    { dest: "cellar/", name: "cellar/vim--9.0.1900.big_sur.bottle.1.tar.gz" },
  ])("one bottle to $dest: the very bytes, in $name", async ({ dest, name }) => {
    const cwd = await stage.room();
    await mkdir(join(cwd, "cellar"));
    const seen = await stage.verify(bottles.reference, { flags: ["--bottle", "big_sur", "-o", dest] }, cwd);
    expect(seen.code, seen.stderr).toBe(0);
    expect(seen.evidence.released).toEqual({ format: "file", path: join(cwd, name) });
    expect(await blobOfBottle(seen, name)).toBe(bottles.images.get("big_sur")?.layers[0]?.digest);
    await writeFile(join(cwd, "mine"), "");
    expect((await stat(join(cwd, name))).mode).toBe((await stat(join(cwd, "mine"))).mode);
  });

  test.each(["file:all", "docker-archive:all.tar"])(
    "several bottles do not fit %s: refused with the list, no blob is fetched",
    async (dest) => {
      const before = registry.requests().filter((each) => each.includes("/blobs/")).length;
      const seen = await stage.verify(bottles.reference, { flags: ["--platform", "darwin/amd64", "-o", dest] });
      expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 2, stdout: "" });
      for (const tag of ["sonoma", "ventura", "monterey", "big_sur"]) expect(seen.stderr).toContain(`bottle ${tag}`);
      expect(seen.stderr).toMatch(/tofu3: hint: .*--bottle/);
      expect(registry.requests().filter((each) => each.includes("/blobs/")).length).toBe(before);
      expect(await seen.left()).toEqual([]);
    },
  );
});

describe("a DEST that is there", () => {
  test("is refused before anything is fetched, and replaced with --force", async () => {
    const cwd = await stage.room();
    const first = await stage.verify(app(), { flags: ["-o", "oci:out"] }, cwd);
    expect(first.code, first.stderr).toBe(0);
    const before = registry.requests().length;
    const refused = await stage.verify(app(), { flags: ["-o", "oci:out"] }, cwd);
    expect({ code: refused.code, stdout: resultIn(refused.stdout) }).toEqual({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/^tofu3: error: destination ".*\/out" exists$/m);
    expect(refused.stderr).toMatch(/^tofu3: hint: .*--force/m);
    expect(registry.requests().length).toBe(before);
    const forced = await stage.verify(`${registry.host}/multi:v1`, { flags: ["-o", "oci:out", "--force"] }, cwd);
    expect(forced.code, forced.stderr).toBe(0);
    expect(await forced.left()).toEqual(["out"]);
    expect(await skopeoDigest(`oci:${join(cwd, "out")}:v1`)).toBe(index.index.digest);
  });

  test("and is something else stays, even with --force", async () => {
    const cwd = await stage.room();
    await mkdir(join(cwd, "photos"));
    await writeFile(join(cwd, "photos/one.jpg"), "dear");
    const seen = await stage.verify(app(), { flags: ["-o", "oci:photos", "--force"] }, cwd);
    expect(seen.code).toBe(2);
    expect(await readFile(join(cwd, "photos/one.jpg"), "utf8")).toBe("dear");
    expect(await seen.left()).toEqual(["photos"]);
  });

  test.each(["nowhere/out", "oci:out:1.0", "docker-daemon:app"])(
    "%s cannot be written: exit code 2, nothing is fetched",
    async (dest) => {
      const before = registry.requests().length;
      const seen = await stage.verify(app(), { flags: ["-o", dest] });
      expect(seen.code).toBe(2);
      expect(seen.stderr).toMatch(/tofu3: hint: /);
      expect(registry.requests().length).toBe(before);
    },
  );
});

test("--report writes a page and an object beside the table, and what cannot be written is refused first", async () => {
  const flags = ["-o", "oci:out", "--report", "seen.md", "--report", "seen.json", "--report", "seen.html"];
  const seen = await stage.verify(app(), { plain: true, flags });
  expect(seen.code, seen.stderr).toBe(0);
  expect(await seen.left()).toEqual(["out", "seen.html", "seen.json", "seen.md"]);
  expect(JSON.parse(await readFile(join(seen.cwd, "seen.json"), "utf8"))).toMatchObject({
    outcome: "agreed",
    quorum: "3/3",
  });
  for (const page of ["seen.md", "seen.html"])
    expect(await readFile(join(seen.cwd, page), "utf8")).toContain(image.manifest.digest);
  const before = registry.requests().length;
  const refused = await stage.verify(app(), { flags: ["--report", "nowhere/seen.json"] });
  expect(refused.code).toBe(2);
  expect(registry.requests().length).toBe(before);
});
