import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseDestination } from "../../src/release/destination.ts";
import { startStage, type Stage } from "../e2e/stage.ts";
import { blobOf } from "../lab/image.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { stock } from "../lab/liar-shelf.ts";
import { useLab } from "../lab/uselab.ts";
import { image, OCI, piece, single } from "./fixture.ts";
import { put } from "./mint.ts";
import { leftovers, temporary } from "./tools.ts";

const lab = useLab();
const TITLE = "org.opencontainers.image.title";
const CONTENT = "all:\n\tevil\n";
const EMPTY = { manifest: OCI.manifest, config: OCI.empty };

/** A file of the artifact's own choice of name. */
const layer = {
  ...piece(CONTENT),
  mediaType: "application/vnd.example.file",
  diffId: "",
  annotations: { [TITLE]: "Makefile" },
};
const pieces = image([layer], { configText: "{}", media: EMPTY, artifactType: "application/vnd.example.thing" });
const artifact = single("ghcr.io/x/y:1", pieces);

describe("a name that the artifact gives", () => {
  const tricks: Record<string, (dir: string) => void> = {
    "another file": (dir) => writeFileSync(join(dir, "Makefile"), "mine"),
    "another file of the same size": (dir) => writeFileSync(join(dir, "Makefile"), "x".repeat(CONTENT.length)),
    "an empty file": (dir) => writeFileSync(join(dir, "Makefile"), ""),
    "a directory": (dir) => mkdirSync(join(dir, "Makefile")),
    "a link to the same bytes": (dir) => {
      writeFileSync(join(dir, "real"), CONTENT);
      symlinkSync("real", join(dir, "Makefile"));
    },
    "a link that leads nowhere": (dir) => symlinkSync("/nowhere/at/all", join(dir, "Makefile")),
  };
  test.each(Object.keys(tricks).flatMap((what) => ["file:", ""].map((prefix) => ({ what, prefix }))))(
    "does not replace $what, even with --force (-o $prefix DIR)",
    async ({ what, prefix }) => {
      const dir = temporary();
      tricks[what]?.(dir);
      const names = readdirSync(dir);
      const { ino, size, mtimeMs, ctimeMs } = lstatSync(join(dir, "Makefile"));
      for (const force of [false, true]) {
        await expect(put(artifact, parseDestination(`${prefix}${dir}/`, force, "/"))).rejects.toMatchObject({
          code: "E_DESTINATION",
          hint:
            what === "a directory"
              ? "choose another directory"
              : `to replace it, name it: -o "file:${dir}/Makefile" --force`,
        });
      }
      expect(lstatSync(join(dir, "Makefile"))).toMatchObject({ ino, size, mtimeMs, ctimeMs });
      expect(readdirSync(dir)).toEqual(names);
    },
  );

  test("takes the place of its own bytes with --force, and is refused without", async () => {
    const dir = temporary();
    await put(artifact, parseDestination(`${dir}/`, false, "/"));
    await expect(put(artifact, parseDestination(`${dir}/`, false, "/"))).rejects.toMatchObject({
      code: "E_DESTINATION",
    });
    expect(await put(artifact, parseDestination(`${dir}/`, true, "/"))).toEqual({
      format: "file",
      path: `${dir}/Makefile`,
    });
    expect(readFileSync(join(dir, "Makefile"), "utf8")).toBe(CONTENT);
    expect(leftovers(dir)).toEqual([]);
  });

  test("does not count where a person names the file", async () => {
    const dir = temporary();
    writeFileSync(join(dir, "Makefile"), "mine");
    await put(artifact, parseDestination(`file:${dir}/Makefile`, true, "/"));
    expect(readFileSync(join(dir, "Makefile"), "utf8")).toBe(CONTENT);
  });
});

describe("tofu3 verify -o DIR/ --force", () => {
  let stage: Stage;
  let liar: Liar;

  beforeAll(async () => {
    [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar())]);
    const [root, config, ...layers] = [pieces.manifest, pieces.config, layer].map((each) =>
      blobOf(each.mediaType, each.bytes),
    );
    if (root === undefined || config === undefined) throw new Error("no image");
    stock(liar, "named", "v1", { root, images: [{ manifest: root, config, layers }] });
  });

  test("leaves a Makefile alone that it did not write: the verdict and a way out are told, exit code 1", async () => {
    const cwd = await stage.room();
    writeFileSync(join(cwd, "Makefile"), "mine");
    const seen = await stage.verify(`${liar.host}/named:v1`, { flags: ["-o", "./", "--force"] }, cwd);
    expect(seen.code, seen.stderr).toBe(1);
    expect(seen.evidence).toMatchObject({ outcome: "agreed", released: null, releaseError: { code: "E_DESTINATION" } });
    expect(seen.stderr).toMatch(/^tofu3: error: destination ".*\/Makefile" exists with other content/m);
    expect(readFileSync(join(cwd, "Makefile"), "utf8")).toBe("mine");
    expect(await seen.left()).toEqual(["Makefile"]);
    const again = await stage.verify(
      `${liar.host}/named:v1`,
      { flags: ["-o", `file:${cwd}/Makefile`, "--force"] },
      cwd,
    );
    expect(again.code, again.stderr).toBe(0);
    expect(existsSync(join(cwd, "Makefile")) && readFileSync(join(cwd, "Makefile"), "utf8")).toBe(CONTENT);
  });
});
