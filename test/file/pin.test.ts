import { expect, test } from "vitest";
import { parseIntegrity, parseSha256 } from "../../src/file/pin.ts";

const HEX = "0123456789abcdef".repeat(4);
const BASE64 = Buffer.from(HEX, "hex").toString("base64");

test.each([HEX, HEX.toUpperCase(), `sha256:${HEX}`, `SHA256=${HEX}`])("the sha256 %s", (text) => {
  expect(parseSha256(text)).toBe(`sha256:${HEX}`);
});

test.each(["", "abc", `${HEX}0`, `sha512:${HEX}`, ` ${HEX}`, `${HEX.slice(1)}g`])("no sha256: %j", (text) => {
  expect(() => parseSha256(text)).toThrow(expect.objectContaining({ code: "E_USAGE" }) as Error);
});

test.each([
  `sha256-${BASE64}`,
  `sha256-${BASE64.replace("=", "")}`,
  `sha512-x sha256-${BASE64}`,
  `sha256-${BASE64}?opt`,
  `sha256-${BASE64}  sha256-${BASE64}`,
])("the integrity %s", (text) => {
  expect(parseIntegrity(text)).toBe(`sha256:${HEX}`);
});

test.each([
  ["", "no sha256"],
  [`sha384-${BASE64}`, "no sha256"],
  ["sha256-abc", "cannot be read"],
  [`sha256-${BASE64} sha256-${"A".repeat(43)}=`, "cannot be read"],
])("no integrity: %j", (text, says) => {
  expect(() => parseIntegrity(text)).toThrow(says);
});
