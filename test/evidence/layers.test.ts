import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { describe, expect, test } from "vitest";
import { firstDifference } from "../../src/evidence/layers.ts";

interface File {
  readonly name: string;
  readonly content?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly mtime?: Date;
  readonly type?: "file" | "symlink" | "directory";
  readonly linkname?: string;
}

async function tar(...files: readonly File[]): Promise<Buffer> {
  const packed = pack();
  for (const { name, content = "", mode = 0o644, uid = 0, mtime = new Date(0), type = "file", linkname } of files) {
    packed.entry({ name, mode, uid, mtime, type, ...(linkname === undefined ? {} : { linkname }) }, content);
  }
  packed.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of packed as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const base: File = { name: "etc/passwd", content: "root" };
const before: File = { name: "bin/", type: "directory" };

describe("two layers", () => {
  test.each([
    { why: "mode", other: { ...base, mode: 0o755 }, names: ["mode"] },
    { why: "owner", other: { ...base, uid: 1000 }, names: ["owner"] },
    { why: "time", other: { ...base, mtime: new Date(1000) }, names: ["mtime"] },
    { why: "content", other: { ...base, content: "rooT" }, names: ["content"] },
    { why: "content and size", other: { ...base, content: "roots" }, names: ["content", "size"] },
    { why: "path", other: { ...base, name: "etc/shadow" }, names: ["path"] },
    {
      why: "type and link",
      other: { name: base.name, type: "symlink" as const, linkname: "x" },
      names: ["content", "link", "size", "type"],
    },
  ])("are told apart by the $why of the first entry that differs", async ({ other, names }) => {
    const after = { name: "zzz", content: "more" };
    const changes = await firstDifference(await tar(before, base, after), await tar(before, other, base));
    expect(changes.map(({ what }) => what.replace("entry 2 (etc/passwd): ", "")).sort()).toEqual(names);
  });

  test("say both sides", async () => {
    const changes = await firstDifference(await tar(base), await tar({ ...base, mode: 0o4755 }));
    expect(changes).toEqual([{ what: "entry 1 (etc/passwd): mode", left: "644", right: "4755" }]);
  });

  test("are told apart where one has an entry more", async () => {
    const changes = await firstDifference(await tar(before), await tar(before, base));
    expect(changes.length).toBeGreaterThan(5);
    expect(changes.every(({ what, left }) => what.startsWith("entry 2 (etc/passwd): ") && left === null)).toBe(true);
    expect(await firstDifference(await tar(before, base), await tar(before))).toHaveLength(changes.length);
  });

  test("are alike however they are compressed", async () => {
    const plain = await tar(before, base);
    expect(await firstDifference(plain, gzipSync(plain, { level: 1 }))).toEqual([]);
    expect(await firstDifference(gzipSync(plain, { level: 9 }), gzipSync(plain, { level: 1 }))).toEqual([]);
  });

  test("that are no tar are refused", async () => {
    const noise = Buffer.from("x".repeat(2000));
    await expect(firstDifference(await tar(base), noise)).rejects.toThrow();
    await expect(firstDifference(gzipSync(Buffer.from("short")).subarray(0, 12), await tar(base))).rejects.toThrow();
  });

  test("of many entries take time for each of them once", { timeout: 60_000 }, async () => {
    const files = Array.from({ length: 8000 }, (_, at) => ({ name: `file ${at}`, content: "x" }));
    const [few, many] = [await tar(...files.slice(0, 2000)), await tar(...files)];
    const cost = async (layer: Buffer): Promise<number> => {
      const start = performance.now();
      expect(await firstDifference(layer, gzipSync(layer))).toEqual([]);
      return performance.now() - start;
    };
    await cost(few);
    let growth = (await cost(many)) / (await cost(few));
    for (let again = 0; again < 5 && growth >= 9; again += 1)
      growth = Math.min(growth, (await cost(many)) / (await cost(few)));
    expect(growth).toBeLessThan(9);
  });
});
