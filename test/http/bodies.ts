import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Say } from "./rawserver.ts";

/** The body that the servers below have, or have half of. */
export const BODY = randomBytes(50_000);
export const HALF = BODY.subarray(0, 25_000);

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A server that sends these parts and then leaves the connection alone, ends it or resets it. */
export function sends(...parts: (string | Uint8Array)[]): Say {
  return (socket) => {
    for (const part of parts) {
      if (part === "FIN") socket.end();
      // what was written goes out before the reset
      else if (part === "RST") setTimeout(() => socket.resetAndDestroy(), 100);
      else socket.write(part);
    }
  };
}

export function repeats(start: string, part: string | Uint8Array, everyMs = 1): Say {
  return (socket) => {
    socket.write(start);
    const timer = setInterval(() => {
      while (socket.writableLength < 100_000 && !socket.destroyed) if (!socket.write(part) || everyMs > 1) break;
    }, everyMs);
    socket.once("close", () => clearInterval(timer));
  };
}

export const chunk = (bytes: Uint8Array, size = bytes.length.toString(16)): Buffer =>
  Buffer.concat([Buffer.from(`${size}\r\n`), bytes, Buffer.from("\r\n")]);
export const withLength = (length: number | string = BODY.length, more = ""): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n${more}\r\n`;
export const withHeaders = (...lines: string[]): string =>
  `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
export const CHUNKED = "Transfer-Encoding: chunked";
export const LAST = "0\r\n\r\n";

export interface Row {
  readonly what: string;
  readonly say: Say;
  /** `CODE stage`; a fault of stage `body` is a cut for `measure`. Null: the body is complete. */
  readonly fault: string | null;
  /** Bytes of the body that `measure` got. */
  readonly size?: number;
  /**
   * What it is to a VM, whose curl does not tell some faults apart and then may not count what it wrote; otherwise the
   * same.
   */
  readonly overSsh?: string;
}

export const whole = BODY.length;
export const complete: Row[] = [
  { what: "Content-Length", say: sends(withLength(), BODY), fault: null },
  {
    what: "Content-Length, then closed",
    say: sends(withLength(whole, "Connection: close\r\n"), BODY, "FIN"),
    fault: null,
  },
  { what: "Content-Length, then reset", say: sends(withLength(), BODY, "RST"), fault: null },
  { what: "more bytes than Content-Length", say: sends(withLength(), BODY, "and some more"), fault: null },
  { what: "a second answer behind the first", say: sends(withLength(), BODY, withLength(3), "bad"), fault: null },
  { what: "chunked", say: sends(withHeaders(CHUNKED), chunk(HALF), chunk(BODY.subarray(25_000)), LAST), fault: null },
  {
    what: "chunked with upper-case sizes and zeros in front",
    say: sends(withHeaders(CHUNKED), chunk(BODY, "000C350"), LAST),
    fault: null,
  },
  {
    what: "chunked with trailers",
    say: sends(withHeaders(CHUNKED), chunk(BODY), "0\r\nX-Sum: 1\r\n\r\n"),
    fault: null,
  },
  {
    what: "chunked with an extension of 8 kB",
    say: sends(withHeaders(CHUNKED), chunk(BODY, `c350;x=${"y".repeat(8000)}`), LAST),
    fault: null,
  },
  {
    what: "Content-Encoding: identity",
    say: sends(withLength(whole, "Content-Encoding: identity\r\n"), BODY),
    fault: null,
  },
  {
    what: "three 103 before it",
    say: sends(...Array.from({ length: 3 }, () => "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), withLength(), BODY),
    fault: null,
  },
  ...[1, 2, 16].map((count) => ({
    what: `${count} times 100 Continue before it`,
    say: sends("HTTP/1.1 100 Continue\r\n\r\n".repeat(count), withLength(), BODY),
    fault: null,
  })),
  {
    what: "100 with headers, 102 and 103 before it, byte by byte",
    say: (socket) =>
      void dribble(
        socket,
        `HTTP/1.1 100 Go on\r\nX: HTTP/1.1 100\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${withLength()}`,
        BODY,
      ),
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

export const cut: Row[] = [
  {
    what: "half of Content-Length, then closed",
    say: sends(withLength(), HALF, "FIN"),
    fault: "E_CUT body",
    size: 25_000,
  },
  {
    what: "half of Content-Length, then reset",
    say: sends(withLength(), HALF, "RST"),
    fault: "E_CUT body",
    size: 25_000,
  },
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
  {
    what: "half of Content-Length, then nothing",
    say: sends(withLength(), HALF),
    fault: "E_TIMEOUT body",
    size: 25_000,
  },
  { what: "headers, then nothing", say: sends(withLength()), fault: "E_TIMEOUT body", size: 0 },
  { what: "headers, then closed", say: sends(withLength(), "FIN"), fault: "E_CUT body", size: 0 },
  {
    what: "all but one byte, then closed",
    say: sends(withLength(), BODY.subarray(1), "FIN"),
    fault: "E_CUT body",
    size: whole - 1,
  },
  {
    what: "chunked, cut between chunks",
    say: sends(withHeaders(CHUNKED), chunk(HALF), "FIN"),
    fault: "E_CUT body",
    size: 25_000,
  },
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
    overSsh: "E_CUT body",
    size: 25_000,
  },
  {
    what: "a chunk size 0x5",
    say: sends(withHeaders(CHUNKED), "0x5\r\nhello\r\n", LAST),
    fault: "E_FRAMING body",
    size: 0,
  },
  {
    what: "a negative chunk size",
    say: sends(withHeaders(CHUNKED), "-5\r\nhello\r\n", LAST),
    fault: "E_FRAMING body",
    overSsh: "E_CUT body",
    size: 0,
  },
  {
    what: "a huge chunk size",
    say: sends(withHeaders(CHUNKED), "fffffffffffffffff\r\nhello\r\n"),
    fault: "E_FRAMING body",
    overSsh: "E_CUT body",
    size: 0,
  },
  {
    what: "a chunk longer than it says",
    say: sends(withHeaders(CHUNKED), "5\r\nhello world\r\n", LAST),
    fault: "E_FRAMING body",
    overSsh: "E_CUT body",
    size: 5,
  },
  {
    what: "an endless chunked body",
    say: repeats(withHeaders(CHUNKED), chunk(Buffer.alloc(10_000))),
    fault: "E_TOO_LARGE body",
  },
  ...[1_000_001, 5_000_000_000, 999_999_999_999_999].map((length) => ({
    what: `a Content-Length above the limit, ${length}`,
    say: repeats(withLength(length), Buffer.alloc(10_000)),
    fault: "E_TOO_LARGE body",
    overSsh: "E_TOO_LARGE body",
  })),
  {
    what: "a Content-Length above the limit, then nothing",
    say: sends(withLength(5_000_000_000), BODY),
    fault: "E_TIMEOUT body",
    size: whole,
  },
  {
    what: "a Content-Length above the limit, then closed",
    say: sends(withLength(5_000_000_000), BODY, "FIN"),
    fault: "E_CUT body",
    size: whole,
  },
];

export const refused: Row[] = [
  { what: "no length, complete", say: sends(withHeaders(), BODY, "FIN"), fault: "E_FRAMING http" },
  { what: "no length, reset", say: sends(withHeaders(), HALF, "RST"), fault: "E_FRAMING http" },
  { what: "HTTP/1.0 without length", say: sends("HTTP/1.0 200 OK\r\n\r\n", BODY, "FIN"), fault: "E_FRAMING http" },
  {
    what: "206 without length",
    say: sends("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/2\r\n\r\n", BODY, "FIN"),
    fault: "E_FRAMING http",
  },
  ...[
    "-1",
    "+50000",
    "0xC350",
    "50000, 100000",
    "50000 50000",
    "5e4",
    "1000000000000000",
    "9223372036854775807",
    "99999999999999999999999",
  ].map((value) => ({
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
  ...["gzip", "br", "deflate", "zstd", Array.from({ length: 1000 }, () => "gzip").join(", "), "made-up"].map(
    (value) => ({
      what: `Content-Encoding: ${value.slice(0, 20)}`,
      say: sends(withLength(whole, `Content-Encoding: ${value}\r\n`), BODY),
      fault: "E_ENCODING http",
    }),
  ),
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
  {
    what: "seventeen 100",
    say: sends("HTTP/1.1 100 Continue\r\n\r\n".repeat(17), withLength(), BODY),
    fault: "E_FRAMING http",
  },
  { what: "a 100 now and then", say: repeats("", "HTTP/1.1 100 Continue\r\n\r\n", 300), fault: "E_TIMEOUT http" },
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
  {
    what: "20 kB in one header",
    say: sends(withLength(whole, `X-A: ${"x".repeat(20_000)}\r\n`), BODY),
    fault: "E_FRAMING http",
  },
  {
    what: "200 kB of headers",
    say: sends(withLength(whole, `X-A: ${"x".repeat(1000)}\r\n`.repeat(200)), BODY),
    fault: "E_FRAMING http",
  },
  { what: "20,000 headers", say: sends(withLength(whole, "A: b\r\n".repeat(20_000)), BODY), fault: "E_FRAMING http" },
  { what: "endless headers", say: repeats(withLength().slice(0, -2), "A: b\r\n".repeat(100)), fault: "E_FRAMING http" },
  {
    what: "an endless status line",
    say: repeats("HTTP/1.1 200 ", "O".repeat(1000)),
    fault: "E_TIMEOUT http",
    overSsh: "E_FRAMING http",
  },
  { what: "a header letter now and then", say: repeats("HTTP/1.1 200 OK\r\nX: ", "x", 100), fault: "E_TIMEOUT http" },
  { what: "nothing", say: () => undefined, fault: "E_TIMEOUT http" },
  { what: "closed at once", say: sends("FIN"), fault: "E_CUT http" },
  { what: "reset at once", say: (socket) => socket.resetAndDestroy(), fault: "E_CUT http" },
  { what: "half a status line, closed", say: sends("HTTP/1.1 2", "FIN"), fault: "E_CUT http" },
  { what: "half the headers, closed", say: sends("HTTP/1.1 200 OK\r\nContent-Le", "FIN"), fault: "E_CUT http" },
];
