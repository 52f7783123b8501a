import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { appendFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { openShelf } from "../e2e/shelf.ts";
import { startStage, type Stage } from "../e2e/stage.ts";
import { writeConfig } from "../lab/config.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { runTool, until } from "../lab/processes.ts";
import { pushImage } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { linkProgram, readTemplate, ROOT, runAction, runWith, TEMPLATES, type Ran } from "./runner.ts";

const lab = useLab();

let stage: Stage;
let registry: Registry;
let liar: Liar;
let digest: string;
let key: string;

beforeAll(async () => {
  [registry, stage, liar] = await Promise.all([
    lab(startRegistry()),
    lab(startStage()),
    lab(startLiar({ vantages: ["fra", "sgp"] })),
  ]);
  digest = (await pushImage(registry, { name: "app", tag: "1.0", layers: [3000] })).manifest.digest;
  await pushImage(registry, { name: "other", tag: "2.0", layers: [50] });
  // one key for both, as in a secret
  key = await readFile(stage.fra.identityFile, "utf8");
  await appendFile(join(stage.sgp.folder, "authorized_keys"), await readFile(`${stage.fra.identityFile}.pub`));
});

const app = (): string => `${registry.host}/app:1.0`;
const other = (): string => `${registry.host}/other:2.0`;

interface Workspace {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  readonly knownHosts: string;
}

/** A checkout whose tofu3.yaml names neither keys nor host keys: both come from secrets. */
async function workspace({ lies = false }: { lies?: boolean } = {}): Promise<Workspace> {
  const path = await stage.room();
  const vms = [stage.fra, stage.sgp];
  const names = ["fra", "sgp"] as const;
  await writeConfig(path, {
    workers: vms.map((vm, index) => {
      const name = names[index] ?? "fra";
      const others = { identityFile: undefined, hostKey: undefined };
      return { name, vm, others, ...(lies ? { proxy: liar.proxyOf(name) } : {}) };
    }),
  });
  const bin = await linkProgram(path);
  const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}`, HOME: stage.home };
  return { path, env, knownHosts: vms.map(({ knownHostsLine }) => knownHostsLine).join("\n") };
}

/** The key lets both VMs in. */
async function act(inputs: Readonly<Record<string, string>>, options: { lies?: boolean } = {}) {
  const { path, env, knownHosts } = await workspace(options);
  // looks for the key while the job runs, too
  const program = join(path, "bin/tofu3");
  const search = `${await searchOf(path)} && echo "the key is in a file"\n`;
  await writeFile(program, (await readFile(program, "utf8")).replace("\n", `\n${search}`));
  const secrets = { "ssh-key": key.replaceAll("\n", "\r\n"), "known-hosts": knownHosts, package: "none" };
  const before = agents();
  const job = await runAction(path, { ...secrets, ...inputs }, { env });
  const grown = (): string[] => agents().filter((each) => !before.includes(each) && each.includes(path));
  // ssh-agent -k does not wait for its end
  for (let tries = 0; tries < 50 && grown().length > 0; tries++) await sleep(100);
  return { ...job, path, agents: grown() };
}

function agents(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return line.startsWith("ssh-agent") ? [`${pid} ${line}`] : [];
    } catch {
      return [];
    }
  });
}

/** Says of every file below this folder that holds a line of the key, in words for sh. */
async function searchOf(folder: string): Promise<string> {
  const line = key.split("\n")[2] ?? "";
  expect(line.length).toBeGreaterThan(40);
  const pattern = join(await stage.room(), "pattern");
  await writeFile(pattern, `${line}\n`);
  return `grep -srlFf '${pattern}' '${folder}'`;
}

async function keyIn(folder: string): Promise<string> {
  return runTool("sh", ["-c", `${await searchOf(folder)} || true`]);
}

describe.concurrent("the action", () => {
  test("agreed: the job goes on, with outputs, a summary and a notice; the key is gone, and was in no file", async () => {
    const job = await act({ subjects: app(), output: "oci:out" });
    expect(job.code, job.log).toBe(0);
    expect(job.outputs).toEqual({
      outcome: "agreed",
      digest,
      "exit-code": "0",
      reports: expect.stringContaining(job.temp) as string,
    });
    expect(readdirSync(job.outputs["reports"] ?? "").sort()).toEqual(["1.github", "1.json", "1.md"]);
    expect(job.summary).toMatch(/^# AGREED: /);
    expect(job.log).toMatch(
      new RegExp(`^::notice title=tofu3%3A agreed::.*app:1\\.0: 3 of 3 workers saw ${digest}`, "m"),
    );
    expect(existsSync(join(job.path, "out/index.json"))).toBe(true);
    expect(job.log).not.toContain("the key is in a file");
    expect(job.agents).toEqual([]);
    expect(existsSync(job.steps.get("ssh")?.["folder"] ?? "none")).toBe(false);
    expect(await keyIn(job.path)).toBe("");
  });

  test("a lie: the job fails with 10, the annotation says who was told what, and the key is removed all the same", async () => {
    const [good, bad] = [openShelf(liar), openShelf(liar)];
    bad.replace("fra");
    const job = await act({ subjects: `# two\n\n  ${good.reference}\n${bad.reference}\n` }, { lies: true });
    expect({ code: job.code, failed: job.failed }, job.log).toEqual({ code: 10, failed: true });
    expect(job.outputs).toMatchObject({ outcome: "disagreed", digest: "", "exit-code": "10" });
    expect(job.log).toMatch(
      /^::error title=tofu3%3A disagreed::.*: 2 of 3 workers saw sha256:.*fra saw sha256:.*%0Anext: /m,
    );
    expect(job.summary).toMatch(/^# AGREED: [\s\S]*^# DISAGREED: /m);
    expect(job.agents).toEqual([]);
    expect(existsSync(job.steps.get("ssh")?.["folder"] ?? "none")).toBe(false);
    expect(await keyIn(job.path)).toBe("");
  });

  test("an input is one argument, whatever is in it: no flag, no code, no command to the runner", async () => {
    const hostile = ["--config=/etc/passwd", "$(touch pwned)", "`touch pwned`", '"; touch pwned #', "x::error::y"];
    const job = await act({ subjects: hostile.join("\n"), platform: "$(touch pwned); -o" });
    expect(job.code, job.log).toBe(2);
    expect(job.outputs).toMatchObject({ outcome: "error", "exit-code": "2" });
    expect(job.log.match(/^::error title=tofu3::/gm)).toHaveLength(hostile.length);
    const quiet = job.log.replace(/^::stop-commands::([0-9a-f]{32})\n[\s\S]*?^::\1::\n/gm, "");
    const others = quiet.split("\n").filter((line) => !/^$|^::error title=tofu3::|^\d+\.\d+\.\d+$/.test(line));
    expect(others).toEqual([]);
    expect(job.log).toContain('not a reference: "--config=/etc/passwd"');
    expect(existsSync(join(job.path, "pwned"))).toBe(false);
  });

  test("the runner gets one stream, so that nothing can come after the end of the silence", async () => {
    const { path, env } = await workspace();
    const more = { ...env, TOFU3_SUBJECTS: "A:b", RUNNER_TEMP: path };
    const gate = spawnSync(process.execPath, [join(TEMPLATES, "gate.mjs")], { cwd: path, env: more, encoding: "utf8" });
    expect([gate.status, gate.stderr]).toEqual([2, ""]);
    expect(gate.stdout).toMatch(/^::stop-commands::([0-9a-f]{32})\n[\s\S]*not a reference[\s\S]*^::\1::\n/m);
  });

  test("where no agent of its own starts, the key goes into no other", async () => {
    const { path, env } = await workspace();
    const socket = join(await stage.room(), "s");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    try {
      await until("the agent listens", () => (existsSync(socket) ? true : undefined), 10);
      // too long for the path of a socket
      const folder = join(path, "x".repeat(120));
      const inputs = { subjects: app(), "ssh-key": key, package: "none" };
      const job = await runAction(folder, inputs, { cwd: path, env: { ...env, SSH_AUTH_SOCK: socket } });
      expect(job.failed, job.log).toBe(true);
      const held = spawnSync("ssh-add", ["-l"], { env: { ...env, SSH_AUTH_SOCK: socket }, encoding: "utf8" });
      expect(held.stdout).toMatch(/no identities/);
    } finally {
      agent.kill();
    }
  });

  test("no subject, and an output for two, are mistakes", async () => {
    for (const [subjects, output, why] of [
      ["# none", "", "there is no subject"],
      [`${app()}\n${other()}`, "oci:x", "with an output there can be one subject only"],
    ] as const) {
      const job = await act({ subjects, output });
      expect(job.code).toBe(2);
      expect(job.log).toContain(`::error title=tofu3::${why}\n`);
      expect(job.outputs["exit-code"]).toBe("2");
    }
  });

  test("a package that npm can install is on the PATH of the next step", async () => {
    const { path, env, knownHosts } = await workspace();
    const copy = join(path, "package");
    await mkdir(join(copy, "bin"), { recursive: true });
    await writeFile(
      join(copy, "package.json"),
      JSON.stringify({ name: "tofu3", version: "9.9.9", bin: { tofu3: "bin/tofu3.js" } }),
    );
    await writeFile(join(copy, "bin/tofu3.js"), `#!/bin/sh\necho installed "$@"\necho "{}" >"$3"\n`, { mode: 0o755 });
    const job = await runAction(path, { subjects: app(), package: copy, "known-hosts": knownHosts }, { env });
    expect(job.code, job.log).toBe(0);
    expect(job.log).toMatch(/^installed verify --report .* -- .*app:1\.0$/m);
  });
});

describe.concurrent("the GitLab template", () => {
  /** As its runner does: variables of type File are paths, and bash runs the script. */
  async function pipeline(
    variables: Readonly<Record<string, string>>,
    options: { lies?: boolean } = {},
  ): Promise<Ran & { path: string }> {
    const { path, env, knownHosts } = await workspace(options);
    const secrets = await stage.room();
    const template = await readTemplate<{ ".tofu3": { script: [string]; variables: Record<string, string> } }>(
      "gitlab.yml",
    );
    await writeFile(join(secrets, "key"), key);
    await writeFile(join(secrets, "hosts"), knownHosts);
    const files = { TOFU3_SSH_KEY: join(secrets, "key"), TOFU3_KNOWN_HOSTS: join(secrets, "hosts") };
    const { script, variables: defaults } = template[".tofu3"];
    const ran = await runWith(["bash", "-eo", "pipefail", "-c", script[0]], {
      cwd: path,
      env: { ...env, ...files, ...defaults, TMPDIR: await stage.room(), ...variables },
    });
    return { ...ran, path };
  }

  test("agreed: the command gets the paths, and the reports are there", async () => {
    const command = 'for each in "$@"; do test -f "$each/index.json" && basename "$each"; done >seen';
    const job = await pipeline({ TOFU3_SUBJECTS: `${app()}\n# a comment\n${other()}\n`, TOFU3_COMMAND: command });
    expect(job.code, job.log).toBe(0);
    expect(await readFile(join(job.path, "seen"), "utf8")).toBe("app\nother\n");
    expect(existsSync(join(job.path, "tofu3.md"))).toBe(true);
    expect((await readFile(join(job.path, "tofu3.json"), "utf8")).trimEnd().split("\n")).toHaveLength(2);
  });

  test("with known_hosts of its own, the command and the logins are still at home", async () => {
    const command = 'printf "%s" "$HOME $DOCKER_CONFIG" >seen';
    const job = await pipeline({ TOFU3_SUBJECTS: app(), TOFU3_COMMAND: command });
    expect(job.code, job.log).toBe(0);
    expect(await readFile(join(job.path, "seen"), "utf8")).toBe(`${stage.home} ${stage.home}/.docker`);
  });

  test("a lie: the job fails with 10 before the command", async () => {
    const bad = openShelf(liar);
    bad.replace("sgp");
    const job = await pipeline({ TOFU3_SUBJECTS: bad.reference, TOFU3_COMMAND: "touch ran" }, { lies: true });
    expect(job.code, job.log).toBe(10);
    expect(existsSync(join(job.path, "ran"))).toBe(false);
    expect(await readFile(join(job.path, "tofu3.md"), "utf8")).toMatch(/^# DISAGREED/);
  });

  test("no subject, and a flag among them, are mistakes", async () => {
    for (const subjects of ["", `${app()}\n--days=3`]) {
      const job = await pipeline({ TOFU3_SUBJECTS: subjects });
      expect(job.code, job.log).toBe(2);
    }
  });
});

describe.concurrent("tofu3.mk", () => {
  async function make(reference: string, options: { lies?: boolean } = {}): Promise<Ran & { path: string }> {
    const { path, env } = await workspace(options);
    const config = await stage.configure(options.lies === true ? { liar } : {});
    await cp(join(TEMPLATES, "tofu3.mk"), join(path, "tofu3.mk"));
    const line = `vendor/app: ; $(call tofu3,${reference},oci:$@,--no-progress)`;
    await writeFile(join(path, "Makefile"), `include tofu3.mk\n${line}\n`);
    const ran = await runWith(["make", "vendor/app"], { cwd: path, env: { ...env, TOFU3_CONFIG: config } });
    return { ...ran, path };
  }

  test("the target is there once all agree", async () => {
    const ran = await make(app());
    expect(ran.code, ran.log).toBe(0);
    expect(existsSync(join(ran.path, "vendor/app/index.json"))).toBe(true);
  });

  test("make stops at a lie, names the code, and there is no target", async () => {
    const bad = openShelf(liar);
    bad.replace("fra");
    const ran = await make(bad.reference, { lies: true });
    expect(ran.code).toBe(2);
    expect(ran.log).toMatch(/^make: \*\*\* \[.*vendor\/app\] Error 10$/m);
    expect(existsSync(join(ran.path, "vendor/app"))).toBe(false);
  });

  test("its own line of usage is the one that is tested", async () => {
    const text = await readFile(join(ROOT, "config/ci/tofu3.mk"), "utf8");
    expect(text).toContain("#   vendor/alpine: ; $(call tofu3,alpine:3.20,oci:$@,--platform linux/amd64)\n");
  });
});
