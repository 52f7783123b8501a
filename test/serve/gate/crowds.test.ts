import { expect, test } from "vitest";
import { digestOf } from "../../../src/oci/digest.ts";
import { makeImage } from "../../lab/image.ts";
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
const way = (limits: Readonly<Record<string, number>>): Promise<Way> =>
  lab(openWay({ vms, registry, serve: { answerWithin: 1, limits } }));

function gateway(): { readonly held: Promise<void>; readonly go: () => void } {
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  return { held, go: () => go() };
}

/** A manifest that names so many layers of 5 MiB; nobody has them. */
function huge(layers: number): { readonly body: string; readonly first: string } {
  const named = Array.from({ length: layers }, (_, at) => ({
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest: digestOf(Buffer.from(`layer ${at}`)),
    size: 5 << 20,
  }));
  const config = { ...named[0], mediaType: "application/vnd.oci.image.config.v1+json" };
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const body = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: named.slice(1) });
  return { body, first: config.digest ?? "" };
}

const headers = { "content-type": "application/vnd.oci.image.manifest.v1+json" };

test("a manifest of a hundred large layers leaves room in the queue for what others ask for", async () => {
  const { ask, liar, gate } = await way({ flights: 1, queue: 4 });
  const { body, first } = huge(100);
  const image = makeImage({ layers: [64] });
  await pushExactly(registry, "crowds/other", "1", image);
  const { held, go } = gateway();
  liar.answer("/v2/crowds/huge/manifests/1", { body, headers });
  liar.answer(`/v2/crowds/huge/blobs/${first}`, async (request) => {
    await held;
    return relay(request);
  });
  const wish = wishes(registry, "crowds/huge").tag("1");
  await until("the manifest", async () => ((await ask(wish, "HEAD")).kind === "granted" ? true : undefined));
  await ask(wish);
  expect(gate.flights().length).toBeLessThan(6);
  expect(told(await ask(wishes(registry, "crowds/other").blob(image.config.digest)))).toBe("refused verifying");
  go();
});

test("lists of tags are asked for a few repositories at a time, whoever comes and goes", async () => {
  const { gate, liar } = await way({ flights: 1 });
  const { held, go } = gateway();
  liar.lie("sgp", "/v2/crowds/other/tags/list", async (request) => {
    await held;
    return relay(request);
  });
  const gone = new AbortController();
  const first = gate.tags(wishes(registry, "crowds/other").repository, gone.signal).catch(() => "left");
  gone.abort(new Error("gone"));
  expect(await first).toBe("left");
  const { signal } = new AbortController();
  const second = gate.tags(wishes(registry, "crowds/second").repository, signal);
  expect(await second).toMatchObject({ why: "busy" });
  go();
});
