import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { plannedSource } from "../../../src/cli/complete/sources.ts";
import { COMMANDS } from "../../../src/cli/argv/usage.ts";
import { main } from "../../../src/cli/main.ts";
import { run } from "../../lab/cli.ts";
import { makeFolder } from "../../lab/processes.ts";
import { capture } from "../capture.ts";

let home = "";
let cwd = "";

/** A line as the ledger writes it, as far as completion reads it. */
function entry(registry: string, repository: string, tag: string): string {
  const subject = { registry, repository, tag, pin: null };
  return `${JSON.stringify({ previous: null, entry: 1, version: 1, by: "0123456789abcdef", at: "2026-01-01T00:00:00Z", subject })}\n`;
}

const HOSTILE = [
  "$(touch pwned)",
  "`touch pwned`",
  "a b",
  "a'b",
  'a"b',
  "a\nb",
  "a;b",
  "a\tb",
  "\u001b[2Ja",
  "-a",
  "a\\b",
  "a&b",
];

function writeLedger(lines: readonly string[]): void {
  mkdirSync(join(home, ".local/state/tofu3"), { recursive: true });
  writeFileSync(join(home, ".local/state/tofu3/ledger.jsonl"), lines.join(""));
}

beforeAll(async () => {
  home = (await makeFolder("complete")).path;
  cwd = join(home, "cwd");
  mkdirSync(cwd);
  mkdirSync(join(home, ".ssh"));
  writeFileSync(join(home, ".ssh/config"), "Host sgp *.example !x\n  HostName 1.2.3.4\nMatch all\nHOST=fra2\n");
  writeLedger([
    entry("docker.io", "library/alpine", "3.19"),
    entry("docker.io", "library/alpine", "3.20"),
    entry("ghcr.io", "homebrew/core/vim", "9.0"),
    ...HOSTILE.map((text) => entry("docker.io", `library/${text}`, text)),
    entry("docker.io", "library/alpine", "3.19"),
    "torn",
  ]);
});

async function complete(...words: string[]): Promise<{ files: string; words: string[] }> {
  const io = { ...capture(cwd), home };
  expect(await main(["__complete", ...words], io, new AbortController().signal)).toBe(0);
  expect(io.err()).toBe("");
  const [files = "", ...lines] = io.out().split("\n").slice(0, -1);
  return { files, words: lines.map((line) => line.split("\t")[0] ?? "") };
}

describe("what may stand at the cursor", () => {
  test.each([
    ["", ["verify", "tags", "workers", "completion", "help"]],
    ["workers |", ["setup", "check", "script"]],
    ["--quiet |", ["verify"]],
    ["verify --pl", ["--platform"]],
    ["tags --|", ["--json"]],
    ["verify --platform linux/arm/|", ["linux/arm/v7"]],
    ["verify --platform=linux/arm9|", []],
    ["verify --platform=linux/arm64|", ["--platform=linux/arm64"]],
    ["audit --fail-on pin|", ["pin-gone"]],
    ["verify --log-level |", ["silent", "trace"]],
    ["completion |", ["bash", "zsh", "fish"]],
    ["help exit|", ["exit-codes"]],
    ["help E_TL|", ["E_TLS"]],
    ["verify |", ["alpine:3.19", "ghcr.io/homebrew/core/vim:9.0", "alpine:3.20"]],
    ["verify docker.io/|", ["docker.io/library/alpine:3.19", "docker.io/library/alpine:3.20"]],
    ["exec al|", ["alpine:3.19", "alpine:3.20"]],
    ["history al|", ["alpine:3.19", "alpine:3.20"]],
    ["tags |", ["alpine", "ghcr.io/homebrew/core/vim"]],
    ["workers check --registry g|", ["ghcr.io"]],
    ["workers setup |", ["sgp", "fra2"]],
    ["nonsense |", []],
    ["verify a al|", ["alpine:3.19", "alpine:3.20"]],
    ["tags a b |", []],
  ])("tofu3 %s", async (line, wanted) => {
    const given = line.replace("|", "").split(" ");
    const { files, words } = await complete(...given);
    expect(files).toBe("none");
    if (wanted.length === 0) expect(words).toEqual([]);
    else expect(words).toEqual(expect.arrayContaining(wanted));
  });

  test.each([
    ["verify --config |", "files"],
    ["verify a --report=|", "files"],
    ["verify a -o |", "files"],
    ["verify a --keep-evidence |", "folders"],
    ["audit |", "files"],
    ["exec alpine -- |", "files"],
  ])("tofu3 %s wants %s", async (line, wanted) => {
    expect((await complete(...line.replace("|", "").split(" "))).files).toBe(wanted);
  });

  test("references come once, the newest first", async () => {
    expect((await complete("verify", "alpine")).words).toEqual(["alpine:3.19", "alpine:3.20"]);
  });

  test("a flag that was given is not offered again, unless it may be repeated", async () => {
    const { words } = await complete("verify", "alpine", "--force", "--report", "a.md", "--");
    expect(words).toContain("--report");
    expect(words).not.toContain("--force");
  });

  test("every placeholder of the help has been thought about", () => {
    const placeholders = COMMANDS.flatMap(({ positionals, optional, rest, trailing, flags }) => [
      ...positionals,
      ...[optional, rest, trailing].flatMap((name) => name ?? []),
      ...flags.flatMap(({ value, choices }) => (choices === undefined ? (value ?? []) : [])),
    ]);
    expect(placeholders.filter((each) => plannedSource(each) === null)).toEqual([]);
  });
});

describe("a hostile ledger or configuration", () => {
  test("what no reference can be is not offered", async () => {
    const { words } = await complete("verify", "");
    expect(words).toEqual(["alpine:3.19", "ghcr.io/homebrew/core/vim:9.0", "alpine:3.20"]);
  });

  test("a worker's host with anything but the letters of a host is not offered, and its name is one line", async () => {
    const worker = (name: string, host: string): string =>
      `  - { name: ${JSON.stringify(name)}, host: ${JSON.stringify(host)} }\n`;
    const yaml = `workers:\n${HOSTILE.map((text) => worker(text, text)).join("")}${worker("x\n$(id)\ty", "203.0.113.7")}`;
    writeFileSync(join(cwd, "hostile.yaml"), yaml);
    const { stdout } = await run(["__complete", "workers", "setup", "--config", "hostile.yaml", "2"], {
      env: { HOME: home },
      cwd,
    });
    expect(stdout).toBe("none\n203.0.113.7\tworker x $(id) y\n");
    const all = await complete("workers", "setup", "--config", "hostile.yaml", "");
    expect(all.words).toEqual(["sgp", "fra2", "203.0.113.7"]);
  });

  test.each([
    ["nothing", ""],
    ["no YAML", "workers: [\n"],
    ["another shape", "workers: { a: 1 }\npolicy: [ledger]\n"],
  ])("a configuration that is %s is no error", async (_what, text) => {
    writeFileSync(join(cwd, "broken.yaml"), text);
    expect((await complete("verify", "--config", "broken.yaml", "alp")).words).toHaveLength(2);
  });

  test("a ledger elsewhere is read from there, and a missing one is no error", async () => {
    writeFileSync(join(cwd, "mine.jsonl"), entry("quay.io", "mine", "1"));
    writeFileSync(join(cwd, "mine.yaml"), "policy: { ledger: ./mine.jsonl }\n");
    expect((await complete("verify", "--config=mine.yaml", "")).words).toEqual(["quay.io/mine:1"]);
    writeFileSync(join(cwd, "none.yaml"), "policy: { ledger: /nowhere }\n");
    expect((await complete("verify", "--config=none.yaml", "")).words).toEqual([]);
  });
});

test("of a large ledger the last hundred are offered, in a fraction of a second", async () => {
  const before = readFileSync(join(home, ".local/state/tofu3/ledger.jsonl"), "utf8");
  writeLedger(Array.from({ length: 20_000 }, (_, index) => entry("docker.io", "library/many", `v${index}`)));
  const { stdout, ms } = await run(["__complete", "verify", ""], { env: { HOME: home }, cwd });
  expect(stdout.split("\n")).toHaveLength(102);
  expect(stdout).toContain("none\nmany:v19999\t");
  // 150 ms where nothing else runs; the tests share two cores
  expect(ms).toBeLessThan(6000);
  writeLedger([before]);
});

test("neither HTTP, SSH, zod nor yargs is loaded for it", async () => {
  const loaded = await run(["__complete", "verify", "--config", "none.yaml", ""], {
    env: { HOME: home, NODE_DEBUG: "esm,module" },
    cwd,
  });
  expect(loaded.stderr).toMatch(/complete\/complete\.js/);
  expect(loaded.stderr).not.toMatch(/node_modules\/(?:undici|ssh2|node-ssh|zod|yargs|pino)\//);
});
