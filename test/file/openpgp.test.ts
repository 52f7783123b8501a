import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyFingerprints } from "../../src/file/openpgp.ts";
import { costOf } from "../oci/cost.ts";

/** gpg 2.2.40: ed25519 with a cv25519 subkey and the signature of another key. */
const ED25519 = `-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawppChYJKwYBBAHaRw8BAQdATC21oTcTgJerv9llCrQD0aRnU0URQTIgfKsA
ZGh+utC0AWWIkAQTFggAOBYhBLBUjdYtEebbIwEiWYFKuvmY2uElBQJrCmkKAhsD
BQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEIFKuvmY2uEl8PUBAPJef9IjX1ev
u40BdysWVg/sTg6AHurl2zkpazdXZyGSAQD09DFZ7ujcW3EuWTCnMkgYdAzJn8lj
Dq241qY3NnZaCIh1BBAWCAAdFiEE8OvNBHIuPUV4sOFnCS1KdlD+rGgFAmsKaQoA
CgkQCS1KdlD+rGiIigD/V7G8ewYBx+go2BkEuiTGu5MLzyGVZVALrwQmLgC+0zgA
/i4oBU2KoQKhh6fELykl4My1D0u7IWo7V6K6tBZgZJcMuDgEawppChIKKwYBBAGX
VQEFAQEHQGJDhb3G3fxndJzfrjNWgX8oCoV1Kr8F1x7t5ITm0tAGAwEIB4h4BBgW
CAAgFiEEsFSN1i0R5tsjASJZgUq6+Zja4SUFAmsKaQoCGwwACgkQgUq6+Zja4SUg
ywEAhe8/gIdwXQfZcbQ6Rzol6CSCM1P6GTBsBqI7C073UkQA/1Tn9hG1q7R+d7AI
nakYBdEcE3Vmqpce/UCwAtkKx48N
=rRVl
-----END PGP PUBLIC KEY BLOCK-----
`;
/** The same with `--export-options export-minimal`. */
const ED25519_MINIMAL = `-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawppChYJKwYBBAHaRw8BAQdATC21oTcTgJerv9llCrQD0aRnU0URQTIgfKsA
ZGh+utC0AWWIkAQTFggAOBYhBLBUjdYtEebbIwEiWYFKuvmY2uElBQJrCmkKAhsD
BQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEIFKuvmY2uEl8PUBAPJef9IjX1ev
u40BdysWVg/sTg6AHurl2zkpazdXZyGSAQD09DFZ7ujcW3EuWTCnMkgYdAzJn8lj
Dq241qY3NnZaCLg4BGsKaQoSCisGAQQBl1UBBQEBB0BiQ4W9xt38Z3Sc364zVoF/
KAqFdSq/Bdce7eSE5tLQBgMBCAeIeAQYFggAIBYhBLBUjdYtEebbIwEiWYFKuvmY
2uElBQJrCmkKAhsMAAoJEIFKuvmY2uElIMsBAIXvP4CHcF0H2XG0Okc6JegkgjNT
+hkwbAaiOwtO91JEAP9U5/YRtau0fnewCJ2pGAXRHBN1ZqqXHv1AsALZCsePDQ==
=wNkY
-----END PGP PUBLIC KEY BLOCK-----
`;
const ED25519_FINGERPRINT = "B0548DD62D11E6DB23012259814ABAF998DAE125";
/** gpg 2.2.40: rsa2048. */
const RSA = `-----BEGIN PGP PUBLIC KEY BLOCK-----

mQENBGsKaQoBCAC0IVu/GUo2FTYb/Em3gZ0CARRyWP9jdUJ8CeUi4DLiVVwU9lS6
iOyFcz94OjZ87pwPiMFUGbUp934Y6I9cBwO2UAiKOM8dWPrKAKbDdftgZQEmtECa
3og6uSOFAFoIwDcwKdUq5lsxUYRmzB8f82QrnOm/3Kd+//G/vURQ/EiSOHoBQDHn
qRjNeEgTDSQIjvFBzYL6UxyX5UZfXmO9LmKr6uVRsLmZgle282BkJbojjlWUmdew
f+dFj/0vUpnqZwnAGVKToRhUbWaNjFQuW17W4XsZL4T9LoEaSCGeLLZdOjI++/Ic
x13X7zUZ9b6qAMPt5FIlGtaVAGpkB26rFHphABEBAAG0AXKJAU4EEwEKADgWIQR8
MwAfmodzKInfscX0Xls0ZsmMxgUCawppCgIbAwULCQgHAgYVCgkICwIEFgIDAQIe
AQIXgAAKCRD0Xls0ZsmMxtXOCACbtfGkzD16413GVtpx7E1RW/zczwlxVtunUdJ9
Q6hgCLM2Ep3/cwXirbHGWLkfx/FejmmskVcoPMcOY8sFlTd6CwmTP4P1PGlXK/bw
WxJQ3DBABaqvD46Lj708jDwkcm82Ehi5x5HlkOXTCZo4B7pDPtBItjvKtmgN6w0D
VoGkv5gIpQWy5MAR2S5pPFrSp8p21NihnhblhrPaNaMubpbgA9imbPXrmv1ZQCU/
jXRTi/m8l12krvsQi2GVTVR7ZyzW7FfqATTtSuGcIpeYtpgpNx4i+pAb/rZ6XM67
RQmepMZmV6iJqe2BmYRZkl1T8sqZpCof9W6b4K7Kk/llNJ9A
=DMCq
-----END PGP PUBLIC KEY BLOCK-----
`;
const RSA_FINGERPRINT = "7C33001F9A87732889DFB1C5F45E5B3466C98CC6";
/** RFC 9580 §A.3: the primary key. */
const V6 = Buffer.from("xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laM=", "base64");
const V6_FINGERPRINT = "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9";
/** draft-koch-librepgp, sample v5 key: the public half of its primary key. */
const V5 = Buffer.from("mDcFXJH05BYAAAAtCSsGAQQB2kcPAQEHQFhZlVcVVtwf+21xNQPX+ecMJJBL0MPdfj75iux+my8Q", "base64");
const V5_FINGERPRINT = "19347BC9872464025F99DF3EC2E0000ED9884892E1F7B3EA4C94009159569B54";

const BEGIN = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const binary = (armored: string): Buffer =>
  Buffer.from((armored.split("\n\n")[1] ?? "").split("\n=")[0] ?? "", "base64");
const armored = (octets: Uint8Array): string =>
  `${BEGIN}\n${Buffer.from(octets).toString("base64")}\n-----END PGP PUBLIC KEY BLOCK-----\n`;
/** Its own first packet: gpg writes old headers with one or two octets of length. */
const primary = (armoredKey: string): Buffer => {
  const octets = binary(armoredKey);
  const size = ((octets[0] ?? 0) & 3) + 1;
  return octets.subarray(0, 1 + size + octets.readUIntBE(1, size));
};
const bodyOf = (packet: Buffer): Buffer => packet.subarray(((packet[0] ?? 0) & 3) + 2);
const packet = (header: readonly number[], body: Uint8Array): Buffer => Buffer.concat([Buffer.from(header), body]);
const BODY = bodyOf(primary(ED25519));
const RSA_BODY = bodyOf(primary(RSA));
const fingerprint = (body: Uint8Array): string =>
  createHash("sha1")
    .update(Buffer.from([0x99, body.length >> 8, body.length & 0xff]))
    .update(body)
    .digest("hex")
    .toUpperCase();

describe("keys as gpg writes them", () => {
  test.each([
    ["ed25519", ED25519, [ED25519_FINGERPRINT]],
    ["ed25519, minimal", ED25519_MINIMAL, [ED25519_FINGERPRINT]],
    ["rsa2048", RSA, [RSA_FINGERPRINT]],
    ["two blocks", RSA + ED25519, [RSA_FINGERPRINT, ED25519_FINGERPRINT]],
    ["two blocks with text around", `See: x\n\n${ED25519}and\n\n${RSA}.`, [ED25519_FINGERPRINT, RSA_FINGERPRINT]],
    ["the same block twice", RSA + RSA, [RSA_FINGERPRINT, RSA_FINGERPRINT]],
    ["CRLF", RSA.replaceAll("\n", "\r\n"), [RSA_FINGERPRINT]],
    ["headers", RSA.replace("\n\n", "\nVersion: GnuPG v2\nComment: a: b\nComment:\n \t\n"), [RSA_FINGERPRINT]],
    ["no checksum", RSA.replace(/^=.*\n/m, ""), [RSA_FINGERPRINT]],
    ["a wrong checksum", RSA.replace(/^=.*/m, "=AAAA"), [RSA_FINGERPRINT]],
    ["no last line end", RSA.trimEnd(), [RSA_FINGERPRINT]],
    ["a byte order mark", `\ufeff${RSA}`, [RSA_FINGERPRINT]],
    [
      "one block with two keys",
      armored(Buffer.concat([binary(RSA), binary(ED25519)])),
      [RSA_FINGERPRINT, ED25519_FINGERPRINT],
    ],
    ["a block that is none before one", `${BEGIN}x\n${RSA}`, [RSA_FINGERPRINT]],
    ["text that begins beyond ASCII", `Ü\n${RSA}`, [RSA_FINGERPRINT]],
  ])("%s", (_, text, fingerprints) => {
    expect(keyFingerprints(bytes(text))).toEqual(fingerprints);
  });

  test.each([
    ["ed25519", binary(ED25519), [ED25519_FINGERPRINT]],
    ["without user id", primary(ED25519), [ED25519_FINGERPRINT]],
    ["two keys", Buffer.concat([binary(ED25519), binary(RSA)]), [ED25519_FINGERPRINT, RSA_FINGERPRINT]],
  ])("binary, %s", (_, octets, fingerprints) => {
    expect(keyFingerprints(octets)).toEqual(fingerprints);
  });

  test("other bytes of the same key have the same fingerprint", () => {
    expect(binary(ED25519_MINIMAL).equals(binary(ED25519))).toBe(false);
    expect(primary(ED25519).length).toBeLessThan(binary(ED25519_MINIMAL).length);
  });
});

describe("packets", () => {
  const long = Buffer.concat([RSA_BODY, Buffer.alloc(9000)]);
  const marker = packet([0xca, 3], Buffer.from("PGP"));
  const padding = packet([0xd5, 2], Buffer.from("xy"));
  const [high, low] = [(RSA_BODY.length - 192) >> 8, (RSA_BODY.length - 192) & 0xff];

  test.each([
    ["old, one octet", packet([0x98, BODY.length], BODY), [ED25519_FINGERPRINT]],
    ["old, two octets", packet([0x99, 0, BODY.length], BODY), [ED25519_FINGERPRINT]],
    ["old, four octets", packet([0x9a, 0, 0, 0, BODY.length], BODY), [ED25519_FINGERPRINT]],
    ["new, one octet", packet([0xc6, BODY.length], BODY), [ED25519_FINGERPRINT]],
    ["new, two octets", packet([0xc6, 192 + high, low], RSA_BODY), [RSA_FINGERPRINT]],
    ["new, five octets", packet([0xc6, 255, 0, 0, 0, BODY.length], BODY), [ED25519_FINGERPRINT]],
    [
      "new, five octets for a long one",
      packet([0xc6, 255, 0, 0, long.length >> 8, long.length & 0xff], long),
      [fingerprint(long)],
    ],
    ["191 octets", packet([0xc6, 191], long.subarray(0, 191)), [fingerprint(long.subarray(0, 191))]],
    ["192 octets", packet([0xc6, 192, 0], long.subarray(0, 192)), [fingerprint(long.subarray(0, 192))]],
    ["8383 octets", packet([0xc6, 223, 255], long.subarray(0, 8383)), [fingerprint(long.subarray(0, 8383))]],
    ["version 6", V6, [V6_FINGERPRINT]],
    ["version 5", V5, [V5_FINGERPRINT]],
    ["versions mixed", Buffer.concat([V6, primary(RSA), V5]), [V6_FINGERPRINT, RSA_FINGERPRINT, V5_FINGERPRINT]],
    ["Marker and Padding first", Buffer.concat([marker, padding, V6, padding, V5]), [V6_FINGERPRINT, V5_FINGERPRINT]],
    ["a version 3 key first", Buffer.concat([packet([0x98, 8], Buffer.alloc(8, 3)), V6]), [V6_FINGERPRINT]],
    [
      "too long for version 4",
      Buffer.concat([packet([0x9a, 0, 1, 0, 0], Buffer.alloc(65_536, 4)), V6]),
      [V6_FINGERPRINT],
    ],
    ["too short for version 4", Buffer.concat([packet([0x98, 6], Buffer.alloc(6, 4)), V6]), [V6_FINGERPRINT]],
    ["too short for version 6", Buffer.concat([packet([0x98, 6], Buffer.alloc(6, 6)), V6]), [V6_FINGERPRINT]],
    ["empty", Buffer.concat([packet([0x98, 0], Buffer.alloc(0)), V6]), [V6_FINGERPRINT]],
    [
      "a version 6 key with another length inside",
      packet([0xc6, V6.length - 1], Buffer.concat([V6.subarray(2), Buffer.alloc(1)])),
      [],
    ],
    ["a subkey alone", packet([0xce, BODY.length], BODY), []],
    ["a secret key before", Buffer.concat([packet([0xc5, BODY.length], BODY), primary(RSA)]), []],
    ["a signature before", Buffer.concat([packet([0xc2, 3], Buffer.alloc(3)), primary(RSA)]), []],
    ["partial", packet([0xc6, 0xe5], Buffer.concat([RSA_BODY.subarray(0, 32), Buffer.from([1, 0])])), []],
    ["partial after a key", Buffer.concat([V6, packet([0xc6, 0xe0, 4, 1, 4], Buffer.alloc(0)), V5]), [V6_FINGERPRINT]],
    ["partial, the shortest", packet([0xc6, 0xe0], Buffer.alloc(9000, 4)), []],
    ["partial, the longest", packet([0xc6, 0xfe, 0, 0, 0, BODY.length], BODY), []],
    ["indeterminate", packet([0x9b], BODY), []],
    ["indeterminate after a key", Buffer.concat([V6, packet([0x9b], BODY)]), [V6_FINGERPRINT]],
    ["something else after a key", Buffer.concat([V6, Buffer.from("x"), V5]), [V6_FINGERPRINT]],
    ["101 of them", Buffer.concat(Array.from({ length: 101 }, () => V6)), Array<string>(100).fill(V6_FINGERPRINT)],
  ])("%s", (_, octets, fingerprints) => {
    expect(keyFingerprints(octets)).toEqual(fingerprints);
    expect(keyFingerprints(bytes(armored(octets)))).toEqual(fingerprints);
  });

  test("cut off anywhere", () => {
    const octets = Buffer.concat([
      packet([0xc6, 192 + high, low], RSA_BODY),
      packet([0xc6, 255, 0, 0, 0, BODY.length], BODY),
    ]);
    for (let length = 0; length < octets.length; length++) {
      const expected = length < RSA_BODY.length + 3 ? [] : [RSA_FINGERPRINT];
      expect(keyFingerprints(octets.subarray(0, length))).toEqual(expected);
    }
  });

  test("101 blocks", () => {
    expect(keyFingerprints(bytes(armored(V6).repeat(101)))).toHaveLength(100);
  });

  test("a key in the user id of a key is none", () => {
    const octets = Buffer.concat([V6, packet([0xcd, 255, 0, 0, 16, 0], Buffer.from(RSA.padEnd(4096)))]);
    expect(keyFingerprints(octets)).toEqual([V6_FINGERPRINT]);
  });

  test("in the middle of a buffer", () => {
    expect(
      keyFingerprints(new Uint8Array(Buffer.concat([Buffer.alloc(7), V6, V5])).subarray(7, 7 + V6.length)),
    ).toEqual([V6_FINGERPRINT]);
  });

  test("beyond the first MiB", () => {
    const before = packet([0xd5, 255, 0, 15, 255, 250 - V6.length], Buffer.alloc(1024 * 1024 - 6 - V6.length));
    expect(keyFingerprints(Buffer.concat([before, V6, V5]))).toEqual([V6_FINGERPRINT]);
    const text = `${"\n".repeat(1024 * 1024 - armored(V6).length)}${armored(V6)}`;
    expect(keyFingerprints(bytes(text + armored(V5)))).toEqual([V6_FINGERPRINT]);
  });
});

describe("what is no public key has no fingerprint", () => {
  test.each([
    ["nothing", ""],
    ["a page", "<html>"],
    ["a private key block", RSA.replaceAll("PUBLIC", "PRIVATE")],
    ["a signature", RSA.replaceAll("PUBLIC KEY BLOCK", "SIGNATURE")],
    ["an indented block", ` ${RSA}`],
    ["no blank line", RSA.replace("\n\n", "\n")],
    ["something else for a blank line", armored(V6).replace("\n\n", "\nx\n")],
    ["the first line alone", BEGIN.trimEnd()],
    ["headers alone", `${BEGIN}Version: x`],
    ["no base64", `${BEGIN}\n*\n`],
    ["base64 of nothing", `${BEGIN}\nAA==\n`],
    ["a secret key in a public key block", armored(packet([0xc5, BODY.length], BODY))],
  ])("%s", (_, text) => {
    expect(keyFingerprints(bytes(text))).toEqual([]);
  });

  test("whatever it is, it does not throw", () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }).map((body) => packet([0xc6], body)),
      fc
        .tuple(fc.nat(binary(ED25519).length - 1), fc.nat(255))
        .map(([at, octet]) => Buffer.from(binary(ED25519)).fill(octet, at, at + 1)),
      fc.array(fc.constantFrom(BEGIN, "\n", "a: b\n", "xio=\n", "=xio\n")).map((parts) => bytes(parts.join(""))),
    );
    fc.assert(
      fc.property(octets, (each) => {
        for (const found of keyFingerprints(each)) expect(found).toMatch(/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/);
      }),
      { numRuns: 5000 },
    );
  });
});

test.each([
  ["empty packets", Buffer.from([0xc6, 0])],
  ["keys", V6],
  ["octets that are all set", Buffer.from([0xff])],
  ["line ends", Buffer.from("\n")],
  ["first lines", Buffer.from(BEGIN)],
  ["blocks", Buffer.from(`${BEGIN}\nxgA=\n`)],
  ["blocks with one key", Buffer.from(armored(V6))],
  ["headers", Buffer.from("a:\n")],
  ["base64", Buffer.from("A")],
  ["equals signs", Buffer.from("=")],
])("4 MiB of %s take no time", (_, unit) => {
  for (const start of ["", BEGIN, `${BEGIN}\n`]) {
    const octets = Buffer.concat([Buffer.from(start), Buffer.alloc(4 * 1024 * 1024, unit)]);
    expect(costOf(() => keyFingerprints(octets))).toBeLessThan(3000);
  }
});
