import { expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { declaredLength, valueOf, valuesOf } from "../../src/http/strict.ts";

type Headers = (readonly [string, string])[];
const length = (value: string): readonly [string, string] => ["content-length", value];
const coding = (value: string): readonly [string, string] => ["transfer-encoding", value];
const encoding = (value: string): readonly [string, string] => ["content-encoding", value];

function codeOf(work: () => unknown): string {
  try {
    return `no fault, but ${String(work())}`;
  } catch (thrown) {
    return thrown instanceof Tofu3Error ? `${thrown.code} ${thrown.stage ?? "nowhere"}` : String(thrown);
  }
}

test.each<{ headers: Headers; declared: number | null; status?: number }>([
  { headers: [length("0")], declared: 0 },
  { headers: [length("5")], declared: 5 },
  { headers: [length("0005")], declared: 5 },
  { headers: [length("999999999999999")], declared: 999_999_999_999_999 },
  { headers: [coding("chunked")], declared: null },
  { headers: [coding(" Chunked ")], declared: null },
  { headers: [length("5"), encoding("identity")], declared: 5 },
  { headers: [length("5"), encoding("Identity"), encoding(" identity ")], declared: 5 },
  { headers: [["x", "1"], length("5"), ["x", "2"]], declared: 5 },
  { headers: [], declared: 0, status: 204 },
  { headers: [], declared: 0, status: 304 },
])("a body with $headers has $declared bytes", ({ headers, declared, status = 200 }) =>
  expect(declaredLength(status, headers)).toBe(declared),
);

test.each<{ headers: Headers; code: string }>([
  { headers: [], code: "E_FRAMING http" },
  { headers: [length("")], code: "E_FRAMING http" },
  { headers: [length("+5")], code: "E_FRAMING http" },
  { headers: [length("-1")], code: "E_FRAMING http" },
  { headers: [length("0x5")], code: "E_FRAMING http" },
  { headers: [length("5.0")], code: "E_FRAMING http" },
  { headers: [length("1e3")], code: "E_FRAMING http" },
  { headers: [length("5 ")], code: "E_FRAMING http" },
  { headers: [length("5, 5")], code: "E_FRAMING http" },
  { headers: [length("1000000000000000")], code: "E_FRAMING http" },
  { headers: [length("٥")], code: "E_FRAMING http" },
  { headers: [length("5"), length("5")], code: "E_FRAMING http" },
  { headers: [length("5"), length("6")], code: "E_FRAMING http" },
  { headers: [length("5"), coding("chunked")], code: "E_FRAMING http" },
  { headers: [coding("chunked"), coding("chunked")], code: "E_FRAMING http" },
  { headers: [coding("gzip, chunked")], code: "E_FRAMING http" },
  { headers: [coding("xchunked")], code: "E_FRAMING http" },
  { headers: [coding("identity")], code: "E_FRAMING http" },
  { headers: [coding("")], code: "E_FRAMING http" },
  { headers: [length("5"), encoding("gzip")], code: "E_ENCODING http" },
  { headers: [length("5"), encoding("identity"), encoding("br")], code: "E_ENCODING http" },
  { headers: [length("5"), encoding("identity, gzip")], code: "E_ENCODING http" },
  { headers: [length("5"), encoding("")], code: "E_ENCODING http" },
  { headers: [coding("chunked"), encoding("deflate")], code: "E_ENCODING http" },
])("a body with $headers is refused as $code", ({ headers, code }) =>
  expect(codeOf(() => declaredLength(200, headers))).toBe(code),
);

test("what a server writes into its headers is shown escaped and short", () => {
  expect(() => declaredLength(200, [encoding(`\u001b[2Jgzip${"x".repeat(500)}`)])).toThrow(/\\u\{1b\}\[2Jgzipx+…/);
});

test("the values of a header are those of its name, in order", () => {
  const headers: Headers = [
    ["link", "a"],
    ["etag", "b"],
    ["link", "c"],
  ];
  expect(valuesOf(headers, "link")).toEqual(["a", "c"]);
  expect(valuesOf(headers, "location")).toEqual([]);
});

test.each<{ headers: Headers; value: string | null }>([
  { headers: [], value: null },
  { headers: [["etag", ""]], value: "" },
  { headers: [["etag", "a"]], value: "a" },
  {
    headers: [
      ["etag", "a"],
      ["etag", "a"],
    ],
    value: "a",
  },
])("the one value of etag in $headers is $value", ({ headers, value }) => expect(valueOf(headers, "etag")).toBe(value));

test("a header that may stand once is refused when it says two things", () => {
  expect(
    codeOf(() =>
      valueOf(
        [
          ["etag", "a"],
          ["etag", "b"],
        ],
        "etag",
      ),
    ),
  ).toBe("E_FRAMING http");
  expect(
    codeOf(() =>
      valueOf(
        [
          ["etag", "a"],
          ["etag", ""],
        ],
        "etag",
      ),
    ),
  ).toBe("E_FRAMING http");
});
