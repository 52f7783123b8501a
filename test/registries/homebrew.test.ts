import { mkdir, mkdtemp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeBottleIndex, type BottleIndex, type BottleOptions } from "../lab/bottles.ts";
import { useLab } from "../lab/uselab.ts";
import { open } from "./shop.ts";
import { startWorld } from "./world.ts";

const lab = useLab();
const world = await lab(startWorld(["ghcr.io"]));

/** Homebrew's own `HOMEBREW_BOTTLES_EXTNAME_REGEX`: what it takes for a bottle when a file is installed. */
const BREW = /\.([a-z0-9_]+)\.bottle\.(?:(\d+)\.)?tar\.gz$/;

/**
 * Publishes bottles as `ghcr.io/homebrew/core/…` and returns them with the reference, whose tag may be another than
 * theirs.
 */
function publish(options: BottleOptions, tag?: string): BottleIndex & { readonly reference: string } {
  const made = makeBottleIndex(options);
  const repository = `homebrew/core/${options.formula.replaceAll("@", "/").replaceAll("+", "x")}`;
  const artifact = { root: made.index, images: [...made.images.values()] };
  open(world.liar, { host: "ghcr.io", repository, tag: tag ?? made.tag, artifact });
  return { ...made, reference: `ghcr.io/${repository}:${tag ?? made.tag}` };
}

async function room(): Promise<string> {
  return mkdtemp(join(world.folder, "room-"));
}

function layerOf(made: BottleIndex, tag: string): Buffer | undefined {
  return made.images.get(tag)?.layers[0]?.bytes;
}

describe("the bottles of vim", () => {
  const vim = publish({ formula: "vim", version: "9.0.1900" });

  test("--platform darwin/amd64 verifies all four", async () => {
    const evidence = await world.look(vim.reference, { platform: "darwin/amd64" });
    expect(evidence.outcome).toBe("agreed");
    const tags = ["sonoma", "ventura", "monterey", "big_sur"];
    expect(evidence.artifact?.objects.filter((each) => each.role === "manifest").map((each) => each.digest)).toEqual(
      tags.map((tag) => vim.images.get(tag)?.manifest.digest),
    );
  });

  test("with --os-version 'macOS 11' -o vim.tar.gz it is the one file", async () => {
    const cwd = await room();
    const evidence = await world.look(vim.reference, {
      platform: "darwin/amd64",
      osVersion: "macOS 11",
      output: "vim.tar.gz",
      cwd,
    });
    expect(evidence.released).toEqual({ format: "file", path: join(cwd, "vim.tar.gz") });
    expect(await readdir(cwd)).toEqual(["vim.tar.gz"]);
    expect(await readFile(join(cwd, "vim.tar.gz"))).toEqual(layerOf(vim, "big_sur"));
  });

  test("several for one file are listed, and none is downloaded here", async () => {
    const before = world.liar.requests.length;
    const cwd = await room();
    await expect(
      world.look(vim.reference, { platform: "darwin/amd64", output: "vim.tar.gz", cwd }),
    ).rejects.toMatchObject({
      code: "E_DESTINATION",
      message: expect.stringMatching(
        /4 are selected: darwin\/amd64 macOS 14 bottle sonoma sha256:.*macOS 11\.7 bottle big_sur/,
      ) as string,
    });
    expect(
      world.liar.requests.slice(before).filter((each) => each.vantage === "here" && each.target.includes("/blobs/")),
    ).toEqual([]);
    expect(await readdir(cwd)).toEqual([]);
  });

  test("a macOS that is not there: what is there is listed", async () => {
    await expect(world.look(vim.reference, { osVersion: "macOS 1" })).rejects.toMatchObject({
      code: "E_SELECTION",
      choices: expect.arrayContaining(["darwin/amd64:macOS 11.7, bottle big_sur"]) as string[],
    });
  });
});

describe("in a directory a bottle has the name that Homebrew gives it", () => {
  const all = { tag: "all", platform: null };
  const rows: readonly { options: BottleOptions; bottle: string; name: string }[] = [
    { options: { formula: "wget", version: "1.24.5" }, bottle: "big_sur", name: "wget--1.24.5.big_sur.bottle.tar.gz" },
    { options: { formula: "sdl2", version: "2.8.2_1" }, bottle: "arm64_sonoma", name: "sdl2--2.8.2_1.arm64_sonoma.bottle.tar.gz" },
    { options: { formula: "libmodplug", version: "0.8.9.0", rebuild: 2 }, bottle: "ventura", name: "libmodplug--0.8.9.0.ventura.bottle.2.tar.gz" },
    { options: { formula: "python@3.11", version: "3.11.8" }, bottle: "x86_64_linux", name: "python@3.11--3.11.8.x86_64_linux.bottle.tar.gz" },
    { options: { formula: "ca-certificates", version: "2024-07-02", bottles: [all] }, bottle: "all", name: "ca-certificates--2024-07-02.all.bottle.tar.gz" },
  ]; // prettier-ignore
  test.each(rows)("$name", async ({ options, bottle, name }) => {
    const made = publish(options);
    const cwd = await room();
    await mkdir(join(cwd, "bottles"));
    const evidence = await world.look(made.reference, { bottle, output: "bottles", cwd });
    expect(evidence.released).toEqual({ format: "file", path: join(cwd, "bottles", name) });
    expect(await readFile(join(cwd, "bottles", name))).toEqual(layerOf(made, bottle));
    expect(BREW.exec(name)?.[1]).toBe(bottle);
  });

  test("the bottle for all platforms is the one for macOS 11, too", async () => {
    const made = publish({ formula: "cacert", version: "1", bottles: [all] });
    const cwd = await room();
    const evidence = await world.look(made.reference, {
      platform: "darwin/amd64",
      osVersion: "macOS 11",
      output: ".",
      cwd,
    });
    expect(evidence.outcome).toBe("agreed");
    expect(await readdir(cwd)).toEqual(["cacert--1.all.bottle.tar.gz"]);
  });
});

describe("what an index says about a bottle and its layer contradict each other: refused, with both values", () => {
  const other = "cd".repeat(32);
  const rows: readonly { what: string; change: Record<string, string>; says: RegExp }[] = [
    { what: "another digest", change: { "sh.brew.bottle.digest": other }, says: new RegExp(`says that the bottle is sha256:${other}, but the layer of its manifest is sha256:[0-9a-f]{64}`) },
    { what: "another size", change: { "sh.brew.bottle.size": "7" }, says: /says that the bottle has 7 bytes, but the layer of its manifest has [0-9]{4}/ },
  ]; // prettier-ignore
  test.each(rows)("$what", async ({ what, change, says }) => {
    const annotate = (tag: string, plain: Record<string, string>): Record<string, string> =>
      tag === "big_sur" ? { ...plain, ...change } : plain;
    const made = publish({ formula: "forged", version: what === "another size" ? "2" : "1", annotate });
    const cwd = await room();
    const evidence = await world.look(made.reference, { bottle: "big_sur", output: "f.tar.gz", cwd });
    expect(evidence.outcome).toBe("incomplete");
    expect(evidence.observations.map((each) => each.error?.code)).toEqual(["E_MANIFEST", "E_MANIFEST", "E_MANIFEST"]);
    expect(evidence.summary).toMatch(says);
    expect(await readdir(cwd)).toEqual([]);
    // the others of the same index are what they are said to be
    expect((await world.look(made.reference, { bottle: "sonoma" })).outcome).toBe("agreed");
  });
});

describe("another version than the tag names is not what was asked for", () => {
  test("sdl2_image:2.6.2 that holds 2.8.2: exit code 15, and nothing is released", async () => {
    const made = publish({ formula: "sdl2_image", version: "2.8.2" }, "2.6.2");
    const cwd = await room();
    const ended = await world.run(["verify", made.reference, "--bottle", "big_sur", "-o", "sdl2_image.tar.gz"], {
      cwd,
    });
    expect(ended.code).toBe(15);
    expect(ended.stdout).toMatch(
      /CHANGED {2}3 of 3 workers saw sha256:[0-9a-f]{12}…, but the tag "2\.6\.2" was asked for, but the index says that it holds version "2\.8\.2"; nothing was released\n$/,
    );
    expect(await readdir(cwd)).toEqual([]);
  });

  test("a bottle of 2.8.2 in an index that says 2.6.2", async () => {
    const annotate = (tag: string, plain: Record<string, string>): Record<string, string> =>
      tag === "big_sur" ? { ...plain, "org.opencontainers.image.ref.name": "2.8.2.big_sur" } : plain;
    const made = publish({ formula: "sdl2_image", version: "2.6.2", annotate });
    expect(await world.look(made.reference)).toMatchObject({
      outcome: "changed",
      summary: expect.stringContaining('the index has the bottle "2.8.2.big_sur" in it') as string,
    });
  });

  test("by its digest it is asked for as no version", async () => {
    const made = publish({ formula: "sdl2_image", version: "2.8.2" }, "2.6.2");
    const evidence = await world.look(`ghcr.io/homebrew/core/sdl2_image@${made.index.digest}`, { bottle: "big_sur" });
    expect(evidence.outcome).toBe("agreed");
  });
});
