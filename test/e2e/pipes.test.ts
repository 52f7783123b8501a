import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { run, PROGRAM, type Outcome } from "../lab/cli.ts";
import { makeFolder } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { createAuthority } from "../http/certificates.ts";

/** Nothing listens there: no file that a person names needs a network to be read. */
const REFERENCE = "localhost:1/a:b";
const CONFIG = (more: string): string => `workers:
  - { name: here, via: local }
  - { name: fra, via: ssh, host: fra.test, hostKey: "SHA256:${"A".repeat(43)}"${more} }
  - { name: sgp, via: ssh, host: sgp.test, identityFile: ./nokey, hostKey: "SHA256:${"B".repeat(42)}A" }
limits: { retries: 0, connectSeconds: 5, idleSeconds: 5, totalSeconds: 20 }
`;

interface Case {
  readonly what: string;
  /** Where the pipe stands, in the folder that is home and working directory. */
  readonly pipe: string;
  readonly code: number;
  /** More of the worker fra. */
  readonly worker?: string;
  readonly registries?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const CASES: readonly Case[] = [
  { what: "identityFile", pipe: "key", worker: ", identityFile: ./key", code: 12 },
  {
    what: "IdentityFile of ~/.ssh/config",
    pipe: ".ssh/key",
    files: { ".ssh/config": "IdentityFile ~/.ssh/key\n" },
    code: 12,
  },
  { what: "a default identity file", pipe: ".ssh/id_ed25519", code: 12 },
  { what: "~/.ssh/known_hosts", pipe: ".ssh/known_hosts", worker: ", port: 2222", code: 12 },
  {
    what: "UserKnownHostsFile",
    pipe: "hosts",
    worker: ", port: 2222",
    files: { ".ssh/config": "UserKnownHostsFile ~/hosts\n" },
    code: 12,
  },
  { what: "~/.ssh/config", pipe: ".ssh/config", code: 2 },
  {
    what: "a file that ~/.ssh/config includes",
    pipe: ".ssh/more",
    files: { ".ssh/config": "Include more\n" },
    code: 2,
  },
  { what: "--config", pipe: "config", args: ["--config", "config"], code: 2 },
  { what: "TOFU3_CONFIG", pipe: "config", env: { TOFU3_CONFIG: "config" }, code: 2 },
  { what: "./tofu3.yaml", pipe: "tofu3.yaml", code: 2 },
  { what: "--authfile", pipe: "auth.json", args: ["--authfile", "auth.json"], code: 2 },
  { what: "REGISTRY_AUTH_FILE", pipe: "auth.json", env: { REGISTRY_AUTH_FILE: "auth.json" }, code: 2 },
  { what: "~/.docker/config.json", pipe: ".docker/config.json", code: 2 },
  { what: "caFile", pipe: "ca.pem", registries: "{ caFile: ca.pem }", code: 2 },
  {
    what: "clientCertificate",
    pipe: "client.pem",
    registries: "{ clientCertificate: client.pem, clientKey: nokey }",
    code: 2,
  },
  {
    what: "clientKey",
    pipe: "client.key",
    registries: "{ clientCertificate: good.pem, clientKey: client.key }",
    code: 2,
  },
];

const lab = useLab();
const certificate = createAuthority().issue("DNS:client.test").cert;

/** A folder with the pipe of the case in it, and everything else as files. */
async function roomFor({ pipe, worker = "", registries, files = {} }: Case): Promise<string> {
  const folder = await lab(makeFolder("pipes").then((each) => ({ ...each, stop: () => each.remove() })));
  const known = worker.includes("port: 2222");
  const config = CONFIG(worker) + (registries === undefined ? "" : `registries: { "localhost:1": ${registries} }\n`);
  const all = {
    "tofu3.yaml": known ? config.replace(/, hostKey: "SHA256:A+"/, "") : config,
    "good.pem": certificate,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true });
    if (name !== pipe) await writeFile(join(folder.path, name), text);
  }
  await mkdir(dirname(join(folder.path, pipe)), { recursive: true });
  await promisify(execFile)("mkfifo", [join(folder.path, pipe)]);
  return folder.path;
}

async function verify(each: Case): Promise<Outcome & { folder: string }> {
  const folder = await roomFor(each);
  const args = ["verify", REFERENCE, "--json", ...(each.args ?? [])];
  const outcome = await run(args, { cwd: folder, env: { HOME: folder, ...each.env }, timeoutMs: 45_000 });
  return { ...outcome, folder };
}

describe("a pipe that nobody writes to is an error, and nothing waits for it", () => {
  test.concurrent.each(CASES)("$what", { timeout: 60_000 }, async (each) => {
    const { code, stdout, stderr, folder } = await verify(each);
    expect(code, stderr).toBe(each.code);
    expect(stdout + stderr).toContain("it is a pipe, and only regular files are read");
    expect(stdout + stderr).toContain(join(folder, each.pipe).split("/").at(-1));
  });

  test("the hint says what a shell's <(…) is", async () => {
    const folder = await roomFor({ what: "", pipe: "unused", code: 2 });
    const program = `"${process.execPath}" "${PROGRAM}" verify ${REFERENCE} --config <(cat "${join(folder, "tofu3.yaml")}")`;
    const child = spawn("bash", ["-c", program], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    expect(await once(child, "close")).toEqual([2, null]);
    expect(stderr).toMatch(/hint: write what comes out of the pipe into a file first; "<\(…\)" of a shell is a pipe/);
  });
});

describe("what else is no file", () => {
  test.each([
    { what: "a device", path: "/dev/zero", says: "a device" },
    { what: "a terminal's device", path: "/dev/ptmx", says: "a device" },
    { what: "a folder", path: "/tmp", says: "a folder" },
  ])("$what for a key", async ({ path, says }) => {
    const folder = await roomFor({ what: "", pipe: "unused", worker: `, identityFile: "${path}"`, code: 12 });
    const { code, stdout } = await run(["verify", REFERENCE, "--json"], { cwd: folder, env: { HOME: folder } });
    expect(code).toBe(12);
    expect(stdout).toContain(`it is ${says}`);
  });

  test("a key of a gigabyte is not read", async () => {
    const folder = await roomFor({ what: "", pipe: "unused", worker: ", identityFile: ./large", code: 12 });
    await promisify(execFile)("truncate", ["-s", "1G", join(folder, "large")]);
    const { code, stdout } = await run(["verify", REFERENCE, "--json"], { cwd: folder, env: { HOME: folder } });
    expect(code).toBe(12);
    expect(stdout).toContain("it is larger than 262144 bytes");
  });
});

test("Ctrl-C ends it while a key is a pipe", async () => {
  const folder = await roomFor(CASES[0] ?? { what: "", pipe: "key", code: 12 });
  const child = spawn(process.execPath, [PROGRAM, "verify", REFERENCE], {
    cwd: folder,
    env: { ...process.env, HOME: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "close");
  await once(child.stderr, "data");
  child.stderr.resume();
  const started = Date.now();
  child.kill("SIGINT");
  const [code] = (await ended) as [number | null];
  expect([12, 130]).toContain(code);
  expect(Date.now() - started).toBeLessThan(20_000);
});
