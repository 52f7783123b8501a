import { subjectOf } from "../../../src/model/subject.ts";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Evidence } from "../../../src/model/evidence.ts";
import { expand } from "../../../src/release/formats/compression.ts";
import { parseDestination } from "../../../src/release/destination.ts";
import { openQuarantine } from "../../../src/release/quarantine/quarantine.ts";
import { release } from "../../../src/release/release.ts";
import { zstdPieces } from "../../../src/release/formats/zstdpieces.ts";
import { startStage, type Stage } from "../../e2e/stage.ts";
import { PROGRAM } from "../../lab/cli.ts";
import { blobOf } from "../../lab/image.ts";
import { startLiar, type Liar } from "../../lab/liar.ts";
import { stock } from "../../lab/liar-shelf.ts";
import { useLab } from "../../lab/uselab.ts";
import { bombLayer, zstdBomb } from "./bomb.ts";
import { fill, gzipLayer, image, OCI, single, type ImagePieces } from "../fixture.ts";
import { mint } from "../mint.ts";
import { temporary, tmpfs } from "../tools.ts";

const MB = 1024 * 1024;
const a = await gzipLayer({ "etc/a": "a" });
const UNPACKING = ["docker-archive", "docker-v1"] as const;
const never = new AbortController().signal;

/** A release of an image with these layers that must fail. Says with what, and what is left in `dir`. */
async function refused(format: string, dir: string, pieces: ImagePieces, unpackedBytes: number, signal = never) {
  const artifact = single("quay.io/x/y:z", pieces);
  const destination = parseDestination(`${format}:${dir}/out`, false, "/");
  const quarantine = await openQuarantine(destination);
  await fill(quarantine, artifact);
  const error = await release(mint(artifact.objects), quarantine, destination, {
    subject: subjectOf(artifact.reference),
    unpackedBytes,
    signal,
  }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  await quarantine.discard();
  return { error, left: readdirSync(dir) };
}

describe.each(UNPACKING)("%s: a zstd layer of 33 kB that unpacks to 1 GB", (format) => {
  const blocks = 8192;

  test("is refused at the limit", async () => {
    const { error, left } = await refused(format, temporary(), image([a, bombLayer(blocks, false)]), 50 * MB);
    expect(error).toMatchObject({
      code: "E_RELEASE",
      message: `the layers of the artifact unpack to more than ${50 * MB} bytes`,
      hint: expect.stringContaining("limits.unpackedBytes") as string,
    });
    expect(left).toEqual([]);
  });

  test("counts with the other layers", async () => {
    const layers = [bombLayer(400, true), bombLayer(401, true), bombLayer(402, true)];
    const { error } = await refused(format, temporary(), image(layers), 140 * MB);
    expect(error).toMatchObject({ code: "E_RELEASE", hint: expect.stringContaining("limits.unpackedBytes") as string });
  });

  test.runIf(process.getuid?.() === 0)(
    "is not written when its config says something else (tmpfs of 2 MB)",
    async (context) => {
      const dir = tmpfs(2048);
      if (dir === null) return context.skip("a tmpfs cannot be mounted here");
      const { error, left } = await refused(format, dir, image([bombLayer(blocks, false)]), 2 ** 40);
      expect(error).toMatchObject({ code: "E_RELEASE", message: expect.stringContaining("its config says") as string });
      expect(left).toEqual([]);
    },
  );

  test.runIf(process.getuid?.() === 0)(
    "is not written where it does not fit, even when it is honest (tmpfs of 2 MB)",
    async (context) => {
      const dir = tmpfs(2048);
      if (dir === null) return context.skip("a tmpfs cannot be mounted here");
      const { error, left } = await refused(format, dir, image([bombLayer(1024, true)]), 2 ** 40);
      expect(error).toMatchObject({
        code: "E_DISK",
        message: expect.stringMatching(/releasing takes 13\d{7} bytes, .* free$/) as string,
      });
      expect(left).toEqual([]);
    },
  );

  test("ends within moments when it is told to stop, and keeps nobody waiting until then", async () => {
    const controller = new AbortController();
    let longest = 0;
    let last = performance.now();
    const ticks = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 10);
    setTimeout(() => controller.abort(new Error("stopped")), 500);
    const began = performance.now();
    const pieces = image([bombLayer(blocks * 64, false)]);
    last = performance.now();
    longest = 0;
    const { error, left } = await refused(format, temporary(), pieces, 2 ** 50, controller.signal);
    clearInterval(ticks);
    expect(error).toMatchObject({ message: "stopped" });
    expect(left).toEqual([]);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(longest).toBeLessThan(1000);
  });
});

test.each(UNPACKING)("%s: a zstd frame that wants a window of 1 GiB is refused", async (format) => {
  const layer = { ...bombLayer(1, false), bytes: zstdBomb(16, 30) };
  const { digest } = blobOf(OCI.zstd, layer.bytes);
  const { error } = await refused(
    format,
    temporary(),
    image([{ ...layer, digest: digest as typeof layer.digest }]),
    2 ** 40,
  );
  expect(error).toMatchObject({
    code: "E_RELEASE",
    message: expect.stringContaining("a window of 1073741824 bytes") as string,
  });
});

async function* chunked(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield Promise.resolve(bytes.subarray(at, at + size));
    at += size;
  }
}

async function gathered(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}

describe("zstd, cut at its blocks", () => {
  const samples = ["tofu ".repeat(60_000), "", "x"].flatMap((text) =>
    [["-1"], ["-19", "--no-check"], ["-3", "--no-content-size"]].map((flags) => {
      const { stdout } = spawnSync("zstd", ["-q", "-c", ...flags], { input: text, maxBuffer: 1 << 26 });
      return { text, bytes: stdout };
    }),
  );
  const skipped = Buffer.concat([Buffer.from("50 2a 4d 18 03 00 00 00 61 62 63".replaceAll(" ", ""), "hex")]);
  const noZstd = spawnSync("zstd", ["--version"]).status !== 0;

  test.skipIf(noZstd)("whatever chunks it comes in: the same bytes, and what they unpack to", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });
    const picks = fc.array(fc.nat(samples.length), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(picks, sizes, async (parts, cuts) => {
        const frames = parts.map((part) => samples[part] ?? { text: "", bytes: skipped });
        const bytes = Buffer.concat(frames.map((frame) => frame.bytes));
        expect(await gathered(zstdPieces(chunked(bytes, cuts)))).toEqual(bytes);
        const text = frames.map((frame) => frame.text).join("");
        expect((await gathered(expand(chunked(bytes, cuts), "zstd"))).equals(Buffer.from(text))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ["a frame of another kind", Buffer.from("28b52ffe0038010000", "hex")],
    ["a reserved block", Buffer.from("28b52ffd0038070000ffffff", "hex")],
    ["a block that is too long", Buffer.concat([Buffer.from("28b52ffd0038", "hex"), Buffer.from([3, 0, 0x20, 0])])],
  ])("%s is refused", async (_, bytes) => {
    await expect(gathered(zstdPieces(chunked(bytes, [1])))).rejects.toThrow(/frame|block/);
  });
});

const lab = useLab();
let stage: Stage;
let liar: Liar;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar())]);
});

/** An image with a bomb, served alike to everybody. */
function stockBomb(repository: string, blocks: number): string {
  const { manifest, config, layers } = image([bombLayer(blocks, false)]);
  const blobs = [manifest, config, ...layers].map(({ mediaType, bytes }) => blobOf(mediaType, bytes));
  const [root, second, ...others] = blobs;
  if (root === undefined || second === undefined) throw new Error("no image");
  stock(liar, repository, "v1", { root, images: [{ manifest: root, config: second, layers: others }] });
  return `${liar.host}/${repository}:v1`;
}

describe("tofu3 verify of an image with a bomb", () => {
  const flags = ["-o", "docker-archive:out.tar"];

  test("all agree, and the limit is told: exit code 1, nothing is there", async () => {
    const seen = await stage.verify(stockBomb("limit", 8192), { flags, limits: { unpackedBytes: 10 * MB } });
    expect(seen.code, seen.stderr).toBe(1);
    expect(seen.evidence).toMatchObject({ outcome: "agreed", released: null, releaseError: { code: "E_RELEASE" } });
    expect(seen.stderr).toMatch(/^tofu3: error: the layers of the artifact unpack to more than 10485760 bytes$/m);
    expect(await seen.left()).toEqual([]);
  });

  test("totalSeconds ends the release too", async () => {
    const seen = await stage.verify(stockBomb("late", 8192 * 64), {
      flags,
      limits: { totalSeconds: 12, unpackedBytes: 2 ** 40 },
    });
    expect(seen.code, seen.stderr).toBe(1);
    expect(seen.evidence).toMatchObject({ outcome: "agreed", released: null, releaseError: { code: "E_RELEASE" } });
    expect(seen.stderr).toMatch(
      /^tofu3: error: the release was not done within 12 s of the beginning; nothing was released$/m,
    );
    expect(seen.stderr).toMatch(/^tofu3: hint: .*limits: \{ totalSeconds/m);
    expect(await seen.left()).toEqual([]);
  });

  test("Ctrl-C ends the release: the verdict is told, exit code 130, nothing is left", async () => {
    const cwd = await stage.room();
    const config = await stage.configure({ limits: { unpackedBytes: 2 ** 40 } });
    const args = [PROGRAM, "verify", stockBomb("stop", 8192 * 64), "--config", config, "--json", ...flags];
    const child = spawn(process.execPath, args, {
      cwd,
      env: { PATH: process.env["PATH"], HOME: stage.home },
      stdio: "pipe",
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, "close");
    while ((stderr.match(/: saw \d+ objects/g)?.length ?? 0) < 3) await wait(50);
    await wait(1500);
    child.kill("SIGINT");
    const [code] = (await ended) as [number];
    expect({ code, left: readdirSync(join(cwd)) }, stderr).toEqual({ code: 130, left: [] });
    const evidence = JSON.parse(stdout) as Evidence;
    expect(evidence).toMatchObject({ outcome: "agreed", released: null, releaseError: { code: "E_INTERRUPTED" } });
    expect(stderr).toMatch(/^tofu3: interrupted by SIGINT; nothing was released$/m);
  });
});
