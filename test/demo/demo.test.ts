import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { startDemo, type Demo } from "../../src/demo/demo.ts";
import { run } from "../lab/cli.ts";

let demo: Demo | null = null;
afterEach(() => demo?.stop());

describe("startDemo", () => {
  test.each([{ tamper: false }, { tamper: true }])(
    "writes a configuration that the real parser takes, tamper: $tamper",
    async ({ tamper }) => {
      demo = await startDemo({ tamper }, new AbortController().signal);
      const config = parseConfig(demo.yaml, { file: "demo", home: tmpdir() });
      expect(config.workers.map((worker) => worker.name)).toEqual(["here", "fra", "sgp"]);
      expect(demo.yaml.includes("proxy:")).toBe(tamper);
      expect(demo.tampered).toBe(tamper ? "sgp" : null);
      expect(statSync(dirname(demo.identityFile)).mode & 0o777).toBe(0o700);
    },
  );

  test("leaves nothing: not after stop, not after an abort, not when it was aborted before", async () => {
    demo = await startDemo({ tamper: false }, new AbortController().signal);
    await demo.stop();
    await demo.stop();
    expect(existsSync(dirname(demo.identityFile))).toBe(false);

    const stopping = new AbortController();
    demo = await startDemo({ tamper: false }, stopping.signal);
    stopping.abort();
    await demo.stop();
    expect(existsSync(dirname(demo.identityFile))).toBe(false);

    await expect(startDemo({ tamper: false }, AbortSignal.abort(new Error("told to")))).rejects.toThrow("told to");
  });
});

describe("tofu3 demo", () => {
  test.each([
    { args: ["demo", "--json"], outcome: "agreed", code: 0, views: 0 },
    { args: ["demo", "--json", "--tamper"], outcome: "disagreed", code: 10, views: 2 },
  ])("$args ends as $outcome, exit $code, and leaves nothing behind", async ({ args, outcome, code, views }) => {
    const TMPDIR = mkdtempSync(join(tmpdir(), "tofu3-demo-test-"));
    const seen = await run(args, { env: { TMPDIR } });
    const evidence = JSON.parse(seen.stdout) as {
      outcome: string;
      quorum: string;
      differences: { views: unknown[] }[];
    };
    expect({ outcome: evidence.outcome, code: seen.code }).toEqual({ outcome, code });
    expect(evidence.differences[0]?.views.length ?? 0).toBe(views);
    expect(readdirSync(TMPDIR)).toEqual([]);
    rmSync(TMPDIR, { recursive: true });
  });
});
