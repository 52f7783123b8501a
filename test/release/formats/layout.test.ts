import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DOCKER, gzipLayer, image, index, layerFrom, OCI, piece, sha, single, tarOf, type Entry } from "../fixture.ts";
import { put } from "../mint.ts";
import { json, leftovers, listing, temporary, tool } from "../tools.ts";

const a = await gzipLayer({ "etc/a": "a" });
const b = await gzipLayer({ "etc/b": "b".repeat(5000) });
const hello = single("docker.io/library/hello:1.2", image([a, b, a]));

async function bottle(tag: string, platform: Record<string, string>): Promise<Entry> {
  const layer = {
    ...(await gzipLayer({ [`vim/${tag}`]: tag })),
    annotations: { "org.opencontainers.image.title": `wrong--${tag}` },
  };
  const annotations = {
    "org.opencontainers.image.ref.name": `9.0.${tag}`,
    "sh.brew.bottle.digest": layer.digest.slice(7),
  };
  return { image: image([layer]), platform, annotations };
}

const bottles = [
  await bottle("sonoma", { architecture: "amd64", os: "darwin", "os.version": "macOS 14" }),
  await bottle("big_sur", { architecture: "amd64", os: "darwin", "os.version": "macOS 11" }),
  await bottle("x86_64_linux", { architecture: "amd64", os: "linux" }),
];
const VIM = "ghcr.io/homebrew/core/vim:9.0";

function indexOf(dir: string): { mediaType: string; manifests: Record<string, unknown>[] } {
  return json(readFileSync(join(dir, "index.json"), "utf8")) as never;
}

describe("oci:DIR", () => {
  test("a single image is read by skopeo with the digest of the registry, and copied", async () => {
    const dir = temporary();
    expect(await put(hello, `oci:${dir}/out`)).toEqual({ format: "oci", path: `${dir}/out` });
    const inspected = json(tool("skopeo", "inspect", `oci:${dir}/out:1.2`));
    expect(inspected["Digest"]).toBe(hello.objects[0]?.digest);
    expect(inspected["Layers"]).toEqual([a.digest, b.digest, a.digest]);
    tool("skopeo", "copy", "--preserve-digests", `oci:${dir}/out:1.2`, `dir:${dir}/copy`);
    expect(
      readFileSync(`${dir}/copy/manifest.json`).equals(
        hello.bytes.get(hello.objects[0]?.digest ?? sha("")) ?? Buffer.of(),
      ),
    ).toBe(true);
    expect(leftovers(dir)).toEqual([]);
  });

  test("umoci lists the tag and unpacks it", async () => {
    const dir = temporary();
    await put(hello, `oci:${dir}/out`);
    expect(tool("umoci", "ls", "--layout", `${dir}/out`).trim()).toBe("1.2");
    tool("umoci", "unpack", "--rootless", "--image", `${dir}/out:1.2`, `${dir}/bundle`);
    expect(readFileSync(`${dir}/bundle/rootfs/etc/b`, "utf8")).toBe("b".repeat(5000));
  });

  test("it holds what is reachable and nothing else, readable as the umask says", async () => {
    const dir = temporary();
    await put(hello, `oci:${dir}/out`);
    const names = new Set([...hello.bytes.keys()].map((digest) => `blobs/sha256/${digest.slice(7)}`));
    const found = listing(`${dir}/out`);
    expect(new Set(found.map((line) => line.split(" ")[0]))).toEqual(
      new Set(["oci-layout", "index.json", "blobs", "blobs/sha256", ...names]),
    );
    expect(found.filter((line) => !/ (644 [0-9a-f]{64}|755 directory)$/.test(line))).toEqual([]);
    expect(readFileSync(`${dir}/out/oci-layout`, "utf8")).toBe('{"imageLayoutVersion":"1.0.0"}');
  });

  test("a whole index is named itself, and its bytes are those of the registry", async () => {
    const dir = temporary();
    const vim = index(VIM, bottles);
    await put(vim, `oci:${dir}/out`);
    expect(indexOf(`${dir}/out`).manifests).toEqual([
      {
        mediaType: OCI.index,
        digest: vim.objects[0]?.digest,
        size: vim.objects[0]?.size,
        annotations: { "org.opencontainers.image.ref.name": "9.0" },
      },
    ]);
    tool("skopeo", "copy", "--all", "--preserve-digests", `oci:${dir}/out:9.0`, `dir:${dir}/copy`);
    expect(sha(readFileSync(`${dir}/copy/manifest.json`))).toBe(vim.objects[0]?.digest);
  });

  test("of a selection, index.json names the selected manifests with their own names and platforms; the index is not there", async () => {
    const dir = temporary();
    const vim = index(VIM, bottles, { selected: [0, 1] });
    await put(vim, `oci:${dir}/out`);
    expect(
      indexOf(`${dir}/out`).manifests.map(({ digest, platform, annotations }) => ({
        digest,
        platform,
        name: (annotations as never)["org.opencontainers.image.ref.name"],
      })),
    ).toEqual([
      {
        digest: bottles[0]?.image.manifest.digest,
        platform: { architecture: "amd64", os: "darwin", "os.version": "macOS 14" },
        name: "9.0.sonoma",
      },
      {
        digest: bottles[1]?.image.manifest.digest,
        platform: { architecture: "amd64", os: "darwin", "os.version": "macOS 11" },
        name: "9.0.big_sur",
      },
    ]);
    const raw = tool("skopeo", "inspect", "--raw", `oci:${dir}/out:9.0.big_sur`);
    expect(sha(raw)).toBe(bottles[1]?.image.manifest.digest);
    expect(listing(`${dir}/out`).some((line) => line.includes(vim.objects[0]?.digest.slice(7) ?? ""))).toBe(false);
  });

  test("one selected manifest has the tag", async () => {
    const dir = temporary();
    await put(index(VIM, bottles, { selected: [1] }), `oci:${dir}/out`);
    expect(sha(tool("skopeo", "inspect", "--raw", `oci:${dir}/out:9.0`))).toBe(bottles[1]?.image.manifest.digest);
  });

  test("several manifests without a name are told apart by their platform, equal names by their digest", async () => {
    const dir = temporary();
    const [one, two, three] = [image([a]), image([b]), image([a, b])];
    const entry = (each: typeof one, architecture: string): Entry => ({
      image: each,
      platform: { os: "linux", architecture },
    });
    const some = index(
      "localhost:5000/x:1",
      [entry(one, "amd64"), entry(two, "arm64"), entry(three, "arm64"), entry(image([]), "s390x")],
      { selected: [0, 1, 2] },
    );
    await put(some, `oci:${dir}/out`);
    expect(
      indexOf(`${dir}/out`).manifests.map(
        ({ annotations }) => (annotations as never)["org.opencontainers.image.ref.name"],
      ),
    ).toEqual([
      "1-linux-amd64",
      `1-linux-arm64-${two.manifest.digest.slice(7, 19)}`,
      `1-linux-arm64-${three.manifest.digest.slice(7, 19)}`,
    ]);
  });

  test.each([
    { reference: "localhost:5000/x", name: "latest" },
    { reference: `localhost:5000/x@${hello.objects[0]?.digest ?? ""}`, name: undefined },
    { reference: `localhost:5000/x:7@${hello.objects[0]?.digest ?? ""}`, name: "7" },
  ])("$reference is named $name", async ({ reference, name }) => {
    const dir = temporary();
    await put(single(reference, image([a, b, a])), `oci:${dir}/out`);
    expect(
      (indexOf(`${dir}/out`).manifests[0]?.["annotations"] as Record<string, string> | undefined)?.[
        "org.opencontainers.image.ref.name"
      ],
    ).toBe(name);
  });

  test("Docker's media types stay as they are; skopeo reads them where it is given no tag", async () => {
    const dir = temporary();
    const media = { manifest: DOCKER.manifest, config: DOCKER.config };
    const list = index(
      "localhost:5000/x:1",
      [
        {
          image: image([{ ...a, mediaType: DOCKER.gzip }], { media }),
          platform: { os: "linux", architecture: "amd64" },
        },
      ],
      { mediaType: DOCKER.list },
    );
    await put(list, `oci:${dir}/out`);
    expect(indexOf(`${dir}/out`).manifests[0]?.["mediaType"]).toBe(DOCKER.list);
    tool("skopeo", "copy", "--all", "--preserve-digests", `oci:${dir}/out`, `dir:${dir}/copy`);
    expect(sha(readFileSync(`${dir}/copy/manifest.json`))).toBe(list.objects[0]?.digest);
  });

  test("sha512 digests lie under blobs/sha512", async () => {
    const dir = temporary();
    const tar = await tarOf({ x: "x" });
    const layer = { ...piece(tar, "sha512"), mediaType: OCI.tar, diffId: sha(tar) };
    const artifact = single("localhost:5000/x:1", image([layer], { algorithm: "sha512" }));
    await put(artifact, `oci:${dir}/out`);
    expect(listing(`${dir}/out`).filter((line) => line.startsWith("blobs/sha512/"))).toHaveLength(3);
    expect(listing(`${dir}/out`).some((line) => line.startsWith("blobs/sha256"))).toBe(false);
  });

  test("an empty blob and an artifact with the empty config are kept", async () => {
    const dir = temporary();
    const empty = layerFrom(Buffer.of(), Buffer.of(), "application/x-nothing");
    const pieces = image([empty], {
      configText: "{}",
      media: { manifest: OCI.manifest, config: OCI.empty },
      artifactType: "application/x-test",
    });
    await put(single("localhost:5000/x:1", pieces), `oci:${dir}/out`);
    expect(listing(`${dir}/out`).find((line) => line.includes(empty.digest.slice(7)))).toMatch(/ 644 e3b0c442/);
  });
});

describe("oci-archive:FILE", () => {
  test("skopeo reads it with the same digest, GNU tar lists it, and it is the layout of oci:DIR", async () => {
    const dir = temporary();
    await put(index(VIM, bottles), `oci-archive:${dir}/out.tar`);
    await put(index(VIM, bottles), `oci:${dir}/out`);
    tool("skopeo", "copy", "--all", "--preserve-digests", `oci-archive:${dir}/out.tar:9.0`, `dir:${dir}/copy`);
    tool("mkdir", `${dir}/unpacked`);
    tool("tar", "-x", "--same-permissions", "-f", `${dir}/out.tar`, "-C", `${dir}/unpacked`);
    expect(listing(`${dir}/unpacked`)).toEqual(listing(`${dir}/out`));
    const lines = tool("tar", "--utc", "--full-time", "-tvf", `${dir}/out.tar`).trim().split("\n");
    expect(
      lines.filter(
        (line) =>
          !/^[-d]r[-w]xr?-xr?-x? 0\/0 .*1970-01-01 00:00:00 /.test(line) &&
          !/^-rw-r--r-- 0\/0 .*1970-01-01 00:00:00 /.test(line),
      ),
    ).toEqual([]);
    expect(leftovers(dir)).toEqual([]);
  });

  test("names of sha512 blobs are longer than a plain tar header holds", async () => {
    const dir = temporary();
    const artifact = single("localhost:5000/x:1", image([a], { algorithm: "sha512" }));
    await put(artifact, `oci-archive:${dir}/out.tar`);
    expect(tool("tar", "-tf", `${dir}/out.tar`)).toContain(
      `blobs/sha512/${artifact.objects[0]?.digest.slice(7) ?? "-"}`,
    );
  });
});

test.each(["oci-archive", "docker-archive"])("%s: a second run gives the same bytes", async (format) => {
  const dir = temporary();
  await put(hello, `${format}:${dir}/1.tar`);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await put(hello, `${format}:${dir}/2.tar`);
  expect(readFileSync(`${dir}/1.tar`).equals(readFileSync(`${dir}/2.tar`))).toBe(true);
});

test.each(["oci", "docker-v1"])("%s: a second run gives the same bytes", async (format) => {
  const dir = temporary();
  await put(hello, `${format}:${dir}/1`);
  await put(hello, `${format}:${dir}/2`);
  expect(listing(`${dir}/1`)).toEqual(listing(`${dir}/2`));
});
