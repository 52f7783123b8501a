import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  describePlatform,
  formatPlatform,
  matchesOsVersion,
  matchesPlatform,
  normalisePlatform,
  parsePlatform,
} from "../../src/oci/platform.ts";

describe("platforms are read and written in one spelling", () => {
  test.each([
    ["linux/amd64", "linux/amd64"],
    ["Linux/AMD64", "linux/amd64"],
    ["linux/x86_64", "linux/amd64"],
    ["linux/x86-64", "linux/amd64"],
    ["linux/amd64/v1", "linux/amd64"],
    ["linux/amd64/v3", "linux/amd64/v3"],
    ["linux/i386", "linux/386"],
    ["linux/aarch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/8", "linux/arm64"],
    ["linux/arm64/armv8", "linux/arm64"],
    ["linux/arm64/v9", "linux/arm64/v9"],
    ["linux/armhf", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/arm", "linux/arm"],
    ["linux/arm/7", "linux/arm/v7"],
    ["linux/arm/armv7", "linux/arm/v7"],
    ["macos/arm64", "darwin/arm64"],
    ["unknown/unknown", "unknown/unknown"],
    ["windows/amd64:10.0.17763.2114", "windows/amd64:10.0.17763.2114"],
    ["darwin/amd64: macOS 11 ", "darwin/amd64:macOS 11"],
    ["linux/arm/v7:a:b", "linux/arm/v7:a:b"],
  ])("%s → %s", (text, written) => {
    expect(describePlatform(parsePlatform(text))).toBe(written);
    expect(formatPlatform(parsePlatform(text))).toBe(written.split(":")[0]);
  });

  test.each([
    "",
    "linux",
    "linux/",
    "/amd64",
    "linux/*",
    "linux,amd64",
    "linux/amd64/v7/s9",
    "linux/amd64:",
    "linux/amd64: ",
    "linux//v7",
    "li nux/amd64",
    "linux/amd64:a\nb",
    "linux/amd64/",
  ])("refused with a hint: %j", (text) => {
    expect(() => parsePlatform(text)).toThrow(
      expect.objectContaining({ code: "E_PLATFORM", hint: expect.any(String) as string }),
    );
  });

  test("what is written is read back", () => {
    const word = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...Array.from("abcAv1789_.-mr")) });
    fc.assert(
      fc.property(word, word, fc.option(word), fc.option(word), (os, architecture, variant, osVersion) => {
        const platform = normalisePlatform(os, architecture, variant, osVersion);
        expect(parsePlatform(describePlatform(platform))).toEqual(platform);
      }),
    );
  });
});

describe("an entry matches what is wanted", () => {
  test.each([
    ["linux/amd64", "linux/amd64", true],
    ["linux/amd64", "linux/arm64", false],
    ["linux/amd64", "darwin/amd64", false],
    ["linux/arm64/v8", "linux/arm64", true],
    ["linux/arm64", "linux/arm64/v8", true],
    ["linux/arm/v6", "linux/arm", true],
    ["linux/arm/v7", "linux/arm/v7", true],
    ["linux/arm/v6", "linux/arm/v7", false],
    ["linux/arm", "linux/arm/v7", true],
    ["linux/arm", "linux/arm/v6", false],
    ["linux/amd64", "linux/amd64/v3", false],
    ["linux/amd64/v3", "linux/amd64", true],
    ["windows/amd64:10.0.17763.2114", "windows/amd64", true],
    ["windows/amd64:10.0.17763.2114", "windows/amd64:10.0.17763", true],
    ["windows/amd64:10.0.17763.2114", "windows/amd64:10.0.1776", false],
    ["windows/amd64", "windows/amd64:10.0.17763", false],
  ])("%s is wanted as %s: %s", (have, want, matches) => {
    expect(matchesPlatform(parsePlatform(have), parsePlatform(want))).toBe(matches);
  });

  test("an entry without platform matches none", () => {
    expect(matchesPlatform(null, parsePlatform("linux/amd64"))).toBe(false);
  });

  test.each([
    ["macOS 11", "macOS 11", true],
    ["macOS 11.7", "macOS 11", true],
    ["macOS 11.7", "macos 11", true],
    ["macOS 110", "macOS 11", false],
    ["macOS 11.7", "macOS 11.", true],
    ["macOS 11.7", "macOS", true],
    ["macOS 11.7", "mac", false],
    ["macOS 11.7", "macOS 1", false],
    ["macOS 11.7", "11", false],
    ["macOS 11", "macOS 11.7", false],
    ["5.15.0-1022-azure", "5.15.0", true],
    ["5.15.0-1022-azure", "5.15.0-1022", true],
    ["5.15.0-1022-azure", "5.15.0-102", false],
    ["macOS 11", "", false],
  ])("%s has the prefix %s: %s", (have, prefix, matches) => {
    expect(matchesOsVersion(normalisePlatform("darwin", "amd64", null, have), prefix)).toBe(matches);
  });

  test("an entry without version has no prefix", () => {
    expect(matchesOsVersion(parsePlatform("darwin/amd64"), "macOS 11")).toBe(false);
    expect(matchesOsVersion(null, "macOS 11")).toBe(false);
  });
});
