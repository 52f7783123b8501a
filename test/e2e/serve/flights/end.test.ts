import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { answerOf } from "../../../lab/answer.ts";
import { run } from "../../../lab/cli.ts";
import { startGate, type LabGate } from "../../../lab/gate.ts";
import { makeFolder, until } from "../../../lab/processes.ts";
import { startRegistry, type Registry } from "../../../lab/registry.ts";
import { startSshd } from "../../../lab/sshd.ts";
import { useLab } from "../../../lab/uselab.ts";
import { ONCE, openWay, pull, push, readSlowly, untilWaiting, type Way } from "./ground.ts";

const lab = useLab();
let registry: Registry;
let way: Way;
let folder: string;

beforeAll(async () => {
  folder = (await makeFolder("end")).path;
  const [started, fra, sgp] = await Promise.all([lab(startRegistry()), lab(startSshd()), lab(startSshd())]);
  registry = started;
  way = await lab(openWay(folder, registry, [fra, sgp]));
});

const open = (store: string): Promise<LabGate> =>
  lab(startGate({ config: way.config, upstream: registry.host, admin: true, store: join(folder, store) }));

test("SIGTERM lets a download, and a client that waits for a verdict, end whole", async () => {
  const large = await push(registry, "large", [24 << 20]);
  const waited = await push(registry, "waited", [3000]);
  const gate = await open("drained");
  await pull(gate.url, "large", large, () => undefined);
  const layer = large.layers[0] ?? large.config;
  const reader = await readSlowly(gate.url, `/v2/large/blobs/${layer.digest}`);
  way.hold();
  const waiting = answerOf(gate.url, "/v2/waited/manifests/1");
  await untilWaiting(gate.admin, "waited:1", 1);

  process.kill(gate.pid, "SIGTERM");
  await until("nobody is let in any more", async () => {
    const isIn = await answerOf(gate.url, "/v2/").then(
      () => true,
      () => false,
    );
    return isIn ? undefined : true;
  });
  way.letGo();
  expect((await waiting).body.equals(waited.manifest.bytes)).toBe(true);
  const rest = await reader.rest();
  expect(rest.subarray(rest.indexOf("\r\n\r\n") + 4).equals(layer.bytes)).toBe(true);
  await gate.ended;
  expect(gate.exitCode(), gate.log()).toBe(0);
  expect(gate.log()).not.toMatch(/cut off/);
});

test("kill -9 during pulls: what was answered is not asked again, and nothing wrong is served", async () => {
  const names = ["one", "two", "three"];
  const images = await Promise.all(names.map((name) => push(registry, name, [5 << 20, 2000, 30])));
  const total = images.length * 5;
  const had = new Set<string>();
  for (const killAfter of [1, total / 2]) {
    const gate = await open("killed");
    let answers = 0;
    const pulls = images.map((image, at) =>
      pull(gate.url, names[at] ?? "", image, ({ digest }) => {
        had.add(digest);
        answers += 1;
        if (answers > killAfter) process.kill(gate.pid, "SIGKILL");
      }),
    );
    await Promise.all(pulls);
    await gate.kill9();
  }

  const before = way.liar.requests.length;
  const gate = await open("killed");
  const found = new Set<string>();
  await Promise.all(
    images.map((image, at) => pull(gate.url, names[at] ?? "", image, ({ digest }) => found.add(digest))),
  );
  expect(found.size).toBe(total);
  const again = way.liar.requests
    .slice(before)
    .filter(({ target }) => [...had].some((digest) => target.endsWith(digest)));
  expect(again.map(({ target }) => target)).toEqual([]);
  await gate.stop();
  const left = await readdir(join(folder, "killed"));
  expect(left.filter((name) => name.startsWith(".tofu3"))).toEqual([]);
});

test("a second tofu3 serve on one store is refused, and the first goes on", async () => {
  const image = await push(registry, "shared", [500]);
  const gate = await open("shared");
  const second = await run(["serve", "--config", way.config, "--listen", "127.0.0.1:0", "--store", gate.store]);
  expect(second.code, second.stderr).toBe(2);
  expect(second.stderr).toContain(`process ${gate.pid}`);
  expect(second.stderr).not.toContain("listening");
  let got = 0;
  await pull(gate.url, "shared", image, () => (got += 1));
  expect(got).toBe(3);
  expect(way.asked("/v2/shared/manifests/1")).toEqual(ONCE);
});
