import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { parseJson } from "../../src/oci/json.ts";
import { costOf } from "./cost.ts";

const RULES = { what: "the document", freeMaps: new Set(["annotations"]) };
const read = (text: string | Uint8Array): unknown =>
  parseJson(typeof text === "string" ? Buffer.from(text) : text, RULES);

/** The value, or the error; anything else that is thrown is a defect. */
function attempt(text: string | Uint8Array): { readonly value: unknown } | Tofu3Error {
  try {
    return { value: read(text) };
  } catch (error) {
    if (error instanceof Tofu3Error) return error;
    throw error;
  }
}

describe("what every parser reads alike is accepted", () => {
  test.each([
    "{}",
    "[]",
    ' \t\r\n{ "a" : [ ] , "b" : { } } \n',
    '{"a":1,"b":[true,false,null],"c":{"d":"e"}}',
    "0",
    "-1",
    "9007199254740991",
    "-9007199254740991",
    "1.5",
    "-0.25e-3",
    '""',
    '"\\u0061\\n\\"\\\\\\/\\b\\f\\r\\t"',
    '"\\ud83d\\ude00"',
    '"ü\u2028😀"',
    '{"mediaType":"application\\/json"}',
    '{"annotations":{"Key":"a","key":"b"}}',
    '{"constructor":{"prototype":1},"toString":"x","hasOwnProperty":[]}',
    `${"[".repeat(64)}${"]".repeat(64)}`,
  ])("%s", (text) => {
    expect(read(text)).toEqual(JSON.parse(text));
  });
});

describe("what parsers read differently is refused", () => {
  test.each([
    ["a key twice", '{"a":1,"a":2}'],
    ["a key twice, deep", '{"layers":[{"size":1},{"size":1,"digest":"x","size":2}]}'],
    ["a key twice after unescaping", '{"a":1,"\\u0061":2}'],
    ["a key twice in a free map", '{"annotations":{"a":"1","a":"2"}}'],
    ["keys that differ by case", '{"layers":1,"Layers":2}'],
    ["keys that differ by the long s", '{"layers":1,"layer\u017f":2}'],
    ["keys that differ by the Kelvin sign", '{"key":1,"\u212aey":2}'],
    ["keys that differ by case one level below a free map", '{"annotations":{"x":{"a":1,"A":2}}}'],
    ["__proto__", '{"__proto__":{"a":1}}'],
    ["__proto__ escaped", '{"\\u005f_proto__":1}'],
    ["__proto__ in a free map", '{"annotations":{"__proto__":"1"}}'],
    ["a byte order mark", "\ufeff{}"],
    ["a NUL", '"a\\u0000b"'],
    ["half of a surrogate pair", '"\\ud83d"'],
    ["the other half", '{"\\ude00":1}'],
    ["the last control character", '"a\u001f"'],
    ["a raw control character", '"a\u0001"'],
    ["a raw line break in a string", '"a\nb"'],
    ["an escaped line break", '"a\\\nb"'],
    ["an unknown escape", '"\\x41"'],
    ["a short escape", '"\\u00"'],
    ["trailing text", "{} x"],
    ["two documents", "{}{}"],
    ["a comment", "{/* */}"],
    ["NaN", "NaN"],
    ["Infinity", "[Infinity]"],
    ["a trailing comma", "[1,]"],
    ["a trailing comma in an object", '{"a":1,}'],
    ["a missing comma", "[1 2]"],
    ["a missing value", '{"a"}'],
    ["a missing value after a colon", '{"a":}'],
    ["single quotes", "{'a':1}"],
    ["a bare key", "{a:1}"],
    ["the wrong end", "[1}"],
    ["the other wrong end", '{"a":1]'],
    ["an open array", "[1"],
    ["an open object", '{"a":1'],
    ["an open string", '"a'],
    ["a string that ends in a backslash", '"a\\'],
    ["nothing", ""],
    ["white space", "  \n"],
    ["a form feed", "\f{}"],
    ["a no-break space", "\u00a0{}"],
    ["an integer beyond 2^53", "9007199254740993"],
    ["an integer below -2^53", "-9007199254740992"],
    ["an infinite number", "1e999"],
    ["an integer with a fraction", "1.0"],
    ["an integer with an exponent", "2e0"],
    ["a number that underflows", "1e-999"],
    ["minus zero", "-0"],
    ["a leading zero", "01"],
    ["a leading plus", "+1"],
    ["a point without digits", "1."],
    ["hexadecimal", "0x10"],
    ["half a literal", "tru"],
    ["too many levels", `${"[".repeat(65)}${"]".repeat(65)}`],
  ])("%s", (_, text) => {
    expect(attempt(text)).toBeInstanceOf(Tofu3Error);
  });

  test.each([
    ["a stray continuation byte", [0x22, 0x80, 0x22]],
    ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
    ["an encoded surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["a cut sequence", [0x22, 0xe2, 0x82, 0x22]],
    ["UTF-16", [0x7b, 0x00, 0x7d, 0x00]],
  ])("%s", (_, bytes) => {
    expect(attempt(Uint8Array.from(bytes))).toMatchObject({ code: "E_MANIFEST" });
  });
});

test("the error names the place and the code that was asked for, with nothing raw in it", () => {
  expect(() =>
    parseJson(Buffer.from('{"a":[0,{"b\\u001b[2J":1,"b\\u001b[2J":2}]}'), { what: "the token", code: "E_TOKEN" }),
  ).toThrow(
    expect.objectContaining({ code: "E_TOKEN", message: expect.stringContaining("$.a[1].b\\u{1b}[2J") as string }),
  );
});

test.each([
  ['{"a":1,"a":2}', "occurs twice"],
  ['{"a":1,"A":2}', 'differs only by case from "a"'],
])("%s: %s", (text, reason) => {
  expect(() => read(text)).toThrow(reason);
});

test("no prototype is touched by a document that was read", () => {
  read('{"constructor":{"prototype":{"polluted":1}}}');
  expect("polluted" in {}).toBe(false);
});

test("in an envelope only the named member must be unique, in any case", () => {
  const rules = { what: "the envelope", envelope: "signatures" };
  expect(parseJson(Buffer.from('{"a":1,"a":2,"A":3,"signatures":[]}'), rules)).toEqual({ a: 2, A: 3, signatures: [] });
  for (const text of ['{"signatures":1,"signatures":2}', '{"signatures":1,"Signatures":2}', '{"a":{"b":1,"b":2}}']) {
    expect(() => parseJson(Buffer.from(text), rules)).toThrow(Tofu3Error);
  }
});

describe("time and memory are bounded by the size", () => {
  const mebibytes = 4 * 2 ** 20;
  test.each([
    ["deep arrays", "[".repeat(mebibytes), false],
    ["deep objects", '{"a":'.repeat(mebibytes / 5), false],
    ["many objects", `[${"{},".repeat(mebibytes / 3)}{}]`, false],
    ["many keys", `{${Array.from({ length: 240_000 }, (_, index) => `"k${index}":1`).join(",")}}`, true],
    ["one long string", `"${"a".repeat(mebibytes)}"`, true],
    ["one long string of escapes", `"${"\\n".repeat(mebibytes / 2)}"`, true],
    ["one long key twice", `{"${"a".repeat(mebibytes / 2)}":1,"${"a".repeat(mebibytes / 2)}":1}`, false],
    ["white space", `${" ".repeat(mebibytes)}1`, true],
    ["one long number", "9".repeat(mebibytes), false],
    ["backslashes", `"${"\\".repeat(mebibytes)}`, false],
  ])("%s", (_, text, accepted) => {
    const cost = costOf(() => {
      expect("value" in attempt(text)).toBe(accepted);
    });
    expect(cost).toBeLessThan(4000);
  });
});

const jsonLike = fc.oneof(
  fc.json(),
  fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:\\ \n0123456789.eE+-truefalsn_aA\u017f\u0000u')) }),
  fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 3 })).map(([text, place, insert]) => {
    const at = text.length === 0 ? 0 : place % text.length;
    return text.slice(0, at) + insert + text.slice(at + 1);
  }),
);

test("accepted is a part of what JSON.parse accepts, with the same value", () => {
  fc.assert(
    fc.property(jsonLike, (text) => {
      const result = attempt(text);
      if (result instanceof Tofu3Error) return;
      expect(JSON.stringify(result.value)).toBe(JSON.stringify(JSON.parse(text)));
    }),
    { numRuns: 4000 },
  );
});

test("a value that JavaScript writes is read back, unless a rule names the reason", () => {
  const key = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...Array.from("abcdefgh")) });
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.maxSafeInteger().map((number) => (number === 0 ? 0 : number)),
      fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.constantFrom(0, 1, "\t"), (value, space) => {
      expect(JSON.stringify(read(JSON.stringify(value, null, space)))).toBe(JSON.stringify(value));
    }),
    { numRuns: 1000 },
  );
});

test("any bytes are read or refused, never anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      attempt(bytes);
    }),
    { numRuns: 3000 },
  );
});
