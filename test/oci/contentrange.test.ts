import fc from "fast-check";
import { expect, test } from "vitest";
import { parseContentRange } from "../../src/oci/contentrange.ts";

test.each([
  ["bytes 0-0/1", { first: 0, last: 0, total: 1 }],
  ["bytes 5-9/10", { first: 5, last: 9, total: 10 }],
  ["BYTES 5-9/10", { first: 5, last: 9, total: 10 }],
  ["bytes 007-009/010", { first: 7, last: 9, total: 10 }],
  ["bytes 5-9/*", { first: 5, last: 9, total: null }],
  ["bytes 0-999999999999998/999999999999999", { first: 0, last: 999_999_999_999_998, total: 999_999_999_999_999 }],
])("%s", (value, range) => {
  expect(parseContentRange(value)).toEqual(range);
});

test.each([
  "",
  "bytes",
  "bytes */10",
  "bytes 9-5/10",
  "bytes 5-10/10",
  "bytes 5-9",
  "bytes 5-9/",
  "bytes -5-9/10",
  "bytes +5-9/10",
  "bytes 5-9/10 ",
  " bytes 5-9/10",
  "bytes=5-9/10",
  "bytes  5-9/10",
  "bytes 5-9/10, bytes 5-9/10",
  "bytes 0x5-9/10",
  "bytes 5.0-9/10",
  "bytes 5-9/10\n",
  "items 5-9/10",
  "bytes 1-2/9999999999999999",
])("refused: %j", (value) => {
  expect(parseContentRange(value)).toBeNull();
});

test("what a server writes is read back, and nothing that is read back is out of order", () => {
  const number = fc.nat({ max: 2 ** 40 });
  fc.assert(
    fc.property(number, number, fc.option(number), (first, last, total) => {
      const range = parseContentRange(`bytes ${first}-${last}/${total === null ? "*" : total}`);
      const sane = first <= last && (total === null || last < total);
      expect(range).toEqual(sane ? { first, last, total } : null);
    }),
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 24, unit: fc.constantFrom(...Array.from("bytes 0123456789-/*")) }), (text) => {
      const range = parseContentRange(text);
      expect(range === null || (Number.isSafeInteger(range.first) && range.first <= range.last)).toBe(true);
    }),
  );
});
