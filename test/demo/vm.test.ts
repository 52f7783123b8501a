import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeIdentity, startDemoVm, type DemoVm } from "../../src/demo/vm.ts";
import { commandLine, processesWith } from "../lab/proc.ts";
import { makeFolder, until } from "../lab/processes.ts";

interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

let folder: Awaited<ReturnType<typeof makeFolder>>;
let vm: DemoVm;
let identityFile: string;

beforeEach(async () => {
  folder = await makeFolder("demo-vm");
  const identity = await makeIdentity(folder.path);
  identityFile = identity.file;
  vm = await startDemoVm({ name: "fra", directory: folder.path, identity });
});

afterEach(async () => {
  await vm.stop();
  await folder.remove();
});

/** The OpenSSH client, which is nobody's friend: it believes no server and reads no configuration of this user. */
function client(command: readonly string[], options: readonly string[] = []): ReturnType<typeof spawn> {
  const files = [
    "-F",
    "/dev/null",
    "-o",
    `UserKnownHostsFile=${folder.path}/known_hosts`,
    "-o",
    "StrictHostKeyChecking=accept-new",
  ];
  const quiet = ["-o", "BatchMode=yes", "-o", "LogLevel=INFO", "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes"];
  const key = options.includes("-i") ? [] : ["-i", identityFile];
  return spawn("ssh", [
    ...files,
    ...quiet,
    ...key,
    ...options,
    "-p",
    String(vm.port),
    `${vm.user}@${vm.host}`,
    ...command,
  ]);
}

async function ssh(command: string, stdin: Buffer = Buffer.alloc(0), options: readonly string[] = []): Promise<Ended> {
  const child = client([command], options);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin?.on("error", () => undefined).end(stdin);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() };
}

describe("a demo VM", () => {
  test("runs a command with the real sh, in its own home, without this process's environment", async () => {
    process.env["TOFU3_LEAK"] = "leak";
    const { code, stdout, stderr } = await ssh("pwd; env; echo oops >&2; exit 7");
    delete process.env["TOFU3_LEAK"];
    expect({ code, stderr: stderr.split("\n").at(-2) }).toEqual({ code: 7, stderr: "oops" });
    expect(stdout.toString()).toContain(`${vm.home}\n`);
    expect(stdout.toString()).not.toContain("leak");
  });

  test("passes 5 MB in and out byte by byte", async () => {
    const bytes = randomBytes(5_000_000);
    const { code, stdout } = await ssh("cat", bytes);
    expect(code).toBe(0);
    expect(createHash("sha256").update(stdout).digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  test("survives a command that does not read what it is sent", async () => {
    expect((await ssh("exit 3", randomBytes(5_000_000))).code).toBe(3);
    expect((await ssh("echo well")).stdout.toString()).toBe("well\n");
  });

  test("runs several commands at once", async () => {
    const ends = await Promise.all(["a", "b", "c", "d"].map((word) => ssh(`sleep 0.3; echo ${word}`)));
    expect(ends.map((end) => end.stdout.toString())).toEqual(["a\n", "b\n", "c\n", "d\n"]);
  });

  test("reports the signal that ended a command", async () => {
    const { code, stderr } = await ssh("kill -TERM $$", undefined, ["-v"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("exit-signal");
  });

  test("lets nobody in without its key: neither another key, nor a password, nor nothing", async () => {
    const stranger = await makeFolder("demo-stranger");
    const { file } = await makeIdentity(stranger.path);
    const end = await ssh("echo in", undefined, ["-i", file]);
    expect(end).toMatchObject({ code: 255, stdout: Buffer.alloc(0) });
    expect(end.stderr).toContain("Permission denied (publickey)");
    await stranger.remove();
  });

  test("has no shell, no terminal and no forwarding", async () => {
    const shell = client([]);
    expect(await new Promise((resolve) => shell.once("close", resolve))).toBe(255);
    const forward = await ssh("echo in", undefined, ["-R", "0:127.0.0.1:1", "-o", "ExitOnForwardFailure=yes"]);
    expect(forward.code).toBe(255);
  });

  test("shows the fingerprint that it says", async () => {
    const { stderr } = await ssh("true", undefined, ["-v"]);
    expect(stderr).toContain(`Server host key: ssh-ed25519 ${vm.hostKey}`);
  });

  test("ends what a client left behind, and everything when it stops", async () => {
    const left = client(["sleep 63 & sleep 64"]);
    await until("two sleeps", () => sleeps().length === 2 || undefined);
    left.kill("SIGKILL");
    await until("none", () => (sleeps().length === 0 && vm.running().length === 0) || undefined, 5);
    client(["sleep 63; true"]);
    await until("one sleep", () => sleeps().length === 1 || undefined);
    await vm.stop();
    expect(sleeps()).toEqual([]);
  });
});

function sleeps(): string[] {
  return processesWith("HOME", vm.home)
    .map(commandLine)
    .filter((line) => line.startsWith("sleep "));
}

test("a client key is private", () => {
  expect(statSync(join(folder.path, "id_ed25519")).mode & 0o777).toBe(0o600);
});
