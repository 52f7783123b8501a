import { setMaxListeners } from "node:events";
import { beforeAll, expect, test } from "vitest";
import { answerOf } from "../../../lab/answer.ts";
import { startGate, type LabGate } from "../../../lab/gate.ts";
import { makeFolder } from "../../../lab/processes.ts";
import { startRegistry, type Registry } from "../../../lab/registry.ts";
import { startSshd } from "../../../lab/sshd.ts";
import { useLab } from "../../../lab/uselab.ts";
import { ONCE, openWay, push, untilWaiting, type Way } from "./ground.ts";

const CLIENTS = 200;
const lab = useLab();
let registry: Registry;
let way: Way;
let gate: LabGate;

beforeAll(async () => {
  const folder = await makeFolder("crowd");
  const [started, fra, sgp] = await Promise.all([lab(startRegistry()), lab(startSshd()), lab(startSshd())]);
  registry = started;
  way = await lab(openWay(folder.path, registry, [fra, sgp]));
  gate = await lab(startGate({ config: way.config, upstream: registry.host, admin: true }));
});

/** How each of so many clients fared; the first `leave` of them go away once all of them wait. */
async function crowd(name: string, leave: number): Promise<readonly string[]> {
  way.hold();
  const leaving = new AbortController();
  setMaxListeners(0, leaving.signal);
  const asked = Array.from({ length: CLIENTS }, async (_, at) => {
    const question = at < leave ? { signal: leaving.signal } : {};
    const answer = await answerOf(gate.url, `/v2/${name}/manifests/1`, question).catch(() => null);
    return answer === null ? "left" : `${answer.status} ${String(answer.headers["docker-content-digest"])}`;
  });
  await untilWaiting(gate.admin, `${name}:1`, CLIENTS);
  if (leave > 0) {
    leaving.abort();
    await untilWaiting(gate.admin, `${name}:1`, CLIENTS - leave);
  }
  way.letGo();
  return Promise.all(asked);
}

test.each([
  { name: "all", leave: 0 },
  { name: "half", leave: CLIENTS / 2 },
  { name: "none", leave: CLIENTS },
])(
  `${CLIENTS} clients on one cold tag, and $name of them stay until the verdict, are one flight`,
  async ({ name, leave }) => {
    const { manifest, config, layers } = await push(registry, name, [40_000, 300]);
    const fared = await crowd(name, leave);
    const good = `200 ${manifest.digest}`;
    expect(fared).toEqual(Array.from({ length: CLIENTS }, (_, at) => (at < leave ? "left" : good)));
    // whoever comes later is answered by the same flight, or by what it brought
    const late = await answerOf(gate.url, `/v2/${name}/manifests/1`);
    expect(late.body.equals(manifest.bytes)).toBe(true);
    expect(way.asked(`/v2/${name}/manifests/1`), "upstream").toEqual(ONCE);
    for (const { digest, bytes } of [config, ...layers]) {
      const answer = await answerOf(gate.url, `/v2/${name}/blobs/${digest}`);
      expect(answer.body.equals(bytes)).toBe(true);
      expect(way.asked(`/v2/${name}/blobs/${digest}`), "upstream").toEqual(ONCE);
    }
  },
);
