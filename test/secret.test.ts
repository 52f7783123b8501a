import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "../src/secret.ts";

test.each<[string, (secret: Secret) => string]>([
  ["text", (secret) => String(secret)],
  ["a part of text", (secret) => ["a", secret].join(" ")],
  ["JSON", (secret) => JSON.stringify({ secret, list: [secret] })],
  ["what a debugger prints", (secret) => inspect({ secret }, { depth: 9, showHidden: true })],
  ["the message of an error", (secret) => inspect(new Error(String(secret), { cause: secret }), { depth: 9 })],
  ["its keys and values", (secret) => JSON.stringify([Object.entries(secret), Object.getOwnPropertyNames(secret)])],
  ["what is made of it", (secret) => String(secret.derive((value) => `Bearer ${value}`))],
])("a secret is not in %s, and is only what reveal() gives", (_, print) => {
  const secret = new Secret("hunter2");
  expect(print(secret)).not.toContain("hunter2");
  expect(secret.derive((value) => `Bearer ${value}`).reveal()).toBe("Bearer hunter2");
});

test.each([
  ["the whole of it", "x Bearer 0123456789abcdef y", true],
  ["its secret part", "x0123456789abcdefx", true],
  ["its beginning, at a cut", "x 0123456789", true],
  ["a beginning too short to be told from chance", "x 0123456", false],
  ["its beginning, and then something else", "0123456789x", false],
  ["the scheme alone", "Bearer realm", false],
  ["nothing", "", false],
])("whether a text shows it: %s", (_, text, shown) =>
  expect(new Secret("Bearer 0123456789abcdef").isIn(text)).toBe(shown),
);
