import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Evidence } from "../../src/model/evidence.ts";
import type { Observation } from "../../src/model/observation.ts";
import { authorityOf } from "../../src/model/authority.ts";
import { COMMAND } from "../../src/ssh/script/script.ts";
import { run, runCommand, type Outcome } from "../lab/cli.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { makeFolder } from "../lab/processes.ts";
import { pushImage } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { fingerprintOf, makeKeyFile } from "../lab/sshd.ts";
import { useLab } from "../lab/uselab.ts";
import { openShelf } from "./shelf.ts";
import { leftOn, startStage, type Stage, type Vm } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let liar: Liar;
let registry: Registry;
let name = "";
/** The names of the keys that the VMs sign with, and files of their public halves. */
const ids: Record<string, string> = {};
const files: Record<string, string> = {};

function keyOf({ home }: Vm): string {
  return join(home, ".ssh", "tofu3_sign");
}

beforeAll(async () => {
  const [started, store, lies] = await Promise.all([
    lab(startStage()),
    lab(startRegistry({ tls: true })),
    lab(startLiar({ vantages: ["fra", "sgp"] })),
  ]);
  [stage, liar, registry] = [started, lies, store];
  for (const who of ["fra", "sgp"] as const) {
    const file = keyOf(stage[who]);
    await mkdir(join(stage[who].home, ".ssh"), { recursive: true });
    await makeKeyFile(file);
    files[who] = `${file}.pub`;
    ids[who] = await fingerprintOf(`${file}.pub`);
  }
  // small ones that share a curl, and one that is streamed
  await pushImage(registry, { name: "signed/app", tag: "v1", layers: [10, 20, 20_000_000] });
  name = `${registry.host}/signed/app:v1`;
  config.registries = [registry];
  authority = authorityOf(await readFile(registry.caFile ?? "", "utf8"));
});

const whole = (worker: string, of: number) => {
  return { worker, by: ids[worker], objects: of, of, authorities: [authority], why: null };
};

/** The lab's authority, as the VMs were given it. */
let authority = "";
const config = { registries: [] as Registry[] };

/** Judges what some report became, where there is nothing else. */
async function judge(report: Evidence | string, ...flags: readonly string[]): Promise<Outcome> {
  const cwd = (await makeFolder("elsewhere")).path;
  await writeFile(join(cwd, "seen.json"), typeof report === "string" ? report : JSON.stringify(report));
  return run(["judge", "seen.json", ...flags], { cwd, env: { HOME: cwd }, prefix: ["unshare", "--net"] });
}

const byKeys = (): string[] => ["--trust-vm", files["fra"] ?? "", "--trust-vm", files["sgp"] ?? ""];
const byVms = (): string[] => [...byKeys(), "--trust-ca", registry.caFile ?? ""];

describe("VMs with keys of their own", () => {
  test("sign all that they saw, which stands with nobody's word but theirs, and ssh-keygen agrees", async () => {
    const { code, stderr, stdout, evidence } = await stage.verify(name, { config });
    expect(code, stderr).toBe(0);
    expect(evidence.signed).toEqual([whole("fra", 5), whole("sgp", 5)]);
    const judged = await judge(stdout, ...byVms());
    expect(judged.code, judged.stderr).toBe(0);
    expect(judged.stderr).toContain(
      `fra: signed by ${ids["fra"] ?? ""}, under the authority sha256:${authority} of the configuration; sgp: signed by`,
    );
    const cwd = (await makeFolder("keygen")).path;
    for (const { worker, evidence: notes } of evidence.observations.filter(({ via }) => via === "ssh")) {
      await writeFile(join(cwd, "allowed"), `vm ${await readFile(files[worker] ?? "", "utf8")}`);
      for (const { text, signature } of notes.receipts ?? []) {
        await writeFile(join(cwd, "sig"), signature);
        const verify = ["ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "vm", "-n", "tofu3", "-s", "sig"];
        expect(await runCommand(verify, { cwd, stdin: text })).toMatchObject({ code: 0 });
      }
    }
    expect([leftOn(stage.fra), leftOn(stage.sgp)]).toEqual([[], []]);
  });

  test("also for several references at once, each with receipts of its own", async () => {
    const file = await stage.configure({ config });
    const digest = (await stage.verify(name, { config })).evidence.artifact?.digest ?? "";
    const cwd = await stage.room();
    const asked = ["exec", name, `${name}@${digest}`, name, "--report", "seen.json", "--config", file, "--", "true"];
    const { code, stderr } = await run(asked, { cwd, env: { HOME: stage.home } });
    expect(code, stderr).toBe(0);
    const stdout = await readFile(join(cwd, "seen.json"), "utf8");
    const reports = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Evidence);
    expect(reports.map(({ signed }) => signed)).toEqual(
      Array.from({ length: 3 }, () => [whole("fra", 5), whole("sgp", 5)]),
    );
    expect((await judge(stdout, ...byVms())).code).toBe(0);
  });

  test("sign what a disagreement is made of", async () => {
    const split = openShelf(liar);
    split.replace("fra");
    const { code, stdout, evidence } = await stage.verify(split.reference, { liar });
    expect(code).toBe(10);
    expect(evidence.signed?.map(({ worker, by, why }) => [worker, by, why])).toEqual([
      ["fra", ids["fra"], null],
      ["sgp", ids["sgp"], null],
    ]);
    expect((await judge(stdout)).code).toBe(10);
  });

  test("are shown in every report, and in none that is redacted", async () => {
    const flags = ["--report", "seen.html", "--report", "seen.md", "--report", "seen.json"];
    const seen = await stage.verify(name, { flags, config });
    const read = (file: string): Promise<string> => readFile(join(seen.cwd, file), "utf8");
    expect(await read("seen.html")).toContain(
      `<dt>By its VM</dt><dd>signed by ${ids["fra"] ?? ""}, under the authority`,
    );
    expect(await read("seen.md")).toContain("By the VMs themselves: fra: signed by ");
    const redacted = await stage.verify(name, { flags: ["--redact"], config });
    expect(redacted.stdout).not.toMatch(/receipts|SHA256:|"signed"/);
    expect((await judge(redacted.stdout)).code).toBe(0);
    const doubtful = await judge(redacted.stdout, ...byVms());
    expect([doubtful.code, doubtful.stderr.includes('what worker "fra" saw is unsigned')]).toEqual([10, true]);
  });
});

describe("a coordinator that lies about its VMs", () => {
  let honest: Evidence;
  let older: Evidence;
  beforeAll(async () => {
    older = (await stage.verify(name, { config })).evidence;
    honest = (await stage.verify(name, { config })).evidence;
  });

  /** The report with another observation of fra. */
  function with_(change: (fra: Observation) => Observation, more: Partial<Evidence> = {}): Evidence {
    const observations = honest.observations.map((each) => (each.worker === "fra" ? change(each) : each));
    return { ...honest, observations, ...more };
  }
  const unsigned = (): Partial<Evidence> => ({
    signed: (honest.signed ?? []).map((each) =>
      each.worker === "fra" ? { ...each, by: null, objects: 0, authorities: [], why: null } : each,
    ),
  });
  const receiptsOf = (report: Evidence, worker: string) =>
    report.observations.find((each) => each.worker === worker)?.evidence.receipts ?? [];
  const withReceipts = (receipts: Observation["evidence"]["receipts"]): Evidence =>
    with_((fra) => ({ ...fra, evidence: { ...fra.evidence, ...(receipts && { receipts }) } }));

  test("is found out where it leaves the receipts away", async () => {
    const without = with_((fra) => ({ ...fra, evidence: { ...fra.evidence, receipts: [] } }), unsigned());
    // without a list of VMs, its word is all there is
    expect((await judge(without)).code).toBe(0);
    const judged = await judge(without, ...byVms());
    expect(judged.code).toBe(10);
    expect(judged.stderr).toMatch(/"seen\.json" does not hold: what worker "fra" saw is unsigned/);
  });

  test("is found out by what it says itself", async () => {
    const [first] = receiptsOf(honest, "fra");
    if (first === undefined) throw new Error("nothing is signed");
    const forged = [
      withReceipts(receiptsOf(older, "fra")),
      withReceipts(receiptsOf(honest, "sgp")),
      withReceipts([]),
      withReceipts([{ ...first, text: first.text.replace("200", "206") }]),
    ];
    for (const report of forged) {
      const judged = await judge(report);
      expect(judged.code).toBe(10);
      expect(judged.stderr).toMatch(/"seen\.json" contradicts itself: at (?:the number of )?signed/);
      expect((await judge(report, ...byVms())).code).toBe(10);
    }
  });

  test("cannot have three agree on what one of them did not sign", async () => {
    const digest = `sha256:${"77".repeat(32)}`;
    const text = JSON.stringify(honest).replaceAll(honest.artifact?.digest ?? "", digest);
    // the receipts are signed: they still say what was seen
    const report = JSON.parse(text) as Evidence;
    const observations = report.observations.map((each) => {
      const receipts = receiptsOf(honest, each.worker);
      return { ...each, evidence: { ...each.evidence, ...(receipts.length > 0 && { receipts }) } };
    });
    const signed = (honest.signed ?? []).map(({ worker, of }) => {
      return { worker, by: null, objects: 0, of, authorities: [], why: "what its VM signed is another artifact" };
    });
    const judged = await judge({ ...report, observations, signed }, ...byVms());
    expect(judged.code).toBe(10);
    expect(judged.stderr).toContain('what worker "fra" saw is unsigned: what its VM signed is another artifact');
  });

  test("cannot use keys that nobody listed, nor one VM for two workers", async () => {
    const strange = await judge(honest, "--trust-vm", files["fra"] ?? "", "--trust-ca", registry.caFile ?? "");
    expect([strange.code, strange.stderr.includes("which is on no list of VMs")]).toEqual([10, true]);
    const halves = ["", ".pub"].map((half) => [keyOf(stage.fra) + half, keyOf(stage.sgp) + half] as const);
    const before = await Promise.all(halves.map(([, theirs]) => readFile(theirs)));
    for (const [ours, theirs] of halves) await copyFile(ours, theirs);
    const twice = await stage.verify(name, { config });
    for (const [at, [, theirs]] of halves.entries()) await writeFile(theirs, before[at] ?? "");
    expect(twice.code).toBe(0);
    const judged = await judge(twice.stdout, ...byVms());
    expect([judged.code, judged.stderr.includes('workers "fra" and "sgp" are signed by one VM')]).toEqual([10, true]);
  });

  test("cannot give the VMs an authority that nobody listed", async () => {
    const judged = await judge(honest, ...byKeys());
    expect(judged.code).toBe(10);
    expect(judged.stderr).toContain(`worker "fra" was given the authority sha256:${authority}, which is on no list`);
    const alone = await judge(honest, "--trust-ca", registry.caFile ?? "");
    expect([alone.code, alone.stderr.includes("nothing says which VMs")]).toEqual([2, true]);
  });

  test("cannot say that its workers are on no VM, nor that it was another day", async () => {
    const local = honest.observations.map((each) => {
      return { ...each, via: "local" as const, evidence: { ...each.evidence, receipts: [] } };
    });
    const nowhere = await judge({ ...honest, observations: local, signed: [] }, ...byVms());
    expect([nowhere.code, nowhere.stderr.includes("it has more than one worker that is on no VM")]).toEqual([10, true]);
    const day = honest.startedAt.slice(0, 10);
    const moved = JSON.parse(JSON.stringify(honest).replaceAll(day, "2027-06-01")) as Evidence;
    const again = await judge(moved, ...byVms());
    expect([again.code, again.stderr]).toEqual([10, expect.stringContaining("are of another time")]);
  });

  test("cannot use receipts of another verification by an odd key of the question", async () => {
    const run = "f".repeat(32);
    const observations = honest.observations.map((each) => ({ ...each, asked: { ...each.asked, run: honest.run } }));
    const judged = await judge({ ...honest, run, observations }, ...byVms());
    expect([judged.code, judged.stderr]).toEqual([10, expect.stringContaining("are about something else")]);
  });

  test("by the list of the configuration, too", async () => {
    const others = { policy: { distinct: [], trustVms: [files["fra"], files["sgp"]] } };
    const flags = ["--config", await stage.configure({ config: { others } }), "--trust-ca", registry.caFile ?? ""];
    expect((await judge(honest, ...flags)).code).toBe(0);
    expect((await judge(honest, ...flags, "--trust-vm", files["fra"] ?? "")).code).toBe(10);
  });
});

describe("a VM that cannot sign", () => {
  afterEach(async () => {
    await rm(keyOf(stage.fra), { force: true });
    await makeKeyFile(keyOf(stage.fra));
  });

  test("says so in workers check, which else shows the key", async () => {
    const file = await stage.configure({ config });
    const check = (): Promise<Outcome> => run(["workers", "check", "--config", file], { env: { HOME: stage.home } });
    const able = await check();
    expect(able.stdout).toContain(ids["sgp"]);
    await rm(keyOf(stage.fra));
    await rm(`${keyOf(stage.fra)}.pub`);
    await makeKeyFile(keyOf(stage.fra), "ed25519", "a passphrase");
    const unable = await check();
    expect([able.code, unable.code]).toEqual([0, 0]);
    expect(unable.stdout).toMatch(/warning: fra: it has a key ~\/\.ssh\/tofu3_sign and signs nothing with it/);
    const seen = await stage.verify(name, { config });
    expect(seen.code).toBe(0);
    expect(seen.evidence.signed).toEqual([
      { worker: "fra", by: null, objects: 0, of: 5, authorities: [], why: null },
      whole("sgp", 5),
    ]);
    await rm(`${keyOf(stage.fra)}.pub`);
  });
});

test("an old ssh-keygen that cannot sign costs nothing but the signature", async () => {
  const place = (await makeFolder("path")).path;
  await writeFile(join(place, "ssh-keygen"), "#!/bin/sh\necho usage >&2; exit 1\n");
  await chmod(join(place, "ssh-keygen"), 0o755);
  const command = `PATH=${place}:$PATH ${COMMAND}`;
  const outcome = await runCommand(["sh", "-c", command], {
    env: { HOME: stage.fra.home },
    stdin: `${"0".repeat(32)}\nq{}\nQ\nbye\n`,
  });
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(outcome.stdout).toMatch(/ raw\n\S+ end\n\S+ bye\n$/);
  expect(outcome.stdout).not.toMatch(/ l \d+ (?:log|sig)/);
});
