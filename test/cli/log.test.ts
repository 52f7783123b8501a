import { expect, test } from "vitest";
import { makeLog } from "../../src/cli/log.ts";
import { Tofu3Error } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";

const PASSWORD = "hunter2hunter2";

function logged(
  format: "pretty" | "json",
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  color = false,
): string {
  const lines: string[] = [];
  makeLog({ write: (text) => lines.push(String(text)) }, "debug", format, color)("info", message, details);
  return lines.join("");
}

test.each<[string, string, Readonly<Record<string, unknown>>]>([
  ["a Secret", "x", { some: new Secret(PASSWORD) }],
  ["a header list with a Secret", "x", { headers: [["authorization", new Secret(PASSWORD)]] }],
  ["a header by its name", "x", { headers: { Authorization: PASSWORD, "set-cookie": PASSWORD } }],
  ["a password deep inside", "x", { a: { b: [{ proxyPassword: PASSWORD }] } }],
  ["a token in a message", `sent Authorization: Bearer ${PASSWORD}`, {}],
  ["basic credentials in an error", "x", { error: new Tofu3Error("E_AUTH", `Basic ${PASSWORD}==`) }],
  ["userinfo of a proxy", `via socks5h://me:${PASSWORD}@127.0.0.1:9050`, {}],
  ["the query of a signed URL", "x", { url: `https://cdn.example/blob?X-Amz-Signature=${PASSWORD}&a=b` }],
  ["a passphrase", "x", { passphrase: PASSWORD, identityToken: PASSWORD }],
])("%s is not in a log line", (_what, message, details) => {
  for (const format of ["pretty", "json"] as const) {
    const text = logged(format, message, details);
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toBe("");
  }
});

test("a line has level, time, message and details, as JSON or for people", () => {
  expect(JSON.parse(logged("json", "asked", { worker: "fra", bytes: 3 }))).toMatchObject({
    level: 30,
    msg: "asked",
    worker: "fra",
    bytes: 3,
  });
  expect(logged("pretty", "asked", { worker: "fra" })).toMatch(/INFO.*asked \{"worker":"fra"\}\n$/);
});

test("what a registry said cannot move the cursor, and a cycle ends", () => {
  const cycle: Record<string, unknown> = { said: "\u001b[2J\u202e" };
  cycle["self"] = cycle;
  for (const format of ["pretty", "json"] as const)
    expect(logged(format, "\u009b31m", cycle)).not.toMatch(/[\u001b\u009b\u202e]/);
});

test("only a coloured one has colours", () => {
  expect(logged("pretty", "x", {}, true)).toContain("\u001b[");
  expect(logged("pretty", "x", {}, false)).not.toContain("\u001b[");
});

test("a level that was not asked for writes nothing", () => {
  const lines: string[] = [];
  const log = makeLog({ write: (text) => lines.push(String(text)) }, "warn", "json", false);
  log("info", "x");
  log("error", "y");
  expect(lines).toHaveLength(1);
});
