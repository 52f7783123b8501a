import { subjectOf } from "../../../src/model/subject.ts";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  copyFileSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getuid } from "node:process";
import { describe, expect, test } from "vitest";
import { parseDestination } from "../../../src/release/destination.ts";
import { openQuarantine } from "../../../src/release/quarantine/quarantine.ts";
import { createRechecks, type Rechecks } from "../../../src/release/quarantine/recheck.ts";
import { release } from "../../../src/release/release.ts";
import { fill, image, OCI, piece, sha, single } from "../fixture.ts";
import { mint } from "../mint.ts";
import { temporary } from "../tools.ts";

const bytes = randomBytes(3_000_000);
const digest = sha(bytes);
const never = new AbortController().signal;
const uid = getuid?.() ?? 0;

async function covers(rechecks: Rechecks, path: string, of = digest): Promise<boolean> {
  const handle = await open(path);
  try {
    return await rechecks.covers(handle, of, never);
  } finally {
    await handle.close();
  }
}

async function begun(
  content: Uint8Array = bytes,
  size = content.length,
): Promise<{ path: string; rechecks: Rechecks }> {
  const path = join(temporary(), "blob");
  await writeFile(path, content);
  // a time that can be put back exactly
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  const rechecks = createRechecks(uid);
  rechecks.begin(path, { digest, size });
  return { path, rechecks };
}

/** Other bytes, the same length and the same time of change as anybody can set it. */
function flip(path: string): void {
  const { atime, mtime } = lstatSync(path);
  writeFileSync(path, Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]));
  utimesSync(path, atime, mtime);
}

function append(path: string): void {
  appendFileSync(path, "x");
}

function restore(path: string): void {
  append(path);
  writeFileSync(path, bytes);
}

/** The same bytes in another inode. */
function replace(path: string): void {
  copyFileSync(path, `${path}.copy`);
  renameSync(`${path}.copy`, path);
}

function remove(path: string): void {
  rmSync(path);
}

describe("a file that was read again ahead of its release", () => {
  test("is covered when nothing changed it", async () => {
    const { path, rechecks } = await begun();
    expect(await covers(rechecks, path)).toBe(true);
    expect(await covers(rechecks, path, sha("another"))).toBe(false);
  });

  test.each<[string, (path: string) => void]>([
    ["a byte was flipped and its time put back", flip],
    ["a byte was added", append],
    ["a byte was added and taken away again", restore],
    ["a copy took its place", replace],
  ])("is not when %s afterwards", async (_, change) => {
    const { path, rechecks } = await begun();
    expect(await covers(rechecks, path)).toBe(true);
    change(path);
    expect(await covers(rechecks, path)).toBe(false);
  });

  test.each<[string, Uint8Array, number]>([
    ["it had other bytes", randomBytes(3_000_000), 3_000_000],
    ["it had another size", bytes, 2_999_999],
    ["it is too small to be worth it", bytes.subarray(0, 1000), 1000],
  ])("is not when %s", async (_, content, size) => {
    const { path, rechecks } = await begun(content, size);
    expect(await covers(rechecks, path)).toBe(false);
  });

  test("is not when it is gone, and nothing is thrown anywhere", async () => {
    const { path, rechecks } = await begun();
    renameSync(path, `${path}.away`);
    expect(await covers(rechecks, `${path}.away`)).toBe(false);
  });

  test("is not after the end, which waits for nothing", async () => {
    const { path, rechecks } = await begun();
    await rechecks.end();
    expect(await covers(rechecks, path)).toBe(false);
  });
});

describe("a release after it", () => {
  const artifact = single("docker.io/library/big:1", image([{ ...piece(bytes), mediaType: OCI.tar, diffId: digest }]));

  test.each<[string, (path: string) => void, string | null]>([
    ["takes what nothing changed", () => undefined, null],
    ["takes the same bytes in another inode, after hashing them", replace, null],
    ["refuses a flipped byte", flip, "E_RELEASE"],
    ["refuses what is gone", remove, "E_RELEASE"],
  ])("%s", async (_, change, code) => {
    const dir = temporary();
    const destination = parseDestination(`oci:${dir}/out`, false, "/");
    const quarantine = await openQuarantine(destination);
    await fill(quarantine, artifact);
    quarantine.landed?.(digest, bytes.length);
    const handle = await open(quarantine.blob(digest));
    expect(await quarantine.isRechecked(handle, digest, never)).toBe(true);
    await handle.close();
    change(quarantine.blob(digest));
    const outcome = await release(mint(artifact.objects), quarantine, destination, {
      subject: subjectOf(artifact.reference),
      unpackedBytes: 2 ** 40,
      signal: never,
    }).then(
      () => null,
      (error: unknown) => (error as { code: string }).code,
    );
    await quarantine.discard();
    expect(outcome).toBe(code);
    expect(readdirSync(dir)).toEqual(code === null ? ["out"] : []);
  });
});
