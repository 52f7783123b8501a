import { describe, expect, test } from "vitest";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_MANIFEST } from "../../src/oci/mediatype.ts";
import { parsePlatform } from "../../src/oci/platform.ts";
import { describeChoices, selectPlatforms } from "../../src/oci/select.ts";

function entry(platform: string | null, refName: string): Descriptor {
  return {
    mediaType: OCI_MANIFEST,
    digest: digestOf(Buffer.from(refName)),
    size: 1,
    platform: platform === null ? null : parsePlatform(platform),
    artifactType: null,
    annotations: { "org.opencontainers.image.ref.name": refName },
  };
}

const INDEX = {
  manifests: [
    entry("darwin/arm64:macOS 11.6", "0.8.9.0.arm64_big_sur.2"),
    entry("darwin/amd64:macOS 12", "0.8.9.0.monterey.2"),
    entry("darwin/amd64:macOS 11.7", "0.8.9.0.big_sur.2"),
    entry("darwin/amd64:macOS 110", "0.8.9.0.future.2"),
    entry("linux/amd64:Ubuntu 22.04.3", "0.8.9.0.x86_64_linux.2"),
    entry(null, "0.8.9.0.all.2"),
    entry("unknown/unknown", "attestation"),
  ],
};

const names = (wanted: Parameters<typeof selectPlatforms>[1]): string[] =>
  selectPlatforms(INDEX, wanted).map((each) => each.annotations["org.opencontainers.image.ref.name"] ?? "");
const darwin = parsePlatform("darwin/amd64");

describe("every entry that matches is kept, in the order of the index", () => {
  test.each([
    ["nothing in particular", undefined, 7],
    ["nothing, said at length", { platform: null, osVersion: null, bottle: null }, 7],
    ["nothing, said by undefined", { platform: undefined, osVersion: undefined, bottle: undefined }, 7],
  ])("%s", (_, wanted, count) => {
    expect(names(wanted)).toHaveLength(count);
  });

  test.each([
    ["a platform", { platform: darwin }, ["0.8.9.0.monterey.2", "0.8.9.0.big_sur.2", "0.8.9.0.future.2"]],
    ["a platform and a version", { platform: darwin, osVersion: "macOS 11" }, ["0.8.9.0.big_sur.2"]],
    ["a platform with a version in it", { platform: parsePlatform("darwin/amd64:macOS 11") }, ["0.8.9.0.big_sur.2"]],
    ["a version", { osVersion: "macOS 11" }, ["0.8.9.0.arm64_big_sur.2", "0.8.9.0.big_sur.2"]],
    ["a bottle", { bottle: "big_sur" }, ["0.8.9.0.big_sur.2"]],
    ["a bottle of the other architecture", { bottle: "arm64_big_sur" }, ["0.8.9.0.arm64_big_sur.2"]],
    ["a bottle without platform", { bottle: "all" }, ["0.8.9.0.all.2"]],
    ["a bottle and its platform", { bottle: "big_sur", platform: darwin }, ["0.8.9.0.big_sur.2"]],
    ["a bottle and another platform", { bottle: "big_sur", platform: parsePlatform("linux/amd64") }, []],
    ["a part of a bottle tag", { bottle: "sur" }, []],
    ["a rebuild", { bottle: "2" }, []],
    ["a bottle that is not there", { bottle: "sonoma" }, []],
    ["an empty bottle tag", { bottle: "" }, []],
    ["an attestation", { platform: parsePlatform("unknown/unknown") }, ["attestation"]],
    ["a platform that is not there", { platform: parsePlatform("linux/s390x") }, []],
  ])("%s", (_, wanted, expected) => {
    expect(names(wanted)).toEqual(expected);
  });
});

describe("Homebrew's bottle for all platforms, which names none", () => {
  const all = (annotations: Record<string, string>): Descriptor => {
    const made = entry(null, "2024-07-02.all");
    return { ...made, annotations: { ...made.annotations, ...annotations } };
  };
  const bottle = all({ "sh.brew.bottle.digest": "ab".repeat(32) });
  const arm = entry("darwin/arm64:macOS 14", "2024-07-02.arm64_sonoma");
  test.each([
    ["is the one for a platform that has none of its own", [bottle], { platform: darwin }, [bottle]],
    ["and for a version of it", [bottle, arm], { platform: darwin, osVersion: "macOS 11" }, [bottle]],
    ["is not taken beside one that fits", [bottle, arm], { platform: parsePlatform("darwin/arm64") }, [arm]],
    ["is asked for as all", [bottle, arm], { bottle: "all" }, [bottle]],
    ["is no other bottle", [bottle], { bottle: "big_sur" }, []],
    ["is a bottle, not whatever is called so", [all({})], { platform: darwin }, []],
  ])("%s", (_, manifests, wanted, expected) => {
    expect(selectPlatforms({ manifests }, wanted)).toEqual(expected);
  });
});

test("the choices are one printable line each", () => {
  const hostile = entry("darwin/amd64:\u202e11", "1.0.big_sur");
  const lines = describeChoices({ manifests: [...INDEX.manifests.slice(2, 3), ...INDEX.manifests.slice(5), hostile] });
  expect(lines).toEqual([
    "darwin/amd64:macOS 11.7, bottle big_sur",
    "bottle all",
    "unknown/unknown",
    "darwin/amd64:\\u{202e}11, bottle big_sur",
  ]);
});
