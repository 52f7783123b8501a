import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "../lab/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "tofu3-words-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Exit code 2, nothing on stdout, and the lines of stderr. */
async function refused(args: readonly string[]): Promise<readonly string[]> {
  const seen = await run(args, { cwd: folder, env: { HOME: folder } });
  expect({ code: seen.code, stdout: seen.stdout }, seen.stderr).toEqual({ code: 2, stdout: "" });
  return seen.stderr.trimEnd().split("\n");
}

describe("what other tools write before a reference", () => {
  test.each<[string, string, string, string]>([
    ["verify", "docker://alpine:3.20", "docker://", "tofu3 verify alpine:3.20"],
    ["inspect", "docker://ghcr.io/a/b@sha256:" + "a".repeat(64), "docker://", "tofu3 inspect ghcr.io/a/b@sha256:"],
    ["tags", "docker://ghcr.io/a/b", "docker://", "tofu3 tags ghcr.io/a/b"],
    ["verify", "oci://ghcr.io/a/chart:1.0", "oci://", "tofu3 verify ghcr.io/a/chart:1.0"],
    ["verify", "http://localhost:5000/a:1", "http://", "tofu3 verify localhost:5000/a:1"],
    ["verify", "https://hub.docker.com/_/alpine", "https://", "tofu3 verify alpine"],
    ["verify", "https://hub.docker.com/r/grafana/grafana/tags", "https://", "tofu3 verify grafana/grafana"],
  ])("%s %s: the hint is the command without it", async (command, reference, prefix, hint) => {
    const lines = await refused([command, reference]);
    expect(lines[0]).toBe(`tofu3: error: not a reference: "${reference}": it begins with "${prefix}"`);
    expect(lines[1]).toContain(`tofu3: hint: ${hint}`);
  });

  test.each(["oci", "containers-storage", "docker-daemon", "dir"])(
    "%s:alpine is an image on this machine, and nobody is asked for it",
    async (transport) => {
      const lines = await refused(["verify", `${transport}:alpine`]);
      expect(lines[0]).toBe(
        `tofu3: error: "${transport}:alpine" names an image on this machine (${transport}: of skopeo), and tofu3 asks registries`,
      );
      expect(lines[1]).toContain(`tofu3 verify docker.io/library/${transport}:alpine`);
    },
  );

  test("a path is no repository of Docker Hub either", async () => {
    const [, hint] = await refused(["verify", "oci:/tmp/x:1"]);
    expect(hint).toBe("tofu3: hint: name it as its registry does, for example docker.io/library/alpine:3.20");
  });

  test("such a name in a registry is a reference", async () => {
    const lines = await refused(["verify", "localhost:1/oci:alpine"]);
    expect(lines.join("\n")).toContain("no configuration");
  });
});

test("--config nope.yaml: which flag named it, where tofu3 looks, and what writes one", async () => {
  const [error, hint] = await refused(["verify", "alpine:3.20", "--config", "nope.yaml"]);
  expect(error).toMatch(/cannot read the configuration "\/.*nope\.yaml", which --config names: there is no such file$/);
  for (const word of [join(folder, "tofu3.yaml"), join(folder, ".config/tofu3/config.yaml"), '"tofu3 init"'])
    expect(hint).toContain(word);
});

test("a word too many", async () => {
  expect((await refused(["tags", "a", "b"]))[0]).toBe('tofu3: error: unexpected argument "b"');
  expect((await refused(["tags", "a", "b", "c"]))[0]).toBe('tofu3: error: unexpected arguments "b", "c"');
});
