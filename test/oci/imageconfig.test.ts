import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imageConfigOf } from "../../src/oci/imageconfig.ts";

const read = (value: unknown): unknown => imageConfigOf(Buffer.from(JSON.stringify(value)));
const NOTHING = { created: null, labels: {}, diffIds: [] };

describe("an image config", () => {
  test("tells what matters of it", () => {
    const config = {
      created: "2026-01-01T00:00:00Z",
      config: { Labels: { a: "1", b: "2" }, Cmd: ["sh"] },
      rootfs: { type: "layers", diff_ids: ["sha256:1", "sha256:2"] },
      history: [],
    };
    expect(read(config)).toEqual({
      created: "2026-01-01T00:00:00Z",
      labels: { a: "1", b: "2" },
      diffIds: ["sha256:1", "sha256:2"],
    });
  });

  test.each([
    { why: "nothing in it", value: {} },
    { why: "nulls, as old Docker writes them", value: { created: null, config: null, rootfs: null } },
    { why: "null labels", value: { config: { Labels: null }, rootfs: { diff_ids: null } } },
    { why: "other types than it should have", value: { created: 1, config: [], rootfs: { diff_ids: "x" } } },
    { why: "a list of labels", value: { config: { Labels: ["a"] } } },
  ])("with $why", ({ value }) => {
    expect(read(value)).toEqual(NOTHING);
  });

  test("keeps only the labels and diff_ids that are text", () => {
    expect(read({ config: { Labels: { a: 1, b: "2" } }, rootfs: { diff_ids: [1, "x", null] } })).toMatchObject({
      labels: { b: "2" },
      diffIds: ["x"],
    });
  });

  test.each(["", "{", "null", "[]", '"text"', "\u0000", "[".repeat(100_000)])("is none in %j", (text) => {
    expect(imageConfigOf(Buffer.from(text))).toBeNull();
  });

  test("label names are only names", () => {
    const config = imageConfigOf(Buffer.from('{"config":{"Labels":{"__proto__":"x"}}}'));
    expect(Object.entries(config?.labels ?? {})).toEqual([["__proto__", "x"]]);
  });

  test("of any bytes is read or is none", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const config = imageConfigOf(bytes);
          if (config !== null) expect(Object.keys(config).sort()).toEqual(["created", "diffIds", "labels"]);
        },
      ),
    );
  });
});
