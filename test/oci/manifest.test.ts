import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { parseDescriptor } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseManifest, readManifest, type Manifest } from "../../src/oci/manifest.ts";
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_MANIFEST,
  SCHEMA1_SIGNED,
  SCHEMA1_UNSIGNED,
} from "../../src/oci/mediatype.ts";

const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const A = `sha256:${"a".repeat(64)}`;
const B = `sha256:${"b".repeat(64)}`;
const C = `sha512:${"c".repeat(128)}`;
const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: A, size: 10 };
const layer = { mediaType: LAYER, digest: B, size: 20 };
const child = { mediaType: OCI_MANIFEST, digest: A, size: 10, platform: { os: "linux", architecture: "amd64" } };
const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] };

const bytesOf = (document: unknown): Uint8Array =>
  Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
const parse = (document: unknown, type: string | null = null): Manifest => readManifest(bytesOf(document), type);

describe("an index", () => {
  test("has its entries in order, with everything that is decided by them", () => {
    const entries = [
      { ...child, annotations: { "org.opencontainers.image.ref.name": "1.0.big_sur" }, artifactType: "application/x" },
      {
        mediaType: OCI_INDEX,
        digest: C,
        size: 0,
        platform: { os: "macOS", architecture: "aarch64", variant: "v8", "os.version": "macOS 13.6" },
      },
    ];
    const got = parse(
      { ...index, manifests: entries, annotations: { k: "v" }, artifactType: "application/y", subject: layer },
      OCI_INDEX,
    );
    expect(got).toEqual({
      kind: "index",
      mediaType: OCI_INDEX,
      digest: digestOf(got.bytes),
      bytes: got.bytes,
      artifactType: "application/y",
      annotations: { k: "v" },
      subject: { ...layer, platform: null, artifactType: null, annotations: {} },
      manifests: [
        {
          ...child,
          artifactType: "application/x",
          annotations: { "org.opencontainers.image.ref.name": "1.0.big_sur" },
        },
        {
          mediaType: OCI_INDEX,
          digest: C,
          size: 0,
          platform: { os: "darwin", architecture: "arm64", osVersion: "macOS 13.6" },
          artifactType: null,
          annotations: {},
        },
      ],
    });
  });

  test("may be empty", () => {
    expect(parse({ ...index, manifests: [] })).toMatchObject({ kind: "index", manifests: [] });
  });

  test("has at most 10,000 entries", () => {
    const most = { schemaVersion: 2, manifests: Array.from({ length: 10_000 }, () => child) };
    expect(parse(most)).toMatchObject({ kind: "index" });
    expect(() => parse({ ...most, manifests: [...most.manifests, child] })).toThrow(/\$\.manifests: 10001 entries/);
  });
});

describe("the bytes are what is hashed, and stay what they are", () => {
  test.each([
    ["escaped slashes", JSON.stringify(index).replaceAll("/", "\\/")],
    ["another order and indentation", JSON.stringify({ manifests: [child], schemaVersion: 2 }, null, 3)],
    ["a line break at the end", `${JSON.stringify(manifest)}\n`],
  ])("%s", (_, text) => {
    const got = parse(text);
    expect(got.digest).toBe(digestOf(Buffer.from(text)));
    expect(Buffer.from(got.bytes).toString()).toBe(text);
  });
});

describe("the media type", () => {
  const untyped = { schemaVersion: 2, config, layers: [layer] };
  test.each([
    ["of the delivery", untyped, DOCKER_MANIFEST, DOCKER_MANIFEST],
    [
      "of the delivery, with parameters and in upper case",
      manifest,
      `${OCI_MANIFEST.toUpperCase()}; charset=utf-8`,
      OCI_MANIFEST,
    ],
    ["of the document", { ...manifest, mediaType: DOCKER_MANIFEST }, null, DOCKER_MANIFEST],
    ["of the document, with parameters", { ...manifest, mediaType: `${OCI_MANIFEST};x=y` }, OCI_MANIFEST, OCI_MANIFEST],
    ["of the shape: OCI manifest", untyped, undefined, OCI_MANIFEST],
    [
      "of the shape: Docker manifest",
      { ...untyped, config: { ...config, mediaType: DOCKER_CONFIG } },
      undefined,
      DOCKER_MANIFEST,
    ],
    ["of the shape: index", { schemaVersion: 2, manifests: [child] }, undefined, OCI_INDEX],
    ["of a list", { ...index, mediaType: DOCKER_LIST }, DOCKER_LIST, DOCKER_LIST],
    ["where null means none", { ...untyped, mediaType: null }, undefined, OCI_MANIFEST],
  ])("%s", (_, document, given, type) => {
    expect(parse(document, given).mediaType).toBe(type);
  });

  test.each([
    ["an index that is delivered as a manifest", index, OCI_MANIFEST],
    ["a manifest that is delivered as an index", manifest, OCI_INDEX],
    ["an OCI manifest that is delivered as a Docker one", manifest, DOCKER_MANIFEST],
    ["an untyped index that is delivered as a manifest", { schemaVersion: 2, manifests: [child] }, OCI_MANIFEST],
    ["a manifest that calls itself an index", { ...manifest, mediaType: OCI_INDEX }, null],
    ["a manifest that is delivered as schema 1", manifest, SCHEMA1_UNSIGNED],
    ["a manifest that is delivered as signed schema 1", manifest, SCHEMA1_SIGNED],
    ["an unknown delivery", manifest, "application/octet-stream"],
    ["plain JSON", manifest, "application/json"],
    ["HTML", manifest, "text/html"],
    ["an empty delivery", manifest, ""],
    ["an unknown document", { ...manifest, mediaType: "application/vnd.oci.artifact.manifest.v1+json" }, null],
    ["an unknown document in a known delivery", { ...manifest, mediaType: "application/json" }, OCI_MANIFEST],
    ["a media type that is no text", { ...manifest, mediaType: 7 }, OCI_MANIFEST],
  ])("refused: %s", (_, document, given) => {
    expect(() => parse(document, given)).toThrow(Tofu3Error);
  });
});

describe("legal oddities pass", () => {
  test.each([
    [
      "an artifact without layers",
      {
        ...manifest,
        config: { mediaType: OCI_EMPTY, digest: A, size: 2, data: "e30=" },
        layers: [],
        artifactType: "application/x",
      },
    ],
    ["an empty blob", { ...manifest, layers: [{ ...layer, size: 0 }] }],
    ["a sha512 digest", { ...manifest, layers: [{ ...layer, digest: C }] }],
    ["a layer that stands twice", { ...manifest, layers: [layer, layer] }],
    [
      "foreign layers",
      {
        ...manifest,
        layers: [
          {
            ...layer,
            mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            urls: ["https://x.example/"],
          },
        ],
      },
    ],
    ["annotations that differ by case", { ...manifest, annotations: { Key: "1", key: "2" } }],
    ["keys that nobody knows", { ...manifest, x: { y: [1.5, null] }, layers: [{ ...layer, z: 1 }] }],
    [
      "null for what may be missing",
      {
        ...manifest,
        annotations: null,
        subject: null,
        artifactType: null,
        layers: [{ ...layer, annotations: null, platform: null }],
      },
    ],
    ["an empty artifactType", { ...manifest, artifactType: "" }],
  ])("%s", (_, document) => {
    expect(parse(document, OCI_MANIFEST).kind).toBe("manifest");
  });

  test.each([
    ["unknown/unknown", { os: "unknown", architecture: "unknown" }, { os: "unknown", architecture: "unknown" }],
    ["half a platform", { architecture: "amd64" }, { os: "unknown", architecture: "amd64" }],
    ["an empty platform", { os: "", architecture: "" }, null],
    [
      "features",
      { os: "windows", architecture: "amd64", "os.features": ["win32k"], features: ["x"] },
      { os: "windows", architecture: "amd64" },
    ],
  ])("%s", (_, platform, expected) => {
    expect(parseDescriptor({ ...child, platform }, "$").platform).toEqual(expected);
  });
});

describe("refused, with the place", () => {
  const text = JSON.stringify(manifest);
  test.each([
    ["manifests and layers", { ...manifest, manifests: [child] }, "two documents in one"],
    ["manifests and config", { ...index, config }, "two documents in one"],
    ["manifests and an empty layers", { ...index, layers: null }, "two documents in one"],
    ["layers and fsLayers", { ...manifest, fsLayers: [] }, "two documents in one"],
    ["Layers beside layers", text.replace('"layers"', '"Layers":[],"layers"'), "differs only by case"],
    ["Layers alone", text.replace('"layers"', '"Layers"'), 'is \\"layers\\" to some parsers only'.replaceAll("\\", "")],
    ["Manifests in a manifest", text.replace('"layers"', '"Manifests":[],"layers"'), "to some parsers only"],
    [
      "MediaType in a descriptor",
      text.replace('"mediaType":"application/vnd.oci.image.layer', '"MediaType":"application/vnd.oci.image.layer'),
      "$.layers[0]",
    ],
    ["the long s", text.replace('"layers"', '"layer\u017f"'), "to some parsers only"],
    ["layers twice", text.replace('"layers"', '"layers":[],"layers"'), "$.layers"],
    ["digest twice", text.replace('"digest"', `"digest":"${B}","digest"`), "$.config.digest"],
    ["neither kind", { schemaVersion: 2 }, "neither an index nor a manifest"],
    ["an array", [], "not an object"],
    ["a string", '"x"', "not an object"],
    ["null", "null", "not an object"],
    ["no schemaVersion", { config, layers: [] }, "$.schemaVersion"],
    ["schemaVersion 1", { ...manifest, schemaVersion: 1 }, "$.schemaVersion"],
    ["schemaVersion as text", { ...manifest, schemaVersion: "2" }, "$.schemaVersion"],
    ["schemaVersion 2.0", text.replace('"schemaVersion":2', '"schemaVersion":2.0'), "2.0"],
    ["no config", { schemaVersion: 2, layers: [] }, "$.config"],
    ["no layers", { schemaVersion: 2, config }, "$.layers"],
    ["layers that are null", { ...manifest, layers: null }, "$.layers"],
    ["layers that are an object", { ...manifest, layers: {} }, "$.layers"],
    ["a layer that is null", { ...manifest, layers: [layer, null] }, "$.layers[1]"],
    ["one digest with two sizes", { ...manifest, layers: [layer, { ...layer, size: 21 }] }, B],
    ["one digest with two sizes in an index", { ...index, manifests: [child, { ...child, size: 11 }] }, A],
    ["a config and a layer of one digest with two sizes", { ...manifest, layers: [{ ...layer, digest: A }] }, A],
    ["a negative size", text.replace("20", "-1"), "$.layers[0].size"],
    ["a fraction as size", text.replace("20", "1.5"), "$.layers[0].size"],
    ["minus zero as size", text.replace("20", "-0"), "-0"],
    ["a size beyond 2^53", text.replace("20", "9007199254740993"), "9007199254740993"],
    ["an infinite size", text.replace("20", "1e999"), "1e999"],
    ["a size as text", text.replace("20", '"20"'), "$.layers[0].size"],
    ["no size", { ...manifest, layers: [{ mediaType: LAYER, digest: B }] }, "$.layers[0].size"],
    ["a short digest", { ...manifest, layers: [{ ...layer, digest: B.slice(0, -1) }] }, "$.layers[0].digest"],
    ["a digest in upper case", { ...manifest, layers: [{ ...layer, digest: B.toUpperCase() }] }, "$.layers[0].digest"],
    [
      "a digest that leads away",
      { ...manifest, layers: [{ ...layer, digest: "sha256:../../etc" }] },
      "$.layers[0].digest",
    ],
    ["an md5 digest", { ...manifest, layers: [{ ...layer, digest: `md5:${"a".repeat(32)}` }] }, "$.layers[0].digest"],
    ["no media type", { ...manifest, layers: [{ digest: B, size: 1 }] }, "$.layers[0].mediaType"],
    ["an empty media type", { ...manifest, layers: [{ ...layer, mediaType: "" }] }, "$.layers[0].mediaType"],
    [
      "a media type with an escape",
      { ...manifest, layers: [{ ...layer, mediaType: "a/\u001b[2J" }] },
      "$.layers[0].mediaType",
    ],
    ["an annotation that is a number", { ...manifest, annotations: { x: 1 } }, "$.annotations"],
    ["annotations that are an array", { ...manifest, annotations: [] }, "$.annotations"],
    [
      "an annotation of a layer that is null",
      { ...manifest, layers: [{ ...layer, annotations: { x: null } }] },
      "$.layers[0].annotations",
    ],
    [
      "a platform that is text",
      { ...index, manifests: [{ ...child, platform: "linux/amd64" }] },
      "$.manifests[0].platform",
    ],
    [
      "an os that is a number",
      { ...index, manifests: [{ ...child, platform: { os: 1, architecture: "x" } }] },
      "$.manifests[0].platform.os",
    ],
    ["OS beside os", JSON.stringify(index).replace('"os"', '"OS":"x","os"'), "$.manifests[0].platform"],
    ["a subject that is none", { ...manifest, subject: {} }, "$.subject"],
    ["an artifactType that is a list", { ...manifest, artifactType: [] }, "$.artifactType"],
    ["a byte order mark", `\ufeff${text}`, "character 0"],
    ["text after the end", `${text}{}`, "follows the end"],
  ])("%s", (_, document, place) => {
    expect(() => parse(document)).toThrow(
      expect.objectContaining({ code: "E_MANIFEST", message: expect.stringContaining(place) as string }),
    );
  });

  test("and with nothing raw in the message", () => {
    expect(() => parse({ ...manifest, schemaVersion: "\u001b[2J\u202e" })).toThrow(/^[\x20-\x7e]+$/);
  });
});

test("no change of one byte is taken for the same document, and none is more than an error", () => {
  const bytes = bytesOf({ ...index, annotations: { a: "b" } });
  const original = parseManifest(bytes).digest;
  fc.assert(
    fc.property(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.constantFrom(null, OCI_INDEX),
      (place, flip, type) => {
        const changed = Uint8Array.from(bytes);
        changed[place] = (changed[place] ?? 0) ^ flip;
        try {
          expect(parseManifest(changed, type).digest).not.toBe(original);
        } catch (error) {
          expect(error).toBeInstanceOf(Tofu3Error);
        }
      },
    ),
    { numRuns: 4000 },
  );
});

test("any JSON in any place is read or refused", () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(layer, config, child, [layer], [child], A, LAYER, OCI_INDEX),
  );
  const name = fc.constantFrom(
    "schemaVersion",
    "mediaType",
    "manifests",
    "config",
    "layers",
    "subject",
    "annotations",
    "artifactType",
    "fsLayers",
    "history",
  );
  fc.assert(
    fc.property(fc.constantFrom(manifest, index), fc.dictionary(name, value, { maxKeys: 3 }), (document, changes) => {
      try {
        const got = parse({ ...document, ...changes });
        const children = got.kind === "index" ? got.manifests : got.layers;
        expect(
          children.every(({ digest, size }) => /^sha(256|512):[0-9a-f]+$/.test(digest) && Number.isSafeInteger(size)),
        ).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(Tofu3Error);
      }
    }),
    { numRuns: 3000 },
  );
});
