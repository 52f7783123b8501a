import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { pushBottleIndex, type BottleIndex } from "../lab/bottles.ts";
import { PROGRAM, run, type Outcome, type RunOptions } from "../lab/cli.ts";
import { documentOf, descriptorOf, makeLayer, type Image } from "../lab/image.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { runTool, until } from "../lab/processes.ts";
import { pushBlob, pushDocument, pushImage } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { openShelf } from "./shelf.ts";
import { startStage, type Stage } from "./stage.ts";

const lab = useLab();

let stage: Stage;
let registry: Registry;
let liar: Liar;
let image: Image;
let bottles: BottleIndex & { reference: string };

beforeAll(async () => {
  [registry, stage, liar] = await Promise.all([
    lab(startRegistry()),
    lab(startStage()),
    lab(startLiar({ vantages: ["fra", "sgp"] })),
  ]);
  image = await pushImage(registry, { name: "app", tag: "1.0", layers: [30_000, 100] });
  await pushImage(registry, { name: "other", tag: "2.0", layers: [50] });
  bottles = await pushBottleIndex(registry, { formula: "hello", version: "2.12.1" });
});

const app = (): string => `${registry.host}/app:1.0`;
const other = (): string => `${registry.host}/other:2.0`;

interface Ran extends Outcome {
  readonly cwd: string;
  /** What is left in TMPDIR. */
  readonly left: () => Promise<readonly string[]>;
}

/** `tofu3 exec WORDS -- COMMAND` with a TMPDIR of its own. */
async function exec(
  words: readonly string[],
  command: readonly string[],
  { lies = false, tmp, ...options }: RunOptions & { lies?: boolean; tmp?: string } = {},
): Promise<Ran> {
  const cwd = await stage.room();
  const folder = tmp ?? (await stage.room());
  const config = await stage.configure(lies ? { liar } : {});
  const args = ["exec", ...words, "--config", config, "--no-progress", "--", ...command];
  const env = { HOME: stage.home, TMPDIR: folder, ...options.env };
  const outcome = await run(args, { cwd, ...options, env });
  return { ...outcome, cwd, left: () => leftIn(folder) };
}

/** Node keeps its compile cache there as well. */
async function leftIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name !== "node-compile-cache");
}

describe.concurrent("once all agree", () => {
  test("skopeo copies the very digest, from a layout that is gone afterwards", async () => {
    const target = `docker://${registry.host}/copy:1.0`;
    const ran = await exec([app()], ["skopeo", "copy", "-q", "--dest-tls-verify=false", "oci:{}", target]);
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: "" });
    expect(ran.stderr).toMatch(/^AGREED {2}3 of 3 workers saw sha256:/m);
    const raw = await runTool("skopeo", ["inspect", "--tls-verify=false", "--format", "{{.Digest}}", target]);
    expect(raw.trim()).toBe(image.manifest.digest);
    expect(await ran.left()).toEqual([]);
  });

  test("a bottle stands under Homebrew's own name, and tar reads it", async () => {
    const script = 'tar -tzf "$1" >/dev/null && basename "$1"';
    const ran = await exec([bottles.reference, "--bottle", "big_sur"], ["sh", "-c", script, "sh", "{}"]);
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: "hello--2.12.1.big_sur.bottle.tar.gz\n" });
  });

  test("streams, environment and directory are those of the caller; only the user may enter the folder", async () => {
    const script = 'cat; pwd; echo "$MARK"; stat -c %a "$1/../.."; echo err >&2; env | grep -ci tofu3';
    const ran = await exec([app()], ["sh", "-c", script, "sh", "{}"], { stdin: "in\n", env: { MARK: "mine" } });
    expect(ran.stdout.split("\n").slice(0, 4)).toEqual(["in", ran.cwd, "mine", "700"]);
    expect(ran.stderr).toMatch(/^err$/m);
  });

  test("without a placeholder it runs all the same; -q leaves stderr to the command", async () => {
    const ran = await exec([app(), "-q"], ["echo", "done"]);
    expect(ran).toMatchObject({ code: 0, stdout: "done\n", stderr: "" });
  });

  test("several subjects: {} is all paths in their order, {2} the second, and no shell looks at anything", async () => {
    const ran = await exec([app(), other(), "-q"], ["printf", "%s\n", "{}", "x{2}", "$HOME;{3}"]);
    const [first, second, third, plain] = ran.stdout.split("\n");
    expect(first).toMatch(/^\/.*\/1\/app$/);
    expect(second).toMatch(/^\/.*\/2\/other$/);
    expect([third, plain]).toEqual([`x${second ?? ""}`, "$HOME;{3}"]);
    expect(await ran.left()).toEqual([]);
  });

  test("${1} is a shell's, and stays", async () => {
    const ran = await exec([app(), "-q"], ["sh", "-c", 'test "${1}" = "$1" && basename "${1}"', "sh", "{1}"]);
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: "app\n" });
  });

  test("an empty TMPDIR is none: the folder is not made where the user is", async () => {
    const ran = await exec([app(), "-q"], ["printf", "%s", "{}"], { env: { TMPDIR: "" } });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\/tmp\/\.tofu3-/) as string });
    expect(ran.stdout).not.toContain(ran.cwd);
  });

  test("--as docker-archive is one for docker load", async () => {
    const ran = await exec([app(), "--as", "docker-archive"], ["tar", "-tf", "{}"]);
    expect(ran.stdout.split("\n"), ran.stderr).toContain("manifest.json");
  });

  test("a file name that the registry chose is no shell's and no option", async () => {
    const { blob: layer } = makeLayer(100);
    const config = documentOf("application/vnd.oci.empty.v1+json", {});
    const annotations = { "org.opencontainers.image.title": "a$(touch pwned) -rf" };
    const manifest = documentOf("application/vnd.oci.image.manifest.v1+json", {
      schemaVersion: 2,
      artifactType: "application/x-lab",
      config: descriptorOf(config),
      layers: [{ ...descriptorOf(layer), annotations }],
    });
    for (const each of [config, layer]) await pushBlob(registry, "odd", each);
    await pushDocument(registry, "odd", "1", manifest);
    const ran = await exec([`${registry.host}/odd:1`], ["sh", "-c", "ls {}"]);
    expect(ran.stdout, ran.stderr).toMatch(/^\/\S*\/1\/odd\n$/);
    expect(await readdir(ran.cwd)).toEqual([]);
  });

  test("what the command made unwritable is removed as well", async () => {
    // root may do anything, unless that right is dropped
    const prefix = process.getuid?.() === 0 ? ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] : [];
    const script =
      'mkdir "$1/a" "$1/a/b" && : > "$1/a/b/c" && chmod -R a-w "$1"; rm "$1/a/b/c" 2>/dev/null; test $? = 1';
    const ran = await exec([app()], ["sh", "-c", script, "sh", "{}"], { prefix });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).not.toContain("warning");
    expect(await ran.left()).toEqual([]);
  });

  test("what a command leaves running finds no folder", async () => {
    const script = '(while test -d "$1"; do sleep 0.1; done; echo gone > gone) >/dev/null 2>&1 &';
    const ran = await exec([app()], ["sh", "-c", script, "sh", "{}"]);
    expect(ran.code, ran.stderr).toBe(0);
    await until("the process saw it go", () => (existsSync(join(ran.cwd, "gone")) ? true : undefined), 10);
  });
});

describe.concurrent("its exit code", () => {
  test.each([
    [10, "exit 10", /^tofu3: the command ended with code 10$/m],
    [143, "kill -TERM $$", /^tofu3: the command was ended by SIGTERM: exit code 143$/m],
  ])("is passed on: %i", async (code, script, line) => {
    const report = join(await stage.room(), "report.json");
    const ran = await exec([app(), "-q", "--report", report], ["sh", "-c", script]);
    expect(ran.code).toBe(code);
    expect(ran.stderr).toMatch(line);
    const { outcome, command } = JSON.parse(await readFile(report, "utf8")) as Record<string, unknown>;
    const signal = code === 143 ? "SIGTERM" : null;
    expect({ outcome, command }).toEqual({ outcome: "agreed", command: { started: true, code, signal } });
    expect(await ran.left()).toEqual([]);
  });

  test("is 127 for a command that is not there, and nothing is fetched for it", async () => {
    const ran = await exec([`${registry.host}/never:asked`], ["no-such-command"]);
    expect(ran).toMatchObject({ code: 127, stdout: "" });
    expect(ran.stderr).toBe('tofu3: error: there is no command "no-such-command"; nothing was fetched\n');
    expect(registry.requests().filter((each) => each.includes("/never/"))).toEqual([]);
  });

  test("is 126 for one that cannot be run, such as a released file", async () => {
    const report = join(await stage.room(), "report.md");
    const ran = await exec([bottles.reference, "--bottle", "big_sur", "--report", report], ["{}"]);
    expect(ran.code).toBe(126);
    expect(ran.stderr).toMatch(/^tofu3: error: the command cannot be run: spawn .* EACCES$/m);
    expect(await readFile(report, "utf8")).toContain("The command was not run.");
    expect(await ran.left()).toEqual([]);
  });

  test("is 1 where the command ended with 0 and the report cannot be written", async () => {
    const folder = await stage.room();
    const ran = await exec([app(), "--report", join(folder, "r.json")], ["rmdir", folder]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/cannot write the report/);
  });
});

describe.concurrent("unless all agree", () => {
  test("nothing runs, the gravest code answers, nothing is left, and the report says so", async () => {
    const [good, bad] = [openShelf(liar), openShelf(liar)];
    bad.replace("fra");
    const report = join(await stage.room(), "report.json");
    const gone = `${liar.host}/${good.repository}:gone`;
    const ran = await exec([good.reference, bad.reference, gone, "--report", report], ["touch", "ran"], { lies: true });
    expect(ran, ran.stderr).toMatchObject({ code: 10, stdout: "" });
    expect(await readdir(ran.cwd)).toEqual([]);
    expect(await ran.left()).toEqual([]);
    const lines = (await readFile(report, "utf8")).trimEnd().split("\n");
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told.map(({ outcome }) => outcome)).toEqual(["agreed", "disagreed", "absent"]);
    for (const { command } of told) expect(command).toEqual({ started: false, code: null, signal: null });
  });

  test("an agreement that has to be repeated on other days runs nothing yet", async () => {
    const ran = await exec([app(), "--days", "3"], ["touch", "ran"]);
    expect(ran.code, ran.stderr).toBe(14);
    expect(await readdir(ran.cwd)).toEqual([]);
  });

  test("a lock that names another digest runs nothing", async () => {
    const lock = join(await stage.room(), "tofu3.lock");
    const pin = `{ reference: "${app()}", digest: "sha256:${"0".repeat(64)}", at: "2026-01-01T00:00:00Z", workers: [a, b, c] }`;
    await writeFile(lock, `version: 1\npins:\n  - ${pin}\n`);
    const ran = await exec([app(), "--lock", lock], ["touch", "ran"]);
    expect(ran.code, ran.stderr).toBe(15);
    expect(await readdir(ran.cwd)).toEqual([]);
  });

  test("--json is refused: standard output is the command's", async () => {
    const ran = await exec([app(), "--json"], ["touch", "ran"]);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/^tofu3: hint: --report FILE\.json keeps the verdict$/m);
  });

  test.each([
    ["a folder that is not there", (room: string) => join(room, "no")],
    ["a colon in its path", (room: string) => join(room, "a:b")],
  ])("TMPDIR with %s is a mistake", async (_, pathIn) => {
    const room = await stage.room();
    if (pathIn(room).endsWith("a:b")) await mkdir(pathIn(room));
    const ran = await exec([app()], ["touch", "ran"], { tmp: pathIn(room) }).catch((error: unknown) => error);
    expect(ran).toMatchObject({ code: 2 });
    expect((ran as Ran).stderr).toMatch(/^tofu3: hint: set TMPDIR to another folder$/m);
  });
});

/**
 * Counts the signals that it gets; ends with the code 40 + their number when `end` is there. A shell would take two that
 * come together for one.
 */
const COUNTER = `
  const { appendFileSync, existsSync, writeFileSync } = require("node:fs");
  let count = 0;
  const note = () => { count++; appendFileSync("got", "got\\n"); };
  for (const name of ["SIGINT", "SIGTERM"]) process.on(name, note);
  writeFileSync("ready", process.argv[1]);
  setInterval(() => existsSync("end") && process.exit(40 + count), 50);`;

/** Starts tofu3 with the counter as its command, ends the counter after `meddle`, and returns how tofu3 ended. */
async function counted(
  prefix: readonly string[],
  meddle: (pid: number, cwd: string, type: (key: string) => void) => Promise<void>,
) {
  const [cwd, tmp, config] = [await stage.room(), await stage.room(), await stage.configure()];
  const words = [process.execPath, PROGRAM, "exec", app(), "--config", config, "--no-progress", "--"];
  const command = [...words, process.execPath, "-e", COUNTER, "{}"];
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const [program = "", ...args] = prefix.length === 0 ? command : [...prefix, `exec ${quoted}`, "/dev/null"];
  const env = { PATH: process.env["PATH"], HOME: stage.home, TMPDIR: tmp, SHELL: "/bin/sh", TERM: "xterm" };
  const child = spawn(program, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const closed = once(child, "close");
  await until("the command runs", () => (existsSync(join(cwd, "ready")) ? true : undefined), 30).catch(() => {
    throw new Error(said);
  });
  await meddle(child.pid ?? 0, cwd, (key) => void child.stdin.write(key));
  await writeFile(join(cwd, "end"), "");
  const [code, signal] = (await closed) as [number | null, string | null];
  return {
    code,
    signal,
    said,
    left: await leftIn(tmp),
    path: (await readFile(join(cwd, "ready"), "utf8")).trim(),
    tmp,
  };
}

const got = (cwd: string) => async (): Promise<true | undefined> =>
  (await readFile(join(cwd, "got"), "utf8").catch(() => "")) === "" ? undefined : true;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.concurrent("while the command runs", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("%s to tofu3 reaches it once, and its end counts", async (name) => {
    const ended = await counted([], async (pid, cwd) => {
      process.kill(pid, name);
      await until("it arrives", got(cwd), 10);
      await pause(300);
    });
    expect(ended, ended.said).toMatchObject({ code: 41, signal: null, left: [] });
    expect(ended.said).toMatch(/^tofu3: the command ended with code 41$/m);
  });

  test("Ctrl-C on a terminal reaches it once, each time, and tofu3 goes on to its end", async () => {
    const ended = await counted(["script", "-qec"], async (_, cwd, type) => {
      type("\x03");
      await until("it arrives", got(cwd), 10);
      await pause(300);
      type("\x03");
      await pause(300);
    });
    expect(ended, ended.said).toMatchObject({ code: 42, left: [] });
  });

  test("SIGKILL to tofu3 leaves the folder, and the next run sweeps it", async () => {
    const ended = await counted([], async (pid) => {
      process.kill(pid, "SIGKILL");
      await pause(100);
    });
    expect(ended).toMatchObject({ code: null, signal: "SIGKILL" });
    expect(ended.path.startsWith(join(ended.tmp, ended.left[0] ?? "nothing"))).toBe(true);
    const next = await exec([app()], ["true"], { tmp: ended.tmp });
    expect(next.code, next.stderr).toBe(0);
    expect(await next.left()).toEqual([]);
  });
});

test("SIGTERM while the workers look runs nothing and leaves nothing", async () => {
  const shelf = openShelf(liar);
  shelf.answer("all", "blob", { body: shelf.layer.bytes, cutAt: 3000, then: "stall" });
  const onStart = (pid: number): void => {
    const asked = until(
      "the blob is asked for",
      () => (liar.requests.some(({ target }) => target === shelf.path("blob")) ? true : undefined),
      30,
    );
    void asked.then(() => process.kill(pid, "SIGTERM"));
  };
  const ran = await exec([shelf.reference], ["touch", "ran"], { lies: true, onStart });
  expect(ran.code, ran.stderr).toBe(130);
  expect(await ran.left()).toEqual([]);
  expect(await readdir(ran.cwd)).toEqual([]);
});
