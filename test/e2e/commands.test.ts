import { createHash } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/argv/usage.ts";
import { pushBottleIndex, type BottleIndex } from "../lab/bottles.ts";
import { PROGRAM, run, type Outcome } from "../lab/cli.ts";
import type { Scripted } from "../lab/liar-answer.ts";
import { startLiar } from "../lab/liar.ts";
import { freePort, runTool } from "../lab/processes.ts";
import { pushDocument, pushImage } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches, resultIn } from "./contract.ts";
import { startStage, startVm, type Stage } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let registry: Registry;
let bottles: BottleIndex & { reference: string };

beforeAll(async () => {
  [stage, registry] = await Promise.all([lab(startStage()), lab(startRegistry())]);
  bottles = await pushBottleIndex(registry, { formula: "vim", version: "9.0.1900" });
});

/** In an empty directory with an empty home: what is not named is not there. */
async function tofu3(...args: readonly string[]): Promise<Outcome> {
  return run(args, { cwd: await stage.room(), env: { HOME: stage.home } });
}

describe("workers check", () => {
  test("two good VMs on one machine: 0, what they are, and that they are one", async () => {
    const seen = await tofu3("workers", "check", "--config", await stage.configure());
    expect(seen.code, seen.stderr).toBe(0);
    for (const vm of [stage.fra, stage.sgp]) expect(seen.stdout).toContain(vm.hostKeyFingerprint);
    expect(seen.stdout).toMatch(/^fra +ssh +usable +\d+ ms .*curl \d+\.\d+.*(openssl|sha256sum|shasum)/m);
    expect(seen.stdout).toMatch(/warning: fra, here and sgp are the same machine/);
    expect(seen.stdout.trimEnd().split("\n").at(-1)).toBe("3 of 3 workers usable");
  });

  test("--json says the same to a program", async () => {
    const seen = await tofu3("workers", "check", "--json", "--config", await stage.configure());
    expect(seen.code, seen.stderr).toBe(0);
    const { workers, sameMachine } = JSON.parse(seen.stdout) as {
      workers: Record<string, unknown>[];
      sameMachine: string[][];
    };
    expect(sameMachine).toEqual([["fra", "here", "sgp"]]);
    expect(workers.find((each) => each["worker"] === "fra")).toMatchObject({
      via: "ssh",
      reachable: true,
      hostKey: expect.stringContaining(stage.fra.hostKeyFingerprint) as unknown,
      roundTripMs: expect.any(Number) as unknown,
      curl: expect.stringMatching(/\d+\.\d+/) as unknown,
      clockOffsetMs: 0,
      lacks: [],
      error: null,
    });
  });

  test("one is dead and one has no curl: 12, and for each a line that says what to do", async () => {
    const folder = await stage.room();
    await writeFile(join(folder, "curl"), "#!/bin/sh\nexit 127\n");
    await chmod(join(folder, "curl"), 0o755);
    const bare = await lab(startVm({ env: { PATH: `${folder}:/usr/bin:/bin` } }));
    const workers = [
      { name: "fra", vm: { ...stage.fra, port: await freePort() } },
      { name: "sgp", vm: bare },
    ];
    const seen = await tofu3("workers", "check", "--config", await stage.configure({ config: { workers } }));
    expect(seen.code, seen.stderr).toBe(12);
    expect(seen.stdout).toMatch(/^fra: .*refused.*; hint: /m);
    expect(seen.stdout).toMatch(/^sgp: .*curl.*: .*install/m);
    expect(seen.stdout.trimEnd().split("\n").at(-1)).toBe("1 of 3 workers usable");
  });

  test("workers script, installed as a forced command, does the same work", async () => {
    const script = await tofu3("workers", "script");
    expect(script).toMatchObject({ code: 0, stderr: "" });
    const file = join(await stage.room(), "worker.sh");
    await writeFile(file, script.stdout);
    const forced = await lab(startVm({ forcedCommand: `/bin/sh ${file}`, config: ["MaxSessions 2"] }));
    const workers = [
      { name: "fra", vm: forced },
      { name: "sgp", vm: stage.sgp },
    ];
    const seen = await stage.verify(bottles.reference, { config: { workers } });
    expect(seen.code, seen.stderr).toBe(0);
  });
});

describe("inspect and tags", () => {
  test("inspect draws what this machine sees; --raw is the very bytes", async () => {
    const drawn = await tofu3("inspect", bottles.reference, "--platform", "darwin/amd64");
    expect(drawn.code, drawn.stderr).toBe(0);
    expect(drawn.stdout).toContain(bottles.index.digest);
    expect(drawn.stdout).toContain("selected: 4 of 6 entries");
    expect(drawn.stderr).toContain("this is no verdict");
    const command = `'${process.execPath}' '${PROGRAM}' inspect '${bottles.reference}' --raw 2>/dev/null | sha256sum`;
    expect(await runTool("sh", ["-c", command])).toBe(`${bottles.index.digest.slice(7)}  -\n`);
    const one = await tofu3("inspect", bottles.reference, "--raw", "--bottle", "big_sur");
    expect(`sha256:${createHash("sha256").update(one.stdout).digest("hex")}`).toBe(
      bottles.images.get("big_sur")?.manifest.digest,
    );
  });

  test("inspect of a tag with a digest: 0 where the tag leads to it, by any algorithm, 15 otherwise", async () => {
    const sha512 = (text: Uint8Array): string => `sha512:${createHash("sha512").update(text).digest("hex")}`;
    const right = await tofu3("inspect", `${bottles.reference}@${sha512(bottles.index.bytes)}`);
    expect(right.code, right.stderr).toBe(0);
    const wrong = await tofu3("inspect", `${bottles.reference}@${sha512(Buffer.from("another"))}`);
    expect(wrong.code, wrong.stderr).toBe(15);
    expect(wrong.stderr).toContain(`the tag leads to ${sha512(bottles.index.bytes)}`);
  });

  test("tags: all that a real registry has", async () => {
    const image = await pushImage(registry, { name: "many/tags", tag: "1.10", layers: [10] });
    const tags = ["1.10", "1.9", "latest", ...Array.from({ length: 60 }, (_, i) => `nightly-${i}`)];
    for (const tag of tags.slice(1)) await pushDocument(registry, "many/tags", tag, image.manifest);
    const seen = await tofu3("tags", `${registry.host}/many/tags`);
    expect(seen.code, seen.stderr).toBe(0);
    expect(seen.stdout.trimEnd().split("\n").sort()).toEqual(tags.sort());
  });

  test("tags: every page, and none twice", async () => {
    const liar = await lab(startLiar());
    const page = (tags: readonly string[], next?: string): Scripted => ({
      headers: { "Content-Type": "application/json", ...(next === undefined ? {} : { Link: `<${next}>; rel="next"` }) },
      body: JSON.stringify({ name: "pages", tags }),
    });
    liar.answer("/v2/pages/tags/list", page(["a", "b"], "/v2/pages/tags/list?last=b&n=2"));
    liar.answer("/v2/pages/tags/list?last=b&n=2", page(["b", "c"], "?last=c&n=2"));
    liar.answer("/v2/pages/tags/list?last=c&n=2", page(["d\u001b[31m"]));
    const seen = await tofu3("tags", `${liar.host}/pages`);
    expect(seen).toMatchObject({ code: 0, stdout: "a\nb\nc\nd\\u{1b}[31m\n" });
    expect(liar.requests).toHaveLength(3);
  });

  test.each([
    ["inspect", "nothing/here:v1"],
    ["tags", "nothing/here"],
  ])("%s of what is not there: 16, with the registry's words", async (command, name) => {
    const seen = await tofu3(command, `${registry.host}/${name}`);
    expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 16, stdout: "" });
    expect(seen.stderr).toMatch(/^tofu3: error: .*does not exist \(404\); registry said: [A-Z]+_UNKNOWN/m);
    expect(seen.stderr).toMatch(/^tofu3: hint: /m);
  });
});

describe("demo", () => {
  test("three vantages agree, and the object keeps the contract", async () => {
    const seen = await tofu3("demo", "--json");
    expect(seen.code, seen.stderr).toBe(0);
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.stderr).toMatch(/^ {4}tofu3 init /m);
  });

  test("--tamper: one is lied to, exit code 10, and the object says who and where", async () => {
    const seen = await tofu3("demo", "--tamper", "--json");
    expect(seen.code, seen.stderr).toBe(10);
    expect(breaches(seen.stdout)).toEqual([]);
    const [lied] = /tofu3: (\w+) is lied to/.exec(seen.stderr)?.slice(1) ?? [];
    expect(JSON.parse(seen.stdout)).toMatchObject({
      quorum: expect.stringMatching(/^[012]\/3$/) as unknown,
      differences: [{ at: "index", views: [{}, { workers: [lied] }] }],
    });
  });
});

describe("what is asked for wrongly", () => {
  test("no configuration: 2, the shortest one that works, and the word demo", async () => {
    const seen = await tofu3("verify", "alpine:3.20");
    expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 2, stdout: "" });
    expect(seen.stderr).toContain('"tofu3 demo"');
    const shortest = seen.stderr.slice(seen.stderr.indexOf("workers:\n"), seen.stderr.indexOf("\nwith HOST1"));
    const room = await stage.room();
    const { fra, sgp } = stage;
    const filled = shortest
      .replace("HOST1", fra.host)
      .replace("SHA256:KEY1", fra.hostKeyFingerprint)
      .replace("HOST2", `"::1"`)
      .replace("SHA256:KEY2", sgp.hostKeyFingerprint);
    await writeFile(join(room, "tofu3.yaml"), `${filled}limits: { retries: 0 }\n`);
    const next = await run(["verify", "localhost:1/a", "-q"], { cwd: room, env: { HOME: stage.home } });
    expect(next.code, `${filled}${next.stderr}`).toBe(12);
  });

  test("a configuration with mistakes: 2, and each with file, line and column", async () => {
    const file = join(await stage.room(), "mine.yaml");
    const lines = [
      "workers:",
      "  - { name: here, via: local }",
      "  - { name: fra, via: ssh, hosst: a.example }",
      "limits:",
      "  retries: many",
    ];
    await writeFile(file, `${lines.join("\n")}\n`);
    const seen = await tofu3("verify", "alpine:3.20", "--config", file);
    expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 2, stdout: "" });
    expect(seen.stderr).toMatch(new RegExp(`^tofu3: error: ${file}:3:\\d+: workers\\[1\\].*hosst`, "m"));
    expect(seen.stderr).toMatch(new RegExp(`^tofu3: error: ${file}:5:\\d+: limits.retries: .*whole number`, "m"));
  });

  test.each([
    [["verify"], /needs a SUBJECT/],
    [["verify", "a/UPPER"], /a\/UPPER/],
    [["verify", "a:b", "--platform", "linux"], /platform/],
    [["verfy", "alpine"], /there is no command "verfy"/],
    [["verify", "alpine", "--plattform", "linux/amd64"], /no flag --plattform/],
  ] as const)("tofu3 %j: 2, with a hint", async (args, words) => {
    const config = await stage.configure();
    const seen = await tofu3(...args, "--config", config);
    expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 2, stdout: "" });
    expect(seen.stderr).toMatch(words);
    expect(seen.stderr).toMatch(/^tofu3: hint: /m);
  });

  test.each(COMMANDS)(
    "tofu3 $name --help: on stdout, with an example and the exit codes, without a configuration",
    async ({ name, exits }) => {
      const seen = await tofu3(...name.split(" "), "--help");
      expect(seen).toMatchObject({ code: 0, stderr: "" });
      expect(seen.stdout).toContain(`$ tofu3 ${name}`);
      for (const exit of exits) expect(seen.stdout).toContain(exit.meaning);
    },
  );
});
