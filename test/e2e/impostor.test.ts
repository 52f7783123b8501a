import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { run } from "../lab/cli.ts";
import type { LabConfig } from "../lab/config.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { runTool } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { resultIn } from "./contract.ts";
import { openShelf } from "./shelf.ts";
import { startStage, type Stage } from "./stage.ts";

/** A machine that does not prove the known host key of its worker is never told as one that is only out of reach. */

const lab = useLab();
let stage: Stage;
let liar: Liar;
let strange: Partial<LabConfig>;
const WANTED = `SHA256:${"B".repeat(42)}A`;
const NEXT = /next: nothing was sent to that machine; on the VM's own console .* run: ssh-keygen -lf /;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar({ vantages: ["fra", "sgp"] }))]);
  strange = {
    workers: [
      { name: "fra", vm: { ...stage.fra, hostKeyFingerprint: WANTED }, proxy: liar.proxyOf("fra") },
      { name: "sgp", vm: stage.sgp, proxy: liar.proxyOf("sgp") },
    ],
  };
});

async function look(config: Partial<LabConfig>, ...args: string[]): Promise<{ code: number; stdout: string }> {
  const file = await stage.configure({ config, liar });
  const { code, stdout } = await run([...args, "--config", file], {
    cwd: await stage.room(),
    env: { HOME: stage.home },
  });
  return { code: code ?? -1, stdout: resultIn(stdout) };
}

test("verify: the row, the block, the diagnosis and the verdict say it, and what to do comes first", async () => {
  const { code, stdout } = await look(strange, "verify", openShelf(liar).reference);
  expect(code, stdout).toBe(12);
  expect(stdout).toMatch(/^fra +ssh +HOST KEY .*its host key has changed$/m);
  expect(stdout).toMatch(/^THE HOST KEY OF fra HAS CHANGED: IT MAY BE ANOTHER MACHINE$/m);
  expect(stdout).toContain(`    expected ${WANTED}, offered ${stage.fra.hostKeyFingerprint} (ssh-ed25519)\n`);
  expect(stdout).toMatch(/^diagnosis: unreachable \(sure\): fra was not asked: the machine that answered showed /m);
  expect(stdout).toMatch(NEXT);
  expect(stdout.trimEnd().split("\n").at(-1)).toMatch(
    /^INCOMPLETE {2}fra did not finish \(.*\); here and sgp saw sha256:.*; nothing was released; fra's host key has changed: somebody may be answering in its place$/,
  );
});

test("verify: another worker's trouble does not hide it, and the JSON keeps the words of the contract", async () => {
  const shelf = openShelf(liar);
  liar.lie("sgp", shelf.path("root"), {
    status: 403,
    headers: { "Content-Type": "text/html" },
    body: "<html>no</html>",
  });
  const { stdout } = await look(strange, "verify", shelf.reference);
  expect(stdout).toMatch(/^diagnosis: unreachable \(sure\): fra was not asked/m);
  expect(stdout).toMatch(NEXT);
  const { code, stdout: json } = await look(strange, "verify", shelf.reference, "--json");
  expect(code).toBe(12);
  expect(JSON.parse(json)).toMatchObject({
    diagnosis: { class: "unreachable" },
    observations: [
      { worker: "fra", outcome: "failed", error: { code: "E_HOST_KEY", stage: "ssh" } },
      { worker: "here", outcome: "saw" },
      { worker: "sgp" },
    ],
  });
});

test("verify: where the others disagree, that is the verdict, and the host key stands beside it", async () => {
  const shelf = openShelf(liar);
  shelf.replace("sgp");
  const { code, stdout } = await look(strange, "verify", shelf.reference);
  expect(code, stdout).toBe(10);
  expect(stdout).toMatch(/^THE HOST KEY OF fra HAS CHANGED/m);
  expect(stdout).toMatch(/^DISAGREED .*; fra's host key has changed: somebody may be answering in its place$/m);
});

test("a report tells it as well", async () => {
  const file = join(await stage.room(), "report.md");
  await look(strange, "verify", openShelf(liar).reference, "--report", file);
  const report = await readFile(file, "utf8");
  expect(report).toMatch(/^\| fra \| ssh \| HOST KEY \|/m);
  expect(report).toContain("fra's host key has changed: somebody may be answering in its place");
});

test("workers check says the same", async () => {
  const { code, stdout } = await look(strange, "workers", "check");
  expect(code, stdout).toBe(12);
  expect(stdout).toMatch(/^fra +ssh +HOST KEY /m);
  expect(stdout).toMatch(/^THE HOST KEY OF fra HAS CHANGED: IT MAY BE ANOTHER MACHINE$/m);
  expect(stdout).toMatch(
    /^2 of 3 workers usable; fra's host key has changed: somebody may be answering in its place$/m,
  );
});

test("a known machine that has no key of the known type any more: what is known, and what it offers", async () => {
  const folder = await stage.room();
  await runTool("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", join(folder, "old")]);
  const [type = "", key = ""] = (await readFile(join(folder, "old.pub"), "utf8")).split(" ");
  const [, known = ""] = (await runTool("ssh-keygen", ["-lf", join(folder, "old.pub")])).split(" ");
  const home = join(folder, "home");
  await mkdir(join(home, ".ssh"), { recursive: true });
  await writeFile(join(home, ".ssh/known_hosts"), `[${stage.fra.host}]:${stage.fra.port} ${type} ${key}\n`);
  const workers = [
    { name: "fra", vm: stage.fra, others: { hostKey: undefined } },
    { name: "sgp", vm: stage.sgp },
  ];
  const file = await stage.configure({ config: { workers } });
  const { code, stdout } = await run(["workers", "check", "--config", file], { cwd: folder, env: { HOME: home } });
  expect(code, stdout).toBe(12);
  expect(stdout).toMatch(/^THE HOST KEY OF fra HAS CHANGED/m);
  expect(stdout).toContain(
    `expected ${known} (${type}) at ${home}/.ssh/known_hosts:1, offered ${stage.fra.hostKeyFingerprint} (ssh-ed25519)`,
  );
});

test("a host key that nobody knows yet is no alarm", async () => {
  const workers = [
    { name: "fra", vm: stage.fra, others: { hostKey: undefined } },
    { name: "sgp", vm: stage.sgp },
  ];
  const { code, stdout } = await look({ workers }, "workers", "check");
  expect(code, stdout).toBe(12);
  expect(stdout).toContain("is not known: no hostKey in the configuration");
  expect(stdout).not.toMatch(/HAS CHANGED|HOST KEY OF|in its place/);
});
