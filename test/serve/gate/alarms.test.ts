import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeImage, type Image } from "../../lab/image.ts";
import { relay } from "../../lab/liar-relay.ts";
import { until } from "../../lab/processes.ts";
import { pushExactly } from "../../lab/push.ts";
import { startRegistry } from "../../lab/registry.ts";
import { startSshd } from "../../lab/sshd.ts";
import { useLab } from "../../lab/uselab.ts";
import { openWay, told, wishes, type Way } from "./ground.ts";

const lab = useLab();
const registry = await lab(startRegistry());
const vms = [await lab(startSshd()), await lab(startSshd())] as const;
const way = (): Promise<Way> => lab(openWay({ vms, registry }));

const OTHER = { body: "{}", headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" } };

async function pushed(name: string): Promise<Image> {
  const image = makeImage({ layers: [64] });
  await pushExactly(registry, name, "1", image);
  return image;
}

test("a digest on hold stays on hold when all agree on a tag that leads to it", async () => {
  const { ask, liar, store } = await way();
  const { digest } = (await pushed("alarms/digest")).manifest;
  const { tag, document, repository } = wishes(registry, "alarms/digest");
  const path = `/v2/alarms/digest/manifests/${digest}`;
  liar.lie("sgp", path, OTHER);
  expect(told(await ask(document(digest)))).toBe("refused disagreed");
  liar.lie("sgp", path, relay);
  for (const wish of [tag("1"), tag("1"), document(digest)])
    expect(await ask(wish, "HEAD")).toMatchObject({
      why: "disagreed",
      sentence: expect.stringContaining(`serve clear ${registry.host}/alarms/digest@${digest}`) as unknown,
    });
  await store.clearHold(repository, digest);
  expect(told(await ask(tag("1")))).toBe(`granted ${digest}`);
});

test("an alarm whose verdict cannot be written is on hold all the same", async () => {
  const { ask, liar, store, pass } = await way();
  const { digest } = (await pushed("alarms/disk")).manifest;
  const { tag, repository } = wishes(registry, "alarms/disk");
  const verdicts = join(store.folder, "verdicts");
  await rm(verdicts, { recursive: true });
  await writeFile(verdicts, "");
  liar.lie("sgp", "/v2/alarms/disk/manifests/1", OTHER, relay);
  expect(told(await ask(tag("1"), "HEAD"))).toBe("refused disagreed");
  expect(await store.hold(repository, "1")).toMatchObject({ outcome: "disagreed", verdict: null });
  await rm(verdicts);
  expect(told(await ask(tag("1"), "HEAD"))).toBe("refused disagreed");
  await store.clearHold(repository, "1");
  pass(6);
  expect(told(await ask(tag("1"), "HEAD"))).toBe(`granted ${digest}`);
});

test("a gate that is stopped while the vantages are asked why they disagree keeps the alarm", async () => {
  const { ask, asked, liar, store, gate } = await way();
  await pushed("alarms/stop");
  const { tag, repository } = wishes(registry, "alarms/stop");
  const path = "/v2/alarms/stop/manifests/1";
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  liar.lie("sgp", path, OTHER, async (request) => {
    await held;
    return relay(request);
  });
  const asking = ask(tag("1"), "HEAD");
  let questions = 0;
  await until("it is asked a second time", () => {
    questions += asked().filter((line) => line === `sgp GET ${path}`).length;
    return questions > 1 ? true : undefined;
  });
  await gate.close();
  go();
  expect(told(await asking)).toBe("refused disagreed");
  expect(await store.hold(repository, "1")).toMatchObject({ outcome: "disagreed" });
});

test("when a flight ends in a disagreement, no other client's question takes it back", async () => {
  const { ask, liar, store } = await way();
  const { layers } = await pushed("alarms/race");
  const { blob, document, repository } = wishes(registry, "alarms/race");
  const digest = layers[0]?.digest ?? "";
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  liar.lie("sgp", `/v2/alarms/race/blobs/${digest}`, async (request) => {
    await held;
    return relay(request);
  });
  const slow = ask(blob(digest));
  liar.lie("sgp", `/v2/alarms/race/manifests/${digest}`, OTHER);
  liar.answer(`/v2/alarms/race/manifests/${digest}`, { body: "other", headers: OTHER.headers });
  expect(told(await ask(document(digest)))).toBe("refused disagreed");
  go();
  expect(told(await slow)).toBe("refused disagreed");
  expect(await store.hold(repository, digest)).toMatchObject({ outcome: "disagreed" });
});
