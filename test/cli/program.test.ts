import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { PROGRAM, run, runOnTerminal } from "../lab/cli.ts";
import { capture } from "./capture.ts";

const DIGEST = /sha256:[0-9a-f]{64}/;
let folder: string;
/** Takes connections and never answers. */
let mute: Server;
let slowConfig: string;
const held = new Set<Socket>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tofu3-test-"));
  mute = createServer((socket) => {
    held.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  slowConfig = join(folder, "slow.yaml");
  const vm = (name: string, port: number, letter: string): string =>
    `  - { name: ${name}, via: ssh, host: 127.0.0.1, port: ${port}, hostKey: "SHA256:${letter.repeat(42)}A" }\n`;
  await writeFile(slowConfig, `workers:\n  - { name: here, via: local }\n${vm("fra", 1, "B")}${vm("sgp", 2, "C")}`);
});
afterAll(async () => {
  for (const socket of held) socket.destroy();
  mute.close();
  await rm(folder, { recursive: true });
});

function mutePort(): number {
  const address = mute.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** The words that `run` adds are positional parameters that nobody looks at. */
function shell(line: string) {
  return run([], { prefix: ["bash", "-c", line, "bash"], env: { TERM: "xterm" } });
}

describe("stdout has the result and nothing else", () => {
  test("tofu3 demo: the table, whose last line is the verdict; stderr begins every line but commands to copy with tofu3:", async () => {
    const { code, stdout, stderr } = await run(["demo"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^127\.0\.0\.1:\d+\/homebrew\/core\/vim:9\.0\.1900\n\nWORKER/);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(
      /^AGREED {2}3 of 3 workers saw sha256:[0-9a-f]{64} \(index, 19 objects, [\d.]+ MB\)$/,
    );
    expect(stderr).toMatch(/^tofu3: looking from here, fra and sgp$/m);
    // one line for those that did so at about the same time: each of them is named, once
    const resolved = [...stderr.matchAll(/^tofu3: (.+): resolved sha256:/gm)].flatMap((line) =>
      String(line[1]).split(/, | and /),
    );
    expect(resolved.sort()).toEqual(["fra", "here", "sgp"]);
    expect(stderr).toMatch(/^tofu3: sgp: saw 19 objects, [\d.]+ MB in [\d.]+ s$/m);
    expect(stderr).toMatch(/^ {4}tofu3 init /m);
    expect(stdout + stderr).not.toContain("\u001b");
    expect(stderr).not.toContain("Warning");
  });

  test("tofu3 demo --tamper --json: one object, and the exit code is 10", async () => {
    const { code, stdout } = await run(["demo", "--tamper", "--json"]);
    expect(code).toBe(10);
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      outcome: "disagreed",
      artifact: null,
      released: null,
    });
  });

  test("tofu3 demo -q: only a reference to hand on, and nothing on stderr", async () => {
    const { code, stdout, stderr } = await run(["demo", "-q"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^127\.0\.0\.1:\d+\/homebrew\/core\/vim@sha256:[0-9a-f]{64}\n$/);
  });

  test("tofu3 demo -q --tamper: nothing on stdout, the verdict on stderr", async () => {
    const { code, stdout, stderr } = await run(["demo", "-q", "--tamper"]);
    expect({ code, stdout }).toEqual({ code: 10, stdout: "" });
    expect(stderr).toMatch(/^tofu3: DISAGREED {2}2 of 3 workers saw sha256:.*; nothing was released\n$/);
  });

  test("--log-format json writes JSON lines to stderr, and the table stays alone on stdout", async () => {
    const { stdout, stderr } = await run(["demo", "-q", "--log-level", "debug", "--log-format", "json"]);
    expect(stdout).toMatch(/^\S+@sha256:[0-9a-f]{64}\n$/);
    for (const line of stderr.split("\n").filter((each) => each !== ""))
      expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
});

describe("a terminal", () => {
  test("has a live line for each worker, the table in colour, and its cursor back at the end", async () => {
    const { code, stdout } = await runOnTerminal(["demo"]);
    expect(code).toBe(0);
    expect(stdout).toContain("\u001b[?25l");
    expect(stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stdout.lastIndexOf("\u001b[?25l"));
    expect(stdout).toMatch(/fetching .*\d+ of 19 objects/);
    expect(stdout).toContain("\u001b[32mAGREED\u001b[39m");
    expect(stdout).not.toContain("tofu3: looking from");
  });

  test.each([{ NO_COLOR: "1" }, { NO_COLOR: "yes" }])("with %o has no colour, only cursor movement", async (env) => {
    const { stdout } = await runOnTerminal(["demo"], { env });
    expect(stdout).toContain("\u001b[?25l");
    expect(stdout).not.toMatch(/\u001b\[\d+(;\d+)*m/);
  });

  test.each([
    [["--no-progress", "--no-color"], {}],
    [["--no-color"], { TERM: "dumb" }],
  ] as const)("with %j and %o gets no escape sequence at all", async (flags, env) => {
    const { stdout } = await runOnTerminal(["demo", ...flags], { env });
    expect(stdout).toContain("AGREED");
    expect(stdout).not.toContain("\u001b");
  });

  test("with --progress plain gets lines that stay, as for a screen reader: no cursor is moved", async () => {
    const { stdout } = await runOnTerminal(["demo", "--progress", "plain"]);
    expect(stdout).toMatch(/^tofu3: looking from here, fra and sgp\r$/m);
    expect(stdout).toMatch(/^tofu3: fra: saw \d+ objects, .*\r$/m);
    expect(stdout.replaceAll(/\u001b\[\d+(;\d+)*m/g, "")).not.toContain("\u001b");
  });

  test("that does not know its width is taken for 80 columns", async () => {
    const command = `script -qec "stty cols 0 rows 0; exec '${process.execPath}' '${PROGRAM}' demo" /dev/null`;
    const { stdout } = await shell(command);
    expect(stdout).toMatch(/here.*(connecting|resolving|fetching|saw)/);
    expect(stdout).toMatch(DIGEST);
  });
});

describe("what colour is asked for elsewhere", () => {
  test("FORCE_COLOR colours the table in a pipe, and --no-color wins", async () => {
    expect((await run(["demo"], { env: { FORCE_COLOR: "1" } })).stdout).toContain("\u001b[32m");
    expect((await run(["demo", "--no-color"], { env: { FORCE_COLOR: "1" } })).stdout).not.toContain("\u001b");
  });
});

describe("a reader of stdout", () => {
  test("that goes away is no error, and the exit code is still the verdict's", async () => {
    const line = `set -o pipefail; '${process.execPath}' '${PROGRAM}' demo --json -q | head -n 1`;
    const { code, stdout, stderr } = await shell(line);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "{\n", stderr: "" });
    const none = `'${process.execPath}' '${PROGRAM}' --help | true; echo "\${PIPESTATUS[0]}"`;
    expect(await shell(none)).toMatchObject({ stdout: "0\n", stderr: "" });
  });

  test("that is a full disk makes the exit code 1 and is said", async () => {
    const line = `'${process.execPath}' '${PROGRAM}' demo --json -q > /dev/full`;
    const { code, stderr } = await shell(line);
    expect(code).toBe(1);
    expect(stderr).toBe("tofu3: error: cannot write the result to standard output: ENOSPC\n");
  });
});

describe("what is wrong", () => {
  test("a missing configuration: the shortest one that works, and the word demo", async () => {
    const { code, stdout, stderr } = await run(["verify", "alpine:3.20"], { cwd: folder, env: { HOME: folder } });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("tofu3 demo");
    expect(stderr).toContain("workers:\n  - { name: here, via: local }\n");
  });

  test("every mistake of a configuration has a line of its own", async () => {
    const file = join(folder, "wrong.yaml");
    await writeFile(file, "workers: 3\nlimitz: {}\n");
    const { code, stderr } = await run(["verify", "alpine:3.20", "--config", file]);
    expect(code).toBe(2);
    expect(
      stderr.split("\n").filter((line) => line.startsWith(`tofu3: error: ${file}:`)).length,
    ).toBeGreaterThanOrEqual(2);
  });

  test("a reference is looked at before the configuration, and without tag and digest `latest` is said", async () => {
    expect((await run(["verify", "UPPER"], { cwd: folder, env: { HOME: folder } })).stderr).not.toContain(
      "configuration",
    );
    const { stderr } = await run(["verify", "alpine"], { cwd: folder, env: { HOME: folder } });
    expect(stderr).toMatch(
      /^tofu3: note: alpine has neither tag nor digest: looking at docker\.io\/library\/alpine:latest$/m,
    );
    expect((await run(["verify", "alpine:1.10"], { cwd: folder, env: { HOME: folder } })).stderr).not.toContain("note");
  });

  test("a report that could not be written is refused before anything is fetched", async () => {
    const args = [
      "verify",
      `127.0.0.1:${mutePort()}/a:b`,
      "--config",
      slowConfig,
      "--report",
      join(folder, "none", "a.json"),
    ];
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain("cannot write the report");
  });

  test("a bug says so in one line, without a stack, and with it when --log-level debug asks", async () => {
    const broken = {
      ...capture(folder),
      stdout: {
        write: () =>
          (() => {
            throw new TypeError("x is not a function");
          })(),
      },
    };
    expect(await main(["workers", "script"], broken, new AbortController().signal)).toBe(1);
    expect(broken.err()).toMatch(
      /^tofu3: this is a bug in tofu3: x is not a function; nothing was released\ntofu3: hint: .*\n$/,
    );
    const traced = { ...broken, ...capture(folder), stdout: broken.stdout };
    expect(await main(["workers", "script", "--log-level", "debug"], traced, new AbortController().signal)).toBe(1);
    expect(traced.err()).toMatch(/^tofu3: trace: {5}at /m);
  });
});

describe("reports", () => {
  test("are written for every outcome, by their endings", async () => {
    const paths = ["a.json", "a.md"].map((name) => join(folder, name));
    const args = ["verify", `127.0.0.1:1/a:b`, "--config", slowConfig, ...paths.flatMap((path) => ["--report", path])];
    const { code, stdout } = await run(args);
    expect(code).toBe(12);
    expect(stdout).toContain("INCOMPLETE");
    const [json = "", markdown = ""] = await Promise.all(paths.map((path) => readFile(path, "utf8")));
    expect(JSON.parse(json)).toMatchObject({ outcome: "incomplete", quorum: "0/3" });
    expect(markdown).toMatch(/^# INCOMPLETE: 127\.0\.0\.1:1\/a:b\n/);
  });
});

describe("a signal", () => {
  const args = (): string[] => ["verify", `127.0.0.1:${mutePort()}/a:b`, "--config", slowConfig];

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends it with 130, says that nothing was released and prints no result",
    async (name) => {
      const { code, stdout, stderr } = await run(args(), {
        onStart: (pid) => setTimeout(() => process.kill(pid, name), 2500),
      });
      expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
      expect(stderr.trimEnd().split("\n").at(-1)).toBe(`tofu3: interrupted by ${name}; nothing was released`);
    },
  );

  test("Ctrl-C on a terminal gives the cursor back", async () => {
    const command = [process.execPath, PROGRAM, ...args()].map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qec", command, "/dev/null"], {
      env: { PATH: process.env["PATH"], TERM: "xterm", HOME: folder },
      stdio: ["pipe", "pipe", "ignore"],
    });
    let screen = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (!screen.includes("\u001b[?25l") && chunk.includes("\u001b[?25l"))
        setTimeout(() => child.stdin.write("\u0003"), 1500);
      screen += chunk.toString("utf8");
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(130);
    expect(screen).toContain("\u001b[?25l");
    expect(screen.lastIndexOf("\u001b[?25h")).toBeGreaterThan(screen.lastIndexOf("\u001b[?25l"));
    expect(screen).toContain("interrupted by SIGINT");
  });
});
