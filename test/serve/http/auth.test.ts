import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { mayAsk } from "../../../src/serve/http/auth.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;
const AUTH = {
  tokens: [
    { name: "ci", sha256: sha256("s3cret") },
    { name: "dev", sha256: sha256("a:b") },
  ],
  clientCa: null,
};

test.each([
  ["the first", basic("ci:s3cret"), true],
  ["the second, with a colon in it", basic("dev:a:b"), true],
  ["any case of the scheme", basic("ci:s3cret").replace("Basic", "bAsIc"), true],
  ["another's name", basic("dev:s3cret"), false],
  ["no name", basic(":s3cret"), false],
  ["a wrong token", basic("ci:s3cre"), false],
  ["the hash for the token", basic(`ci:${sha256("s3cret")}`), false],
  ["an empty token", basic("ci:"), false],
  ["no colon", basic("ci"), false],
  ["another scheme", basic("ci:s3cret").replace("Basic", "Bearer"), false],
  ["nothing", "", false],
  ["no such encoding", "Basic ***", false],
  ["too much", `Basic ${"A".repeat(10_000)}`, false],
])("%s", (_, authorization, isFine) => {
  expect(mayAsk({ authorization, isCertified: false }, AUTH)).toBe(isFine);
});

test("nobody needs to say who asks unless auth is set", () => {
  expect(mayAsk({ authorization: undefined, isCertified: false }, null)).toBe(true);
  expect(mayAsk({ authorization: undefined, isCertified: false }, AUTH)).toBe(false);
  expect(mayAsk({ authorization: undefined, isCertified: false }, { tokens: [], clientCa: null })).toBe(false);
});

test("a client certificate counts only where an authority is named", () => {
  const credentials = { authorization: undefined, isCertified: true };
  expect(mayAsk(credentials, { tokens: [], clientCa: {} })).toBe(true);
  expect(mayAsk(credentials, AUTH)).toBe(false);
  expect(mayAsk({ ...credentials, isCertified: false }, { tokens: [], clientCa: {} })).toBe(false);
});
