import fc from "fast-check";
import { expect, test } from "vitest";
import { algorithmOf, digestOf, hexOf, isDigest, parseDigest } from "../../src/oci/digest.ts";
import { ACCEPT, isMediaType, kindOfMediaType, normaliseMediaType } from "../../src/oci/mediatype.ts";

const HEX = "0123456789abcdef".repeat(4);

test("known values", () => {
  expect(digestOf(Buffer.from(""))).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(digestOf(Buffer.from("{}"))).toBe("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  expect(digestOf(Buffer.from("abc"), "sha512")).toMatch(/^sha512:ddaf35a193617abacc417349ae204131/);
});

test("what is computed is a digest of its algorithm", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom("sha256" as const, "sha512" as const), (bytes, algorithm) => {
      const digest = digestOf(bytes, algorithm);
      expect([isDigest(digest), algorithmOf(digest), `${algorithm}:${hexOf(digest)}`]).toEqual([
        true,
        algorithm,
        digest,
      ]);
    }),
  );
});

test.each([
  "",
  HEX,
  `sha256:${HEX.slice(1)}`,
  `sha256:${HEX}0`,
  `sha256:${HEX.toUpperCase()}`,
  `SHA256:${HEX}`,
  `sha512:${HEX}`,
  `sha256:${HEX}${HEX}`,
  `sha384:${HEX}${HEX.slice(0, 32)}`,
  `md5:${HEX.slice(0, 32)}`,
  `sha256:../../${HEX.slice(6)}`,
  `sha256:${HEX.slice(1)}\0`,
  `sha256:${HEX}\n`,
  ` sha256:${HEX}`,
])("no digest: %j", (text) => {
  expect(isDigest(text)).toBe(false);
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: "E_DIGEST" }));
});

test("the Accept value asks for indexes and manifests of both kinds, for schema 1 last, and is printable", () => {
  const types = ACCEPT.split(", ");
  expect(types.map(kindOfMediaType)).toEqual(["index", "index", "manifest", "manifest", "schema1", "schema1"]);
  expect(types.every(isMediaType)).toBe(true);
});

test.each([
  ["application/json; charset=utf-8", "application/json"],
  [" Application/JSON ;a=b", "application/json"],
  ["application/json", "application/json"],
  ["", ""],
])("%j is compared as %j", (text, normal) => {
  expect(normaliseMediaType(text)).toBe(normal);
});

test.each(["", "json", "a/", "/b", "a/b/c", "a/b;c=d", "a b/c", "a/b\n", ".a/b", `a/${"b".repeat(128)}`, "a/ü"])(
  "no media type: %j",
  (text) => {
    expect(isMediaType(text)).toBe(false);
  },
);
