import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { PROGRAM, run, runOnTerminal } from "../lab/cli.ts";
import { folderWith, thrownBy } from "../config/folder.ts";

const WORKERS = `workers:
  - { name: here, via: local }
  - { name: fra, via: ssh, host: 127.0.0.1, port: 1, hostKey: "SHA256:${"B".repeat(42)}A" }
  - { name: sgp, via: ssh, host: 127.0.0.1, port: 2, hostKey: "SHA256:${"C".repeat(42)}A" }
`;

test.each([
  ["verify", "alpine"],
  ["inspect", "alpine"],
  ["tags", "alpine"],
  ["history"],
  ["audit"],
  ["pin"],
  ["workers", "check"],
])("tofu3 %s --config - reads standard input, and says where in it a mistake is", async (...words) => {
  const cwd = await folderWith({ "tofu3.yaml": "not: [this]\n" });
  const seen = await run([...words, "--config", "-"], { cwd, stdin: WORKERS.replace("fra", "a b") });
  expect(seen.code, seen.stderr).toBe(2);
  expect(seen.stderr).toMatch(/^tofu3: error: <stdin>:3:13: workers\[1\]\.name: /m);
});

test("relative paths in it are relative to the current folder", async () => {
  const cwd = await folderWith({ "sub/x": "" });
  const text = `${WORKERS}policy: { ledger: ./mine.jsonl }\nregistries: { r.example: { caFile: ../ca.pem } }\n`;
  const surroundings = { env: { TOFU3_CONFIG: "elsewhere.yaml" }, home: "/nowhere", cwd: join(cwd, "sub") };
  const config = await loadConfig("-", { ...surroundings, stdin: Readable.from([text.slice(0, 9), text.slice(9)]) });
  expect(config.ledger).toBe(join(cwd, "sub/mine.jsonl"));
  expect(config.registries.get("r.example")?.caFile).toEqual({
    path: join(cwd, "ca.pem"),
    at: '<stdin>:6:36: registries["r.example"].caFile',
  });
});

test("TOFU3_CONFIG=- means the same, and what is read is used", async () => {
  const seen = await run(["workers", "check", "--json"], { stdin: WORKERS, env: { TOFU3_CONFIG: "-" } });
  expect(seen.code, seen.stderr).toBe(12);
  const { workers } = JSON.parse(seen.stdout) as { workers: { worker: string }[] };
  expect(workers.map(({ worker }) => worker)).toEqual(["here", "fra", "sgp"]);
});

test("a terminal on standard input is refused at once, with what to type", async () => {
  const seen = await runOnTerminal(["workers", "check", "--config", "-"]);
  expect(seen.code).toBe(2);
  expect(seen.stdout).toMatch(/cannot read the configuration from standard input: it is a terminal/);
  expect(seen.stdout).toContain("--config - < tofu3.yaml");
});

test.each([
  [
    "more than 1 MiB",
    Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(65536, "#");
      })(),
    ),
    /larger than 1048576 bytes/,
  ],
  ["not UTF-8", Readable.from([Buffer.of(0x23, 0xe9, 0x0a)]), /not UTF-8 text/],
  ["nothing", Readable.from([]), /^<stdin>:1:1: the file is empty/],
])("%s", async (_, stdin, says) => {
  const error = await thrownBy(loadConfig("-", { env: {}, home: "/", cwd: "/", stdin }));
  expect(error).toMatchObject({ code: "E_CONFIG", message: expect.stringMatching(says) as string });
});

test("it cannot be the configuration and the references", async () => {
  const seen = await run(["audit", "-", "--config", "-"], { stdin: WORKERS });
  expect(seen.code).toBe(2);
  expect(seen.stderr).toContain("cannot be both the configuration and the references");
});

test("the tree that is audited is not said to hold it", async () => {
  const cwd = await folderWith({});
  await mkdir(join(cwd, "tree"));
  await writeFile(join(cwd, "tree/README.md"), "nothing\n");
  const seen = await run(["audit", "tree", "--config", "-"], { cwd, stdin: WORKERS });
  expect({ code: seen.code, notices: /notice/.test(seen.stderr) }, seen.stderr).toEqual({ code: 0, notices: false });
});

test("Ctrl-C while it waits for the rest of a pipe", async () => {
  const child = spawn(process.execPath, [PROGRAM, "workers", "check", "--config", "-"], {
    stdio: ["pipe", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  // more than the pipe holds: the rest is taken only by who reads it
  await new Promise((resolve) => child.stdin.write(`#${" ".repeat(300_000)}\n`, resolve));
  child.kill("SIGINT");
  const [code] = (await once(child, "close")) as [number | null];
  expect(code, said).toBe(130);
  expect(said).toContain("interrupted by SIGINT");
});
