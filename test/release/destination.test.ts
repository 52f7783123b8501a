import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Digest } from "../../src/oci/digest.ts";
import { readManifest } from "../../src/oci/manifest.ts";
import { checkDestination, parseDestination } from "../../src/release/destination.ts";
import { planRelease } from "../../src/release/fits.ts";
import { gzipLayer, image, index, OCI, piece, schema1, single, type Artifact, type Entry } from "./fixture.ts";
import { put } from "./mint.ts";
import { leftovers, temporary } from "./tools.ts";

const a = await gzipLayer({ "etc/a": "a" });
const b = await gzipLayer({ "etc/b": "b" });
const hello = single("docker.io/library/hello:1.2", image([a, b]));
const oneLayer = single("docker.io/library/hello:1.2", image([a]));
const titled = { ...a, annotations: { "org.opencontainers.image.title": "chart.tgz" } };
const artifactMedia = { manifest: OCI.manifest, config: OCI.empty };
const chart = single(
  "ghcr.io/x/chart:1",
  image([titled], { configText: "{}", media: artifactMedia, artifactType: "application/x-chart" }),
);
const untitled = single("ghcr.io/x/blob:1", image([a], { configText: "{}", media: artifactMedia }));

async function bottle(tag: string, rebuild = ""): Promise<Entry> {
  const layer = await gzipLayer({ [`vim/${tag}`]: tag });
  const annotations = {
    "org.opencontainers.image.ref.name": `9.0.1900.${tag}${rebuild}`,
    "sh.brew.bottle.digest": layer.digest.slice(7),
  };
  return {
    image: image([layer]),
    platform: { architecture: "amd64", os: "darwin", "os.version": `macOS ${tag}` },
    annotations,
  };
}
const bottles = [await bottle("sonoma"), await bottle("big_sur"), await bottle("catalina", ".2")];
const vim = (...selected: number[]): Artifact => index("ghcr.io/homebrew/core/vim:9.0.1900", bottles, { selected });

describe("parseDestination", () => {
  test.each([
    ["oci:out", "oci", "/work/out"],
    ["oci:/abs/out/", "oci", "/abs/out"],
    ["oci-archive:../x.tar", "oci-archive", "/x.tar"],
    ["docker-archive:x.tar", "docker-archive", "/work/x.tar"],
    ["docker-v1:d", "docker-v1", "/work/d"],
    ["file:vim.tar.gz", "file", "/work/vim.tar.gz"],
    ["file:with:colon", "file", "/work/with:colon"],
    ["file:bottles/", "file", "/work/bottles/"],
    ["vim.tar.gz", "auto", "/work/vim.tar.gz"],
    ["./a:b", "auto", "/work/a:b"],
    ["downloads/", "auto", "/work/downloads/"],
    [".", "auto", "/work/"],
    ["..", "auto", "/"],
    ["/", "auto", "/"],
    ["a b\u00e9", "auto", "/work/a b\u00e9"],
  ])("%s is %s %s", (text, format, path) => {
    expect(parseDestination(text, true, "/work")).toEqual({ format, path, force: true });
  });

  test.each([
    ["", "has no path"],
    ["oci:", "has no path"],
    ["-", "standard output"],
    ["file:-", "standard output"],
    ["oci:dir:tag", "colon"],
    ["oci-archive:x.tar:tag", "colon"],
    ["docker-archive:x.tar:hello:1", "colon"],
    ["docker-daemon:x", "known format"],
    ["dir:x", "known format"],
    ["OCI:x", "known format"],
    ["C:\\images", "known format"],
    ["https://x/y", "known format"],
    [":x", "known format"],
    ["file:///tmp/x", "URL"],
    ["a\0b", "NUL"],
    ["oci:/", "root directory"],
  ])("%j is refused: %s", (text, why) => {
    expect(() => parseDestination(text, false, "/work")).toThrow(
      expect.objectContaining({ code: "E_DESTINATION", message: expect.stringContaining(why) as string }),
    );
  });

  test("what is refused is shown without control characters, and the formats are listed", () => {
    const error = ((): unknown => {
      try {
        return parseDestination("x\u001b[2J:y", false, "/");
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({
      message: expect.not.stringContaining("\u001b") as string,
      hint: expect.stringContaining("docker-v1:DIR") as string,
    });
  });
});

describe("checkDestination, before anything is downloaded", () => {
  const setups: Record<string, (path: string) => void> = {
    "a file": (path) => {
      writeFileSync(path, "mine");
    },
    "an empty directory": (path) => {
      mkdirSync(path);
    },
    "a full directory": (path) => {
      mkdirSync(path);
      writeFileSync(`${path}/x`, "mine");
    },
    "an OCI layout": (path) => {
      mkdirSync(path);
      writeFileSync(`${path}/oci-layout`, "{}");
    },
    "a symbolic link": (path) => {
      writeFileSync(`${path}.victim`, "mine");
      symlinkSync(`${path}.victim`, path);
    },
    "a link to a directory": (path) => {
      mkdirSync(`${path}.victim`);
      symlinkSync(`${path}.victim`, path);
    },
    "a dangling link": (path) => {
      symlinkSync("/nowhere", path);
    },
    "a fifo": (path) => {
      spawnSync("mkfifo", [path]);
    },
    nothing: () => undefined,
  };
  test.each([
    ["oci", "a file", false, false],
    ["oci", "an empty directory", false, false],
    ["oci", "a full directory", false, false],
    ["oci", "a dangling link", false, false],
    ["oci", "nothing", false, true],
    ["oci", "a file", true, false],
    ["oci", "an empty directory", true, true],
    ["oci", "a full directory", true, false],
    ["oci", "an OCI layout", true, true],
    ["oci", "a link to a directory", true, false],
    ["oci", "a fifo", true, false],
    ["file", "a file", false, false],
    ["file", "a symbolic link", false, false],
    ["file", "a dangling link", false, false],
    ["file", "a fifo", false, false],
    ["file", "a full directory", false, true],
    ["file", "a file", true, true],
    ["file", "a symbolic link", true, true],
    ["file", "a fifo", true, false],
    ["docker-archive", "a full directory", true, false],
    ["docker-archive", "a full directory", false, false],
    ["docker-v1", "an empty directory", true, true],
    ["docker-v1", "an empty directory", false, false],
  ])("%s where there is %s, force %s: accepted %s", async (format, what, force, accepted) => {
    const dir = temporary();
    setups[what]?.(`${dir}/dest`);
    const before = readdirSync(dir, { recursive: true });
    const check = checkDestination(parseDestination(`${format}:${dir}/dest`, force, "/"));
    if (accepted) await check;
    else await expect(check).rejects.toMatchObject({ code: "E_DESTINATION" });
    expect(readdirSync(dir, { recursive: true })).toEqual(before);
  });

  test.each([
    ["file:missing/x", "no directory", "mkdir -p"],
    ["oci:~/x", "no directory", "$HOME"],
    ["oci:plain/x", "not a directory", ""],
    [`file:${"n".repeat(256)}`, "too long", "shorter"],
  ])("%s: %s", async (text, why, hint) => {
    const dir = temporary();
    writeFileSync(`${dir}/plain`, "");
    await expect(checkDestination(parseDestination(text, false, dir))).rejects.toMatchObject({
      code: "E_DESTINATION",
      message: expect.stringContaining(why) as string,
      hint: expect.stringContaining(hint) as string,
    });
  });

  test("the note of a docker-archive is not overwritten either", async () => {
    const dir = temporary();
    writeFileSync(`${dir}/x.tar.digest`, "mine");
    await expect(put(hello, `docker-archive:${dir}/x.tar`)).rejects.toMatchObject({ code: "E_DESTINATION" });
    expect(readdirSync(dir)).toEqual(["x.tar.digest"]);
    await put(hello, `docker-archive:${dir}/x.tar`, true);
    expect(readFileSync(`${dir}/x.tar.digest`, "utf8")).toContain("@sha256:");
  });
});

describe("what fits where", () => {
  const documents = (artifact: Artifact) =>
    artifact.objects.filter(({ role }) => role === "index" || role === "manifest");
  const read = (artifact: Artifact) => (digest: Digest) => {
    const mediaType = artifact.objects.find((object) => object.digest === digest)?.mediaType ?? null;
    return readManifest(artifact.bytes.get(digest) ?? Buffer.of(), mediaType);
  };
  const old = schema1("docker.io/library/old:1", [{ layer: a, fields: {} }]);

  test.each(["docker-archive:/d/x", "docker-v1:/d/x", "file:/d/x", "/d/vim.tar.gz"])(
    "%s of several bottles is refused with the list",
    (text) => {
      const destination = parseDestination(text, false, "/");
      const artifact = vim(0, 1);
      expect(() => planRelease(documents(artifact), destination, () => null)).toThrow(
        expect.objectContaining({
          code: "E_DESTINATION",
          message: expect.stringMatching(
            /2 are selected: darwin\/amd64 macOS sonoma bottle sonoma sha256:.*; darwin\/amd64 macOS big_sur bottle big_sur/,
          ) as string,
          hint: expect.stringContaining("--bottle") as string,
        }),
      );
    },
  );

  test.each([
    { dest: "/d/out", artifact: hello, error: null },
    { dest: "/d/out.tar", artifact: hello, error: "looks like a file" },
    { dest: "/d/a:b", artifact: hello, error: "colon" },
    { dest: "/d/out", artifact: vim(0, 1), error: null },
    { dest: "/d/vim.tar.gz", artifact: vim(1), error: null },
    { dest: "/tmp", artifact: hello, error: "exists" },
    { dest: "/tmp", artifact: vim(0, 1), error: "2 are selected" },
    { dest: "/tmp", artifact: vim(1), error: null },
    { dest: "file:/d/x", artifact: hello, error: "2 layers" },
    { dest: "file:/d/x", artifact: oneLayer, error: null },
    { dest: "oci:/d/x", artifact: old, error: "schema 1" },
    { dest: "oci-archive:/d/x", artifact: old, error: "schema 1" },
    { dest: "/d/x", artifact: old, error: "schema 1" },
    { dest: "docker-v1:/d/x", artifact: old, error: null },
    { dest: "docker-archive:/d/x", artifact: old, error: null },
  ])("$dest: $error", ({ dest, artifact, error }) => {
    const check = () => planRelease(documents(artifact), parseDestination(dest, false, "/"), read(artifact));
    if (error === null) expect(check).not.toThrow();
    else
      expect(check).toThrow(
        expect.objectContaining({ code: "E_DESTINATION", message: expect.stringContaining(error) as string }),
      );
  });
});

describe("file:FILE and bare paths", () => {
  test.each([
    { dest: "vim.tar.gz", artifact: vim(1), format: "file", path: "vim.tar.gz" },
    { dest: "file:vim.tar.gz", artifact: vim(1), format: "file", path: "vim.tar.gz" },
    { dest: "into/", artifact: vim(1), format: "file", path: "into/vim--9.0.1900.big_sur.bottle.tar.gz" },
    { dest: "into", artifact: vim(2), format: "file", path: "into/vim--9.0.1900.catalina.bottle.2.tar.gz" },
    { dest: "file:into", artifact: vim(0), format: "file", path: "into/vim--9.0.1900.sonoma.bottle.tar.gz" },
    { dest: "chart", artifact: chart, format: "file", path: "chart" },
    { dest: "into", artifact: chart, format: "file", path: "into/chart.tgz" },
    { dest: "blob", artifact: untitled, format: "file", path: "blob" },
    { dest: "file:layer.tgz", artifact: oneLayer, format: "file", path: "layer.tgz" },
    { dest: "hello", artifact: oneLayer, format: "oci", path: "hello" },
    { dest: "hello", artifact: hello, format: "oci", path: "hello" },
    { dest: "all", artifact: vim(0, 1), format: "oci", path: "all" },
  ])("$dest becomes $format $path", async ({ dest, artifact, format, path }) => {
    const dir = temporary();
    mkdirSync(`${dir}/into`);
    expect(await put(artifact, parseDestination(dest, false, dir))).toEqual({ format, path: `${dir}/${path}` });
    const layer = artifact.objects.find(({ role }) => role === "layer");
    if (format === "file") expect(piece(readFileSync(`${dir}/${path}`)).digest).toBe(layer?.digest);
    if (format === "file") expect(lstatSync(`${dir}/${path}`)).toMatchObject({ nlink: 1, mode: 0o100644 });
    expect([...leftovers(dir), ...leftovers(`${dir}/into`)]).toEqual([]);
  });

  test("a formula with a plus and an at gets its own name", async () => {
    const dir = temporary();
    const entries = [await bottle("sonoma")];
    const gtk = index("ghcr.io/homebrew/core/gtkx/3:9.0.1900", entries, {
      annotations: { "org.opencontainers.image.title": "gtk+@3" },
    });
    expect(await put(gtk, parseDestination(dir, false, "/"))).toMatchObject({
      path: `${dir}/gtk+@3--9.0.1900.sonoma.bottle.tar.gz`,
    });
  });

  test.each(["../evil", "/etc/evil", ".hidden", "-rf", "a\u001bb", "", "a/b", "x".repeat(256)])(
    "a title %j names no file in a directory",
    async (title) => {
      const dir = temporary();
      const layer = { ...a, annotations: { "org.opencontainers.image.title": title } };
      const artifact = single("ghcr.io/x/y:1", image([layer], { configText: "{}", media: artifactMedia }));
      await expect(put(artifact, parseDestination(`file:${dir}`, false, "/"))).rejects.toMatchObject({
        code: "E_DESTINATION",
      });
      expect(readdirSync(dir)).toEqual([]);
    },
  );

  test("the file in the directory exists: refused, and with --force replaced only when it is named", async () => {
    const dir = temporary();
    const path = `${dir}/vim--9.0.1900.big_sur.bottle.tar.gz`;
    writeFileSync(path, "mine");
    await expect(put(vim(1), parseDestination(dir, false, "/"))).rejects.toMatchObject({ code: "E_DESTINATION" });
    expect(readFileSync(path, "utf8")).toBe("mine");
    await expect(put(vim(1), parseDestination(dir, true, "/"))).rejects.toMatchObject({ code: "E_DESTINATION" });
    expect(readFileSync(path, "utf8")).toBe("mine");
    await put(vim(1), parseDestination(path, true, "/"));
    expect(readFileSync(path, "utf8")).not.toBe("mine");
    expect(readdirSync(dir)).toHaveLength(1);
  });

  test("--force replaces a symbolic link, not what it points to", async () => {
    const dir = temporary();
    writeFileSync(`${dir}/victim`, "mine");
    symlinkSync(`${dir}/victim`, `${dir}/link`);
    await put(vim(1), parseDestination(`file:${dir}/link`, true, "/"));
    expect(readFileSync(`${dir}/victim`, "utf8")).toBe("mine");
    expect(lstatSync(`${dir}/link`).isFile()).toBe(true);
  });

  test("--force replaces a layout with another, and nothing of the old one stays", async () => {
    const dir = temporary();
    await put(vim(0, 1), `oci:${dir}/out`);
    await put(hello, `oci:${dir}/out`, true);
    expect(readdirSync(`${dir}/out/blobs/sha256`)).toHaveLength(4);
    expect(existsSync(`${dir}/out/oci-layout`)).toBe(true);
    expect(readdirSync(dir)).toEqual(["out"]);
  });
});
