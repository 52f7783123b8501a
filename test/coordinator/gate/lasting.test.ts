import { getEventListeners } from "node:events";
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { GateAnswer } from "../../../src/coordinator/gate/ask.ts";
import { parseDigest } from "../../../src/oci/digest.ts";
import { startVm, type Vm } from "../../e2e/stage.ts";
import { makeImage, type Blob } from "../../lab/image.ts";
import { until } from "../../lab/processes.ts";
import { pushExactly } from "../../lab/push.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { startSshd, type Sshd } from "../../lab/sshd.ts";
import { startTcpProxy } from "../../lab/tcpproxy.ts";
import { useLab } from "../../lab/uselab.ts";
import { about, below, NEVER, openGate, type GateGround } from "./ground.ts";

const lab = useLab();
const image = makeImage({ layers: [2000, 3000] });
const [bottom, top] = image.layers as [Blob, Blob];
let registry: Registry;
let sgp: Vm;

beforeAll(async () => {
  [registry, sgp] = [await lab(startRegistry()), await lab(startVm())];
  await pushExactly(registry, "a/b", "v1", image);
}, 60_000);

function askFor({ gate }: GateGround, shop = registry): Promise<GateAnswer> {
  return gate.ask(about(shop, "a/b", { kind: "tag", tag: "v1" }), NEVER);
}

const outcomeOf = ({ evidence }: GateAnswer): string => evidence.outcome;
const faultOf = ({ evidence }: GateAnswer, name: string): unknown =>
  evidence.observations.find(({ worker }) => worker === name)?.error;
const again = (vm: Sshd): Promise<Sshd> =>
  startSshd({ port: vm.port, hostKeyFiles: vm.hostKeyFiles, letIn: vm.identityFile });

describe("links that live for days", () => {
  test("a VM that goes away and comes back: incomplete in between, and nothing is left of it", async () => {
    const fra = await lab(startSshd());
    const ground = await lab(openGate({ vms: [fra, sgp] }));
    expect([outcomeOf(await askFor(ground)), outcomeOf(await askFor(ground))]).toEqual(["agreed", "agreed"]);
    await fra.kill9();
    for (const between of [await askFor(ground), await askFor(ground)]) {
      expect(outcomeOf(between)).toBe("incomplete");
      expect(faultOf(between, "fra")).toMatchObject({ code: "E_SSH", stage: "ssh" });
      expect(faultOf(between, "sgp")).toBeNull();
    }
    const reached = await ground.gate.reach(NEVER);
    expect(reached.get("fra")).toMatchObject({ stage: "ssh" });
    expect([reached.get("here"), reached.get("sgp")]).toEqual([null, null]);
    await lab(again(fra));
    expect(outcomeOf(await askFor(ground))).toBe("agreed");
    expect([...(await ground.gate.reach(NEVER)).values()]).toEqual([null, null, null]);
  });

  test("a VM whose connection hangs: every question ends, and one of them succeeds", { timeout: 240_000 }, async () => {
    const fra = await lab(startSshd());
    const proxy = await lab(startTcpProxy(fra));
    proxy.setFault({ at: 40_000, then: "stall" });
    const vm = { ...fra, host: proxy.host, port: proxy.port };
    const ground = await lab(openGate({ vms: [vm, sgp], limits: { totalSeconds: 20 } }));
    await until(
      "the connection hangs",
      async () => (outcomeOf(await askFor(ground)) === "agreed" ? undefined : true),
      90,
    );
    proxy.setFault(null);
    await until("it is made anew", async () => (outcomeOf(await askFor(ground)) === "agreed" ? true : undefined), 120);
    expect(proxy.connections()).toBeGreaterThan(1);
  });

  test("a token that has expired is renewed at every vantage", { timeout: 120_000 }, async () => {
    const user = { user: "me", password: "pass" };
    const shop = await lab(startRegistry({ token: { anonymous: true, users: [user], expiresIn: 10 } }));
    await pushExactly(shop, "a/b", "v1", image);
    const fra = await lab(startSshd());
    const ground = await lab(openGate({ vms: [fra, sgp] }));
    const tokens = (): number => (shop.tokenServer?.requests ?? []).filter((each) => each.user === null).length;
    expect(outcomeOf(await askFor(ground, shop))).toBe("agreed");
    expect(tokens()).toBe(3);
    await until(
      "all three ask for another one",
      async () => {
        expect(outcomeOf(await askFor(ground, shop))).toBe("agreed");
        return tokens() >= 6 ? true : undefined;
      },
      60,
    );
  });
});

test("nothing grows with the number of questions", { timeout: 240_000 }, async () => {
  const [fra, last] = [await lab(startVm()), await lab(startVm())];
  const ground = await lab(openGate({ vms: [fra, last] }));
  const { gate } = ground;
  const asking = new AbortController();
  const { signal } = asking;
  const at = { registry: registry.host, repository: "a/b" };
  const digest = parseDigest(image.manifest.digest);
  const round = async (): Promise<void> => {
    const wanted = [
      { kind: "tag", tag: "v1" },
      { kind: "tag", tag: "missing" },
      { kind: "document", digest },
      below(image, [image.config, top]),
      { kind: "blob", digest: parseDigest(bottom.digest) },
    ] as const;
    await Promise.all([
      ...wanted.map((each) => gate.ask(about(registry, "a/b", each), signal)),
      gate.stillNames(at, "v1", digest, true, signal),
      gate.tags(at, true, signal),
      gate.reach(signal),
    ]);
  };
  const workOn = (vm: Vm): readonly string[] => [
    ...vm.processesOf().filter((each) => !/^\d+ sshd: /.test(each)),
    ...readdirSync(vm.tmp),
  ];
  const held = (): readonly number[] => [
    readdirSync("/proc/self/fd").length,
    process.getActiveResourcesInfo().filter((each) => each === "Timeout").length,
    getEventListeners(signal, "abort").length,
    getEventListeners(NEVER, "abort").length,
  ];
  await round();
  const idle = (): true | undefined => ([fra, last].every((vm) => workOn(vm).length === 0) ? true : undefined);
  await until("nothing is left on the VMs", idle);
  const before = held();
  for (let n = 0; n < 8; n++) await round();
  await until("nothing is left on the VMs", idle);
  // idle connections to the registry close by themselves
  await until(
    "as much is held as before",
    () => (held().every((each, n) => each <= (before[n] ?? 0)) ? true : undefined),
    60,
  );
  expect([fra, last].map((vm) => vm.log().match(/Accepted publickey/g)?.length)).toEqual([1, 1]);
  expect(ground.left()).toEqual([]);
});
