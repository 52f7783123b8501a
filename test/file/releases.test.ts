import { describe, expect, test } from "vitest";
import { parseReleases } from "../../src/file/releases.ts";
import type { Digest } from "../../src/oci/digest.ts";

const [A, B] = ["a".repeat(64), "b".repeat(64)];
const sha256 = (hex: string): Digest => `sha256:${hex}` as Digest;
const page = (files: unknown): Uint8Array => Buffer.from(JSON.stringify({ meta: { "api-version": "1.0" }, files }));

describe("the files of a project", () => {
  test("by their sha256, as the simple repository API has them", () => {
    const files = [
      { filename: "f-1-py3-none-any.whl", hashes: { sha256: A } },
      { filename: "f-1.tar.gz", hashes: { sha256: B, md5: "x" } },
      { filename: "f-0.tar.gz", hashes: {} },
      { filename: 7, hashes: { sha256: "c".repeat(64) } },
      { filename: "f-2.tar.gz", hashes: { sha256: "short" } },
      "f",
    ];
    expect([...parseReleases(page(files))]).toEqual([
      [sha256(A), "f-1-py3-none-any.whl"],
      [sha256(B), "f-1.tar.gz"],
    ]);
  });

  test.each([
    ["a page", Buffer.from("<!doctype html>")],
    ["another object", Buffer.from("{}")],
    ["a list that is none", page({})],
    ["a list", Buffer.from("[]")],
    ["nothing", Buffer.from("")],
    ["no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
  ])("are not in %s", (_, bytes) => {
    expect(() => parseReleases(bytes)).toThrow(expect.objectContaining({ code: "E_NOT_CONTENT" }) as Error);
  });
});
