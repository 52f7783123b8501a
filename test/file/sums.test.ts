import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { formatSum, parseSums, sumOf, type Sum } from "../../src/file/sums.ts";
import { digestOf, hexOf, parseDigest, type Digest } from "../../src/oci/digest.ts";
import { costOf } from "../oci/cost.ts";

const WHAT = "the file SUMS";
const A = digestOf(Buffer.from("a"));
const B = digestOf(Buffer.from("b"));
const [a, b] = [hexOf(A), hexOf(B)];
const ZEROS = "0".repeat(128);
const SHA512 = parseDigest(`sha512:${ZEROS}`);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): readonly Sum[] => parseSums(bytes(text), WHAT);
const sum = (name: string | null, digest: Digest = A): Sum => ({ name, digest });
const refused = (text: string): unknown => expect.objectContaining({ code: "E_SUMS", message: text });

const signed = (text: string, headers = "Hash: SHA512\n"): string =>
  `-----BEGIN PGP SIGNED MESSAGE-----\n${headers}\n${text}-----BEGIN PGP SIGNATURE-----\n\niQ==\n=abcd\n-----END PGP SIGNATURE-----\n`;

describe("checksums are read", () => {
  test.each([
    ["two spaces", `${a}  x\n`, [sum("x")]],
    ["a star", `${a} *x\n`, [sum("x")]],
    ["one space", `${a} x\n`, [sum("x")]],
    ["a name that begins with a star", `${a}  *x\n${b} **x y\n`, [sum("*x"), sum("*x y", B)]],
    ["a name that is a space", `${a}   \n`, [sum(" ")]],
    ["names with spaces, slashes and a dash", `${a}  ./x/ y \n${b}  -z\n`, [sum("./x/ y "), sum("-z", B)]],
    ["the standard input", `${a}  -\n`, [sum("-")]],
    ["escapes", String.raw`\HEX  a\\b\nc\rd`.replace("HEX", a), [sum("a\\b\nc\rd")]],
    ["a backslash without escapes", String.raw`${a}  a\nb\c`, [sum("a\\nb\\c")]],
    ["a tag", `SHA256 (x) = ${a}\n`, [sum("x")]],
    ["a tag of OpenSSL's name", `SHA2-256 (x) = ${a}\nsha-256 (y) = ${b}\n`, [sum("x"), sum("y", B)]],
    ["a tag with an odd name", `SHA256 (x) = (y)) = ${a}\n`, [sum("x) = (y)")]],
    ["a tag with escapes", String.raw`\SHA256 (a\\b\nc) = HEX`.replace("HEX", a), [sum("a\\b\nc")]],
    ["a bare digest", a, [sum(null)]],
    ["a bare digest before two spaces", `${a}  \r\n`, [sum(null)]],
    ["upper case", `${a.toUpperCase()}  X\nSHA256 (Y) = ${b.toUpperCase()}`, [sum("X"), sum("Y", B)]],
    ["CRLF and no last line end", `${a}  x\r\n\r\n${b} *y`, [sum("x"), sum("y", B)]],
    ["a byte order mark", `\ufeff${a}  x\n`, [sum("x")]],
    ["blank lines and comments", `# ${b}  y\n\n \t\n${a}  x\n#\n`, [sum("x")]],
    ["letters beyond ASCII", `${a}  é/ü\u2028\n`, [sum("é/ü\u2028")]],
    ["the same name in another directory", `${a}  x\n${b}  y/x\n`, [sum("x"), sum("y/x", B)]],
    [
      "other algorithms beside it",
      `MD5 (x) = 00\nSHA512 (x) = ${ZEROS}\nBLAKE2b (x) = ab+/=\nSHA512/256 (x) = ${a}\nSIZE (x) = 12\nSHA256d (x) = ${b}\n\\MD5 (a\\\\b) = 00\n${a}  x\n`,
      [sum("x")],
    ],
    ...[32, 40, 56, 96, 128].map((length): [string, string, Sum[]] => [
      `${length} digits beside it`,
      `${ZEROS.slice(0, length)}  x\n${ZEROS.slice(0, length)} *x\n${a}  x\n`,
      [sum("x")],
    ]),
    ["a signed message", signed(`${a}  x\n- # y\n- ${b}  y\n`), [sum("x"), sum("y", B)]],
    ["a signed message without header", signed(`${a}  x\n`, ""), [sum("x")]],
    ["a signed message with CRLF", signed(`${a}  x\n`, "Hash: A\nHash: B\n").replaceAll("\n", "\r\n"), [sum("x")]],
    [
      "a signed message with white space after its markers",
      signed(`${a}  x\n`).replace(/-----$/gm, "$& \t"),
      [sum("x")],
    ],
    ["a signed bare digest between comments", `# x\n\n${signed(a + "\n")}\n#\n`, [sum(null)]],
  ])("%s", (_, text, sums) => {
    expect(parse(text)).toEqual(sums);
  });

  test("100,000 lines", () => {
    const text = `${"\n".repeat(99_999)}${a}  x`;
    expect(parse(text)).toEqual([sum("x")]);
    expect(parse(`${text}\n`)).toEqual([sum("x")]);
  });

  test("4 MiB", () => {
    expect(parse(`${a}  x\n#${" ".repeat(4 * 1024 * 1024 - 69)}`)).toEqual([sum("x")]);
  });
});

describe("what is no checksum file is refused", () => {
  const line = (number: number, text: string): string =>
    `cannot use the file SUMS: line ${number} is no checksum: "${text}"`;
  const alone = "does not say which file it is for, and it is not the only one";

  test.each([
    ["63 digits", `${a}  x\n${b.slice(1)}  y\n`, line(2, `${b.slice(1)}  y`)],
    ["65 digits", `${a}0  x`, line(1, `${a}0  x`)],
    ["something beyond hex", `${a.slice(1)}g  x`, line(1, `${a.slice(1)}g  x`)],
    ["a tab", `${a}\tx`, line(1, `${a}\\u{9}x`)],
    ["a digest and a name in one word", `${a}x`, line(1, `${a}x`)],
    ["a star without name", `${a} *`, line(1, `${a} *`)],
    ["a bare digest of another algorithm", ZEROS, line(1, ZEROS)],
    ["white space first", ` ${a}  x`, line(1, ` ${a}  x`)],
    ["prose", `\n\r\n# x\nSee ${a}  x`, line(4, `See ${a}  x`)],
    ["an unknown escape", `\\${a}  a\\tb`, line(1, `\\${a}  a\\tb`)],
    ["an escape that is cut off", `\\${a}  a\\`, line(1, `\\${a}  a\\`)],
    ["an escaped bare digest", `\\${a}`, line(1, `\\${a}`)],
    ["a NUL", `${a}  x\0`, line(1, `${a}  x\\u{0}`)],
    ["a tag without name", `SHA256 () = ${a}`, line(1, `SHA256 () = ${a}`)],
    ["a tag with 63 digits", `SHA256 (x) = ${a.slice(1)}`, line(1, `SHA256 (x) = ${a.slice(1)}`)],
    ["a tag without value", "MD5 (x) = ", line(1, "MD5 (x) = ")],
    ["a tag without end", "SHA256 (x", line(1, "SHA256 (x")],
    ["a tag in a tag's place", ") = 00", line(1, ") = 00")],
    ["a bidi override", "\u202e", line(1, "\\u{202e}")],
    ["two bare digests", `#\n${a}\n${b}\n`, `cannot use the file SUMS: line 2 ${alone}: "${a}"`],
    ["a bare digest after a name", `${a}  x\n${b}\n`, `cannot use the file SUMS: line 2 ${alone}: "${b}"`],
    ["a bare digest beside MD5", `${a}\nMD5 (x) = 00`, `cannot use the file SUMS: line 1 ${alone}: "${a}"`],
    ["a name twice", `${a}  x\n\n${a}  x\n`, 'cannot use the file SUMS: lines 1 and 3 are both for "x"'],
    [
      "a name twice in two dialects",
      `${a}  ./x\nSHA256 (x) = ${b}`,
      'cannot use the file SUMS: lines 1 and 2 are both for "x"',
    ],
    [
      "a name twice, ./ the second time",
      `${a}  x\n${a}  ./x`,
      'cannot use the file SUMS: lines 1 and 2 are both for "x"',
    ],
    ["nothing", "", "cannot use the file SUMS: there is no checksum in it"],
    ["only comments", "# x\n\n", "cannot use the file SUMS: there is no checksum in it"],
    [
      "only other algorithms",
      `MD5 (x) = 00\n${ZEROS}  x\n`,
      "cannot use the file SUMS: there is no sha256 checksum in it, and only sha256 counts",
    ],
    ["a page", "\ufeff\r\n <!DOCTYPE html>\n", "cannot use the file SUMS: it is a page, not a checksum file"],
    ["more than 4 MiB", "#".repeat(4 * 1024 * 1024 + 1), "cannot use the file SUMS: it is larger than 4 MiB"],
    ["100,001 lines", "\n".repeat(100_001), "cannot use the file SUMS: it has more than 100000 lines"],
    ["100,001 lines and no end", `${"\n".repeat(100_000)}#`, "cannot use the file SUMS: it has more than 100000 lines"],
    ["100,002 lines", "\n".repeat(100_002), "cannot use the file SUMS: it has more than 100000 lines"],
  ])("%s", (_, text, message) => {
    expect(() => parse(text)).toThrow(refused(message));
  });

  test.each([
    ["Latin-1", [...bytes(`${a}  `), 0xfc]],
    ["UTF-16", [0xff, 0xfe, ...Buffer.from(`${a}  x`, "utf16le")]],
  ])("%s", (_, octets) => {
    expect(() => parseSums(Uint8Array.from(octets), WHAT)).toThrow(
      refused("cannot use the file SUMS: it is not UTF-8"),
    );
  });

  const whole = signed(`${a}  x\n`);
  test.each([
    ["no signature", whole.slice(0, whole.indexOf("-----BEGIN PGP SIGNATURE")), "the signed message in it is cut off"],
    ["half a signature", whole.slice(0, whole.indexOf("-----END")), "the signed message in it is cut off"],
    ["no blank line", whole.replaceAll("\n\n", "\n"), "the signed message in it is cut off"],
    [
      "another header",
      signed(`${a}  x\n`, "Hash: A\nComment: b\n"),
      'line 3 is no header of a signed message: "Comment: b"',
    ],
    ["a checksum for a header", signed(`${a}  x\n`, `${b}  y\n`), `line 2 is no header of a signed message: "${b}  y"`],
    ["a checksum before it", `${b}  y\n${whole}`, `line 1 stands outside of the signed message: "${b}  y"`],
    ["a checksum after it", `${whole}${b}  y\n`, `line 10 stands outside of the signed message: "${b}  y"`],
    [
      "two of them",
      whole + whole,
      'line 10 stands outside of the signed message: "-----BEGIN PGP SIGNED MESSAGE-----"',
    ],
    ["a dash that is not escaped", signed(`${a}  x\n-y\n`), 'line 5 is no checksum: "-y"'],
  ])("a signed message with %s", (_, text, reason) => {
    expect(() => parse(text)).toThrow(refused(`cannot use the file SUMS: ${reason}`));
  });

  test("a signature alone", () => {
    expect(() => parse(whole.slice(whole.indexOf("-----BEGIN PGP SIGNATURE")))).toThrow(/line 1 is no checksum/);
  });

  test("the message has nothing raw in it, and not everything", () => {
    const what = "the file \u009b";
    expect(() => parseSums(bytes(`\u202e${"x".repeat(9999)}`), what)).toThrow(
      /^cannot use the file \\u\{9b\}: line 1 is no checksum: "\\u\{202e\}x{192}…"$/,
    );
  });
});

describe("the digest for a name", () => {
  test.each([
    ["of a bare digest", [sum(null)], "any/thing"],
    ["of the very name", [sum("y", B), sum("x")], "x"],
    ["of the very name, not of a path", [sum("y/x", B), sum("x"), sum("z/x", B)], "x"],
    ["without ./ in the file", [sum("y/x", B), sum("./x")], "x"],
    ["without ./ in the question", [sum("y/x", B), sum("x")], "./x"],
    ["of a path", [sum("y/x"), sum("xx", B), sum("x/y", B)], "y/x"],
    ["of the only path that ends in it", [sum("z/yx", B), sum("./z/y/x"), sum("X", B), sum("x/", B)], "x"],
  ])("%s", (_, sums, name) => {
    expect(sumOf(sums, name, WHAT)).toBe(A);
  });

  test.each([
    ["several paths", [sum("a/x"), sum("b/x"), sum("c")], "x", 'it has several checksums for "x": "a/x", "b/x"'],
    ["a file that nobody named", [sum("x"), sum("y/")], "", 'it has no checksum for ""'],
    ["another name", [sum("xx")], "x", 'it has no checksum for "x"'],
    ["another case", [sum("X")], "x", 'it has no checksum for "x"'],
    ["a path where only its end is there", [sum("x")], "y/x", 'it has no checksum for "y/x"'],
    ["another path with the same end", [sum("z/y/x")], "y/x", 'it has no checksum for "y/x"'],
    ["a name with something odd in it", [sum("x")], "\n", 'it has no checksum for "\\u{a}"'],
  ])("is not told for %s", (_, sums, name, reason) => {
    expect(() => sumOf(sums, name, WHAT)).toThrow(refused(`cannot use the file SUMS: ${reason}`));
  });

  test("the hint has the names that are there, at most five", () => {
    const names = ["./a", "b\u202e", "c", "d", "e", "f", "g"];
    const hint = (count: number): unknown => {
      try {
        return sumOf(
          names.slice(0, count).map((name) => sum(name)),
          "x",
          WHAT,
        );
      } catch (error) {
        return error instanceof Tofu3Error && error.hint;
      }
    };
    expect(hint(2)).toBe('it has checksums for "a", "b\\u{202e}"');
    expect(hint(5)).toBe('it has checksums for "a", "b\\u{202e}", "c", "d", "e"');
    expect(hint(7)).toBe('it has checksums for "a", "b\\u{202e}", "c", "d", "e" and 2 more');
  });
});

describe("a line is written", () => {
  test.each([
    ["x", `${a}  x`],
    [" *x ", `${a}   *x `],
    ["-x", `${a}  -x`],
    ["-", `${a}  ./-`],
    ["a\\b\nc\rd", String.raw`\HEX  a\\b\nc\rd`.replace("HEX", a)],
    ["a\\nb", String.raw`\HEX  a\\nb`.replace("HEX", a)],
  ])("%j", (name, line) => {
    expect(formatSum(name, A)).toBe(line);
  });

  test("not with sha512", () => {
    expect(() => formatSum("x", SHA512)).toThrow(
      refused(`cannot write ${SHA512} into a checksum file: only sha256 counts`),
    );
  });

  test("and read back, whatever the name is", () => {
    const name = fc.oneof(
      fc.string({ minLength: 1, unit: "binary" }),
      fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(...Array.from("\\nr\n\r ./*-()=#\ufeff")) }),
    );
    fc.assert(
      fc.property(
        name.filter((each) => !each.includes("\0")),
        (each) => {
          const sums = parse(`${formatSum(each, A)}\n`);
          expect(sums).toEqual([sum(each === "-" ? "./-" : each)]);
          expect(sumOf(sums, each, WHAT)).toBe(A);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("sha256sum", () => {
  const NAMES = [
    "x",
    "two words",
    " x ",
    "a\\b",
    "a\\nb",
    "\\",
    "a\nb",
    "a\rb",
    "-x",
    "-",
    "*x",
    "x) = (y",
    "ü",
    " ",
    "#x",
  ];
  const expected = NAMES.map((name) => sum(name, digestOf(bytes(name)))).sort(byName);
  let directory = "";

  function byName(left: Sum, right: Sum): number {
    return (left.name ?? "") < (right.name ?? "") ? -1 : 1;
  }

  const run = (...args: readonly string[]): Buffer =>
    execFileSync("sha256sum", args, { cwd: directory, env: { ...process.env, LC_ALL: "C" } });

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "tofu3-sums-"));
    for (const name of NAMES) writeFileSync(join(directory, name), name);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each([["--text"], ["-b"], ["--tag"]])("what it writes with %s is read", (option) => {
    const sums = parseSums(run(option, "--", ...NAMES.map((name) => (name === "-" ? "./-" : name))), WHAT);
    expect(sums.map((each) => (each.name === "./-" ? { ...each, name: "-" } : each)).sort(byName)).toEqual(expected);
    for (const name of NAMES) expect(sumOf(sums, name, WHAT)).toBe(digestOf(bytes(name)));
  });

  test("it writes the same lines", () => {
    const lines = NAMES.map((name) => `${formatSum(name, digestOf(bytes(name)))}\n`).join("");
    expect(run("--", ...NAMES.map((name) => (name === "-" ? "./-" : name))).toString()).toBe(lines);
  });

  test("it accepts what is written, and nothing else", () => {
    const path = join(directory, "SHA256SUMS");
    writeFileSync(path, NAMES.map((name) => `${formatSum(name, digestOf(bytes(name)))}\n`).join(""));
    const said = run("-c", "--strict", path).toString();
    expect(said.match(/: OK$/gm)).toHaveLength(NAMES.length);
    writeFileSync(path, `${formatSum("*x", A)}\n`);
    expect(() => run("-c", "--status", path)).toThrow(/Command failed/);
  });
});

test.each([
  ["line ends", "\n"],
  ["carriage returns", "\r"],
  ["spaces", " "],
  ["hex digits", "a"],
  ["backslashes", "\\"],
  ["almost tags", "a) = "],
  ["tags", "MD5 (x) = "],
  ["dashes", "-----"],
  ["markers", "-----BEGIN PGP SIGNED MESSAGE-----\n"],
  ["signatures", "-----BEGIN PGP SIGNATURE-----\n"],
  ["almost escapes", "\\n"],
])("2 MiB of %s take no time", (_, unit) => {
  for (const start of ["", `${a}  `, `\\${a}  `, "SHA256 (", "-----BEGIN PGP SIGNED MESSAGE-----\n\n"]) {
    const octets = bytes(start + unit.repeat((2 * 1024 * 1024) / unit.length));
    const cost = costOf(() => {
      try {
        parseSums(octets, WHAT);
      } catch (error) {
        expect(error).toBeInstanceOf(Tofu3Error);
      }
    });
    expect(cost).toBeLessThan(1500);
  }
});

test("any text is read or refused, never anything else", () => {
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .array(fc.constantFrom(a, "  x", " *", "\\", "\n", "SHA256 (", ") = ", ...signed("").split(/(?<=\n)/)))
      .map((parts) => bytes(parts.join(""))),
  );
  fc.assert(
    fc.property(text, (octets) => {
      try {
        expect(parseSums(octets, WHAT)).not.toHaveLength(0);
      } catch (error) {
        expect(error).toMatchObject({ name: "Tofu3Error", code: "E_SUMS" });
      }
    }),
    { numRuns: 5000 },
  );
});
