import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  BODY,
  chunk,
  CHUNKED,
  complete,
  cut,
  digestOf,
  LAST,
  refused,
  repeats,
  sends,
  whole,
  withHeaders,
  withLength,
} from "../http/bodies.ts";
import {
  contentQueryFor,
  faultOf,
  never,
  queryFor,
  startRawServer,
  transportWith,
  until,
  type RawServer,
} from "../http/rawserver.ts";

let folder = "";
let server: RawServer | null = null;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "tofu3-body-"))));
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await server?.close();
  server = null;
});

describe.each([
  ["complete", complete],
  ["cut", cut],
  ["refused", refused],
])("%s", (_, rows) => {
  test.concurrent.each(rows)("$what: $fault", async ({ say, fault, size }) => {
    const liar = await startRawServer(say);
    const keep = join(folder, randomBytes(8).toString("hex"));
    // where no time limit is expected to strike, it is out of reach, so that a busy machine does not matter
    const seconds = fault?.startsWith("E_TIMEOUT") === true ? 1 : 30;
    const transport = transportWith({ limits: { connectSeconds: 30, idleSeconds: seconds } });
    const started = performance.now();
    let counted = 0;
    const reading = transport.read(queryFor(liar.url), never);
    const measuring = transport.measure(
      contentQueryFor(liar.url, { keep, onBytes: (bytes) => void (counted += bytes) }),
      never,
    );
    const [page, content] = await Promise.allSettled([reading, measuring]);
    expect(performance.now() - started).toBeLessThan(15_000);

    if (fault === null) {
      expect(page).toMatchObject({ status: "fulfilled", value: { status: 200, address: "127.0.0.1" } });
      expect(page.status === "fulfilled" && Buffer.compare(page.value.body, BODY)).toBe(0);
      expect(content).toMatchObject({
        status: "fulfilled",
        value: { status: 200, size: whole, digest: digestOf(BODY), cut: null, more: null },
      });
    } else {
      const [code, stage] = fault.split(" ");
      expect(page).toMatchObject({ status: "rejected", reason: { name: "Tofu3Error", code, stage } });
      if (stage === "http")
        expect(content).toMatchObject({ status: "rejected", reason: { name: "Tofu3Error", code, stage } });
      else expect(content).toMatchObject({ status: "fulfilled", value: { digest: null, cut: { code, stage } } });
      if (size !== undefined) expect(content).toMatchObject({ value: { size } });
      if (content.status === "fulfilled")
        expect(content.value.more === null).toBe(code === "E_TOO_LARGE" || code === "E_FRAMING");
    }
    if (content.status === "fulfilled") {
      expect(counted).toBe(content.value.size);
      const written = await stat(keep).then(
        ({ size: bytes }) => bytes,
        () => null,
      );
      expect(written).toBe(fault === "E_TOO_LARGE body" && size === 0 ? null : content.value.size);
      if (fault === null) expect(Buffer.compare(await readFile(keep), BODY)).toBe(0);
    }
    await transport.close();
    await until(() => liar.counts.open === 0);
    await liar.close();
  });
});

describe("answers that are not content", () => {
  test.each([201, 202, 203, 205, 300, 302, 307, 401, 403, 404, 416, 429, 500, 503, 999])(
    "%d: nothing is hashed or written",
    async (status) => {
      server = await startRawServer(sends(`HTTP/1.1 ${status} X\r\nContent-Length: 9\r\n\r\n{"a":"b"}`));
      const transport = transportWith();
      const keep = join(folder, `status-${status}`);
      const content = await transport.measure(contentQueryFor(server.url, { keep }), never);
      expect(content).toMatchObject({ status, size: 0, digest: null, cut: null, more: null });
      expect(Buffer.from(content.head).toString()).toBe('{"a":"b"}');
      await expect(stat(keep)).rejects.toThrow("ENOENT");
      const page = await transport.read(queryFor(server.url), never);
      expect([page.status, Buffer.from(page.body).toString()]).toEqual([status, '{"a":"b"}']);
      expect(server.counts.accepted).toBe(1);
      await transport.close();
    },
  );

  test.each([204, 304])("%d has no body, whatever follows", async (status) => {
    server = await startRawServer(sends(`HTTP/1.1 ${status} X\r\n\r\n`, BODY));
    const transport = transportWith();
    expect(await transport.measure(contentQueryFor(server.url), never)).toMatchObject({
      status,
      size: 0,
      digest: null,
      cut: null,
    });
    expect((await transport.read(queryFor(server.url), never)).body.length).toBe(0);
    await transport.close();
  });

  test.each([
    { what: "cut", say: sends("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\nhello", "FIN"), body: "hello" },
    { what: "reset", say: sends("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\nhello", "RST"), body: "hello" },
    { what: "without length", say: sends("HTTP/1.1 500 X\r\n\r\nhello", "FIN"), body: "hello" },
    { what: "stalled", say: sends("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\nhello"), body: "hello" },
    {
      what: "encoded",
      say: sends("HTTP/1.1 500 X\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"),
      body: "hello",
    },
    { what: "badly chunked", say: sends(`HTTP/1.1 500 X\r\n${CHUNKED}\r\n\r\n5\r\nhello\r\nzz\r\n`), body: "hello" },
    { what: "dripping", say: repeats(`HTTP/1.1 500 X\r\n${CHUNKED}\r\n\r\n`, "1\r\nx\r\n", 100), body: null },
    {
      what: "endless",
      say: repeats(`HTTP/1.1 500 X\r\n${CHUNKED}\r\n\r\n`, chunk(Buffer.alloc(10_000, "x"))),
      body: null,
    },
  ])("an error body that is $what is taken as far as it goes", async ({ say, body }) => {
    server = await startRawServer(say);
    const transport = transportWith({ limits: { connectSeconds: 2, idleSeconds: 2 } });
    const started = performance.now();
    const [page, content] = await Promise.all([
      transport.read(queryFor(server.url), never),
      transport.measure(contentQueryFor(server.url), never),
    ]);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect([page.status, content.status, content.size, content.digest, content.cut]).toEqual([500, 500, 0, null, null]);
    if (body !== null)
      expect([Buffer.from(page.body).toString(), Buffer.from(content.head).toString()]).toEqual([body, body]);
    expect(page.body.length).toBeLessThanOrEqual(64 * 1024);
    expect(content.head.length).toBeLessThanOrEqual(4 * 1024);
    await transport.close();
  });
});

describe("the size limit", () => {
  test.each([
    { what: "exactly as many bytes as allowed", maxBytes: whole, code: null },
    { what: "one byte more, declared", maxBytes: whole - 1, code: "E_TOO_LARGE" },
    {
      what: "a length that is too large, and exactly as many bytes as allowed",
      length: whole + 9,
      maxBytes: whole,
      code: "E_CUT",
    },
  ])("$what", async ({ length = whole, maxBytes, code }) => {
    server = await startRawServer(sends(withLength(length), BODY, "FIN"));
    const transport = transportWith();
    const content = await transport.measure(contentQueryFor(server.url, { maxBytes }), never);
    expect(content.cut?.code ?? null).toBe(code);
    const read = transport.read(queryFor(server.url, { maxBytes }), never);
    if (code === null) expect((await read).body.length).toBe(whole);
    else expect(await faultOf(read)).toMatchObject({ code, stage: "body" });
    await transport.close();
  });

  test("one byte more, chunked, is noticed at that byte", async () => {
    server = await startRawServer(
      sends(withHeaders(CHUNKED), chunk(BODY.subarray(0, 10_000)), chunk(Buffer.from("x")), LAST),
    );
    const transport = transportWith();
    expect(await transport.measure(contentQueryFor(server.url, { maxBytes: 10_001 }), never)).toMatchObject({
      size: 10_001,
      cut: null,
    });
    const content = await transport.measure(contentQueryFor(server.url, { maxBytes: 10_000 }), never);
    expect(content).toMatchObject({ digest: null, more: null, cut: { code: "E_TOO_LARGE", stage: "body" } });
    expect(content.size).toBeLessThanOrEqual(10_000);
    await transport.close();
  });
});

test("an empty body is a body", async () => {
  server = await startRawServer((socket, _, index) =>
    socket.write(index === 0 ? withLength(0) : `${withHeaders(CHUNKED)}${LAST}`),
  );
  const transport = transportWith();
  const keep = join(folder, "empty");
  for (const round of [1, 2]) {
    const content = await transport.measure(contentQueryFor(server.url, { keep, maxBytes: 0 }), never);
    expect(content).toMatchObject({ size: 0, digest: digestOf(Buffer.alloc(0)), cut: null });
    expect([round, (await stat(keep)).size]).toEqual([round, 0]);
  }
  await transport.close();
});

test("sha512 is computed when it is asked for", async () => {
  server = await startRawServer(sends(withLength(), BODY));
  const transport = transportWith();
  const { digest } = await transport.measure(contentQueryFor(server.url, { algorithm: "sha512" }), never);
  expect(digest).toBe(`sha512:${createHash("sha512").update(BODY).digest("hex")}`);
  await transport.close();
});

test("headers keep their order, their repetitions and their bytes; names are lower case", async () => {
  server = await startRawServer(sends(withLength(0, "LINK: a\r\nX-Odd:  \u00e9\u00ff \r\nLink: b\r\nSet-Cookie:\r\n")));
  const transport = transportWith();
  const { headers } = await transport.read(queryFor(server.url), never);
  expect(headers).toEqual([
    ["content-length", "0"],
    ["link", "a"],
    ["x-odd", "\u00c3\u00a9\u00c3\u00bf"],
    ["link", "b"],
    ["set-cookie", ""],
  ]);
  await transport.close();
});

test("a slow body is patient with whoever keeps up a decent speed", async () => {
  server = await startRawServer((socket) => {
    socket.write(withLength(3000));
    let sent = 0;
    const timer = setInterval(() => {
      socket.write(Buffer.alloc(50));
      if ((sent += 50) >= 3000) clearInterval(timer);
    }, 50);
    socket.once("close", () => clearInterval(timer));
  });
  const transport = transportWith({ limits: { connectSeconds: 2, idleSeconds: 2 } });
  expect(await transport.measure(contentQueryFor(server.url), never)).toMatchObject({ size: 3000, cut: null });
  await transport.close();
});
