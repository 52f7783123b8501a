import fc from "fast-check";
import { expect, test } from "vitest";
import { isAcceptRefusal, parseRegistryErrors } from "../../src/oci/registryerror.ts";

const read = (body: string): unknown => parseRegistryErrors(Buffer.from(body));

test.each([
  ["one error", '{"errors":[{"code":"DENIED","message":"no","detail":null}]}', [{ code: "DENIED", message: "no" }]],
  [
    "an error without code",
    '{"errors":[{"message":"Member must be at most 1000"}]}',
    [{ code: "UNKNOWN", message: "Member must be at most 1000" }],
  ],
  ["an error without message", '{"errors":[{"code":"DENIED"}]}', [{ code: "DENIED", message: "" }]],
  [
    "an error of a token service",
    '{"error":"invalid_grant","error_description":"gone"}',
    [{ code: "invalid_grant", message: "gone" }],
  ],
  [
    "Docker Hub's details",
    '{"details":"incorrect username or password"}',
    [{ code: "UNKNOWN", message: "incorrect username or password" }],
  ],
  ["entries that are none", '{"errors":[null,1,"x",{},{"code":7}]}', []],
  [
    "escapes",
    '{"errors":[{"code":"\\u001b[2J","message":"a\\nb\\u202e"}]}',
    [{ code: "\\u{1b}[2J", message: "a\\u{a}b\\u{202e}" }],
  ],
  ["HTML", "<html><body>403</body></html>", []],
  ["nothing", "", []],
  ["a number", "7", []],
  ["null", "null", []],
  ["errors that are no array", '{"errors":{"code":"X"}}', []],
])("%s", (_, body, errors) => {
  expect(read(body)).toEqual(errors);
});

test("what is long or many is cut", () => {
  const long = { code: "C".repeat(5000), message: "m".repeat(5000) };
  const errors = parseRegistryErrors(
    Buffer.from(JSON.stringify({ errors: Array.from({ length: 12 }, () => long).slice(0, 6) })),
  );
  expect(errors.every(({ code, message }) => code.length <= 81 && message.length <= 301)).toBe(true);
  expect(
    parseRegistryErrors(Buffer.from(JSON.stringify({ errors: Array.from({ length: 50 }, () => ({ code: "X" })) }))),
  ).toHaveLength(10);
  expect(
    parseRegistryErrors(Buffer.from(JSON.stringify({ errors: [{ code: "X", message: "m".repeat(70_000) }] }))),
  ).toEqual([]);
});

test("any bytes give a list", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        expect(Array.isArray(parseRegistryErrors(bytes))).toBe(true);
      },
    ),
  );
});

test.each([
  ["OCI index found, but Accept header does not support OCI indexes", true],
  ["OCI manifest found, but accept header does not support OCI manifests", true],
  ["manifest unknown", false],
])("%s", (message, refused) => {
  expect(isAcceptRefusal([{ code: "MANIFEST_UNKNOWN", message }])).toBe(refused);
});
