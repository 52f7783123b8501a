import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { PROGRAM, run, type Outcome } from "../lab/cli.ts";
import { freePort, makeFolder } from "../lab/processes.ts";
import { startSshd, type Sshd } from "../lab/sshd.ts";
import { useLab } from "../lab/uselab.ts";
import { startMachine } from "./machine.ts";

const lab = useLab();
let folder = "";
let rooms = 0;
/** In a machine of its own, and known to known_hosts. */
let fra: Sshd;
/** On this machine, and not known. */
let sgp: Sshd;
let home = "";

beforeAll(async () => {
  folder = (await lab(makeFolder("init").then((each) => ({ ...each, stop: () => each.remove() })))).path;
  home = join(folder, "home");
  await mkdir(join(home, ".ssh"), { recursive: true });
  const other = await lab(startMachine());
  await other.sh("echo 0123456789abcdef0123456789abcdef >/etc/machine-id");
  [fra, sgp] = await Promise.all([lab(startSshd({ prefix: other.prefix })), lab(startSshd())]);
  const alias = (name: string, vm: Sshd): string =>
    `Host ${name}\n  HostName ${vm.host}\n  Port ${vm.port}\n  User ${vm.user}\n  IdentityFile ${vm.identityFile}\n`;
  await writeFile(join(home, ".ssh/config"), `Include more\n${alias("fra", fra)}Host *.example !bad\n  User kim\n`);
  await writeFile(join(home, ".ssh/more"), alias("sgp", sgp));
  await writeFile(join(home, ".ssh/known_hosts"), `${fra.knownHostsLine}\n`);
});

async function room(): Promise<string> {
  rooms += 1;
  const path = join(folder, `room${rooms}`);
  await mkdir(path);
  return path;
}

function init(cwd: string, ...args: string[]): Promise<Outcome> {
  return run(["init", ...args], { cwd, env: { HOME: home } });
}

/** The fingerprint of some other key. */
function other(fingerprint: string): string {
  return fingerprint.replace(/^SHA256:(.)/, (_, first: string) => `SHA256:${first === "A" ? "B" : "A"}`);
}

const THREE = ["--worker", "here=local", "--worker", "fra=fra", "--worker", "sgp=sgp"];

describe("without a terminal", () => {
  test("writes what workers check takes: keys from known_hosts or by flag, and a policy that the workers meet", async () => {
    const cwd = await room();
    const key = ["--host-key", `sgp=${sgp.hostKeyFingerprint}`];
    const seen = await init(cwd, ...THREE, ...key);
    expect(seen.code, seen.stderr).toBe(0);
    expect(seen.stdout).toBe("");
    expect(seen.stderr).toContain("tofu3: wrote tofu3.yaml\ntofu3: next: tofu3 verify ");
    const text = await readFile(join(cwd, "tofu3.yaml"), "utf8");
    const [schema, , ...lines] = text.split("\n");
    expect(await readFile(schema?.replace("# yaml-language-server: $schema=", "") ?? "", "utf8")).toContain(
      "json-schema",
    );
    expect(lines).toEqual([
      "workers:",
      "  - { name: here, via: local }",
      `  - { name: fra, via: ssh, host: fra, hostKey: ${fra.hostKeyFingerprint} }`,
      `  - { name: sgp, via: ssh, host: sgp, hostKey: ${sgp.hostKeyFingerprint} }`,
      // sgp and this machine are one
      "policy: { distinct: [] }",
      "",
    ]);
    expect((await stat(join(cwd, "tofu3.yaml"))).mode & 0o777).toBe(0o600);
    const checked = await run(["workers", "check"], { cwd, env: { HOME: home } });
    expect(checked.code, checked.stdout).toBe(0);
    const again = await init(cwd, ...THREE, ...key);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("--force replaces it")]);
    const replaced = await init(cwd, ...THREE, ...key, "--force", "--json", "-q");
    expect(replaced.code, replaced.stderr).toBe(0);
    expect(JSON.parse(replaced.stdout)).toMatchObject({ file: join(cwd, "tofu3.yaml"), policy: { distinct: [] } });
    expect(await readFile(join(cwd, "tofu3.yaml"), "utf8")).toBe(text);
    expect(await readdir(cwd)).toEqual(["tofu3.yaml"]);
  });

  test.each<{ why: string; args: () => string[]; code: number; says: RegExp }>([
    {
      why: "an unknown host key: it is told and not taken",
      args: () => THREE,
      code: 12,
      says: /the host key of sgp \(127\.0\.0\.1 port \d+\) is not known.*it proves SHA256:\S{43}[^]*--host-key sgp=SHA256/,
    },
    { why: "the same with --yes", args: () => [...THREE, "--yes"], code: 12, says: /is not known/ },
    {
      why: "another host key than the VM proves",
      args: () => [...THREE, "--host-key", `sgp=${other(fra.hostKeyFingerprint)}`],
      code: 12,
      says: /the host key of worker "sgp" \(127\.0\.0\.1:\d+\) HAS CHANGED/,
    },
    {
      why: "workers that are one machine",
      args: () => [...THREE, "--host-key", `sgp=${sgp.hostKeyFingerprint}`, "--distinct", "machine"],
      code: 13,
      says: /do not differ in machine, so nothing was written[^]*--distinct none/,
    },
    {
      why: "two workers",
      args: () => THREE.slice(0, 4),
      code: 2,
      says: /needs three workers, and only here and fra are given with --worker/,
    },
    { why: "no worker", args: () => [], code: 2, says: /none is given with --worker/ },
    { why: "a name twice", args: () => [...THREE, "--worker", "fra=x"], code: 2, says: /two --worker have one name/ },
    {
      why: "a key for nobody",
      args: () => [...THREE, "--host-key", "x=SHA256:a"],
      code: 2,
      says: /there is no such worker/,
    },
    {
      why: "a host that is none",
      args: () => [...THREE.slice(0, 4), "--worker", "x=-oProxyCommand=id"],
      code: 2,
      says: /not a machine/,
    },
    {
      why: "a proxy that is none; its password is not told",
      args: () => [...THREE, "--proxy", "here=socks9://a:hunter2@b:1", "--no-check"],
      code: 2,
      says: /workers\[0\]\.proxy/,
    },
    {
      why: "what cannot be measured",
      args: () => [...THREE, "--distinct", "country"],
      code: 2,
      says: /needs a table under policy\.geo/,
    },
    {
      why: "a folder that is not there",
      args: () => [...THREE, "--no-check", "-o", "no/where.yaml"],
      code: 2,
      says: /its folder does not exist/,
    },
  ])("$why: $code, and nothing is written", async ({ args, code, says }) => {
    const cwd = await room();
    const seen = await init(cwd, ...args());
    expect(seen.code, seen.stderr).toBe(code);
    expect(seen.stderr).toMatch(says);
    expect(seen.stderr + seen.stdout).not.toContain("hunter2");
    expect(await readdir(cwd)).toEqual([]);
  });

  test("a host key that known_hosts contradicts is not offered", async () => {
    const [cwd, odd] = [await room(), join(folder, "oddhome")];
    await mkdir(join(odd, ".ssh"), { recursive: true });
    const line = fra.knownHostsLine.replace(/^\S+/, `[${sgp.host}]:${sgp.port}`);
    await writeFile(join(odd, ".ssh/known_hosts"), `${line}\n`);
    const workers = ["--worker", "here=local", "--worker", `sgp=${sgp.host}:${sgp.port}`, "--worker", "x=y.example"];
    const before = sgp.log().length;
    const seen = await run(["init", ...workers], { cwd, env: { HOME: odd } });
    expect([seen.code, seen.stderr]).toEqual([12, expect.stringContaining("HAS CHANGED: somebody may be answering")]);
    expect(sgp.log().slice(before)).not.toMatch(/publickey|userauth|Accepted/);
    expect(await readdir(cwd)).toEqual([]);
  });

  test("--no-check -o - prints, reaches nobody and names no schema", async () => {
    const cwd = await room();
    const port = await freePort();
    const workers = ["--worker", "here=local", "--worker", `a=kim@[2001:db8::7]:${port}`, "--worker", "b=2001:db8::8"];
    const seen = await init(
      cwd,
      ...workers,
      "--no-check",
      "-o",
      "-",
      "--proxy",
      "here=socks5h://127.0.0.1:9050",
      "--identity",
      "~/.ssh/k",
      "--identity",
      "b=k",
    );
    expect(seen.code, seen.stderr).toBe(0);
    expect(seen.stdout).not.toContain("$schema");
    const config = parseConfig(seen.stdout, { file: "/x/tofu3.yaml", home });
    expect(config.workers).toMatchObject([
      { name: "here", proxy: { host: "127.0.0.1" } },
      { host: "2001:db8::7", port, user: "kim", identityFile: join(home, ".ssh/k"), hostKey: null },
      { host: "2001:db8::8", identityFile: join(cwd, "k") },
    ]);
    expect(config.policy.distinct).toEqual(["machine"]);
    expect(await readdir(cwd)).toEqual([]);
  });
});

describe("on a terminal", () => {
  interface Talk {
    readonly code: number | null;
    readonly screen: string;
    readonly left: readonly string[];
    readonly cwd: string;
  }

  /** Types each answer when its question is there, in this order. */
  async function talk(
    args: readonly string[],
    answers: readonly (readonly [asked: string, typed: string])[],
    before: (cwd: string) => void = () => undefined,
  ): Promise<Talk> {
    const cwd = await room();
    const command = `stty cols 80; exec '${process.execPath}' '${PROGRAM}' init ${args.map((each) => `'${each}'`).join(" ")}`;
    const env = { PATH: process.env["PATH"], HOME: home, TERM: "dumb" };
    const child = spawn("script", ["-qec", command, "/dev/null"], { cwd, env, stdio: ["pipe", "pipe", "inherit"] });
    let [screen, seen] = ["", 0];
    const waiting = [...answers];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      screen += text;
      for (let next = waiting[0]; next !== undefined && screen.indexOf(next[0], seen) !== -1; next = waiting[0]) {
        seen = screen.indexOf(next[0], seen) + next[0].length;
        waiting.shift();
        before(cwd);
        child.stdin.write(next[1]);
      }
    });
    const [code] = (await once(child, "close")) as [number | null];
    expect(waiting, screen).toEqual([]);
    return { code, screen, left: await readdir(cwd), cwd };
  }

  const WORKERS: readonly (readonly [string, string])[] = [
    ["worker 1: local for this machine", "\n"],
    ["its name [here]: ", "\n"],
    ["its proxy", "\n"],
    ["in your ~/.ssh/config: sgp, fra", ""],
    ["worker 2: ", "fra\n"],
    ["its name [fra]: ", "\n"],
    ["its proxy", "\n"],
    ["worker 3: [user@]host[:port] [sgp]: ", "\n"],
    ["its name [sgp]: ", "here\n"],
    ["there is a worker here already", ""],
    ["its name [sgp]: ", "\n"],
    ["its proxy", "nonsense\n"],
    ["its proxy", "\n"],
  ];

  test("asks for three, shows the key that is not known, proposes what they meet, and writes; without an escape sequence", async () => {
    const seen = await talk(
      [],
      [
        ...WORKERS,
        [`${sgp.hostKeyFingerprint} (ssh-ed25519)`, ""],
        ["ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub", ""],
        ["is it the same: ", "perhaps\n"],
        ["is it the same: ", `${sgp.hostKeyFingerprint}\n`],
        ["policy.distinct", "\n"],
        ["write this to tofu3.yaml", "\n"],
      ],
    );
    expect(seen.code, seen.screen).toBe(0);
    expect(seen.screen).not.toContain("\u001b");
    expect(seen.left).toEqual(["tofu3.yaml"]);
    const checked = await run(["workers", "check"], { cwd: seen.cwd, env: { HOME: home } });
    expect(checked.code, checked.stdout).toBe(0);
  });

  test("only what no flag says is asked; a key that is not taken: 12, nothing written", async () => {
    const seen = await talk(THREE, [["is it the same: ", "\n"]]);
    expect([seen.code, seen.left], seen.screen).toEqual([12, []]);
    const other = await talk(THREE, [["is it the same: ", `${fra.hostKeyFingerprint}\n`]]);
    expect([other.code, other.left], other.screen).toEqual([12, []]);
    expect(other.screen).toContain("that is another key");
  });

  test("Ctrl-C at a question: 130; the end of the input: 2; neither writes", async () => {
    const stopped = await talk(
      ["--no-check"],
      [
        ["worker 1: ", "\n"],
        ["its name", "\u0003"],
      ],
    );
    expect([stopped.code, stopped.left], stopped.screen).toEqual([130, []]);
    expect(stopped.screen).not.toContain("its proxy");
    for (const [key, code] of [
      ["\u0003", 130],
      ["\u0004", 2],
    ] as const) {
      const last = await talk([...THREE, "--no-check"], [["policy.distinct", key]]);
      expect([last.code, last.left], last.screen).toEqual([code, []]);
    }
    const ended = await talk(["--no-check"], [["worker 1: ", "\u0004"]]);
    expect([ended.code, ended.left], ended.screen).toEqual([2, []]);
    expect(ended.screen).toContain("nothing was written");
  });

  test("a file that appears while it asks is not replaced", async () => {
    const made = { name: "tofu3.yaml", text: "mine\n" };
    const seen = await talk(
      [...THREE, "--no-check", "--distinct", "none"],
      [["write this to tofu3.yaml", "yes\n"]],
      (cwd) => writeFileSync(join(cwd, made.name), made.text),
    );
    expect(seen.code, seen.screen).toBe(2);
    expect(await readFile(join(seen.cwd, made.name), "utf8")).toBe(made.text);
  });

  test("no at the end: nothing is written", async () => {
    const seen = await talk([...THREE, "--no-check", "--distinct", "none"], [["write this to tofu3.yaml", "no\n"]]);
    expect([seen.code, seen.left], seen.screen).toEqual([0, []]);
  });
});
