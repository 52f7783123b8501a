import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  DOCKER,
  gzipLayer,
  image,
  index,
  layerFrom,
  OCI,
  schema1,
  sha,
  single,
  tarOf,
  type LayerPiece,
} from "../fixture.ts";
import { put } from "../mint.ts";
import { hashOf, json, leftovers, listing, temporary, tool } from "../tools.ts";

const a = await gzipLayer({ "etc/a": "a" });
const b = await gzipLayer({ "etc/b": "b".repeat(5000) });
const plainTar = await tarOf({ "etc/c": "c" });
const plain = layerFrom(plainTar, plainTar, OCI.tar);
const bigTar = await tarOf({ "etc/d": Buffer.alloc(3_000_000, "tofu ") });
// RFC 8878 by hand: one frame that declares no size, its content in uncompressed blocks of 128 KiB at most
const zstd = layerFrom(rawZstd(bigTar), bigTar, OCI.zstd);
const emptyTar = Buffer.alloc(1024);
const docker = { manifest: DOCKER.manifest, config: DOCKER.config };
const asDocker = (layer: LayerPiece): LayerPiece => ({
  ...layer,
  mediaType: layer === plain ? "application/vnd.docker.image.rootfs.diff.tar" : DOCKER.gzip,
});
const empty = layerFrom(gzipSync(emptyTar), emptyTar, "");

function rawZstd(content: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from("28b52ffd0038", "hex")];
  for (let at = 0; at < content.length; at += 131072) {
    const block = content.subarray(at, at + 131072);
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | (at + 131072 >= content.length ? 1 : 0), 0, 3);
    parts.push(head, block);
  }
  return Buffer.concat(parts);
}

const hello = single("docker.io/library/hello:1.2", image([a, b, plain, a].map(asDocker), { media: docker }));
const withZstd = single("quay.io/x/y:z", image([a, zstd]));
const old = schema1("docker.io/library/old:1", [
  {
    layer: a,
    fields: { created: "2015-01-01T00:00:00Z", container_config: { Cmd: ["/bin/sh", "-c", "#(nop) ADD x"] }, Size: 1 },
  },
  { layer: empty, fields: { created: "2015-01-01T00:00:01Z", container_config: { Cmd: ["CMD"] }, throwaway: true } },
  {
    layer: b,
    fields: {
      created: "2015-01-01T00:00:02Z",
      author: "me",
      architecture: "amd64",
      os: "linux",
      config: { Cmd: ["/bin/true"] },
    },
  },
]);

describe("docker-archive:FILE", () => {
  test("skopeo reads back tag, config and layers", async () => {
    const dir = temporary();
    expect(await put(hello, `docker-archive:${dir}/out.tar`)).toEqual({
      format: "docker-archive",
      path: `${dir}/out.tar`,
    });
    const config = json(
      tool("skopeo", "inspect", "--config", "--raw", `docker-archive:${dir}/out.tar:docker.io/library/hello:1.2`),
    );
    expect(config["rootfs"]).toEqual({ type: "layers", diff_ids: [a, b, plain, a].map((layer) => layer.diffId) });
    tool("skopeo", "copy", `docker-archive:${dir}/out.tar:hello:1.2`, `dir:${dir}/copy`);
    const copied = json(readFileSync(`${dir}/copy/manifest.json`, "utf8")) as { config: { digest: string } };
    expect(copied.config.digest).toBe(hello.objects[1]?.digest);
    expect(leftovers(dir)).toEqual([]);
  });

  test("gzip layers and the config are the bytes of the registry, manifest.json is as Docker writes it", async () => {
    const dir = temporary();
    await put(hello, `docker-archive:${dir}/out.tar`);
    mkdirSync(`${dir}/in`);
    tool("tar", "-xf", `${dir}/out.tar`, "-C", `${dir}/in`);
    const config = hello.objects[1]?.digest.slice(7) ?? "";
    const layers = [`${a.digest.slice(7)}.tar.gz`, `${b.digest.slice(7)}.tar.gz`, `${plain.digest.slice(7)}.tar`];
    expect(JSON.parse(readFileSync(`${dir}/in/manifest.json`, "utf8"))).toEqual([
      { Config: `${config}.json`, RepoTags: ["docker.io/library/hello:1.2"], Layers: [...layers, layers[0]] },
    ]);
    expect(readdirSync(`${dir}/in`).sort()).toEqual([...layers, `${config}.json`, "manifest.json"].sort());
    for (const name of [...layers, `${config}.json`]) expect(name.startsWith(hashOf(`${dir}/in/${name}`))).toBe(true);
  });

  test("zstd layers are unpacked, and skopeo finds the diff_ids of the config", async () => {
    const dir = temporary();
    await put(withZstd, `docker-archive:${dir}/out.tar`);
    expect(tool("tar", "-tf", `${dir}/out.tar`)).toContain(`${sha(bigTar).slice(7)}.tar\n`);
    tool("skopeo", "copy", `docker-archive:${dir}/out.tar`, `oci:${dir}/copy:x`);
    expect(json(tool("skopeo", "inspect", "--config", "--raw", `oci:${dir}/copy:x`))["rootfs"]).toEqual({
      type: "layers",
      diff_ids: [a.diffId, zstd.diffId],
    });
  });

  test("a zstd layer of the real zstd, in several frames", async (context) => {
    if (spawnSync("zstd", ["--version"]).status !== 0) return context.skip("zstd is not installed");
    const dir = temporary();
    writeFileSync(`${dir}/1`, bigTar.subarray(0, 1_000_000));
    writeFileSync(`${dir}/2`, bigTar.subarray(1_000_000));
    tool("zstd", "-q", "-19", `${dir}/1`, `${dir}/2`);
    const layer = layerFrom(
      Buffer.concat([readFileSync(`${dir}/1.zst`), readFileSync(`${dir}/2.zst`)]),
      bigTar,
      OCI.zstd,
    );
    await put(single("quay.io/x/y:z", image([layer])), `docker-archive:${dir}/out.tar`);
    mkdirSync(`${dir}/in`);
    tool("tar", "-xf", `${dir}/out.tar`, "-C", `${dir}/in`);
    expect(hashOf(`${dir}/in/${sha(bigTar).slice(7)}.tar`)).toBe(sha(bigTar).slice(7));
  });

  test("the registry's digest stands beside it, as references that a client takes", async () => {
    const dir = temporary();
    await put(hello, `docker-archive:${dir}/out.tar`);
    expect(readFileSync(`${dir}/out.tar.digest`, "utf8")).toBe(
      `docker.io/library/hello:1.2@${hello.objects[0]?.digest ?? ""}\n`,
    );
    const pieces = image([a]);
    const multi = index(
      "quay.io/x/y:z",
      [
        { image: pieces, platform: { os: "linux", architecture: "amd64" } },
        { image: image([b]), platform: null },
      ],
      { selected: [0] },
    );
    await put(multi, `docker-archive:${dir}/multi.tar`);
    expect(readFileSync(`${dir}/multi.tar.digest`, "utf8")).toBe(
      `quay.io/x/y:z@${multi.objects[0]?.digest ?? ""}\nquay.io/x/y@${pieces.manifest.digest}\n`,
    );
  });

  test.each([
    { reference: `quay.io/x/y@${hello.objects[0]?.digest ?? ""}`, tags: [] },
    { reference: "[::1]:5000/x:1", tags: [] },
    { reference: "localhost:5000/x", tags: ["localhost:5000/x:latest"] },
  ])("$reference has the tags $tags, and skopeo reads it", async ({ reference, tags }) => {
    const dir = temporary();
    await put(single(reference, image([a])), `docker-archive:${dir}/out.tar`);
    const [entry] = JSON.parse(tool("tar", "-xOf", `${dir}/out.tar`, "manifest.json")) as { RepoTags: string[] }[];
    expect(entry?.RepoTags).toEqual(tags);
    tool("skopeo", "inspect", `docker-archive:${dir}/out.tar`);
  });

  test("schema 1 is converted: top config, history, the layers that are not empty, unpacked digests", async () => {
    const dir = temporary();
    await put(old, `docker-archive:${dir}/out.tar`);
    const config = json(tool("skopeo", "inspect", "--config", "--raw", `docker-archive:${dir}/out.tar:old:1`));
    expect(config).toEqual({
      architecture: "amd64",
      author: "me",
      config: { Cmd: ["/bin/true"] },
      created: "2015-01-01T00:00:02Z",
      history: [
        { created: "2015-01-01T00:00:00Z", created_by: "/bin/sh -c #(nop) ADD x" },
        { created: "2015-01-01T00:00:01Z", created_by: "CMD", empty_layer: true },
        { author: "me", created: "2015-01-01T00:00:02Z" },
      ],
      os: "linux",
      rootfs: { type: "layers", diff_ids: [a.diffId, b.diffId] },
    });
    tool("skopeo", "copy", `docker-archive:${dir}/out.tar`, `dir:${dir}/copy`);
  });

  test("podman loads it where podman runs", async (context) => {
    const dir = temporary();
    // podman takes no longer name for it than 50 characters
    const short = mkdtempSync("/tmp/tofu3-");
    onTestFinished(() => {
      rmSync(short, { recursive: true, force: true });
    });
    const storage = ["--root", `${dir}/root`, "--runroot", short, "--storage-driver", "vfs"];
    const probe = spawnSync("podman", [...storage, "images"], { encoding: "utf8" });
    if (probe.status !== 0)
      return context.skip(`podman does not run on this machine: ${probe.error?.message ?? probe.stderr}`);
    for (const [artifact, name] of [
      [hello, "docker.io/library/hello:1.2"],
      [withZstd, "quay.io/x/y:z"],
      [old, "docker.io/library/old:1"],
    ] as const) {
      const file = `${dir}/${name.replaceAll(/\W/g, "_")}.tar`;
      await put(artifact, `docker-archive:${file}`);
      expect(tool("podman", ...storage, "load", "-i", file)).toContain(name);
    }
    await put(hello, `oci-archive:${dir}/oci.tar`);
    tool("podman", ...storage, "load", "-i", `${dir}/oci.tar`);
  });
});

describe("docker-v1:DIR", () => {
  test("schema 1: a directory for each entry with the exact JSON, the blob and VERSION; repositories names the top one", async () => {
    const dir = temporary();
    await put(old, `docker-v1:${dir}/out`);
    const ids = [0, 1, 2].map((place) => sha(`id ${place}`).slice(7));
    expect(readdirSync(`${dir}/out`).sort()).toEqual([...ids, "repositories"].sort());
    for (const [place, layer] of [a, empty, b].entries()) {
      const folder = `${dir}/out/${ids[place] ?? ""}`;
      expect(readdirSync(folder).sort()).toEqual(["VERSION", "json", "layer.tar"]);
      expect(readFileSync(`${folder}/VERSION`, "utf8")).toBe("1.0");
      expect(readFileSync(`${folder}/layer.tar`).equals(layer.bytes)).toBe(true);
      expect(json(readFileSync(`${folder}/json`, "utf8"))).toMatchObject({
        id: ids[place],
        ...(place === 0 ? {} : { parent: ids[place - 1] }),
      });
    }
    expect(JSON.parse(readFileSync(`${dir}/out/repositories`, "utf8"))).toEqual({ old: { 1: ids[2] } });
    expect(listing(`${dir}/out`).filter((line) => !/ (644 [0-9a-f]{64}|755 directory)$/.test(line))).toEqual([]);
  });

  test("schema 1 with a signature block of another vantage is the same artifact", async () => {
    const dir = temporary();
    const other = schema1("docker.io/library/old:1", [{ layer: a, fields: { architecture: "amd64" } }], "b");
    const one = schema1("docker.io/library/old:1", [{ layer: a, fields: { architecture: "amd64" } }], "a");
    await put({ ...one, bytes: other.bytes }, `docker-v1:${dir}/out`);
    expect(existsSync(`${dir}/out/repositories`)).toBe(true);
  });

  test("an image that has no v1 ids gets those that skopeo gives it, and every layer.tar is a tar", async () => {
    const dir = temporary();
    const config = { container: "c", container_config: { Cmd: ["x"] }, docker_version: "20.10" };
    const pieces = single("docker.io/library/hello:1.2", image([a, b, plain].map(asDocker), { config, media: docker }));
    await put(pieces, `docker-v1:${dir}/out`);
    await put(pieces, `oci:${dir}/oci`);
    tool("skopeo", "copy", `oci:${dir}/oci`, `docker-archive:${dir}/skopeo.tar:hello:1.2`);
    const theirs = json(tool("tar", "-xOf", `${dir}/skopeo.tar`, "repositories"))["docker.io/library/hello"] as Record<
      string,
      string
    >;
    const ours = json(readFileSync(`${dir}/out/repositories`, "utf8"))["hello"] as Record<string, string>;
    expect(ours).toEqual(theirs);
    const folders = readdirSync(`${dir}/out`).filter((name) => name !== "repositories");
    expect(folders.sort()).toEqual(
      [...new Set(tool("tar", "-tf", `${dir}/skopeo.tar`).match(/^[0-9a-f]{64}(?=\/)/gm))].sort(),
    );
    for (const folder of folders) tool("tar", "-tf", `${dir}/out/${folder}/layer.tar`);
  });

  test("a layer that stands twice and a zstd layer", async () => {
    const dir = temporary();
    await put(single("quay.io/x/y:z", image([a, zstd, a])), `docker-v1:${dir}/out`);
    const folders = readdirSync(`${dir}/out`).filter((name) => name !== "repositories");
    expect(folders.map((name) => hashOf(`${dir}/out/${name}/layer.tar`)).sort()).toEqual(
      [a.digest, a.digest, sha(bigTar)].map((digest) => digest.slice(7)).sort(),
    );
    expect(json(readFileSync(`${dir}/out/repositories`, "utf8"))).toHaveProperty(["quay.io/x/y", "z"]);
  });

  test("without a tag repositories is empty", async () => {
    const dir = temporary();
    await put(
      {
        ...old,
        reference: { registry: "docker.io", repository: "library/old", digest: old.objects[0]?.digest ?? sha("") },
      },
      `docker-v1:${dir}/out`,
    );
    expect(readFileSync(`${dir}/out/repositories`, "utf8")).toBe("{}\n");
  });
});

describe("what is no image is refused by Docker's formats, and nothing is left", () => {
  const helm = { manifest: OCI.manifest, config: "application/vnd.cncf.helm.config.v1+json" };
  test.each([
    { what: "a Helm chart", pieces: image([a], { media: helm, configText: '{"name":"x"}' }) },
    { what: "a config that is not JSON", pieces: image([a], { configText: "no" }) },
    {
      what: "more diff_ids than layers",
      pieces: image([a], { config: { rootfs: { type: "layers", diff_ids: [a.diffId, b.diffId] } } }),
    },
    { what: "a diff_id that is a path", pieces: image([{ ...a, diffId: "sha256:../../x" }]) },
    { what: "a zstd layer that unpacks to something else", pieces: image([{ ...zstd, diffId: a.diffId }]) },
    {
      what: "a zstd layer that is damaged",
      pieces: image([layerFrom(zstd.bytes.subarray(0, 200_000), bigTar, OCI.zstd)]),
    },
    {
      what: "a layer in a format that no tool loads",
      pieces: image([layerFrom(Buffer.from("BZh91AY"), plainTar, OCI.tar)]),
    },
  ])("$what", async ({ pieces }) => {
    for (const dest of ["docker-archive:", "docker-v1:"]) {
      const dir = temporary();
      await expect(put(single("quay.io/x/y:z", pieces), `${dest}${dir}/out`)).rejects.toMatchObject({
        code: "E_RELEASE",
        hint: expect.stringContaining("oci:DIR") as string,
      });
      expect(readdirSync(dir)).toEqual([]);
    }
  });

  test("a schema 1 image with a damaged layer", async () => {
    const dir = temporary();
    const damaged = layerFrom(a.bytes.subarray(0, 40), plainTar, "");
    const artifact = schema1("docker.io/library/old:1", [{ layer: damaged, fields: {} }]);
    await expect(put(artifact, `docker-archive:${dir}/out`)).rejects.toMatchObject({ code: "E_RELEASE" });
    expect(lstatSync(dir).isDirectory() && readdirSync(dir)).toEqual([]);
  });
});
