import { mkdir, rm, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { startLiar, type Answer, type Liar } from "../lab/liar.ts";
import { namespacesWork, startPlaces, type Place as Somewhere } from "../lab/namespaces.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches } from "./contract.ts";
import { openShelf, type Place } from "./shelf.ts";
import { leftOn, SHORT, startStage, startVm, type Stage, type Vm } from "./stage.ts";

/** Needs root: `ip netns exec` gives what runs in a namespace a hosts file of its own. */
describe.skipIf(!namespacesWork())("a name that leads to a private address", () => {
  const lab = useLab();
  const NAME = "internal.example";
  let stage: Stage;
  let place: Somewhere;
  let vms: readonly Vm[];
  let registry: Liar;
  let internal: Liar;

  beforeAll(async () => {
    const { places, here } = await lab(startPlaces(1));
    const [only] = places;
    if (only === undefined) throw new Error("one place was asked for");
    place = only;
    const folder = `/etc/netns/${place.name}`;
    await mkdir(folder, { recursive: true });
    await lab(Promise.resolve({ stop: () => rm(folder, { recursive: true }) }));
    await writeFile(`${folder}/hosts`, `127.0.0.1 localhost\n${here} ${NAME}\n`);
    [registry, internal] = await Promise.all([lab(startLiar({ address: here })), lab(startLiar({ address: here }))]);
    const { address, prefix } = place;
    vms = await Promise.all([lab(startVm({ address, prefix })), lab(startVm({ address, prefix }))]);
    stage = await lab(startStage());
  });

  const there = (path: string): string => `http://${NAME}:${internal.host.split(":")[1] ?? ""}${path}`;
  const redirect = (): Answer => ({ status: 307, headers: { location: there("/loot") } });
  const challenge = (): Answer => ({
    status: 401,
    headers: { "www-authenticate": `Bearer realm="${there("/token")}",service="x",scope="repository:x:pull"` },
  });

  test.each<[string, Place, () => Answer]>([
    ["a redirect of the root", "root", redirect],
    ["a redirect of a manifest", "manifest", redirect],
    ["a redirect of a blob", "blob", redirect],
    ["a token service", "root", challenge],
  ])("%s: no vantage takes what is there, and this machine does not even ask", async (_, at, answer) => {
    const shelf = openShelf(registry);
    shelf.answer("all", at, answer());
    internal.answer("/loot", { body: shelf.layer.bytes });
    internal.answer("/token", { headers: { "content-type": "application/json" }, body: '{"token":"t"}' });
    const asked = internal.requests.length;
    const seen = await stage.verify(shelf.reference, {
      limits: SHORT,
      prefix: place.prefix,
      flags: ["-o", "oci:out"],
      config: {
        workers: vms.map((vm, i) => ({ name: `vm${i + 1}`, vm })),
        others: { registries: { [registry.host]: { plainHttp: true } } },
      },
    });
    expect(seen.code, seen.stderr).toBe(12);
    expect(breaches(seen.stdout)).toEqual([]);
    expect(await seen.left()).toEqual([]);
    expect(seen.evidence.observations.map((each) => [each.worker, each.error?.code])).toEqual([
      ["here", "E_ADDRESS"],
      ["vm1", "E_ADDRESS"],
      ["vm2", "E_ADDRESS"],
    ]);
    const agents = internal.requests.slice(asked).map((request) => request.headers["user-agent"] ?? "");
    expect(agents.filter((agent) => !agent.startsWith("curl/"))).toEqual([]);
    // that a VM's curl has connected by the time its address is known is the limit that docs/threat-model.md names
    expect(agents.length).toBe(2);
    expect(vms.flatMap(leftOn)).toEqual([]);
  });
});
