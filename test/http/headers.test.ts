import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { parseHeaderBlock, type HeaderBlock } from "../../src/http/headers.ts";

const block = (...lines: string[]): string => `${lines.join("\r\n")}\r\n\r\n`;
const parse = (text: string): HeaderBlock | null => parseHeaderBlock(Buffer.from(text, "latin1"));
const GOOD = block("HTTP/1.1 200 OK", "Content-Length: 3");

describe("accepted", () => {
  test.each([
    ["a plain block", GOOD, 200, [["content-length", "3"]]],
    ["no headers", block("HTTP/1.1 204 No Content"), 204, []],
    ["no reason", block("HTTP/1.1 404"), 404, []],
    ["an empty reason", block("HTTP/1.1 404 "), 404, []],
    ["a reason that is not ASCII", block("HTTP/1.1 404 \xe9\xff"), 404, []],
    ["HTTP/1.0", block("HTTP/1.0 200 OK"), 200, []],
    ["status 999", block("HTTP/1.1 999 ?"), 999, []],
    [
      "an empty value",
      block("HTTP/1.1 200 OK", "Link:", "X: "),
      200,
      [
        ["link", ""],
        ["x", ""],
      ],
    ],
    ["white space around a value", block("HTTP/1.1 200 OK", "X:\t a b \t"), 200, [["x", "a b"]]],
    ["no space behind the colon", block("HTTP/1.1 200 OK", 'ETag:"x"'), 200, [["etag", '"x"']]],
    ["colons in a value", block("HTTP/1.1 200 OK", "Location: http://a:1/b"), 200, [["location", "http://a:1/b"]]],
    [
      "repeated names, in order",
      block("HTTP/1.1 200 OK", "A: 1", "B: 2", "a: 3"),
      200,
      [
        ["a", "1"],
        ["b", "2"],
        ["a", "3"],
      ],
    ],
    ["bytes above 127", block("HTTP/1.1 200 OK", "X: \xe9\xff"), 200, [["x", "\xe9\xff"]]],
    ["one 103 before", block("HTTP/1.1 103 Early Hints", "Link: </x>") + GOOD, 200, [["content-length", "3"]]],
    ["sixteen 103 before", block("HTTP/1.1 103 Early Hints").repeat(16) + GOOD, 200, [["content-length", "3"]]],
    ["one 100 before", block("HTTP/1.1 100 Continue") + GOOD, 200, [["content-length", "3"]]],
    [
      "100 and 103 before",
      block("HTTP/1.1 100 Continue") + block("HTTP/1.1 103 X") + GOOD,
      200,
      [["content-length", "3"]],
    ],
    ["102 and 199", block("HTTP/1.1 102 Processing") + block("HTTP/1.1 199 X") + GOOD, 200, [["content-length", "3"]]],
    ["trailers behind", `${GOOD}X-Sum: 1\r\n\r\n`, 200, [["content-length", "3"]]],
    ["a second answer among the trailers", GOOD + block("HTTP/1.1 404 No"), 200, [["content-length", "3"]]],
    ["unclean trailers", `${GOOD}X : 1\n\n\0`, 200, [["content-length", "3"]]],
    [
      "exactly 16 KiB",
      block("HTTP/1.1 200 OK", `X: ${"x".repeat(16 * 1024 - 20)}`),
      200,
      [["x", "x".repeat(16 * 1024 - 20)]],
    ],
  ])("%s", (_, text, status, headers) => expect(parse(text)).toMatchObject({ status, headers }));

  test.each(["1.0", "1.1"])("HTTP/%s is said to be that", (version) =>
    expect(parse(block("HTTP/1.1 103 X") + block(`HTTP/${version} 200 OK`))?.version).toBe(version),
  );
});

describe("not there yet", () => {
  test.each([
    ["nothing", ""],
    ["half a status line", "HTTP/1.1 2"],
    ["a status line", "HTTP/1.1 200 OK\r\n"],
    ["headers without their end", "HTTP/1.1 200 OK\r\nA: b\r\n"],
    ["an interim answer only", block("HTTP/1.1 103 Early Hints")],
    ["an interim answer and a half", `${block("HTTP/1.1 103 Early Hints")}HTTP/1.1 200 OK\r\n`],
  ])("%s", (_, text) => expect(parse(text)).toBeNull());
});

describe("refused", () => {
  test.each([
    ["bare line feeds", GOOD.replaceAll("\r\n", "\n"), "not CRLF"],
    ["one bare line feed", GOOD.replace("\r\n", "\n"), "not CRLF"],
    ["bare carriage returns", GOOD.replaceAll("\r\n", "\r"), "not CRLF"],
    ["a carriage return in a value", block("HTTP/1.1 200 OK", "X: a\rb"), "not CRLF"],
    ["two carriage returns", block("HTTP/1.1 200 OK", "X: a\r"), "not CRLF"],
    ["a folded header", block("HTTP/1.1 200 OK", "X: a", " b"), "a header"],
    ["a folded header with a tab", block("HTTP/1.1 200 OK", "X: a", "\tb: c"), "a header"],
    ["a folded status line", block("HTTP/1.1 200 OK", " Content-Length: 3"), "a header"],
    ["a space before a colon", block("HTTP/1.1 200 OK", "Content-Length : 3"), "a header"],
    ["a tab before a colon", block("HTTP/1.1 200 OK", "Content-Length\t: 3"), "a header"],
    ["no colon", block("HTTP/1.1 200 OK", "hello"), "a header"],
    ["no name", block("HTTP/1.1 200 OK", ": x"), "a header"],
    ["NUL in a value", block("HTTP/1.1 200 OK", "X: a\0b"), "a header"],
    ["NUL in a name", block("HTTP/1.1 200 OK", "X\0: b"), "a header"],
    ["ESC in a value", block("HTTP/1.1 200 OK", "X: \x1b[2J"), "a header"],
    ["DEL in a value", block("HTTP/1.1 200 OK", "X: \x7f"), "a header"],
    ["a name that is not ASCII", block("HTTP/1.1 200 OK", "\xe9: x"), "a header"],
    ["a name with brackets", block("HTTP/1.1 200 OK", "a(b): x"), "a header"],
    ["HTTP/0.9", "<html>\r\n\r\n", "the status line"],
    ["ICY", block("ICY 200 OK"), "the status line"],
    ["HTTP/2.0", block("HTTP/2.0 200 OK"), "the status line"],
    ["HTTP/2", block("HTTP/2 200"), "the status line"],
    ["HTTP/3", block("HTTP/3 200 OK"), "the status line"],
    ["lower case", block("http/1.1 200 OK"), "the status line"],
    ["two digits", block("HTTP/1.1 20 OK"), "the status line"],
    ["four digits", block("HTTP/1.1 2000 OK"), "the status line"],
    ["status 099", block("HTTP/1.1 099 OK"), "the status line"],
    ["a status that is no number", block("HTTP/1.1 2x0 OK"), "the status line"],
    ["two spaces", block("HTTP/1.1  200 OK"), "the status line"],
    ["a tab for a space", block("HTTP/1.1\t200 OK"), "the status line"],
    ["ESC in the reason", block("HTTP/1.1 200 \x1b[2J"), "the status line"],
    ["an empty line first", `\r\n${GOOD}`, "the status line"],
    ["seventeen 100", block("HTTP/1.1 100 Continue").repeat(17) + GOOD, "more than 16 interim"],
    ["101", block("HTTP/1.1 101 Switching Protocols") + GOOD, "nobody asked for"],
    ["seventeen 103", block("HTTP/1.1 103 Early Hints").repeat(17) + GOOD, "more than 16 interim"],
    ["endless 103", block("HTTP/1.1 103 Early Hints").repeat(1000), "more than 16 interim"],
    ["unclean interim answers", block("HTTP/1.1 103 Early Hints", "X : y") + GOOD, "a header"],
    ["more than 16 KiB", block("HTTP/1.1 200 OK", `X: ${"x".repeat(16 * 1024)}`), "more than 16 KiB"],
    [
      "more than 16 KiB of an interim answer",
      block("HTTP/1.1 103 X", `X: ${"x".repeat(16 * 1024)}`) + GOOD,
      "more than 16 KiB",
    ],
    ["more than 16 KiB without an end", `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(4000)}`, "more than 16 KiB"],
    [
      "a proxy's answer to CONNECT that slipped through",
      block("HTTP/1.1 200 Connection established", "A : b") + GOOD,
      "a header",
    ],
  ])("%s", (_, text, why) => {
    const fault = (() => {
      try {
        return parse(text);
      } catch (error) {
        return error;
      }
    })();
    expect(fault).toBeInstanceOf(Tofu3Error);
    expect(fault).toMatchObject({ code: "E_FRAMING", stage: "http" });
    expect((fault as Tofu3Error).message).toContain(why);

    expect((fault as Tofu3Error).message).not.toMatch(/[\x00-\x1f\x7f]/);
  });
});

test("anything is parsed, incomplete or E_FRAMING", () => {
  const token = fc.constantFrom(
    "HTTP/1.1 ",
    "200",
    "103",
    " OK",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    "A: b",
    "Content-Length: 3",
    " ",
    "\t",
    "\0",
    ":",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(token, fc.string({ unit: "binary", maxLength: 5 })), { maxLength: 25 }), (parts) => {
      try {
        const parsed = parse(parts.join(""));
        if (parsed !== null) expect(parsed.status).toBeGreaterThanOrEqual(200);
      } catch (error) {
        expect(error).toMatchObject({ code: "E_FRAMING" });
      }
    }),
    { numRuns: 2000 },
  );
});

test("what is written cleanly is read back", () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/);
  const value = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/);
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 999 }),
      fc.array(fc.tuple(name, value), { maxLength: 20 }),
      (status, headers) => {
        const text = block(`HTTP/1.1 ${status} X`, ...headers.map(([each, what]) => `${each}: ${what}`));
        expect(parse(text)).toEqual({
          version: "1.1",
          status,
          headers: headers.map(([each, what]) => [each.toLowerCase(), what]),
        });
      },
    ),
  );
});
