import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { run, type Outcome } from "../lab/cli.ts";
import type { LabConfig } from "../lab/config.ts";
import { pushImage } from "../lab/push.ts";
import { startRegistry } from "../lab/registry.ts";
import { startSshd, type Sshd } from "../lab/sshd.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches, resultIn } from "./contract.ts";
import { startStage, startVm, type Stage, type Verified, type Vm } from "./stage.ts";

/** Three votes from one machine, through the whole command line and real sshds. */

const lab = useLab();
let stage: Stage;
let reference: string;
beforeAll(async () => {
  const [made, registry] = await Promise.all([lab(startStage()), lab(startRegistry())]);
  stage = made;
  await pushImage(registry, { name: "one/machine", tag: "v1", layers: [1000] });
  reference = `${registry.host}/one/machine:v1`;
});

const DEFAULT = { policy: undefined };
const ANYTHING = { policy: { distinct: [] } };

/**
 * A VM whose machine tells what `identity` says: `id` in place of its machine-id, no file and no sysctl where it is
 * null.
 */
async function startMachine(id: string | null, boot: string | null): Promise<Vm> {
  const folder = await stage.room();
  const say = (text: string | null): string => (text === null ? "exit 1" : `echo ${text}`);
  const cat = [
    "#!/bin/sh",
    `case $1 in /etc/machine-id) ${say(id)};; /var/lib/*) exit 1;; */boot_id) ${say(boot)};; *) exec /usr/bin/cat "$@";; esac`,
  ];
  await writeFile(join(folder, "cat"), `${cat.join("\n")}\n`);
  await chmod(join(folder, "cat"), 0o755);
  return lab(startVm({ env: { PATH: `${folder}:/usr/bin:/bin` } }));
}

const two = (fra: Sshd, sgp: Sshd, others: Readonly<Record<string, unknown>> = {}): LabConfig["workers"] => [
  { name: "fra", vm: fra, others },
  { name: "sgp", vm: sgp, others },
];

async function release(config: Partial<LabConfig>, home?: string): Promise<Verified> {
  return stage.verify(reference, {
    config,
    flags: ["-o", "oci:out"],
    ...(home === undefined ? {} : { env: { HOME: home } }),
  });
}

async function check(config: Partial<LabConfig>, flags: readonly string[] = [], home = stage.home): Promise<Outcome> {
  const file = await stage.configure({ config });
  return run(["workers", "check", "--config", file, ...flags], { cwd: await stage.room(), env: { HOME: home } });
}

/** A home whose known_hosts has these lines; the keys of the configuration are not pinned. */
async function homeKnowing(...lines: readonly string[]): Promise<string> {
  const home = await stage.room();
  await mkdir(join(home, ".ssh"));
  await writeFile(join(home, ".ssh", "known_hosts"), `${lines.join("\n")}\n`);
  return home;
}

const keyOf = (vm: Sshd): string => vm.knownHostsLine.split(" ").slice(1).join(" ");
const lineFor = (vm: Pick<Sshd, "host" | "port">, key: string): string => `[${vm.host}]:${vm.port} ${key}`;
const UNPINNED = { hostKey: undefined };

describe("three workers on one machine", () => {
  test("with the default policy: 13, nothing is released, and the object and the table say why", async () => {
    const seen = await release({ others: DEFAULT });
    expect(seen.code, seen.stderr).toBe(13);
    expect(await seen.left()).toEqual([]);
    expect(breaches(seen.stdout)).toEqual([]);
    const { evidence } = seen;
    expect(evidence).toMatchObject({ outcome: "indistinct", quorum: "3/3", artifact: null, released: null });
    expect(evidence.policy).toEqual({ distinct: ["machine"], days: 1, onChange: "notice", met: false });
    expect(evidence.summary).toContain("fra, here and sgp have one machine identity");
    expect(evidence.observations.map(({ evidence: { hostKey } }) => hostKey)).toEqual([
      stage.fra.hostKeyFingerprint,
      null,
      stage.sgp.hostKeyFingerprint,
    ]);
    const drawn = await stage.verify(reference, { config: { others: DEFAULT }, plain: true });
    expect(drawn.code).toBe(13);
    expect(drawn.stdout).toMatch(/^INDISTINCT {2}3 of 3 workers saw sha256:.*; nothing was released$/m);
  });

  test("that ask for nothing: 0, released", async () => {
    const seen = await release({ others: ANYTHING });
    expect(seen.code, seen.stderr).toBe(0);
    expect(await seen.left()).toEqual(["out"]);
    expect(seen.evidence.policy).toEqual({ distinct: [], days: 1, onChange: "notice", met: true });
  });

  test("workers check says the same as verify: 13 and 0", async () => {
    const asked = await check({ others: DEFAULT });
    expect(asked.code, asked.stdout + asked.stderr).toBe(13);
    expect(asked.stdout).toMatch(/^fra, here and sgp have one machine identity.*machine-id/m);
    expect((await check({ others: ANYTHING })).code).toBe(0);
    const { indistinct } = JSON.parse((await check({ others: DEFAULT }, ["--json"])).stdout) as { indistinct: unknown };
    expect(indistinct).toEqual([{ why: "machine", workers: ["fra", "here", "sgp"] }]);
  });
});

describe("machines that say who they are", () => {
  const [one, other] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];
  const [first, second] = ["11111111-2222-4333-8444-555555555555", "66666666-7777-4888-9999-aaaaaaaaaaaa"];

  test("three that differ: 0 with the default policy", async () => {
    const [fra, sgp] = await Promise.all([startMachine(one, first), startMachine(other, second)]);
    const config = { workers: two(fra, sgp), others: DEFAULT };
    const seen = await release(config);
    expect(seen.code, seen.stdout + seen.stderr).toBe(0);
    expect(seen.evidence.policy.met).toBe(true);
    expect((await check(config)).code).toBe(0);
  });

  test("one that nobody knows: 13", async () => {
    const [fra, sgp] = await Promise.all([startMachine(one, first), startMachine(null, null)]);
    const config = { workers: two(fra, sgp), others: DEFAULT };
    const seen = await release(config);
    expect(seen.code, seen.stderr).toBe(13);
    expect(seen.evidence.summary).toContain("nobody knows whether sgp is a machine of its own");
    expect(await seen.left()).toEqual([]);
    const asked = await check(config);
    expect(asked.code, asked.stdout).toBe(13);
    expect(asked.stdout).toMatch(/^nobody knows whether sgp is a machine of its own: .*machine-id/m);
  });

  test.each([
    { why: "no machine-id, a boot of its own", boot: second, code: 0 },
    { why: "no machine-id: a container on the machine of another worker", boot: first, code: 13 },
  ])("$why: $code", async ({ boot, code }) => {
    const [fra, sgp] = await Promise.all([startMachine(one, first), startMachine(null, boot)]);
    const seen = await release({ workers: two(fra, sgp), others: DEFAULT });
    expect(seen.code, seen.stdout + seen.stderr).toBe(code);
  });

  test.each(["uninitialized", "00000000-0000-0000-0000-000000000000"])("%s is nobody's identity", async (id) => {
    const machines = await Promise.all([startMachine(id, first), startMachine(id, second)]);
    const seen = await release({ workers: two(...machines), others: DEFAULT });
    expect(seen.code, seen.stdout + seen.stderr).toBe(0);
  });
});

describe("one host key is one worker, whatever the policy says", () => {
  test.each([ANYTHING, DEFAULT])("one sshd by two addresses, known by two keys: 13 (%j)", async (others) => {
    const [vm, stranger] = await Promise.all([lab(startVm({ address: "0.0.0.0" })), lab(startSshd())]);
    const [fra, sgp] = ["127.0.0.1", "127.0.0.2"].map((host) => ({ ...vm, host })) as [Vm, Vm];
    const home = await homeKnowing(lineFor(fra, keyOf(vm)), lineFor(sgp, keyOf(vm)), lineFor(sgp, keyOf(stranger)));
    const config = { workers: two(fra, sgp, UNPINNED), others };
    const seen = await release(config, home);
    expect(seen.code, seen.stdout + seen.stderr).toBe(13);
    expect(seen.evidence.summary).toContain("fra and sgp proved one and the same host key");
    expect(await seen.left()).toEqual([]);
    const asked = await check(config, [], home);
    expect(asked.code, asked.stdout + asked.stderr).toBe(13);
    expect(asked.stdout).toMatch(/^fra and sgp proved one and the same host key: /m);
  });

  test.each([ANYTHING, DEFAULT])("one sshd by two addresses that known_hosts gives one key: 2 (%j)", async (others) => {
    const vm = await lab(startVm({ address: "0.0.0.0" }));
    const [fra, sgp] = ["127.0.0.1", "127.0.0.2"].map((host) => ({ ...vm, host })) as [Vm, Vm];
    const home = await homeKnowing(lineFor(fra, keyOf(vm)), lineFor(sgp, keyOf(vm)));
    const config = { workers: two(fra, sgp, UNPINNED), others };
    for (const seen of [await release(config, home), await check(config, [], home)]) {
      expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 2, stdout: "" });
      expect(seen.stderr).toContain(
        `workers "fra" and "sgp" are the same machine: both have the host key ${vm.hostKeyFingerprint}`,
      );
    }
  });

  test("two ports of one host with one host key, one of them pinned: 2", async () => {
    const fra = await lab(startVm());
    const sgp = await lab(startVm({ hostKeyFiles: fra.hostKeyFiles }));
    const home = await homeKnowing(lineFor(sgp, keyOf(sgp)));
    const workers = [
      { name: "fra", vm: fra },
      { name: "sgp", vm: sgp, others: UNPINNED },
    ];
    const seen = await release({ workers, others: ANYTHING }, home);
    expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 2, stdout: "" });
    expect(seen.stderr).toContain('workers "fra" and "sgp" are the same machine');
  });

  test("two aliases of one HostKeyAlias: 2", async () => {
    const home = await homeKnowing(`cluster ${keyOf(stage.fra)}`);
    await writeFile(join(home, ".ssh", "config"), "Host 127.0.0.1\n  HostKeyAlias cluster\n");
    const seen = await release({ workers: two(stage.fra, stage.sgp, UNPINNED), others: ANYTHING }, home);
    expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 2, stdout: "" });
    expect(seen.stderr).toContain('workers "fra" and "sgp" are the same machine');
  });
});
