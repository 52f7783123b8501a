import { lstat, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeIndex, type Blob, type Image } from "../../lab/image.ts";
import { pushDocument, pushExactly } from "../../lab/push.ts";
import { AMD64, ARM64, fixedImage } from "../diagnosis/images.ts";
import { runIn, writeTree } from "./ground.ts";
import { applied, pinIn, shotOf, textsOf } from "./pinning.ts";
import { useWorld } from "./world.ts";

/** How `tofu3 pin` moves pins, what it records, and files that are written in an unusual way. */

const world = useWorld();
const RISCV = { os: "linux", architecture: "riscv64" };
const [amd, newer, arm, riscv] = await Promise.all([
  fixedImage(["amd"], { platform: AMD64 }),
  fixedImage(["newer"], { platform: AMD64 }),
  fixedImage(["arm"], { platform: ARM64 }),
  fixedImage(["riscv"], { platform: RISCV }),
]);

async function pushIndex(name: string, images: readonly Image[]): Promise<Blob> {
  const { registry } = world();
  for (const image of images) await pushExactly(registry, name, null, image);
  const platforms = [AMD64, ARM64, RISCV];
  const entries = images.map(({ manifest }, at) => ({ manifest, platform: platforms[at] ?? AMD64 }));
  const index = makeIndex(entries);
  await pushDocument(registry, name, "1", index);
  return index;
}

describe("pin --update", () => {
  test("moves a stale pin to what its tag leads to, says what changed, and leaves the others and their lines", async () => {
    const { registry, stage, digests } = world();
    const [moving, fine] = [`${registry.host}/lab/update:1`, `${registry.host}/lab/fine:1.0`];
    const state = await stage.room();
    const before = await pushIndex("lab/update", [amd, arm]);
    const digestOnly = `${registry.host}/lab/update@${before.digest}`;
    const folder = await writeTree(world(), {
      Dockerfile: `FROM ${moving} AS a\nFROM ${fine}\nCOPY --from=${digestOnly} /a /b\n`,
      "images.txt": `${moving}\n${moving}@${before.digest} # tofu3: ignore stale-pin it has to be this one\n`,
    });
    const policy = ["--buildkit-policy", "policy.json"];
    expect((await pinIn(world(), folder, { state, flags: policy })).code).toBe(0);
    const pinned = await textsOf(folder);

    const now = await pushIndex("lab/update", [newer, arm, riscv]);
    const still = await shotOf(folder);
    expect((await pinIn(world(), folder, { state, flags: policy })).stdout).toContain("nothing to pin");
    expect(await shotOf(folder)).toEqual(still);

    const dry = await pinIn(world(), folder, { state, flags: ["--update", "--dry-run"] });
    expect(await shotOf(folder)).toEqual(still);
    const foretold = await applied(world(), folder, dry.stdout);
    const seen = await pinIn(world(), folder, { state, flags: ["--update", ...policy] });
    expect(seen.code, seen.stderr).toBe(0);
    const move = `${before.digest} → ${now.digest} (changed linux/amd64; added linux/riscv64)`;
    expect(seen.stdout).toContain(`Dockerfile:1:6  ${moving}  ${move}\n`);
    expect(seen.stdout).toContain("pinned 2 references in 2 files\n");
    const texts = await textsOf(folder);
    const tagged = `${moving}@${before.digest}`;
    expect(texts["Dockerfile"]).toBe(pinned["Dockerfile"]?.replace(tagged, `${moving}@${now.digest}`));
    expect(texts["images.txt"]).toBe(pinned["images.txt"]?.replace(`${tagged}\n`, `${moving}@${now.digest}\n`));
    expect([foretold["Dockerfile"], foretold["images.txt"]]).toEqual([texts["Dockerfile"], texts["images.txt"]]);

    const [lines, others] = [texts, pinned].map((each) => (each["tofu3.lock"] ?? "").split("\n"));
    const different = lines?.filter((line) => others?.includes(line) === false) ?? [];
    expect(lines).toHaveLength(others?.length ?? 0);
    expect(different).toEqual([expect.stringContaining(`"${moving}", digest: ${now.digest}`)]);
    expect(different[0]).toMatch(/, at: "20[^"]+", workers: \[fra, here, sgp\] \}$/);
    const rule = (reference: string, digest: string): unknown => ({
      action: "CONVERT",
      selector: { identifier: `docker-image://${reference}`, match_type: "EXACT" },
      updates: { identifier: `docker-image://${reference}@${digest}` },
    });
    const rules = [rule(fine, digests.get(fine) ?? ""), rule(moving, now.digest)];
    expect(JSON.parse(texts["policy.json"] ?? "")).toEqual({ version: 1, rules });

    const after = await shotOf(folder);
    expect((await pinIn(world(), folder, { state, flags: ["--update", ...policy] })).code).toBe(0);
    expect(await shotOf(folder)).toEqual(after);

    const verify = async (): Promise<number | null> =>
      (await runIn(world(), ["verify", moving, "--lock", "tofu3.lock", "--json"], folder, { state })).code;
    expect(await verify()).toBe(0);
    await pushIndex("lab/update", [amd, arm]);
    expect(await verify()).toBe(15);
  }, 90_000);

  test("moves a pin whose digest is gone, and says so", async () => {
    const { known } = world();
    const gone = known.get("gone")?.text ?? "";
    const folder = await writeTree(world(), { "images.txt": `${gone}\n` });
    const seen = await pinIn(world(), folder, { flags: ["--update"] });
    expect([seen.code, seen.stdout], seen.stderr).toEqual([0, expect.stringContaining("is not served any more")]);
    expect(await readFile(join(folder, "images.txt"), "utf8")).not.toContain(gone);
  });
});

describe("files of an unusual kind", () => {
  test("keep byte order mark, CRLF, tabs and a last line without its break", async () => {
    const { registry, digests } = world();
    const [fine, digest] = [`${registry.host}/lab/fine`, digests.get(`${registry.host}/lab/fine:1.0`) ?? ""];
    const files = (pin: string, latest: string, feature: string, comment: string): Record<string, string> => ({
      Dockerfile: `\ufeff# syntax=${fine}:1.0${pin}\r\n\tFROM\t${fine}${latest} AS a\t\r\nRUN x \\\r\n\ty\r\nFROM ${fine}:1.0${pin}`,
      "compose.yaml": `\ufeffservices:\r\n  a:\r\n    image:   '${fine}:1.0${pin}'\t# täglich\r\n  b: { image: ${fine}${latest} }`,
      "images.txt": `\t${fine}:1.0${pin}\t# 1.0\r\n\r\n${fine}${latest}`,
      ".devcontainer.json": `\ufeff{\r\n\t"image": "${fine}${latest}",\r\n\t"features": {\r\n\t\t"${fine}${feature}": {}${comment}\r\n\t}\r\n}`,
      ".github/workflows/a.yml": `on: push\r\njobs:\r\n  a:\r\n    runs-on: x\r\n    container: "${fine}:1.0${pin}"\r\n    steps: []\r\n`,
      "a b/Dockerfile": `FROM ${fine}:1.0${pin}`,
      "ä\n/Dockerfile": `FROM ${fine}:1.0${pin}\r\n`,
    });
    const folder = await writeTree(world(), files("", "", ":1.0", ""));
    const dry = await pinIn(world(), folder, { flags: ["--dry-run"] });
    const foretold = await applied(world(), folder, dry.stdout);
    const seen = await pinIn(world(), folder);
    expect(seen.code, seen.stderr).toBe(0);
    const { "tofu3.lock": lock, ...texts } = await textsOf(folder);
    expect(texts).toEqual(files(`@${digest}`, `:latest@${digest}`, `@${digest}`, " // 1.0"));
    expect(foretold).toEqual(texts);
    expect(lock?.split("\n").filter((line) => line.includes("lab/fine"))).toHaveLength(2);
    const written = await shotOf(folder);
    expect((await pinIn(world(), folder)).code).toBe(0);
    expect(await shotOf(folder)).toEqual(written);
  }, 60_000);

  test("stay links, and the lock lies in the first folder that is named", async () => {
    const { registry, known, digests } = world();
    const fine = known.get("tag")?.text ?? "";
    const folder = await writeTree(world(), { "real.txt": `${fine}\n`, "sub/Dockerfile": `FROM ${fine}\n` });
    await symlink("real.txt", join(folder, "images.txt"));
    const seen = await pinIn(world(), folder, { flags: ["images.txt", "sub"] });
    expect(seen.code, seen.stderr).toBe(0);
    expect((await lstat(join(folder, "images.txt"))).isSymbolicLink()).toBe(true);
    const pin = `${fine}@${digests.get(`${registry.host}/lab/fine:1.0`) ?? ""}`;
    const { "sub/tofu3.lock": lock, ...texts } = await textsOf(folder);
    expect(texts).toEqual({ "images.txt": `${pin}\n`, "real.txt": `${pin}\n`, "sub/Dockerfile": `FROM ${pin}\n` });
    expect(lock).toContain(fine);
  });
});
