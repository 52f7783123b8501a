import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  contentQueryFor,
  faultOf,
  never,
  queryFor,
  startRawServer,
  transportWith,
  until,
  type RawServer,
  type Say,
} from "./rawserver.ts";

const BODY = randomBytes(50_000);
const HALF = BODY.subarray(0, 25_000);
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

let folder = "";
let server: RawServer | null = null;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "tofu3-body-"))));
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await server?.close();
  server = null;
});

/** A server that sends these parts and then leaves the connection alone, ends it or resets it. */
function sends(...parts: (string | Uint8Array)[]): Say {
  return (socket) => {
    for (const part of parts) {
      if (part === "FIN") socket.end();
      // what was written goes out before the reset
      else if (part === "RST") setTimeout(() => socket.resetAndDestroy(), 100);
      else socket.write(part);
    }
  };
}

function repeats(start: string, part: string | Uint8Array, everyMs = 1): Say {
  return (socket) => {
    socket.write(start);
    const timer = setInterval(() => {
      while (socket.writableLength < 100_000 && !socket.destroyed) if (!socket.write(part) || everyMs > 1) break;
    }, everyMs);
    socket.once("close", () => clearInterval(timer));
  };
}

const chunk = (bytes: Uint8Array, size = bytes.length.toString(16)): Buffer =>
  Buffer.concat([Buffer.from(`${size}\r\n`), bytes, Buffer.from("\r\n")]);
const withLength = (length: number | string = BODY.length, more = ""): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n${more}\r\n`;
const withHeaders = (...lines: string[]): string => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const CHUNKED = "Transfer-Encoding: chunked";
const LAST = "0\r\n\r\n";

interface Row {
  readonly what: string;
  readonly say: Say;
  /** `CODE stage`; a fault of stage `body` is a cut for `measure`. Null: the body is complete. */
  readonly fault: string | null;
  /** Bytes of the body that `measure` got. */
  readonly size?: number;
}

const whole = BODY.length;
const complete: Row[] = [
  { what: "Content-Length", say: sends(withLength(), BODY), fault: null },
  { what: "Content-Length, then closed", say: sends(withLength(whole, "Connection: close\r\n"), BODY, "FIN"), fault: null },
  { what: "Content-Length, then reset", say: sends(withLength(), BODY, "RST"), fault: null },
  { what: "more bytes than Content-Length", say: sends(withLength(), BODY, "and some more"), fault: null },
  { what: "a second answer behind the first", say: sends(withLength(), BODY, withLength(3), "bad"), fault: null },
  { what: "chunked", say: sends(withHeaders(CHUNKED), chunk(HALF), chunk(BODY.subarray(25_000)), LAST), fault: null },
  {
    what: "chunked with upper-case sizes and zeros in front",
    say: sends(withHeaders(CHUNKED), chunk(BODY, "000C350"), LAST),
    fault: null,
  },
  { what: "chunked with trailers", say: sends(withHeaders(CHUNKED), chunk(BODY), "0\r\nX-Sum: 1\r\n\r\n"), fault: null },
  {
    what: "chunked with an extension of 8 kB",
    say: sends(withHeaders(CHUNKED), chunk(BODY, `c350;x=${"y".repeat(8000)}`), LAST),
    fault: null,
  },
  { what: "Content-Encoding: identity", say: sends(withLength(whole, "Content-Encoding: identity\r\n"), BODY), fault: null },
  {
    what: "three 103 before it",
    say: sends(...Array.from({ length: 3 }, () => "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), withLength(), BODY),
    fault: null,
  },
  { what: "one byte at a time at first", say: (socket) => void dribble(socket, withLength(), BODY), fault: null },
];

async function dribble(socket: Socket, head: string, body: Uint8Array): Promise<void> {
  socket.setNoDelay(true);
  for (const letter of head) {
    socket.write(letter);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  socket.write(body);
}

const cut: Row[] = [
  { what: "half of Content-Length, then closed", say: sends(withLength(), HALF, "FIN"), fault: "E_CUT body", size: 25_000 },
  { what: "half of Content-Length, then reset", say: sends(withLength(), HALF, "RST"), fault: "E_CUT body", size: 25_000 },
  {
    what: "the same with Connection: close, closed",
    say: sends(withLength(whole, "Connection: close\r\n"), HALF, "FIN"),
    fault: "E_CUT body",
    size: 25_000,
  },
  {
    what: "the same with Connection: close, reset",
    say: sends(withLength(whole, "Connection: close\r\n"), HALF, "RST"),
    fault: "E_CUT body",
    size: 25_000,
  },
  { what: "half of Content-Length, then nothing", say: sends(withLength(), HALF), fault: "E_TIMEOUT body", size: 25_000 },
  { what: "headers, then nothing", say: sends(withLength()), fault: "E_TIMEOUT body", size: 0 },
  { what: "headers, then closed", say: sends(withLength(), "FIN"), fault: "E_CUT body", size: 0 },
  {
    what: "all but one byte, then closed",
    say: sends(withLength(), BODY.subarray(1), "FIN"),
    fault: "E_CUT body",
    size: whole - 1,
  },
  { what: "chunked, cut between chunks", say: sends(withHeaders(CHUNKED), chunk(HALF), "FIN"), fault: "E_CUT body", size: 25_000 },
  {
    what: "chunked, cut within a chunk",
    say: sends(withHeaders(CHUNKED), chunk(BODY).subarray(0, 10_006), "FIN"),
    fault: "E_CUT body",
    size: 10_000,
  },
  {
    what: "chunked, Connection: close, cut",
    say: sends(withHeaders(CHUNKED, "Connection: close"), chunk(HALF), "FIN"),
    fault: "E_CUT body",
    size: 25_000,
  },
  {
    what: "chunked, Connection: close, reset",
    say: sends(withHeaders(CHUNKED, "Connection: close"), chunk(HALF), "RST"),
    fault: "E_CUT body",
    size: 25_000,
  },
  {
    what: "chunked, complete but for the last chunk",
    say: sends(withHeaders(CHUNKED), chunk(BODY), "FIN"),
    fault: "E_CUT body",
    size: whole,
  },
  {
    what: "chunked, last chunk without its last line",
    say: sends(withHeaders(CHUNKED), chunk(BODY), "0\r\n", "FIN"),
    fault: "E_CUT body",
    size: whole,
  },
  {
    what: "an endless extension of a chunk",
    say: repeats(`${withHeaders(CHUNKED)}5;`, "x".repeat(1000)),
    fault: "E_TIMEOUT body",
    size: 0,
  },
  { what: "five bytes a second", say: repeats(withLength(), "x", 200), fault: "E_TIMEOUT body" },
  {
    what: "endless trailers",
    say: repeats(`${withHeaders(CHUNKED)}5\r\nhello\r\n0\r\n`, `X: ${"x".repeat(500)}\r\n`),
    fault: "E_FRAMING body",
    size: 5,
  },
  {
    what: "a chunk size that is no number",
    say: sends(withHeaders(CHUNKED), chunk(HALF), "zz\r\nhello\r\n"),
    fault: "E_FRAMING body",
    size: 25_000,
  },
  { what: "a chunk size 0x5", say: sends(withHeaders(CHUNKED), "0x5\r\nhello\r\n", LAST), fault: "E_FRAMING body", size: 0 },
  { what: "a negative chunk size", say: sends(withHeaders(CHUNKED), "-5\r\nhello\r\n", LAST), fault: "E_FRAMING body", size: 0 },
  {
    what: "a huge chunk size",
    say: sends(withHeaders(CHUNKED), "fffffffffffffffff\r\nhello\r\n"),
    fault: "E_FRAMING body",
    size: 0,
  },
  {
    what: "a chunk longer than it says",
    say: sends(withHeaders(CHUNKED), "5\r\nhello world\r\n", LAST),
    fault: "E_FRAMING body",
    size: 5,
  },
  { what: "an endless chunked body", say: repeats(withHeaders(CHUNKED), chunk(Buffer.alloc(10_000))), fault: "E_TOO_LARGE body" },
  { what: "a Content-Length above the limit", say: sends(withLength(5_000_000_000), BODY), fault: "E_TOO_LARGE body", size: 0 },
];

const refused: Row[] = [
  { what: "no length, complete", say: sends(withHeaders(), BODY, "FIN"), fault: "E_FRAMING http" },
  { what: "no length, reset", say: sends(withHeaders(), HALF, "RST"), fault: "E_FRAMING http" },
  { what: "HTTP/1.0 without length", say: sends("HTTP/1.0 200 OK\r\n\r\n", BODY, "FIN"), fault: "E_FRAMING http" },
  {
    what: "206 without length",
    say: sends("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/2\r\n\r\n", BODY, "FIN"),
    fault: "E_FRAMING http",
  },
  ...["-1", "+50000", "0xC350", "50000, 100000", "50000 50000", "5e4", "99999999999999999999999"].map((value) => ({
    what: `Content-Length: ${value}`,
    say: sends(withLength(value), BODY),
    fault: "E_FRAMING http",
  })),
  {
    what: "two different Content-Length",
    say: sends(withLength(25_000, "Content-Length: 50000\r\n"), BODY),
    fault: "E_FRAMING http",
  },
  {
    what: "the same Content-Length twice",
    say: sends(withLength(whole, `Content-Length: ${whole}\r\n`), BODY),
    fault: "E_FRAMING http",
  },
  {
    what: "Content-Length and chunked",
    say: sends(withLength(whole, `${CHUNKED}\r\n`), chunk(BODY), LAST),
    fault: "E_FRAMING http",
  },
  {
    what: "chunked and Content-Length",
    say: sends(withHeaders(CHUNKED, `Content-Length: ${whole}`), chunk(BODY), LAST),
    fault: "E_FRAMING http",
  },
  ...["gzip, chunked", "xchunked", "identity", "chunked, gzip", "chunked, chunked", "chunked;q=1"].map((value) => ({
    what: `Transfer-Encoding: ${value}`,
    say: sends(withHeaders(`Transfer-Encoding: ${value}`), chunk(BODY), LAST, "FIN"),
    fault: "E_FRAMING http",
  })),
  ...["gzip", "br", "deflate", "zstd", Array.from({ length: 1000 }, () => "gzip").join(", "), "made-up"].map((value) => ({
    what: `Content-Encoding: ${value.slice(0, 20)}`,
    say: sends(withLength(whole, `Content-Encoding: ${value}\r\n`), BODY),
    fault: "E_ENCODING http",
  })),
  { what: "bare line feeds", say: sends(withLength().replaceAll("\r\n", "\n"), BODY), fault: "E_FRAMING http" },
  { what: "carriage returns only", say: sends(withLength().replaceAll("\r\n", "\r"), BODY), fault: "E_FRAMING http" },
  { what: "a folded header", say: sends(withLength(whole, "X-A: 1\r\n 2\r\n"), BODY), fault: "E_FRAMING http" },
  { what: "a space before a colon", say: sends(withLength(whole, "X-A : 1\r\n"), BODY), fault: "E_FRAMING http" },
  { what: "NUL in a header", say: sends(withLength(whole, "X-A: 1\u00002\r\n"), BODY), fault: "E_FRAMING http" },
  { what: "a header without colon", say: sends(withLength(whole, "no colon\r\n"), BODY), fault: "E_FRAMING http" },
  { what: "no status line", say: sends("<html>hello</html>\n", BODY, "FIN"), fault: "E_FRAMING http" },
  ...["ICY 200 OK", "HTTP/3 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 abc OK"].map((line) => ({
    what: line,
    say: sends(`${line}\r\nContent-Length: ${whole}\r\n\r\n`, BODY),
    fault: "E_FRAMING http",
  })),
  { what: "one 100", say: sends("HTTP/1.1 100 Continue\r\n\r\n", withLength(), BODY), fault: "E_FRAMING http" },
  { what: "endless 100", say: repeats("", "HTTP/1.1 100 Continue\r\n\r\n"), fault: "E_FRAMING http" },
  { what: "endless 103", say: repeats("", "HTTP/1.1 103 Early Hints\r\n\r\n"), fault: "E_FRAMING http" },
  { what: "a 103 now and then", say: repeats("", "HTTP/1.1 103 Early Hints\r\n\r\n", 300), fault: "E_TIMEOUT http" },
  {
    what: "101 and a body",
    say: sends("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", BODY),
    fault: "E_FRAMING http",
  },
  {
    what: "101 without upgrade",
    say: sends("HTTP/1.1 101 Switching Protocols\r\nContent-Length: 5\r\n\r\n", BODY),
    fault: "E_FRAMING http",
  },
  { what: "20 kB in one header", say: sends(withLength(whole, `X-A: ${"x".repeat(20_000)}\r\n`), BODY), fault: "E_FRAMING http" },
  {
    what: "200 kB of headers",
    say: sends(withLength(whole, `X-A: ${"x".repeat(1000)}\r\n`.repeat(200)), BODY),
    fault: "E_FRAMING http",
  },
  { what: "20,000 headers", say: sends(withLength(whole, "A: b\r\n".repeat(20_000)), BODY), fault: "E_FRAMING http" },
  { what: "endless headers", say: repeats(withLength().slice(0, -2), "A: b\r\n".repeat(100)), fault: "E_FRAMING http" },
  { what: "an endless status line", say: repeats("HTTP/1.1 200 ", "O".repeat(1000)), fault: "E_TIMEOUT http" },
  { what: "a header letter now and then", say: repeats("HTTP/1.1 200 OK\r\nX: ", "x", 100), fault: "E_TIMEOUT http" },
  { what: "nothing", say: () => undefined, fault: "E_TIMEOUT http" },
  { what: "closed at once", say: sends("FIN"), fault: "E_CUT http" },
  { what: "reset at once", say: (socket) => socket.resetAndDestroy(), fault: "E_CUT http" },
  { what: "half a status line, closed", say: sends("HTTP/1.1 2", "FIN"), fault: "E_CUT http" },
  { what: "half the headers, closed", say: sends("HTTP/1.1 200 OK\r\nContent-Le", "FIN"), fault: "E_CUT http" },
];

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
    const measuring = transport.measure(contentQueryFor(liar.url, { keep, onBytes: (bytes) => void (counted += bytes) }), never);
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
      if (stage === "http") expect(content).toMatchObject({ status: "rejected", reason: { name: "Tofu3Error", code, stage } });
      else expect(content).toMatchObject({ status: "fulfilled", value: { digest: null, cut: { code, stage } } });
      if (size !== undefined) expect(content).toMatchObject({ value: { size } });
      if (content.status === "fulfilled") expect(content.value.more === null).toBe(code === "E_TOO_LARGE" || code === "E_FRAMING");
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
    expect(await transport.measure(contentQueryFor(server.url), never)).toMatchObject({ status, size: 0, digest: null, cut: null });
    expect((await transport.read(queryFor(server.url), never)).body.length).toBe(0);
    await transport.close();
  });

  test.each([
    { what: "cut", say: sends("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\nhello", "FIN"), body: "hello" },
    { what: "reset", say: sends("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\nhello", "RST"), body: "hello" },
    { what: "without length", say: sends("HTTP/1.1 500 X\r\n\r\nhello", "FIN"), body: "hello" },
    { what: "stalled", say: sends("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\nhello"), body: "hello" },
    { what: "encoded", say: sends("HTTP/1.1 500 X\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"), body: "hello" },
    { what: "badly chunked", say: sends(`HTTP/1.1 500 X\r\n${CHUNKED}\r\n\r\n5\r\nhello\r\nzz\r\n`), body: "hello" },
    { what: "dripping", say: repeats(`HTTP/1.1 500 X\r\n${CHUNKED}\r\n\r\n`, "1\r\nx\r\n", 100), body: null },
    { what: "endless", say: repeats(`HTTP/1.1 500 X\r\n${CHUNKED}\r\n\r\n`, chunk(Buffer.alloc(10_000, "x"))), body: null },
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
    if (body !== null) expect([Buffer.from(page.body).toString(), Buffer.from(content.head).toString()]).toEqual([body, body]);
    expect(page.body.length).toBeLessThanOrEqual(64 * 1024);
    expect(content.head.length).toBeLessThanOrEqual(4 * 1024);
    await transport.close();
  });
});

describe("the size limit", () => {
  test.each([
    { what: "exactly as many bytes as allowed", maxBytes: whole, code: null },
    { what: "one byte more, declared", maxBytes: whole - 1, code: "E_TOO_LARGE" },
  ])("$what", async ({ maxBytes, code }) => {
    server = await startRawServer(sends(withLength(), BODY));
    const transport = transportWith();
    const content = await transport.measure(contentQueryFor(server.url, { maxBytes }), never);
    expect(content.cut?.code ?? null).toBe(code);
    const read = transport.read(queryFor(server.url, { maxBytes }), never);
    if (code === null) expect((await read).body.length).toBe(whole);
    else expect(await faultOf(read)).toMatchObject({ code, stage: "body" });
    await transport.close();
  });

  test("one byte more, chunked, is noticed at that byte", async () => {
    server = await startRawServer(sends(withHeaders(CHUNKED), chunk(BODY.subarray(0, 10_000)), chunk(Buffer.from("x")), LAST));
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
  server = await startRawServer((socket, _, index) => socket.write(index === 0 ? withLength(0) : `${withHeaders(CHUNKED)}${LAST}`));
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
