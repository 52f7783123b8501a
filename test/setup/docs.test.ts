import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROGRAM, run } from "../lab/cli.ts";
import { makeFolder } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { startItsSshd, startMachine } from "./machine.ts";

const lab = useLab();
const ROOT = join(import.meta.dirname, "../..");
const page = (): Promise<string> => readFile(join(ROOT, "docs/vms.md"), "utf8");
const blocksOf = (text: string): string[] =>
  Array.from(text.matchAll(/^```sh\n([^]*?)^```$/gm), ([, block = ""]) => block);

/** A pseudo-terminal, in front of the words that `run` adds and that nobody reads. */
const onTerminal = (command: string): string[] => ["sh", "-c", 'exec script -qec "$0" /dev/null', command];

test("config/cloud-init.yaml is what cloud-init takes", () => {
  const { status, stderr } = spawnSync(
    "cloud-init",
    ["schema", "--config-file", join(ROOT, "config/cloud-init.yaml")],
    { encoding: "utf8" },
  );
  expect(status, stderr).toBe(0);
});

test("the shell blocks of docs/vms.md are what shellcheck lets through", async () => {
  const blocks = blocksOf(await page());
  expect(blocks.length).toBeGreaterThan(4);
  for (const block of blocks) {
    const { stdout } = spawnSync("shellcheck", ["-s", "sh", "-"], { input: block, encoding: "utf8" });
    expect(stdout).toBe("");
  }
});

test("the block by hand, typed into an interactive shell of a machine, makes an account that workers check finds usable", async () => {
  const machine = await lab(startMachine());
  const vm = await lab(startItsSshd(machine));
  const key = (await readFile(`${vm.identityFile}.pub`, "utf8")).trim();
  const block = blocksOf(await page())
    .find((each) => each.includes("useradd"))
    ?.replace(/ssh-ed25519 \S+ you@laptop/, key);
  const shell = [...machine.prefix, "bash", "--norc", "-i"].join(" ");
  const typed = await run([], { prefix: onTerminal(shell), stdin: `${block ?? ""}exit\n` });
  expect(typed.stdout).toMatch(/SHA256:/);
  const fra = `{ name: fra, via: ssh, host: ${vm.host}, port: ${vm.port}, user: tofu, identityFile: ${vm.identityFile}, hostKey: "${vm.hostKeyFingerprint}" }`;
  const config = `workers: [${fra}, { name: here, via: local }, { name: b, via: ssh, host: 127.0.0.1, port: 1 }]`;
  const seen = await run(["workers", "check", "--json", "--config", "-"], { stdin: config });
  expect((JSON.parse(seen.stdout) as { workers: unknown[] }).workers[0], typed.stdout).toMatchObject({
    state: "usable",
  });
});

test("README's block, typed into an interactive shell: both accounts are made, and init asks", async () => {
  const { path, remove } = await makeFolder("readme");
  await lab(Promise.resolve({ stop: remove }));
  const machine = await lab(startMachine());
  const vm = await lab(startItsSshd(machine));
  await mkdir(join(path, "home/.ssh"), { recursive: true });
  await writeFile(join(path, "home/.ssh/id_ed25519.pub"), await readFile(`${vm.identityFile}.pub`, "utf8"));
  const lines = `  HostName ${vm.host}\n  Port ${vm.port}\n  IdentityFile ${vm.identityFile}\n  HostKeyAlias lab\n  StrictHostKeyChecking no\n  UserKnownHostsFile ${path}/known\n`;
  await writeFile(join(path, "conf"), `Host 203.0.113.7 198.51.100.9\n${lines}`);
  await writeFile(join(path, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${path}/conf "$@"\n`);
  await writeFile(join(path, "tofu3"), `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`);
  await Promise.all(["ssh", "tofu3"].map((name) => chmod(join(path, name), 0o755)));
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const block = /(?:^ {4}tofu3 (?:workers setup|init).*\n)+/m.exec(readme)?.[0] ?? "";
  expect(block.trim().split("\n").length).toBe(3);
  const env = { HOME: join(path, "home"), PATH: `${path}:${process.env["PATH"] ?? ""}`, TERM: "dumb" };
  const shell = spawn("script", ["-qec", "bash --norc -i", "/dev/null"], { cwd: path, env });
  let screen = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    if (screen.includes("worker 1: local for this machine")) shell.kill();
  });
  shell.stdin.write(block);
  const deadline = setTimeout(() => shell.kill(), 50_000);
  await once(shell, "close");
  clearTimeout(deadline);
  expect(screen.match(/user tofu is ready/g)?.length, screen).toBe(2);
  expect(screen).toContain("worker 1: local for this machine");
});
