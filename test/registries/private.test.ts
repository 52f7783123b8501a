import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { verify } from "../../src/api.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import { run } from "../lab/cli.ts";
import { writeConfig, type LabConfig } from "../lab/config.ts";
import { makeImage } from "../lab/image.ts";
import { stock } from "../lab/liar-shelf.ts";
import { startLiar } from "../lab/liar.ts";
import { makeFolder } from "../lab/processes.ts";
import { pushExactly } from "../lab/push.ts";
import { startRegistry } from "../lab/registry.ts";
import { startSshd } from "../lab/sshd.ts";
import { useLab } from "../lab/uselab.ts";
import { VANTAGES } from "./world.ts";

const lab = useLab();
const [fra, sgp, own, strict, liar, folder] = await Promise.all([
  lab(startSshd()),
  lab(startSshd()),
  lab(startRegistry({ tls: true })),
  lab(startRegistry({ tls: true, clientCertificates: true })),
  lab(startLiar({ vantages: VANTAGES })),
  makeFolder("private").then(async (made) => lab(Promise.resolve({ ...made, stop: made.remove }))),
]);
const image = makeImage({ layers: [3000] });
for (const registry of [own, strict]) await pushExactly(registry, "team/app", "1", image);
stock(liar, "team/app", "1", { root: image.manifest, images: [image] });

async function configure(config: Partial<LabConfig>): Promise<{ config: string; cwd: string }> {
  const cwd = await mkdtemp(join(folder.path, "run-"));
  await mkdir(join(cwd, "home"));
  const workers = [
    { name: "fra", vm: fra },
    { name: "sgp", vm: sgp },
  ];
  const limits = { retries: 0, connectSeconds: 20, idleSeconds: 20, totalSeconds: 50 };
  return { config: await writeConfig(cwd, { workers, ...config, others: { limits, ...config.others } }), cwd };
}

async function look(reference: string, config: Partial<LabConfig>): Promise<Evidence> {
  const made = await configure(config);
  return verify(reference, { config: made.config, cwd: made.cwd, home: join(made.cwd, "home"), env: {} });
}

const codes = (evidence: Evidence): readonly (readonly (string | undefined)[])[] =>
  evidence.observations.map(({ worker, error }) => [worker, error?.code]);

describe("an authority of its own", () => {
  test("is trusted here and on the VMs where the configuration names it", async () => {
    expect(await look(`${own.host}/team/app:1`, { registries: [own] })).toMatchObject({
      outcome: "agreed",
      quorum: "3/3",
    });
  });

  test("is not trusted by anybody where another one is named", async () => {
    const others = { registries: { [own.host]: { caFile: strict.caFile } } };
    const evidence = await look(`${own.host}/team/app:1`, { others });
    expect(evidence.outcome).toBe("incomplete");
    expect(codes(evidence)).toEqual([
      ["fra", "E_TLS"],
      ["here", "E_TLS"],
      ["sgp", "E_TLS"],
    ]);
  });
});

describe("a client certificate", () => {
  test("is shown by the local worker; its key never goes to a VM, which is said", async () => {
    const evidence = await look(`${strict.host}/team/app:1`, { registries: [strict] });
    expect(evidence.outcome).toBe("incomplete");
    expect(codes(evidence)).toEqual([
      ["fra", "E_TLS"],
      ["here", undefined],
      ["sgp", "E_TLS"],
    ]);
    const [fault] = evidence.observations;
    expect(fault?.error).toMatchObject({
      message: expect.stringContaining("wants a client certificate, and a private key never goes to a VM") as string,
      hint: expect.stringContaining("only a local worker can present clientCertificate") as string,
    });
  });

  test("is enough for what looks from here alone", async () => {
    const made = await configure({ registries: [strict] });
    const ended = await run(["tags", `${strict.host}/team/app`, "--config", made.config], {
      cwd: made.cwd,
      env: { HOME: made.cwd },
    });
    expect(ended).toMatchObject({ code: 0, stdout: "1\n" });
  });
});

describe("plain http", () => {
  const proxied = {
    local: { proxy: liar.proxyOf("here") },
    workers: [
      { name: "fra", vm: fra, proxy: liar.proxyOf("fra") },
      { name: "sgp", vm: sgp, proxy: liar.proxyOf("sgp") },
    ],
  };

  test("is spoken to a registry for which the configuration says so, by its exact name and port", async () => {
    const others = { registries: { "registry.lab:5000": { plainHttp: true } } };
    const evidence = await look("registry.lab:5000/team/app:1", { ...proxied, others });
    expect(evidence).toMatchObject({ outcome: "agreed", quorum: "3/3" });
    expect(new Set(liar.requests.map((each) => each.host))).toEqual(new Set(["registry.lab:5000"]));
  });

  test.each(["registry.lab:5001", "registry.lab", "www.registry.lab:5000"])("is not tried with %s", async (host) => {
    const before = liar.requests.length;
    const others = { registries: { "registry.lab:5000": { plainHttp: true } } };
    const evidence = await look(`${host}/team/app:1`, { ...proxied, others });
    expect(evidence.outcome).toBe("incomplete");
    expect(liar.requests.slice(before).filter((each) => each.target.includes("/manifests/"))).toEqual([]);
  });

  test("is what a registry on a loopback name speaks", async () => {
    expect(await look(`${liar.host}/team/app:1`, {})).toMatchObject({ outcome: "agreed" });
  });
});
