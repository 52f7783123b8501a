import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { link, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openKeep } from "../../src/local/keep.ts";
import type { Content } from "../../src/http/transport.ts";
import {
  contentQueryFor,
  faultOf,
  never,
  startRawServer,
  transportWith,
  until,
  type RawServer,
} from "../http/rawserver.ts";

const BODY = randomBytes(3_000_000);
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

let folder = "";
let server: RawServer;
let transport: ReturnType<typeof transportWith>;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "tofu3-keep-"))));
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await transport.close();
  await server.close();
});

/**
 * Serves BODY, by range where one is asked for; `breaks`: how many bytes of the nth answer are sent before the
 * connection is cut.
 */
async function serveBody(breaks: readonly (number | null)[], statuses: readonly number[] = []): Promise<void> {
  transport = transportWith();
  server = await startRawServer((socket, request, index) => {
    const start = Number(/\r\nrange: bytes=(\d+)-/i.exec(request)?.[1] ?? "0");
    const status = statuses[index] ?? (start > 0 ? 206 : 200);
    const part = status === 206 ? BODY.subarray(start) : status === 200 ? BODY : Buffer.from("busy");
    const range = status === 206 ? `Content-Range: bytes ${start}-${BODY.length - 1}/${BODY.length}\r\n` : "";
    socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: ${part.length}\r\n${range}\r\n`);
    const stop = breaks[index] ?? null;
    if (stop === null) socket.write(part);
    else socket.end(part.subarray(0, stop));
  });
}

const fresh = (): string => join(folder, randomBytes(8).toString("hex"));
const measure = (keep: string | null): Promise<Content> =>
  transport.measure(contentQueryFor(server.url, { keep, maxBytes: BODY.length }), never);

function continueFrom(content: Content): Promise<Content> {
  if (content.more === null) throw new Error("cannot be continued");
  const headers = [["range", `bytes=${content.size}-`]] as const;
  return content.more(contentQueryFor(server.url, { headers, maxBytes: BODY.length - content.size }), never);
}

describe("the file that is kept", () => {
  test("has the bytes that were hashed, for its owner only", async () => {
    await serveBody([]);
    const keep = fresh();
    expect(await measure(keep)).toMatchObject({ size: BODY.length, digest: digestOf(BODY), cut: null });
    expect(Buffer.compare(await readFile(keep), BODY)).toBe(0);
    expect((await stat(keep)).mode & 0o777).toBe(0o600);
  });

  test("is emptied when it is an older, longer one of our own", async () => {
    await serveBody([]);
    const keep = fresh();
    await writeFile(keep, randomBytes(4_000_000), { mode: 0o644 });
    expect((await measure(keep)).digest).toBe(digestOf(BODY));
    expect(Buffer.compare(await readFile(keep), BODY)).toBe(0);
    expect((await stat(keep)).mode & 0o777).toBe(0o600);
  });

  test.each([
    {
      what: "a symbolic link to a file",
      make: (keep: string, victim: string) => symlink(victim, keep),
      why: "symbolic link",
    },
    {
      what: "a dangling symbolic link",
      make: (keep: string) => symlink(join(folder, "not-there"), keep),
      why: "symbolic link",
    },
    { what: "a hard link", make: (keep: string, victim: string) => link(victim, keep), why: "other names" },
    { what: "a folder", make: (keep: string) => mkdir(keep), why: "EISDIR" },
    { what: "a FIFO", make: (keep: string) => void spawnSync("mkfifo", [keep]), why: "ENXIO" },
  ])("is refused when $what is in its place", async ({ make, why }) => {
    await serveBody([]);
    const [keep, victim] = [fresh(), fresh()];
    await writeFile(victim, "victim");
    await make(keep, victim);
    const before = await lstat(keep);
    const fault = await faultOf(measure(keep));
    expect(fault).toMatchObject({ name: "Tofu3Error", code: "E_DISK", stage: "body" });
    expect(fault.message).toContain(why);
    expect(await readFile(victim, "utf8")).toBe("victim");
    expect((await lstat(keep)).ino).toBe(before.ino);
    await expect(stat(join(folder, "not-there"))).rejects.toThrow("ENOENT");
    await until(() => server.counts.open === 0);
  });

  test("without its folder is a fault of the disk", async () => {
    await serveBody([]);
    expect(await faultOf(measure(join(folder, "no", "folder")))).toMatchObject({ code: "E_DISK", stage: "body" });
  });

  test("on a full disk is a fault, and says what to do", async (context) => {
    const small = fresh();
    await mkdir(small);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]).status !== 0) return context.skip();
    try {
      await serveBody([]);
      expect(await faultOf(measure(join(small, "blob")))).toMatchObject({
        code: "E_DISK",
        hint: expect.stringContaining("free some space") as string,
      });
      await until(() => server.counts.open === 0);
    } finally {
      spawnSync("umount", [small]);
    }
  });
});

describe("a body in parts", () => {
  test("has the digest and the bytes of the whole", async () => {
    await serveBody([1_000_000, 500_000, 0]);
    const keep = fresh();
    const first = await measure(keep);
    expect(first).toMatchObject({ size: 1_000_000, digest: null, cut: { code: "E_CUT", stage: "body" } });
    expect((await stat(keep)).size).toBe(1_000_000);
    const second = await continueFrom(first);
    expect(second).toMatchObject({ status: 206, size: 1_500_000, digest: null, cut: { code: "E_CUT" } });
    const third = await continueFrom(second);
    expect(third).toMatchObject({ status: 206, size: 1_500_000, digest: null, cut: { code: "E_CUT" } });
    expect(await continueFrom(third)).toMatchObject({
      status: 206,
      size: BODY.length,
      digest: digestOf(BODY),
      cut: null,
      more: null,
    });
    expect(Buffer.compare(await readFile(keep), BODY)).toBe(0);
  });

  test("does so without a file too", async () => {
    await serveBody([1_000_000]);
    expect((await continueFrom(await measure(null))).digest).toBe(digestOf(BODY));
  });

  test("begins again from nothing when nothing had come", async () => {
    await serveBody([0]);
    const keep = fresh();
    const first = await measure(keep);
    expect(first).toMatchObject({ size: 0, cut: { code: "E_CUT" } });
    expect((await first.more?.(contentQueryFor(server.url, { maxBytes: BODY.length }), never))?.digest).toBe(
      digestOf(BODY),
    );
    expect(Buffer.compare(await readFile(keep), BODY)).toBe(0);
  });

  test("takes nothing from a whole body or an error answer, and can still be continued", async () => {
    await serveBody([1_000_000], [200, 200, 503]);
    const keep = fresh();
    const first = await measure(keep);
    const whole = await continueFrom(first);
    expect(whole).toMatchObject({ status: 200, size: 1_000_000, digest: null, cut: null });
    const busy = await continueFrom(whole);
    expect(busy).toMatchObject({ status: 503, size: 1_000_000, digest: null, cut: null });
    expect(Buffer.from(busy.head).toString()).toBe("busy");
    expect((await stat(keep)).size).toBe(1_000_000);
    expect((await continueFrom(busy)).digest).toBe(digestOf(BODY));
    expect(Buffer.compare(await readFile(keep), BODY)).toBe(0);
  });

  test("can be continued after a fault before the headers", async () => {
    await serveBody([1_000_000]);
    const first = await measure(fresh());
    const refusing = contentQueryFor("http://127.0.0.1:1/", {});
    if (first.more === null) throw new Error("cannot be continued");
    expect(await faultOf(first.more(refusing, never))).toMatchObject({ code: "E_CONNECT" });
    expect((await continueFrom(first)).digest).toBe(digestOf(BODY));
  });

  test("is refused twice at once", async () => {
    await serveBody([1_000_000]);
    const first = await measure(null);
    const [one, two] = await Promise.allSettled([continueFrom(first), continueFrom(first)]);
    expect([one.status, two.status]).toEqual(["fulfilled", "rejected"]);
    expect(two).toMatchObject({ reason: { code: "E_BUG" } });
    expect(await faultOf(continueFrom(first))).toMatchObject({ code: "E_BUG" });
  });

  test.each([
    { what: "is shorter", change: (keep: string) => truncate(keep, 999_999) },
    { what: "is longer", change: (keep: string) => writeFile(keep, "x", { flag: "a" }) },
    { what: "is gone", change: (keep: string) => rm(keep) },
    { what: "became a link", change: (keep: string) => rm(keep).then(() => symlink("/dev/null", keep)) },
  ])("is given up when the file $what meanwhile", async ({ change }) => {
    await serveBody([1_000_000]);
    const keep = fresh();
    const first = await measure(keep);
    await change(keep);
    expect(await faultOf(continueFrom(first))).toMatchObject({ code: "E_DISK" });
  });
});

test("the network waits for the disk, and goes on when there is room", async () => {
  await serveBody([]);
  const keep = fresh();
  let rooms = 0;
  const file = openKeep(keep, 0, { onRoom: () => (rooms += 1), onFault: (fault) => expect.fail(fault.message) });
  const chunk = randomBytes(64 * 1024);
  let written = 0;
  while (file.write(chunk) && written < 1000) written++;
  expect(written).toBeLessThan(40);
  await until(() => rooms === 1);
  await file.finish();
  expect((await stat(keep)).size).toBe((written + 1) * chunk.length);
});

test("many tiny chunks are all written, in order", async () => {
  await serveBody([]);
  const keep = fresh();
  const file = openKeep(keep, 0, { onRoom: () => undefined, onFault: (fault) => expect.fail(fault.message) });
  const bytes = randomBytes(5000);
  for (const byte of bytes) file.write(Buffer.from([byte]));
  await file.finish();
  expect(Buffer.compare(await readFile(keep), bytes)).toBe(0);
});
