import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { parseChallenges } from "../../src/oci/challenge.ts";
import { costOf } from "./cost.ts";

const TOKEN =
  'Bearer realm="https://auth.example.org/token",service="registry.example.org",scope="repository:a/b:pull"';
const TOKEN_PARAMETERS = {
  realm: "https://auth.example.org/token",
  service: "registry.example.org",
  scope: "repository:a/b:pull",
};

describe("challenges are read", () => {
  test.each([
    ["nothing", "", []],
    ["white space and commas", " , ,\t", []],
    ["a token service", TOKEN, [{ scheme: "Bearer", parameters: TOKEN_PARAMETERS }]],
    [
      "two challenges in one header",
      `${TOKEN},Basic realm="r"`,
      [
        { scheme: "Bearer", parameters: TOKEN_PARAMETERS },
        { scheme: "Basic", parameters: { realm: "r" } },
      ],
    ],
    [
      "token68 and a bare scheme before others",
      "Negotiate abc==, NTLM, Basic realm=r",
      [
        { scheme: "Negotiate", parameters: {} },
        { scheme: "NTLM", parameters: {} },
        { scheme: "Basic", parameters: { realm: "r" } },
      ],
    ],
    ["names in any case", 'BASIC ReAlM="A b"', [{ scheme: "BASIC", parameters: { realm: "A b" } }]],
    [
      "white space around everything",
      'Basic \t realm = "a" \t, charset\t="UTF-8" ',
      [{ scheme: "Basic", parameters: { realm: "a", charset: "UTF-8" } }],
    ],
    ["escapes", String.raw`Bearer realm="a\"b\\c\d"`, [{ scheme: "Bearer", parameters: { realm: 'a"b\\cd' } }]],
    [
      "a comma and an equals sign in quotes",
      'Bearer realm="a, Basic x=y"',
      [{ scheme: "Bearer", parameters: { realm: "a, Basic x=y" } }],
    ],
    [
      "an unquoted URL",
      "Bearer realm=https://a/b?c=d",
      [{ scheme: "Bearer", parameters: { realm: "https://a/b?c=d" } }],
    ],
    [
      "an empty quoted value",
      'Bearer realm="",service="s"',
      [{ scheme: "Bearer", parameters: { realm: "", service: "s" } }],
    ],
    ["letters beyond ASCII in quotes", 'Basic realm="ü"', [{ scheme: "Basic", parameters: { realm: "ü" } }]],
    [
      "a parameter named like a prototype",
      'Basic constructor="x"',
      [{ scheme: "Basic", parameters: { constructor: "x" } }],
    ],
    [
      "a last parameter that is cut off",
      'Bearer realm="a",service="regi',
      [{ scheme: "Bearer", parameters: { realm: "a" } }],
    ],
    ["a last parameter without value", 'Bearer realm="a",service=', [{ scheme: "Bearer", parameters: { realm: "a" } }]],
  ])("%s", (_, header, challenges) => {
    expect(parseChallenges(header)).toEqual(challenges);
  });
});

describe("what is not the grammar is refused", () => {
  test.each([
    ["a missing comma", 'Basic realm="a" charset="b"'],
    ["a missing quote", 'Basic realm="a'],
    ["an escape at the end", 'Basic realm="a\\'],
    ["a parameter twice", 'Bearer realm="https://a",realm="https://b"'],
    ["a parameter twice in another case", 'Bearer realm="https://a",Realm="https://b"'],
    ["a parameter twice, cut off", 'Bearer realm="https://a",realm="https://b'],
    ["a parameter before any scheme", 'realm="a"'],
    ["no value between", 'Bearer realm=,service="a"x'],
    ["a line break", 'Basic realm="a\r\nX: y"'],
    ["a NUL", "Basic realm=a\0"],
    ["a scheme with a quote", '"Basic"'],
    ["text after a value", 'Basic realm="a"b'],
    ["33 challenges", "a,".repeat(33)],
    ["65,537 characters", `Basic realm="${"a".repeat(65_523)}"`],
  ])("%s", (_, header) => {
    expect(() => parseChallenges(header)).toThrow(expect.objectContaining({ code: "E_CHALLENGE", stage: "auth" }));
  });

  test("the message has nothing raw in it", () => {
    expect(() => parseChallenges('Basic realm="\u202e\u009b"x')).toThrow(/\\u\{202e\}\\u\{9b\}/);
  });
});

test.each([
  ["commas", ","],
  ["spaces", " "],
  ["equals signs", "="],
  ["quotes", '"'],
  ["backslashes", "\\"],
  ["schemes", "a,"],
  ["schemes with spaces", "a  ,"],
  ["token68", "a b==,"],
  ["almost parameters", "a =b"],
  ["names", "a"],
])("64 kB of %s take no time", (_, unit) => {
  for (const start of ["", "Bearer ", 'Bearer realm="a",', 'Bearer realm="', "Bearer realm="]) {
    const cost = costOf(() => {
      try {
        parseChallenges((start + unit.repeat(65_536)).slice(0, 65_536));
      } catch (error) {
        expect(error).toBeInstanceOf(Tofu3Error);
      }
    });
    expect(cost).toBeLessThan(500);
  }
});

const token = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...Array.from("abcXYZ019-._~!")) });
const challenge = fc.record({
  scheme: token,
  parameters: fc.uniqueArray(
    fc.tuple(token, fc.string({ maxLength: 12, unit: fc.constantFrom(...Array.from('ab ,="\\\t:/üé')) })),
    {
      selector: ([name]) => name.toLowerCase(),
      maxLength: 4,
    },
  ),
});

test("what RFC 9110 writes is read back", () => {
  fc.assert(
    fc.property(fc.array(challenge, { maxLength: 4 }), fc.constantFrom(",", ", ", " ,\t"), (challenges, comma) => {
      const quote = (text: string): string => `"${text.replace(/["\\]/g, (character) => `\\${character}`)}"`;
      const header = challenges
        .map(({ scheme, parameters }) =>
          `${scheme} ${parameters.map(([name, value]) => `${name}=${quote(value)}`).join(comma)}`.trim(),
        )
        .join(comma);
      expect(parseChallenges(header)).toEqual(
        challenges.map(({ scheme, parameters }) => ({
          scheme,
          parameters: Object.fromEntries(parameters.map(([name, value]) => [name.toLowerCase(), value])),
        })),
      );
    }),
    { numRuns: 2000 },
  );
});

test("any text is read or refused, never anything else", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ maxLength: 60, unit: fc.constantFrom(...Array.from('aB=",\\ \t;/:\u0000ü')) }),
  );
  fc.assert(
    fc.property(text, (header) => {
      try {
        for (const { scheme } of parseChallenges(header)) expect(scheme).not.toBe("");
      } catch (error) {
        expect(error).toMatchObject({ name: "Tofu3Error", code: "E_CHALLENGE" });
      }
    }),
    { numRuns: 5000 },
  );
});
