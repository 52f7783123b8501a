import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeAuthority } from "../../lab/authority.ts";
import { startLiar } from "../../lab/liar.ts";
import { stock } from "../../lab/liar-shelf.ts";
import { until } from "../../lab/processes.ts";
import { pushExactly } from "../../lab/push.ts";
import { startRegistry } from "../../lab/registry.ts";
import { expectGolden } from "./golden.ts";
import { documentAnswer, expectTold, useGround } from "./ground.ts";
import { fixedImage } from "./images.ts";

/** Somebody on the way of one vantage, with a certificate of an authority that it was made to trust. */

const ground = useGround();

test("another image from a server with another issuer at one vantage: interception, and the issuers are named", async () => {
  const { stage, lab } = ground();
  const [image, other] = await Promise.all([fixedImage(["tofu 1.4\n"]), fixedImage(["tofu 1.4, and more\n"])]);
  const authority = await makeAuthority(await stage.room(), "/O=Hotel Guest Inspection/CN=Inspection CA 1");
  const [registry, between] = await Promise.all([
    lab(startRegistry({ tls: true })),
    lab(startLiar({ vantages: ["sgp"], certificate: await authority.issue("between", ["127.0.0.1"]) })),
  ]);
  await pushExactly(registry, "acme/tool", "1.4", image);
  stock(between, "acme/tool", "1.4", { root: other.manifest, images: [other] });
  // the others are done by then, and it has nothing but the root: so every run tells the same
  const done = (): true | undefined =>
    registry.requests().filter((line) => /GET \S+\/blobs\/\S+ 200/.test(line)).length === 4 || undefined;
  between.answer("/v2/acme/tool/manifests/1.4", async () => {
    await until("the others are done", done);
    return { ...documentAnswer(other.manifest), delayMs: 500 };
  });
  for (const { digest, bytes } of [other.config, ...other.layers])
    between.answer(`/v2/acme/tool/blobs/${digest}`, { body: bytes, delayMs: 5000 }, { body: bytes });
  const caFile = join(await stage.room(), "both.pem");
  const pems = await Promise.all([registry.caFile ?? "", authority.caFile].map((file) => readFile(file, "utf8")));
  await writeFile(caFile, pems.join(""));
  const workers = [
    { name: "fra", vm: stage.fra },
    { name: "sgp", vm: stage.sgp, proxy: between.proxyOf("sgp") },
  ];
  const scene = await ground().open();
  const look = () =>
    scene.look({
      reference: `${registry.host}/acme/tool:1.4`,
      config: { local: {}, workers, others: { registries: { [registry.host]: { caFile } } } },
    });
  const seen = await look();
  expectTold(seen, { code: 10, outcome: "disagreed", class: "interception", confidence: "likely", names: ["sgp"] });
  expect(seen.evidence.diagnosis?.explanation).toContain("Hotel Guest Inspection");
  expectGolden("interception", seen, registry.host);
  // without a difference there is no alarm: companies do this to their own machines
  stock(between, "acme/tool", "1.4", { root: image.manifest, images: [image] });
  const same = await look();
  expect(same.code, same.stderr).toBe(0);
});
