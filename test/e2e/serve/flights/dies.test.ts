import { beforeAll, expect, test } from "vitest";
import { answerOf } from "../../../lab/answer.ts";
import { startGate, type LabGate } from "../../../lab/gate.ts";
import { relay } from "../../../lab/liar-relay.ts";
import { makeFolder, until } from "../../../lab/processes.ts";
import { startRegistry, type Registry } from "../../../lab/registry.ts";
import { startSshd, type Sshd } from "../../../lab/sshd.ts";
import { useLab } from "../../../lab/uselab.ts";
import { openWay, push, readSlowly, type Way } from "./ground.ts";

const lab = useLab();
let registry: Registry;
let sgp: Sshd;
/** The key that the configuration names. */
let letIn: string;
let way: Way;
let gate: LabGate;

beforeAll(async () => {
  const folder = (await makeFolder("dies")).path;
  const [started, fra, other] = await Promise.all([lab(startRegistry()), lab(startSshd()), lab(startSshd())]);
  registry = started;
  sgp = other;
  letIn = sgp.identityFile;
  way = await lab(openWay(folder, registry, [fra, sgp], { answerWithin: 4 }, { limits: { retries: 0 } }));
  gate = await lab(startGate({ config: way.config, upstream: registry.host }));
});

/** The same machine, after it was switched on again. */
async function revive(): Promise<void> {
  const { port, hostKeyFiles } = sgp;
  sgp = await lab(startSshd({ port, hostKeyFiles, letIn }));
}

/** Waits until sgp is being sent this, and some of it has gone. */
async function midway(path: string): Promise<void> {
  await until(`sgp has half of ${path}`, () =>
    way.liar.requests.some(({ vantage, target, sent }) => vantage === "sgp" && target === path && sent > 0)
      ? true
      : undefined,
  );
}

test("a VM that dies midway through a manifest: all who wait are told which, and later ones get it", async () => {
  const { manifest } = await push(registry, "manifest", [300]);
  const path = "/v2/manifest/manifests/1";
  way.liar.lie("sgp", path, async (request) => ({ ...(await relay(request)), cutAt: 100, then: "stall" }));
  const waiting = [1, 2, 3].map(() => answerOf(gate.url, path));
  await midway(path);
  await sgp.kill9();
  for (const { status, reason, headers } of await Promise.all(waiting)) {
    expect(`${status} ${reason}`).toMatch(/^503 tofu3 incomplete: sgp did not finish/);
    expect(headers["retry-after"]).toBe("30");
  }
  way.liar.lie("sgp", path, relay);
  await revive();
  const later = await until("the VM is used again", async () => {
    const answer = await answerOf(gate.url, path);
    return answer.status === 200 ? answer : undefined;
  });
  expect(later.body.equals(manifest.bytes)).toBe(true);
});

test("a VM that dies midway through a large layer: not a byte of it is served, and later ones get it whole", async () => {
  const { manifest, layers } = await push(registry, "layer", [12 << 20]);
  const [layer = manifest] = layers;
  const path = `/v2/layer/blobs/${layer.digest}`;
  way.liar.lie("sgp", path, async (request) => ({ ...(await relay(request)), cutAt: 6 << 20, then: "stall" }));
  const shown = await answerOf(gate.url, "/v2/layer/manifests/1");
  expect(shown.body.equals(manifest.bytes)).toBe(true);
  // their headers come after answerWithin, and the bytes only with the verdict
  const readers = await Promise.all([1, 2].map(() => readSlowly(gate.url, path)));
  await midway(path);
  const rests = readers.map((reader) => reader.rest());
  await sgp.kill9();
  for (const rest of rests) {
    const said = (await rest).toString("latin1");
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    expect(said.split("\r\n\r\n")[1]).toBe("");
  }
  way.liar.lie("sgp", path, relay);
  await revive();
  const later = await until("the VM is used again", async () => {
    const answer = await answerOf(gate.url, path).catch(() => null);
    return answer?.status === 200 && answer.isWhole ? answer : undefined;
  });
  expect(later.body.equals(layer.bytes)).toBe(true);
  expect(gate.log()).not.toMatch(/disagreed|ERROR/);
});
