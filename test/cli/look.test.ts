import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { startDemoRegistry, type DemoRegistry } from "../../src/demo/registry.ts";
import { capture } from "./capture.ts";

const NOTE = "tofu3: note: only this machine looked and nothing was compared: this is no verdict\n";
let registry: DemoRegistry;
let folder: string;

beforeAll(async () => {
  registry = await startDemoRegistry();
  folder = await mkdtemp(join(tmpdir(), "tofu3-test-"));
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true });
});

async function look(line: string) {
  const io = capture(folder);
  const code = await main(line.split(" "), io, new AbortController().signal);
  return { code, out: io.out(), err: io.err() };
}

interface Entry {
  readonly selected: boolean;
  readonly platform: string;
  readonly osVersion: string;
  readonly bottle: string;
  readonly digest: string;
  readonly manifest: { readonly kind: string; readonly layers: readonly unknown[] } | null;
}

test("inspect draws the tree without a configuration, and says that it is no verdict", async () => {
  const { code, out, err } = await look(`inspect ${registry.reference}`);
  expect({ code, err }).toEqual({ code: 0, err: NOTE });
  const lines = out.trimEnd().split("\n");
  expect(lines[0]).toMatch(
    /^127\.0\.0\.1:\d+\/homebrew\/core\/vim:9\.0\.1900 {2}sha256:[0-9a-f]{64} {2}4\.0 kB {2}application\/vnd\.oci\.image\.index/,
  );
  expect(lines.filter((line) => /^[├└]─ /.test(line))).toHaveLength(6);
  expect(lines.filter((line) => /layer 1 {2}sha256:/.test(line))).toHaveLength(6);
  expect(out).toContain("├─ darwin/amd64  macOS 11.7  bottle big_sur  sha256:");
});

test.each([
  ["--platform darwin/amd64", 4],
  ["--os-version 11", 0],
  ["--platform linux/amd64", 1],
  ["--bottle big_sur", 1],
])("inspect %s says how many entries that selects", async (flags, selected) => {
  const { code, out, err } = await look(`inspect ${registry.reference} ${flags}`);
  if (selected === 0) {
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/nothing in .* matches --os-version "11"\ntofu3: it has:\n( {4}.*\n)* {4}.*bottle big_sur/);
    return;
  }
  expect(code).toBe(0);
  expect(out).toContain(`selected: ${selected} of 6 entries; verify looks at all that are selected\n`);
  expect(out.split("\n").filter((line) => line.includes("layer 1"))).toHaveLength(selected);
});

test("inspect --json is one object that tells selected entries from the others", async () => {
  const { out } = await look(`inspect ${registry.reference} --platform darwin/amd64 --json`);
  const seen = JSON.parse(out) as {
    vantage: string;
    request: unknown;
    artifact: { kind: string; size: number; manifests: Entry[] };
  };
  expect(seen).toMatchObject({
    vantage: "here",
    request: { platform: "darwin/amd64", bottle: null },
    artifact: { kind: "index" },
  });
  expect(seen.artifact.manifests.map(({ selected, bottle }) => [bottle, selected])).toEqual([
    ["arm64_sonoma", false],
    ["sonoma", true],
    ["ventura", true],
    ["monterey", true],
    ["big_sur", true],
    ["x86_64_linux", false],
  ]);
  expect(seen.artifact.manifests.find(({ bottle }) => bottle === "big_sur")).toMatchObject({
    platform: "darwin/amd64",
    osVersion: "macOS 11.7",
    manifest: { kind: "manifest" },
  });
});

test("inspect --raw prints the exact bytes: they hash to the digest that the tree shows", async () => {
  const { out } = await look(`inspect ${registry.reference} --raw`);
  const tree = await look(`inspect ${registry.reference}`);
  expect(tree.out).toContain(`sha256:${createHash("sha256").update(out).digest("hex")}`);
});

test("inspect --raw with a selection prints the one manifest, and refuses several", async () => {
  const { artifact } = JSON.parse((await look(`inspect ${registry.reference} --json`)).out) as {
    artifact: { manifests: Entry[] };
  };
  const { out } = await look(`inspect ${registry.reference} --bottle big_sur --raw`);
  expect(`sha256:${createHash("sha256").update(out).digest("hex")}`).toBe(
    artifact.manifests.find(({ bottle }) => bottle === "big_sur")?.digest,
  );
  const several = await look(`inspect ${registry.reference} --platform darwin/amd64 --raw`);
  expect(several).toMatchObject({ code: 2, out: "" });
  expect(several.err).toContain("--raw prints one manifest, and 4 were selected");
});

test("inspect of name:tag@digest exits with 15 when the tag leads elsewhere", async () => {
  const { code, err } = await look(`inspect ${registry.reference}@sha256:${"0".repeat(64)}`);
  expect(code).toBe(15);
  expect(err).toMatch(/the tag leads to sha256:[0-9a-f]{64}, not to the digest that was asked for/);
});

test.each([
  ["inspect", "HOST/homebrew/core/vim:0.0.0"],
  ["inspect", "HOST/homebrew/core/vim@sha256:0000000000000000000000000000000000000000000000000000000000000000"],
])("%s of what does not exist exits with 16 and prints nothing", async (command, reference) => {
  const { code, out, err } = await look(`${command} ${reference.replace("HOST", registry.host)}`);
  expect({ code, out }).toEqual({ code: 16, out: "" });
  expect(err).toMatch(/^tofu3: error: /);
});

test("what the token service does not grant exits with 12", async () => {
  const { code, out, err } = await look(`tags ${registry.host}/homebrew/core/nothing`);
  expect({ code, out }).toEqual({ code: 12, out: "" });
  expect(err).toMatch(/^tofu3: error: /);
});

test("tags prints one tag a line, and says that it is no verdict", async () => {
  expect(await look(`tags ${registry.host}/homebrew/core/vim`)).toEqual({ code: 0, out: "9.0.1900\n", err: NOTE });
});

test("tags --json is one object", async () => {
  const { out } = await look(`tags ${registry.host}/homebrew/core/vim --json -q`);
  expect(JSON.parse(out)).toEqual({
    schemaVersion: 1,
    tool: { name: "tofu3", version: "0.0.0" },
    vantage: "here",
    registry: registry.host,
    repository: "homebrew/core/vim",
    tags: ["9.0.1900"],
  });
});

test("tags of something with a tag is a mistake, and the hint is the right command", async () => {
  const { code, err } = await look("tags alpine:3.20");
  expect(code).toBe(2);
  expect(err).toContain("tofu3: hint: tofu3 tags docker.io/library/alpine\n");
});

test("a configuration that is there counts, and a broken one is not passed over", async () => {
  const file = join(folder, "broken.yaml");
  await writeFile(file, "workers: 3\n");
  const { code, err } = await look(`tags ${registry.host}/homebrew/core/vim --config ${file}`);
  expect(code).toBe(2);
  expect(err).toMatch(/broken\.yaml:1:\d+: workers/);
});

test("the proxy of the local worker is the way out for inspect and tags too", async () => {
  const file = join(folder, "proxy.yaml");
  const vm = (name: string, letter: string): string =>
    `  - { name: ${name}, via: ssh, host: ${name}.invalid, hostKey: "SHA256:${letter.repeat(42)}A" }\n`;
  await writeFile(
    file,
    `workers:\n  - { name: torly, via: local, proxy: "http://127.0.0.1:1" }\n${vm("fra", "B")}${vm("sgp", "C")}`,
  );
  const { code, err } = await look(`tags ${registry.host}/homebrew/core/vim --config ${file}`);
  expect(code).toBe(12);
  expect(err).toMatch(/127\.0\.0\.1:1/);
});
