import { readdirSync } from "node:fs";
import { join } from "node:path";
import { answerOf } from "../lab/answer.ts";
import { run } from "../lab/cli.ts";
import { startGate, type LabGate } from "../lab/gate.ts";
import { makeImage, type Image } from "../lab/image.ts";
import { relay } from "../lab/liar-relay.ts";
import { documentAnswer } from "../lab/liar-shelf.ts";
import { childrenOf } from "../lab/proc.ts";
import { makeFolder, until } from "../lab/processes.ts";
import { pushExactly } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { startSshd, type Sshd } from "../lab/sshd.ts";
import { openWay, pull, readSlowly, type Way } from "../e2e/serve/flights/ground.ts";

const DAY_SECONDS = 86_400;
const LOOKS = 16;
const MIB = 1 << 20;

/** What a gate is in the middle of. */
interface Scene {
  readonly registry: Registry;
  readonly way: Way;
  readonly gate: LabGate;
  readonly vms: readonly Sshd[];
  readonly image: Image;
  /** How often each thing was done, and what went wrong. */
  readonly tally: Map<string, number>;
  readonly wrong: string[];
  round: number;
}

/** What must not grow. */
interface Look {
  /** Bytes of the heap and beside it, after its garbage was collected. */
  readonly memory: number;
  readonly descriptors: number;
  readonly children: number;
  readonly remote: number;
}

/**
 * A day of a gate that is used all the time, `factor` times as fast: `tagTtl` is 300 seconds divided by it, and
 * `staleFor` a day. What stays in memory for seconds of its own (absent, incomplete) is not shortened: names are new
 * each time. The last quarter is compared with the second.
 */
export async function gateDay(factor: number, say: (line: string) => void): Promise<boolean> {
  const folder = await makeFolder("soak-gate");
  const [registry, fra, sgp] = await Promise.all([startRegistry({ quiet: true }), startSshd(), startSshd()]);
  const times = { tagTtl: Math.max(1, Math.round(300 / factor)), staleFor: Math.ceil(DAY_SECONDS / factor) };
  const way = await openWay(folder.path, registry, [fra, sgp], { ...times, maxBytes: 64 * MIB });
  const image = makeImage({ layers: [8 * MIB, 5000] });
  for (const name of ["warm", "moving", "contested"]) await pushExactly(registry, name, "1", image);
  const node = ["--expose-gc", "--import", join(import.meta.dirname, "heap.mjs")];
  const gate = await startGate({ config: way.config, upstream: registry.host, admin: true, node });
  const scene: Scene = { registry, way, gate, vms: [fra, sgp], image, tally: new Map(), wrong: [], round: 0 };
  const looks: Look[] = [];
  const began = Date.now();
  let restarts = 0;
  while (looks.length < LOOKS) {
    // every three hours a VM is started anew, in the middle of its work
    const isRestart = looks.length % 2 === 1 && restarts < looks.length;
    if (isRestart) restarts = looks.length;
    await Promise.all([hour(scene), isRestart ? restart(scene) : null]);
    if (Date.now() - began < ((looks.length + 1) * DAY_SECONDS * 1000) / factor / LOOKS) continue;
    const look = await lookAt(scene);
    looks.push(look);
    say(
      `gate: ${(looks.length * 24) / LOOKS} h: ${(look.memory / MIB).toFixed(1)} MiB after gc, ${look.descriptors} descriptors, ${look.children} children, ${look.remote} remote processes`,
    );
  }
  say(`gate: 24 h in ${((Date.now() - began) / 1000).toFixed(0)} s: ${tallied(scene)}`);
  for (const each of scene.wrong.slice(0, 20)) say(`gate: WRONG ${each}`);
  await gate.stop();
  for (const each of [way, fra, sgp, registry]) await each.stop();
  await folder.remove();
  return scene.wrong.length === 0 && isFlat(looks, say);
}

function tallied({ tally }: Scene): string {
  return [...tally].map(([what, count]) => `${what} × ${count}`).join(", ");
}

function isFlat(looks: readonly Look[], say: (line: string) => void): boolean {
  const most = (key: keyof Look, from: number, to: number): number =>
    Math.max(...looks.slice((from * LOOKS) / 4, (to * LOOKS) / 4).map((look) => look[key]));
  const margins = { memory: 3 * MIB, descriptors: 5, children: 1, remote: 3 };
  const grown = Object.entries(margins).filter(([key, margin]) => {
    const [second, last] = [most(key as keyof Look, 1, 2), most(key as keyof Look, 3, 4)];
    return last > second * (key === "memory" ? 1.05 : 1) + margin;
  });
  for (const [key] of grown) say(`gate: ${key} grew from the second quarter of the day to the last`);
  return grown.length === 0;
}

async function lookAt({ gate, vms }: Scene): Promise<Look> {
  await until(
    "nothing is under way",
    async () => {
      const page = await (await fetch(`${gate.admin ?? ""}/`)).text();
      return page.includes("No question is under way.") ? true : undefined;
    },
    60,
  );
  const said = (): string[] => gate.log().match(/^soak: .*/gm) ?? [];
  const before = said().length;
  process.kill(gate.pid, "SIGUSR2");
  const line = await until("its garbage is collected", () => said()[before]);
  return {
    memory: Number(line.split(" ")[1]),
    descriptors: readdirSync(`/proc/${gate.pid}/fd`).length,
    children: childrenOf(gate.pid).length,
    remote: vms.reduce((sum, vm) => sum + vm.processesOf().length, 0),
  };
}

/** Whatever runs on the VM is gone, and it takes connections again. */
async function restart({ vms, round, tally }: Scene): Promise<void> {
  const vm = vms[round % vms.length];
  const running = await until("something runs on the VM", () => {
    const lines = vm?.processesOf() ?? [];
    return lines.length > 0 ? lines : undefined;
  });
  for (const line of running) {
    try {
      process.kill(Number(line.split(" ")[0]), "SIGKILL");
    } catch {
      // it ended by itself
    }
  }
  tally.set("VM restarted", (tally.get("VM restarted") ?? 0) + 1);
}

/** One of each kind, all at once; a tag that moves, and one that is contested, by turns. */
async function hour(scene: Scene): Promise<void> {
  scene.round += 1;
  const kinds: Record<string, () => Promise<unknown>> = {
    warm: () => Promise.all([1, 2, 3, 4].map(() => whole(scene, "warm", scene.image))),
    cold: () => cold(scene),
    absent: () => expectStatus(scene, `/v2/warm/manifests/absent${scene.round}`, 404),
    aborted: () => aborted(scene),
    "slow reader": () => slow(scene),
    list: () => expectStatus(scene, "/v2/warm/tags/list", 200),
    ...(scene.round % 4 === 0 ? { moved: () => moved(scene) } : {}),
    ...(scene.round % 8 === 1 ? { "disagreed and cleared": () => contested(scene) } : {}),
  };
  await Promise.all(
    Object.entries(kinds).map(async ([name, work]) => {
      await work().catch((error: unknown) => scene.wrong.push(`${name}: ${String(error)}`));
      scene.tally.set(name, (scene.tally.get(name) ?? 0) + 1);
    }),
  );
}

/** While a VM comes up again, a cold object may have no verdict, and is asked for again. */
async function whole({ gate }: Scene, name: string, image: Image): Promise<void> {
  await until(
    `all of ${name} is served`,
    async () => {
      let got = 0;
      await pull(gate.url, name, image, () => (got += 1));
      return got === image.layers.length + 2 ? true : undefined;
    },
    90,
  );
}

async function expectStatus({ gate }: Scene, path: string, status: number): Promise<void> {
  await until(
    `${path} is ${status}`,
    async () => ((await answerOf(gate.url, path)).status === status ? true : undefined),
    90,
  );
}

async function cold(scene: Scene): Promise<void> {
  const name = `cold${scene.round}`;
  const image = makeImage({ layers: [20_000, 600] });
  await pushExactly(scene.registry, name, "1", image);
  await whole(scene, name, image);
}

async function aborted({ gate, image }: Scene): Promise<void> {
  const reader = await readSlowly(gate.url, `/v2/warm/blobs/${image.layers[0]?.digest ?? ""}`);
  reader.socket.destroy();
}

async function slow({ gate, image }: Scene): Promise<void> {
  const [layer] = image.layers;
  const reader = await readSlowly(gate.url, `/v2/warm/blobs/${layer?.digest ?? ""}`);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const rest = await reader.rest();
  const isAnswer = rest.subarray(0, 12).toString() === "HTTP/1.1 200";
  if (isAnswer && layer?.bytes.equals(rest.subarray(rest.indexOf("\r\n\r\n") + 4)) !== true)
    throw new Error("a slow reader got other bytes");
}

/** What a new push leads to is served once `tagTtl` has passed. */
async function moved(scene: Scene): Promise<void> {
  const image = makeImage({ layers: [3000] });
  await pushExactly(scene.registry, "moving", "1", image);
  await until(
    "the moved tag is followed",
    async () => {
      const { headers } = await answerOf(scene.gate.url, "/v2/moving/manifests/1");
      return headers["docker-content-digest"] === image.manifest.digest ? true : undefined;
    },
    90,
  );
}

async function contested(scene: Scene): Promise<void> {
  const { registry, way, gate } = scene;
  const name = `contested${scene.round}`;
  const [image, forged] = [makeImage({ layers: [900] }), makeImage({ layers: [900] })];
  await pushExactly(registry, name, "1", image);
  const path = `/v2/${name}/manifests/1`;
  way.liar.lie("sgp", path, documentAnswer(forged.manifest));
  await expectStatus(scene, path, 403);
  way.liar.lie("sgp", path, relay);
  const cleared = await run(["serve", "clear", `${registry.host}/${name}:1`, "--store", gate.store]);
  if (cleared.code !== 0) throw new Error(`serve clear: ${cleared.stderr}`);
  await whole(scene, name, image);
}
