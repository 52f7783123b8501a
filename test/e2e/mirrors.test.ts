import { beforeAll, describe, expect, test } from "vitest";
import { startLiar, type Liar } from "../lab/liar.ts";
import { makeImage, type Image } from "../lab/image.ts";
import { pushExactly, pushImage } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches } from "./contract.ts";
import { startStage, type Stage, type Verified } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let first: Registry;
let second: Registry;
let liar: Liar;
let image: Image;

beforeAll(async () => {
  [stage, first, second, liar] = await Promise.all([
    lab(startStage()),
    lab(startRegistry()),
    lab(startRegistry()),
    lab(startLiar({ vantages: ["here", "fra", "sgp"] })),
  ]);
  image = makeImage({ layers: [10, 20] });
  await pushExactly(first, "lab/app", "v1", image);
  await pushExactly(second, "lab/app", "other", image);
  await pushImage(first, { name: "lab/only", tag: "v1", layers: [30] });
});

function verify(name: string, mirror: string, flags: readonly string[] = []): Promise<Verified> {
  const others = { mirrors: { [first.host]: [mirror] } };
  return stage.verify(`${first.host}/${name}`, { config: { others }, flags });
}

describe("mirrors of a registry", () => {
  test("have the root that all got, by its digest, whatever their tags are", async () => {
    const seen = await verify("lab/app:v1", second.host, ["-o", "oci:out"]);
    expect(seen).toMatchObject({ code: 0 });
    expect(breaches(seen.stdout)).toEqual([]);
    for (const { objects } of seen.evidence.observations) {
      const [root] = objects;
      expect(objects.at(-1)).toMatchObject({ role: "mirror", parent: root?.digest, digest: root?.digest });
    }
    expect(await seen.left()).toEqual(["out"]);
  });

  test("that do not have it leave a part of it absent", async () => {
    const seen = await verify("lab/only:v1", second.host, ["-o", "oci:out"]);
    expect(seen).toMatchObject({ code: 16 });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(await seen.left()).toEqual([]);
  });

  test("that have other bytes under its digest are an alarm about the publisher, or about one vantage", async () => {
    const { digest } = image.manifest;
    const place = `/v2/lab/app/manifests/${digest}`;
    const headers = { "content-type": image.manifest.mediaType };
    liar.answer(place, { headers, body: Buffer.from('{"schemaVersion":2}') });
    const everywhere = await verify("lab/app:v1", liar.host, ["-o", "oci:out"]);
    expect(everywhere).toMatchObject({ code: 10 });
    expect(breaches(everywhere.stdout)).toEqual([]);
    expect(everywhere.evidence.differences).toMatchObject([{ at: "manifest > mirror 1", expected: digest }]);
    expect(everywhere.evidence.diagnosis?.explanation).toContain("about the places of publication");
    expect(await everywhere.left()).toEqual([]);
  });

  test.each([
    ["[a b]", "must be a registry as host"],
    ["[]", "must be a list of registries"],
    ["x", "must be a list of registries"],
  ])("mirrors: %s is a mistake", async (list, says) => {
    const seen = await stage.verify("alpine", {
      config: { others: { mirrors: { "docker.io": JSON.parse(list.replace(/(\w[\w ]*)/g, '"$1"')) as unknown } } },
      plain: true,
    });
    expect(seen).toMatchObject({ code: 2 });
    expect(seen.stderr).toContain(says);
  });
});
