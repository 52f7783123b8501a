import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Observation } from "../../src/model/observation.ts";
import type { LabWorker } from "../lab/config.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { namespacesWork, startPlaces } from "../lab/namespaces.ts";
import { freePort, runTool, until } from "../lab/processes.ts";
import { makeKeyFile } from "../lab/sshd.ts";
import { startTcpProxy } from "../lab/tcpproxy.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches } from "./contract.ts";
import { openShelf, type Shelf } from "./shelf.ts";
import { SHORT, startStage, startVm, type Ask, type Stage, type Verified, type Vm } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let liar: Liar;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar({ vantages: ["fra", "sgp"] }))]);
});

/** The stage with another machine behind `fra`, or with other keys for it in the configuration. */
function withFra(vm: LabWorker["vm"], others: LabWorker["others"] = {}): NonNullable<Ask["config"]> {
  return {
    workers: [
      { name: "fra", vm, proxy: liar.proxyOf("fra"), others },
      { name: "sgp", vm: stage.sgp, proxy: liar.proxyOf("sgp") },
    ],
  };
}

/** Nothing came of it, `fra` is why, and the others saw it all. Returns what was said of `fra`. */
async function incomplete(shelf: Shelf, ask: Ask): Promise<NonNullable<Observation["error"]> & { seen: Verified }> {
  const seen = await stage.verify(shelf.reference, { liar, limits: SHORT, flags: ["-o", "oci:out"], ...ask });
  expect(seen.code, seen.stderr).toBe(12);
  expect(breaches(seen.stdout)).toEqual([]);
  expect(await seen.left()).toEqual([]);
  const { evidence } = seen;
  expect(evidence).toMatchObject({ outcome: "incomplete", quorum: "2/3", differences: [], released: null });
  const [fra, ...others] = evidence.observations;
  expect(others.map((each) => [each.outcome, each.error])).toEqual([
    ["saw", null],
    ["saw", null],
  ]);
  const error = fra?.error;
  if (error == null) throw new Error("nothing was said of fra");
  expect(evidence.summary).toContain("fra did not finish");
  expect(error.hint, error.message).toMatch(/./);
  return { ...error, seen };
}

describe("a VM that is not there", () => {
  async function closed(): Promise<LabWorker["vm"]> {
    return { ...stage.fra, port: await freePort() };
  }

  test("its port is closed: incomplete, in no time", async () => {
    const { code, stage: at, message, seen } = await incomplete(openShelf(liar), { config: withFra(await closed()) });
    expect([code, at]).toEqual(["E_SSH", "ssh"]);
    expect(message).toMatch(/worker "fra".*refused/);
    expect(seen.ms).toBeLessThan(30_000);
  });

  test("and the two others differ: disagreed all the same", async () => {
    const shelf = openShelf(liar);
    const other = shelf.replace("sgp");
    const seen = await stage.verify(shelf.reference, { liar, limits: SHORT, config: withFra(await closed()) });
    expect(seen.code, seen.stderr).toBe(10);
    expect(seen.evidence.differences[0]).toMatchObject({
      at: "index",
      views: [
        { digest: shelf.root.digest, workers: ["here"] },
        { digest: other.digest, workers: ["sgp"] },
      ],
    });
  });
});

describe.concurrent("a VM that goes away in the middle of a blob", () => {
  /** A shelf whose layer takes `fra` for ever, and a promise that it has begun. */
  function slowShelf(): { shelf: Shelf; begun: () => Promise<unknown> } {
    const shelf = openShelf(liar);
    shelf.answer("fra", "blob", { body: shelf.layer.bytes, drip: { bytes: 200, everyMs: 250 } });
    const isIt = (each: Liar["requests"][number]): boolean =>
      each.target === shelf.path("blob") && each.vantage === "fra";
    return {
      shelf,
      begun: () =>
        until(
          "the blob is on its way",
          () => (liar.requests.some((each) => isIt(each) && each.sent > 0) ? true : undefined),
          30,
        ),
    };
  }

  test("killed: incomplete, and nothing of it counts", async () => {
    const vm = await lab(startVm());
    const { shelf, begun } = slowShelf();
    const [{ code, message }] = await Promise.all([
      incomplete(shelf, { config: withFra(vm) }),
      begun().then(() => vm.kill9()),
    ]);
    expect(code).toBe("E_SSH");
    expect(message).toMatch(/worker "fra"/);
  });

  test("killed, and the two others differ: disagreed", async () => {
    const vm = await lab(startVm());
    const { shelf, begun } = slowShelf();
    const lie = Buffer.from(shelf.layer.bytes).fill("x", 50, 60);
    shelf.answer("sgp", "blob", { body: lie });
    const [seen] = await Promise.all([
      stage.verify(shelf.reference, { liar, limits: SHORT, config: withFra(vm) }),
      begun().then(() => vm.kill9()),
    ]);
    expect(seen.code, seen.stderr).toBe(10);
    expect(seen.evidence.differences).toMatchObject([{ at: shelf.labels.blob, expected: shelf.layer.digest }]);
  });

  test("the line to it goes dark: incomplete as soon as the limits say", async () => {
    const line = await lab(startTcpProxy({ host: stage.fra.host, port: stage.fra.port }));
    const { shelf, begun } = slowShelf();
    const config = withFra({ ...stage.fra, host: line.host, port: line.port });
    const [{ code, seen }] = await Promise.all([
      incomplete(shelf, { config, limits: { ...SHORT, totalSeconds: 15 } }),
      begun().then(() => line.blackhole()),
    ]);
    expect(code).toMatch(/^E_SSH$|^E_TIMEOUT$/);
    expect(seen.ms).toBeLessThan(30_000);
  });

  test.skipIf(!namespacesWork())("its cable is pulled out: incomplete, and plugged in again it agrees", async () => {
    const { places, here } = await lab(startPlaces(1));
    const [place] = places;
    if (place === undefined) throw new Error("one place was asked for");
    const far = await lab(startLiar({ address: here, sources: { [place.address]: "fra" } }));
    const vm = await lab(startVm({ address: place.address, prefix: place.prefix }));
    const shelf = openShelf(far);
    shelf.answer("fra", "blob", { body: shelf.layer.bytes, drip: { bytes: 200, everyMs: 250 } });
    const workers = [
      { name: "fra", vm },
      { name: "sgp", vm: stage.sgp },
    ];
    const config = { workers, others: { registries: { [far.host]: { plainHttp: true } } } };
    const asked = (): boolean =>
      far.requests.some((each) => each.vantage === "fra" && each.target === shelf.path("blob"));
    const ask: Ask = { config, limits: { ...SHORT, totalSeconds: 12 }, flags: ["-o", "oci:out"] };
    const [seen] = await Promise.all([
      stage.verify(shelf.reference, ask),
      until("the blob is asked for", () => (asked() ? true : undefined), 30).then(place.pullCable),
    ]);
    expect(seen.code, seen.stderr).toBe(12);
    expect(await seen.left()).toEqual([]);
    await place.plugIn();
    const again = await stage.verify(openShelf(far).reference, { ...ask, limits: SHORT });
    expect(again.code, again.stderr).toBe(0);
    expect(again.evidence.observations.map((each) => each.evidence.addresses)).toEqual([[here], [here], [here]]);
  });
});

describe("a VM that is not the one, or does not know us", () => {
  const untouched = (vm: Vm): void => {
    expect(vm.log()).toContain("Connection from");
    expect(vm.log()).not.toMatch(/publickey|userauth|Accepted|authenticating/i);
  };

  test("its host key is not the configured one: both fingerprints, and nothing was proved to it", async () => {
    const vm = await lab(startVm());
    const wanted = stage.fra.hostKeyFingerprint;
    const { code, message, hint } = await incomplete(openShelf(liar), { config: withFra(vm, { hostKey: wanted }) });
    expect(code).toBe("E_HOST_KEY");
    expect(message).toContain(
      `HAS CHANGED: somebody may be answering in its place; expected ${wanted}, offered ${vm.hostKeyFingerprint}`,
    );
    expect(hint).toContain(
      "on the VM's own console (not over SSH) run: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
    );
    // what was offered is nothing to copy from a hint
    expect(hint).not.toContain(vm.hostKeyFingerprint);
    untouched(vm);
  });

  test("its host key is not the one in known_hosts", async () => {
    const vm = await lab(startVm());
    const home = join(await stage.room(), "home");
    await mkdir(join(home, ".ssh"), { recursive: true });
    const line = stage.fra.knownHostsLine.replace(/^\S+/, `[${vm.host}]:${vm.port}`);
    await writeFile(join(home, ".ssh/known_hosts"), `${line}\n`);
    const ask = { config: withFra(vm, { hostKey: undefined }), env: { HOME: home } };
    const { code, message } = await incomplete(openShelf(liar), ask);
    expect(code).toBe("E_HOST_KEY");
    expect(message).toContain(stage.fra.hostKeyFingerprint);
    expect(message).toContain(vm.hostKeyFingerprint);
    untouched(vm);
  });

  test("nobody knows its host key: not accepted, whatever it is", async () => {
    const vm = await lab(startVm());
    const { code, message, hint } = await incomplete(openShelf(liar), { config: withFra(vm, { hostKey: undefined }) });
    expect(code).toBe("E_HOST_KEY");
    expect(message).toMatch(/is not known: no hostKey in the configuration and no line for/);
    expect(hint).toContain('hostKey: "SHA256:…"');
    expect(vm.log()).not.toMatch(/publickey|userauth|Accepted|authenticating/i);
  });

  test.each([
    { what: "the user", others: () => ({ user: "nobody-of-that-name" }) },
    { what: "the key", others: async () => ({ identityFile: await otherKey() }) },
  ])("$what is wrong: said so, with what to look at", async ({ others }) => {
    const { code, message } = await incomplete(openShelf(liar), { config: withFra(stage.fra, await others()) });
    expect(code).toBe("E_SSH_AUTH");
    expect(message).toMatch(/worker "fra"/);
  });

  async function otherKey(): Promise<string> {
    const file = join(await stage.room(), "other");
    await makeKeyFile(file);
    return file;
  }

  test("its curl does not run: said so, with what to install", async () => {
    const folder = await stage.room();
    await writeFile(join(folder, "curl"), "#!/bin/sh\nexit 127\n");
    await chmod(join(folder, "curl"), 0o755);
    const vm = await lab(startVm({ env: { PATH: `${folder}:/usr/bin:/bin` } }));
    const { code, message, hint } = await incomplete(openShelf(liar), { config: withFra(vm) });
    expect(code).toBe("E_VM_TOOL");
    expect(message).toMatch(/worker "fra" cannot work: .*curl/);
    expect(hint).toMatch(/install/);
  });
});

test("an alias of ~/.ssh/config with a hashed known_hosts, the other VM behind it: agreed", async () => {
  const home = join(await stage.room(), "home");
  await mkdir(join(home, ".ssh"), { recursive: true });
  const { fra, sgp } = stage;
  const hostOf = (alias: string, vm: Vm, more = ""): string =>
    `Host ${alias}\n  HostName ${vm.host}\n  Port ${vm.port}\n  User ${vm.user}\n  IdentityFile ${vm.identityFile}\n${more}`;
  await writeFile(join(home, ".ssh/config"), hostOf("near", fra) + hostOf("far", sgp, "  ProxyJump near\n"));
  await writeFile(join(home, ".ssh/known_hosts"), `${fra.knownHostsLine}\n${sgp.knownHostsLine}\n`);
  await runTool("ssh-keygen", ["-q", "-H", "-f", join(home, ".ssh/known_hosts")]);
  const bare = { port: undefined, user: undefined, identityFile: undefined, hostKey: undefined };
  const workers = [
    { name: "fra", vm: { ...fra, host: "near" }, others: bare },
    { name: "sgp", vm: { ...sgp, host: "far" }, others: bare },
  ];
  const before = fra.log().split("Accepted publickey").length;
  const seen = await stage.verify(openShelf(liar).reference, { config: { workers }, env: { HOME: home } });
  expect(seen.code, seen.stderr).toBe(0);
  expect(fra.log().split("Accepted publickey").length - before).toBe(2);
});
