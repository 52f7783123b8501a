import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { algorithmsOf, KEY_TYPES, trustFingerprint, trustKnownHosts } from "../../../src/ssh/connection/hostkey.ts";
import { fingerprintOf } from "../../../src/model/fingerprint.ts";
import { parseKnownHosts } from "../../../src/ssh/connection/knownhosts.ts";

const PLACE = { worker: "fra", host: "vm.example", port: 2222 };

function keyOf(type: string, fill: number): Buffer {
  const name = Buffer.from(type);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return Buffer.concat([length, name, Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, fill)]);
}
const lineOf = (key: Buffer, type: string, before = ""): string =>
  `${before}[vm.example]:2222 ${type} ${key.toString("base64")}`;

const ED = keyOf("ssh-ed25519", 1);
const OTHER = keyOf("ssh-ed25519", 2);
const RSA = keyOf("ssh-rsa", 3);
const ECDSA = keyOf("ecdsa-sha2-nistp256", 4);

test("a fingerprint is what ssh-keygen -l prints", () => {
  expect(fingerprintOf(ED)).toBe(`SHA256:${createHash("sha256").update(ED).digest("base64").replace(/=*$/, "")}`);
  expect(fingerprintOf(ED)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
});

describe("algorithms", () => {
  test("RSA is signed with SHA-2 only", () =>
    expect(algorithmsOf(["ssh-rsa"])).toEqual(["rsa-sha2-512", "rsa-sha2-256"]));
  test("no SHA-1, no DSA, no certificates", () => {
    for (const algorithm of algorithmsOf(KEY_TYPES)) expect(algorithm).not.toMatch(/^ssh-rsa$|dss|cert/);
  });
  test("unknown types have none", () => expect(algorithmsOf(["ssh-dss", "constructor", "x"])).toEqual([]));
});

describe("a configured fingerprint", () => {
  const trust = trustFingerprint(PLACE, fingerprintOf(ED));
  test("accepts that key and no other, with a real boolean", () => {
    expect([trust.accepts(ED), trust.accepts(OTHER), trust.accepts(RSA), trust.accepts(Buffer.alloc(0))]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
  test("does not care about the type", () => expect(trust.types).toEqual(KEY_TYPES));
  test.each([
    "",
    "SHA256:",
    fingerprintOf(ED).toLowerCase(),
    `${fingerprintOf(ED)}=`,
    fingerprintOf(ED).slice(7),
    "SHA256:*",
  ])("%j is no fingerprint of it", (text) => expect(trustFingerprint(PLACE, text).accepts(ED)).toBe(false));
  test("the refusal says both", () => {
    const { code, stage, message, hint } = trust.refusal(OTHER);
    expect([code, stage]).toEqual(["E_HOST_KEY", "ssh"]);
    for (const word of ["fra", "vm.example:2222", fingerprintOf(ED), fingerprintOf(OTHER), "ssh-ed25519"])
      expect(message).toContain(word);
    expect(hint).toContain("nothing was sent");
    expect(hint).not.toContain(fingerprintOf(OTHER));
  });
  test("the refusal of garbage is printable", () =>
    expect(trust.refusal(Buffer.from("\0\0\0\x03\x1b[2J\0")).message).toMatch(/^[^\p{Cc}]*$/u));
});

describe("known hosts", () => {
  const trustOf = (...lines: string[]) => trustKnownHosts(PLACE, parseKnownHosts(lines.join("\n"), "known_hosts"));
  test("the types that are known are asked for first, best first, whatever the order of the lines", () => {
    expect(
      trustOf(lineOf(RSA, "ssh-rsa"), lineOf(ECDSA, "ecdsa-sha2-nistp256"), lineOf(ED, "ssh-ed25519")).types,
    ).toEqual(["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"]);
    expect(trustOf(lineOf(RSA, "ssh-rsa")).types).toEqual(["ssh-rsa", ...KEY_TYPES.slice(0, -1)]);
  });
  test("a key that is known is accepted, any number of times", () => {
    const trust = trustOf(lineOf(OTHER, "ssh-ed25519"), lineOf(ED, "ssh-ed25519"));
    expect([ED, ED, OTHER, RSA].map((key) => trust.accepts(key))).toEqual([true, true, true, false]);
  });
  test("revoked outranks known", () => {
    const trust = trustOf(lineOf(ED, "ssh-ed25519"), lineOf(ED, "ssh-ed25519", "@revoked "));
    expect(trust.accepts(ED)).toBe(false);
    expect(trust.refusal(ED).message).toMatch(/IS REVOKED: .*is revoked at known_hosts:2/);
  });
  test("the refusal says both keys and where the known one stands", () => {
    const { message } = trustOf("# mine", lineOf(ED, "ssh-ed25519")).refusal(OTHER);
    for (const word of ["HAS CHANGED", fingerprintOf(ED), fingerprintOf(OTHER), "known_hosts:2", "[vm.example]:2222"])
      expect(message).toContain(word);
  });
  test.each([
    ["nobody", [], /not known.*"\[vm\.example\]:2222"/],
    ["other hosts only", ["other ssh-ed25519 AAAA"], /not known/],
    ["the bare host only", [`vm.example ssh-ed25519 ${ED.toString("base64")}`], /not known/],
    ["a certificate authority only", [lineOf(ED, "ssh-ed25519", "@cert-authority ")], /certificate authority/],
    ["revoked keys only", [lineOf(ED, "ssh-ed25519", "@revoked ")], /not known/],
  ])("%s: refused before anything is connected to", (_, lines, words) => {
    expect(() => trustOf(...lines)).toThrow(expect.objectContaining({ code: "E_HOST_KEY", stage: "ssh" }) as Error);
    expect(() => trustOf(...lines)).toThrow(words);
  });
});
