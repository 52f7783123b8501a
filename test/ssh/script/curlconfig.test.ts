import { spawn } from "node:child_process";
import { once } from "node:events";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../../src/secret.ts";
import { parseProxy } from "../../../src/http/proxy.ts";
import { curlOptions, quoted, unbroken, type CurlSettings } from "../../../src/ssh/script/curlconfig.ts";
import { LINES } from "../../../src/ssh/script/script.ts";
import { queryFor, startRawServer, type RawServer } from "../../http/rawserver.ts";
import { LIMITS } from "../sshlab.ts";

const SETTINGS: CurlSettings = { limits: LIMITS, proxy: null, parallel: true, reportsApart: true, certifies: true };
/** What the script gives to every curl. */
const FIXED = LINES.filter((line) => line.startsWith('F="'))
  .flatMap((line) =>
    line
      .slice(3, -1)
      .replace("${F}", "")
      .replaceAll('\\"', '"')
      .split(/\$N|\$\{N\}/),
  )
  .filter((line) => line !== "");
const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");

let server: RawServer;
beforeAll(async () => {
  server = await startRawServer((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
});
afterAll(() => server.close());

/** Real curl with this configuration on its stdin. */
async function curl(
  config: readonly string[],
  args: readonly string[] = [],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn("curl", ["-q", "-sS", "-K", "-", ...args], { env: { PATH: process.env["PATH"] } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => void (stdout += chunk.toString("latin1")));
  child.stderr.on("data", (chunk: Buffer) => void (stderr += chunk.toString("latin1")));
  child.stdin.end(`${config.join("\n")}\n`);
  const [code] = (await once(child, "close")) as [number];
  return { code, stdout, stderr };
}

/** What curl understands a quoted value to be: it posts it. */
async function readBack(value: string): Promise<string> {
  const { code, stderr } = await curl([`data-raw = ${quoted(value)}`, 'header = "Expect:"', `url = "${server.url}"`]);
  expect([code, stderr]).toEqual([0, ""]);
  const request = server.requests.at(-1) ?? "";
  return request.slice(request.indexOf("\r\n\r\n") + 4);
}

describe("a quoted value", () => {
  test("of every printable character is read back by curl", async () =>
    expect(await readBack(PRINTABLE)).toBe(PRINTABLE));

  test.each([
    "\\",
    '"',
    "\\n",
    "\\t\\r\\n\\v",
    '\\"',
    '"\\',
    "\\\\",
    '" # ',
    "# x",
    " x ",
    "",
    "' = :",
    "[1-3]{a,b}",
    "\\\\n\\\\\\",
  ])("%j is read back by curl", async (value) => expect(await readBack(value)).toBe(value));

  test("of anything printable is read back by curl", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({
            unit: fc.constantFrom("\\", '"', "n", "r", "t", "v", "#", "=", ":", "%", " ", "a"),
            maxLength: 20,
          }),
          {
            minLength: 1,
            maxLength: 5,
          },
        ),
        async (values) => {
          const text = values.join("|");
          expect(await readBack(text)).toBe(text);
        },
      ),
      { numRuns: 25 },
    );
  });

  test.each([
    "\n",
    "\r",
    "\r\nX-Evil: 1",
    '"\nurl = "file:///etc/passwd"',
    "\0",
    "\t",
    "\x1b",
    "\x7f",
    "\x80",
    "é",
    "\u2028",
    "a\ud800",
    "😀",
  ])("%j is refused", (value) => {
    expect(() => quoted(value)).toThrow(expect.objectContaining({ code: "E_FRAMING" }) as Error);
    expect(() => quoted(value)).toThrow(/^[^\x00-\x1f\x7f]*$/);
  });

  test.each(["\\n", "a\\r", "\\tb", "x\\v", "\\\\n"])(
    "%j is refused where curl may take it for a line break",
    (value) => {
      expect(() => unbroken(value)).toThrow(expect.objectContaining({ code: "E_FRAMING" }) as Error);
    },
  );
  test.each(["\\", '"', "a\\b", "n\\"])("%j is not", (value) => expect(unbroken(value)).toBe(quoted(value)));

  test("nothing but printable ASCII is ever written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        let text = "";
        try {
          text = quoted(value);
        } catch {
          return;
        }
        expect(text).toMatch(/^"(?:[^\\"]|\\[\\"])*"$/);
        expect(text).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });
});

describe("the options of a query", () => {
  /** The head and body of what curl sends. */
  async function sent(
    ...[more, settings = SETTINGS]: [Parameters<typeof queryFor>[1], CurlSettings?]
  ): Promise<string> {
    const { code, stderr } = await curl([
      ...FIXED,
      ...curlOptions(queryFor(server.url, more), settings),
      `url = ${quoted(server.url)}`,
      'output = "/dev/null"',
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    return server.requests.at(-1) ?? "";
  }

  test("headers arrive as they are, secrets too, and identity is asked for once", async () => {
    const value = PRINTABLE.trim();
    const head = await sent({
      headers: [
        ["accept", "a/b"],
        ["accept", 'c/d; q="0\\"'],
        ["X-All", value],
        ["Authorization", new Secret('Bearer s3cr\\et"')],
      ],
    });
    const lines = head.split("\r\n").slice(1);
    expect(lines).toContain("accept: a/b");
    expect(lines).toContain('accept: c/d; q="0\\"');
    expect(lines).toContain(`x-all: ${value}`);
    expect(lines).toContain('authorization: Bearer s3cr\\et"');
    expect(lines.filter((line) => /^accept-encoding/i.test(line))).toEqual(["accept-encoding: identity"]);
    expect(head.startsWith("GET /v2/ HTTP/1.1\r\n")).toBe(true);
  });

  test("a header value cannot name a file of the VM", async () => {
    expect(await sent({ headers: [["X", "@/etc/passwd"]] })).toContain("x: @/etc/passwd\r\n");
  });

  test("a header value with a line break stops everything", () => {
    for (const value of ["a\r\nX-Evil: 1", "a\nb", "a\0"]) {
      expect(() => curlOptions(queryFor(server.url, { headers: [["X", value]] }), SETTINGS)).toThrow(
        expect.objectContaining({ code: "E_FRAMING" }) as Error,
      );
      expect(() => curlOptions(queryFor(server.url, { headers: [["X", new Secret(value)]] }), SETTINGS)).toThrow(
        expect.objectContaining({ code: "E_FRAMING" }) as Error,
      );
    }
  });

  test("a refused secret is not in the message", () => {
    const fault = (() => {
      try {
        return curlOptions(queryFor(server.url, { headers: [["X", new Secret("hunter2\n")]] }), SETTINGS);
      } catch (error) {
        return error as Error;
      }
    })();
    expect((fault as Error).message).not.toContain("hunter2");
  });

  test("a form is posted as it is, without Expect, however long", async () => {
    const form = `grant_type=refresh_token&refresh_token=${"x".repeat(5000)}@%22\\"`;
    const request = await sent({
      form: new Secret(form),
      headers: [["Content-Type", "application/x-www-form-urlencoded"]],
    });
    expect(request.startsWith("POST /v2/ HTTP/1.1\r\n")).toBe(true);
    expect(request).not.toMatch(/^expect:/im);
    expect(request.slice(request.indexOf("\r\n\r\n") + 4)).toBe(form);
  });

  test("a client certificate never goes to a VM", () => {
    const trust = { ca: null, clientCertificate: { certificate: "x", key: new Secret("y") } };
    expect(() => curlOptions(queryFor(server.url, { trust }), SETTINGS)).toThrow(
      expect.objectContaining({ code: "E_TLS" }) as Error,
    );
  });

  test.each([
    ["brackets and braces are not expanded", "[1-3]{a,b}", "/v2/[1-3]{a,b}"],
    ["dots are not resolved", "a/../b/./c", "/v2/a/../b/./c"],
    ["quotes and backslashes stay", 'a"b\\c', '/v2/a"b\\c'],
    ["percent signs stay", "%2e%2e/%00", "/v2/%2e%2e/%00"],
  ])("%s in a URL", async (_, path, seen) => {
    const before = server.requests.length;
    await curl([
      ...FIXED,
      ...curlOptions(queryFor(server.url), SETTINGS),
      `url = ${quoted(`${server.url}${path}`)}`,
      'output = "/dev/null"',
    ]);
    expect(server.requests.slice(before).map((request) => request.split(" HTTP/")[0])).toEqual([`GET ${seen}`]);
  });

  test.each([
    "file:///etc/passwd",
    "ftp://127.0.0.1/x",
    "gopher://127.0.0.1/x",
    "dict://127.0.0.1/x",
    "scp://127.0.0.1/x",
  ])("%s is not fetched", async (url) => {
    const { code, stdout } = await curl([...FIXED, ...curlOptions(queryFor(url), SETTINGS), `url = ${quoted(url)}`]);
    expect([code, stdout]).toEqual([1, ""]);
  });

  test("a redirect is not followed", async () => {
    const away = await startRawServer((socket) =>
      socket.end("HTTP/1.1 307 X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"),
    );
    await curl([...FIXED, ...curlOptions(queryFor(away.url), SETTINGS), `url = ${quoted(away.url)}`]);
    expect(away.requests.length).toBe(1);
    await away.close();
  });

  test("an HTTP proxy with a password gets it, and the origin's answer is the only one that is dumped", async () => {
    const proxy = parseProxy(`http://user:p%22w@127.0.0.1:${server.port}`);
    const head = await sent({}, { ...SETTINGS, proxy });
    expect(head).toContain(`Proxy-Authorization: Basic ${Buffer.from('user:p"w').toString("base64")}`);
    expect(head).toContain(`GET ${server.url} HTTP/1.1`);
  });
});
