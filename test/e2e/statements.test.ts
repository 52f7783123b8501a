import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { run, runCommand, type Outcome } from "../lab/cli.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { makeFolder, runTool } from "../lab/processes.ts";
import { startRegistry } from "../lab/registry.ts";
import { pushImage } from "../lab/push.ts";
import { useLab } from "../lab/uselab.ts";
import { openShelf } from "./shelf.ts";
import { SHORT, startStage, type Stage, type Verified } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let liar: Liar;
let name = "";
let keys = "";

beforeAll(async () => {
  const [started, registry, lies] = await Promise.all([
    lab(startStage()),
    lab(startRegistry()),
    lab(startLiar({ vantages: ["fra", "sgp"] })),
  ]);
  [stage, liar] = [started, lies];
  await pushImage(registry, { name: "signed/app", tag: "v1", layers: [10, 20] });
  name = `${registry.host}/signed/app:v1`;
  keys = (await makeFolder("keys")).path;
  for (const who of ["me", "other"]) expect((await run(["keygen", join(keys, who)])).code).toBe(0);
});

async function signed(
  reference: string,
  ask: Parameters<Stage["verify"]>[1] = {},
): Promise<Verified & { file: string }> {
  const flags = [...(ask.flags ?? []), "--sign", join(keys, "me"), "--report", "seen.intoto.jsonl"];
  const seen = await stage.verify(reference, { ...ask, flags });
  return { ...seen, file: join(seen.cwd, "seen.intoto.jsonl") };
}

/** Somewhere else: no network, no configuration, no ledger, nothing but the file and the public key. */
async function elsewhere(file: string, key: string): Promise<{ cwd: string; judged: Outcome }> {
  const cwd = (await makeFolder("elsewhere")).path;
  await copyFile(file, join(cwd, "seen.intoto.jsonl"));
  await copyFile(join(keys, `${key}.pub`), join(cwd, "key.pub"));
  const args = ["judge", "--trust", "key.pub", "seen.intoto.jsonl"];
  const judged = await run(args, { cwd, env: { HOME: cwd }, prefix: ["unshare", "--net"] });
  return { cwd, judged };
}

/** The commands of docs/evidence.md. */
async function byHand(cwd: string): Promise<Outcome> {
  const page = await readFile(join(import.meta.dirname, "../../docs/evidence.md"), "utf8");
  const [, commands] = /### With openssl and jq alone[\s\S]*?```sh\n([\s\S]*?)```/.exec(page) ?? [];
  await writeFile(join(cwd, "check.sh"), commands ?? "exit 99");
  return runCommand(["sh", "check.sh"], { cwd, env: { file: "seen.intoto.jsonl", key: "key.pub" } });
}

describe("what three vantages saw, signed", () => {
  test("holds for whoever has the public key and nothing else, and for openssl and jq", async () => {
    const seen = await signed(name, { flags: ["-o", "oci:out"] });
    expect(seen.code, seen.stderr).toBe(0);
    const { cwd, judged } = await elsewhere(seen.file, "me");
    expect(judged.code, judged.stderr).toBe(0);
    expect(judged.stderr).toMatch(/^tofu3: note: .* is signed by SHA256:/m);
    expect(judged.stdout).toMatch(/^AGREED {2}/m);
    expect(await byHand(cwd)).toMatchObject({ code: 0, stdout: `PASSED ${seen.evidence.artifact?.digest ?? ""}\n` });
  });

  test("does not hold for another key", async () => {
    const { file } = await signed(name);
    const other = await elsewhere(file, "other");
    expect(other.judged).toMatchObject({ code: 10 });
    expect(other.judged.stderr).toMatch(/line 1 of "seen\.intoto\.jsonl" does not hold: .* that is not trusted/);
    expect(await byHand(other.cwd)).toMatchObject({ code: 1, stdout: "line 1: false signature\n" });
  });

  test("of a disagreement says FAILED, and judge says 10 for what was seen", async () => {
    const split = openShelf(liar);
    split.replace("fra");
    const seen = await signed(split.reference, { liar, limits: SHORT });
    expect(seen.code, seen.stdout + seen.stderr).toBe(10);
    const { cwd, judged } = await elsewhere(seen.file, "me");
    expect(judged.code, judged.stderr).toBe(10);
    expect(judged.stdout).toMatch(/^DISAGREED {2}/m);
    const digests = [...new Set(seen.evidence.observations.map(({ digest }) => String(digest)))].sort();
    expect(digests).toHaveLength(2);
    expect(await byHand(cwd)).toMatchObject({ code: 1, stdout: `FAILED ${digests.join(" ")}\n`, stderr: "" });
  });

  test("by a key in an agent, as git and ssh-keygen do it", async () => {
    const folder = (await makeFolder("agent")).path;
    await runTool("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "id")]);
    const said = await runTool("ssh-agent", ["-a", join(folder, "socket"), "-s"]);
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]);
    try {
      const env = { SSH_AUTH_SOCK: join(folder, "socket") };
      const flags = ["--sign", join(folder, "id.pub"), "--report", "seen.intoto.jsonl"];
      const without = await stage.verify(name, { flags, env });
      expect(without.code).toBe(2);
      expect(without.stderr).toContain("so an agent has to have the private one");
      await runCommand(["ssh-add", join(folder, "id")], { env });
      const seen = await stage.verify(name, { flags, env });
      expect(seen.code, seen.stderr).toBe(0);
      const trusted = await run(["judge", "--trust", join(folder, "id.pub"), "seen.intoto.jsonl"], { cwd: seen.cwd });
      expect(trusted.code, trusted.stderr).toBe(0);
    } finally {
      process.kill(pid);
    }
  });

  test("by the keys of the configuration, which judge believes, and nothing else", async () => {
    const others = { policy: { distinct: [], sign: join(keys, "me"), trust: [join(keys, "me.pub")] } };
    const flags = ["--report", "seen.intoto.jsonl", "--report", "seen.json"];
    const seen = await stage.verify(name, { flags, config: { others } });
    expect(seen.code, seen.stderr).toBe(0);
    const config = await stage.configure({ config: { others } });
    const judge = async (...words: string[]): Promise<number | null> =>
      (await run(["judge", ...words, "--config", config], { cwd: seen.cwd })).code;
    expect(await judge("seen.intoto.jsonl")).toBe(0);
    expect(await judge("seen.json")).toBe(10);
    expect(await judge("seen.intoto.jsonl", "--trust", join(keys, "other.pub"))).toBe(10);
  });

  test("without a key: 2, before anything is fetched", async () => {
    const seen = await stage.verify(name, { flags: ["--report", "seen.intoto.jsonl"] });
    expect([seen.code, seen.stderr.includes("statements (.intoto.jsonl) are signed, and there is no key")]).toEqual([
      2,
      true,
    ]);
    expect(await seen.left()).toEqual([]);
    const needless = await stage.verify(name, { flags: ["--sign", join(keys, "me")] });
    expect([needless.code, needless.stderr.includes("no --report asks for them")]).toEqual([2, true]);
  });
});
