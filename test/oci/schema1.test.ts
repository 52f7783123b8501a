import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseManifest, readManifest } from "../../src/oci/manifest.ts";
import { SCHEMA1_SIGNED, SCHEMA1_UNSIGNED } from "../../src/oci/mediatype.ts";
import type { Schema1Manifest } from "../../src/oci/schema1.ts";

const EMPTY = `sha256:${"e".repeat(64)}`;
const BASE = `sha256:${"b".repeat(64)}`;
const EVIL = `sha256:${"f".repeat(64)}`;
const id = (digit: string): string => digit.repeat(64);
const v1 = (entry: object): { v1Compatibility: string } => ({ v1Compatibility: JSON.stringify(entry) });

const document = {
  schemaVersion: 1,
  name: "library/small",
  tag: "1",
  architecture: "amd64",
  fsLayers: [{ blobSum: EMPTY }, { blobSum: BASE }],
  history: [
    v1({ id: id("2"), parent: id("1"), throwaway: true, config: { Labels: { a: "1", A: "2" } } }),
    v1({ id: id("1"), os: "linux" }),
  ],
};

const base64url = (value: string | object): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

interface Signing {
  readonly formatLength?: unknown;
  readonly formatTail?: unknown;
  readonly time?: string;
}

const signature = (length: number, tail: string, signing: Signing = {}): object => ({
  header: { alg: "ES256" },
  signature: base64url("not checked"),
  protected: base64url({ formatLength: length, formatTail: base64url(tail), time: "2016-04-18T20:54:42Z", ...signing }),
});

/** As libtrust signs: the payload without its end, what comes between, the signatures, the end. */
function sign(
  payload: string,
  signatures: (length: number, tail: string) => unknown = (length, tail) => [signature(length, tail)],
  between = "",
): string {
  const length = payload.lastIndexOf("\n}");
  return `${payload.slice(0, length)}${between},\n   "signatures": ${JSON.stringify(signatures(length, "\n}"))}\n}\n`;
}

const PAYLOAD = JSON.stringify(document, null, 3);

function parse(text: string, type: string | null = SCHEMA1_SIGNED): Schema1Manifest {
  const manifest = parseManifest(Buffer.from(text), type);
  if (manifest.kind !== "schema1") throw new Error(`not schema 1 but ${manifest.kind}`);
  return manifest;
}

const layersOf = (manifest: Schema1Manifest): string[] => manifest.layers.map(({ digest }) => digest);

describe("the digest is that of the payload", () => {
  const expected = digestOf(Buffer.from(PAYLOAD));
  test.each([
    ["unsigned", PAYLOAD, SCHEMA1_UNSIGNED],
    ["signed", sign(PAYLOAD), SCHEMA1_SIGNED],
    ["signed, delivered as unsigned", sign(PAYLOAD), SCHEMA1_UNSIGNED],
    [
      "signed at another time",
      sign(PAYLOAD, (length, tail) => [signature(length, tail, { time: "2021-12-13T13:49:34Z" })]),
      SCHEMA1_SIGNED,
    ],
    [
      "signed twice",
      sign(PAYLOAD, (length, tail) => [signature(length, tail), signature(length, tail, { time: "later" })]),
      SCHEMA1_SIGNED,
    ],
    [
      "with unsigned layers beside the signed ones",
      sign(PAYLOAD, undefined, `,"fsLayers":[{"blobSum":"${EVIL}"}]`),
      SCHEMA1_SIGNED,
    ],
    [
      "with unsigned keys of any case beside the signed ones",
      sign(PAYLOAD, undefined, `,"FsLayers":[{"blobSum":"${EVIL}"}],"manifests":[]`),
      SCHEMA1_SIGNED,
    ],
  ])("%s", (_, text, type) => {
    const manifest = parse(text, type);
    expect(manifest.digest).toBe(expected);
    expect(manifest.mediaType).toBe(type);
    expect(Buffer.from(manifest.payload).toString()).toBe(PAYLOAD);
    expect(Buffer.from(manifest.bytes).toString()).toBe(text);
    expect(layersOf(manifest)).toEqual([EMPTY, BASE]);
    expect(manifest.history).toEqual([
      { v1Compatibility: document.history[0]?.v1Compatibility, id: id("2"), parent: id("1"), throwaway: true },
      { v1Compatibility: document.history[1]?.v1Compatibility, id: id("1"), parent: null, throwaway: false },
    ]);
    expect(manifest.layers[0]).toMatchObject({
      size: null,
      mediaType: "application/vnd.docker.container.image.rootfs.diff+x-gtar",
    });
  });

  test("nobody says the type: the shape does", () => {
    expect(parse(PAYLOAD, null).mediaType).toBe(SCHEMA1_UNSIGNED);
    expect(parse(sign(PAYLOAD), null).mediaType).toBe(SCHEMA1_SIGNED);
  });

  test("one byte in the payload changes it", () => {
    expect(parse(sign(PAYLOAD.replace('"schemaVersion": 1', '"schemaVersion": 2'))).digest).not.toBe(expected);
  });

  test("a payload that is no JSON has a digest, and no layers that anybody could read", () => {
    const broken = PAYLOAD.replace(/\n {3}\]\n\}$/, "\n}");
    const length = broken.lastIndexOf("\n}");
    const text = sign(PAYLOAD, () => [signature(length, "\n}")]);
    const manifest = parseManifest(Buffer.from(text), SCHEMA1_SIGNED);
    expect(manifest).toMatchObject({
      kind: "unreadable",
      digest: digestOf(Buffer.from(broken)),
      fault: { code: "E_MANIFEST" },
    });
    expect(manifest).not.toHaveProperty("layers");
    expect(() => readManifest(Buffer.from(text), SCHEMA1_SIGNED)).toThrow(
      expect.objectContaining({ code: "E_MANIFEST" }),
    );
  });
});

describe("signatures that do not say what is signed are refused", () => {
  test.each([
    ["a number", sign(PAYLOAD, () => 1)],
    ["none", sign(PAYLOAD, () => [])],
    ["null", sign(PAYLOAD, () => null)],
    ["a string in the list", sign(PAYLOAD, () => ["x"])],
    ["no protected header", sign(PAYLOAD, () => [{ signature: "x" }])],
    ["a protected header that is no base64url", sign(PAYLOAD, () => [{ protected: "{}" }])],
    ["a protected header that is no JSON", sign(PAYLOAD, () => [{ protected: base64url("x") }])],
    [
      "two lengths in one header",
      sign(PAYLOAD, (length) => [
        { protected: base64url(`{"formatLength":${length},"formatLength":1,"formatTail":"Cn0"}`) },
      ]),
    ],
    ["no length", sign(PAYLOAD, (length, tail) => [signature(length, tail, { formatLength: undefined })])],
    ["a length beyond the end", sign(PAYLOAD, (_, tail) => [signature(1_000_000, tail)])],
    ["a negative length", sign(PAYLOAD, (_, tail) => [signature(-1, tail)])],
    ["a length of nothing", sign(PAYLOAD, () => [signature(0, PAYLOAD)])],
    ["a length as text", sign(PAYLOAD, (length, tail) => [signature(length, tail, { formatLength: String(length) })])],
    ["no tail", sign(PAYLOAD, (length, tail) => [signature(length, tail, { formatTail: undefined })])],
    [
      "signatures of different lengths",
      sign(PAYLOAD, (length, tail) => [signature(length, tail), signature(length - 1, `x${tail}`)]),
    ],
    [
      "signatures of different tails",
      sign(PAYLOAD, (length, tail) => [signature(length, tail), signature(length, ` ${tail}`)]),
    ],
    ["17 signatures", sign(PAYLOAD, (length, tail) => Array.from({ length: 17 }, () => signature(length, tail)))],
    ["signatures twice", sign(PAYLOAD, undefined, ',"signatures":[]')],
    ["signatures in two cases", sign(PAYLOAD, undefined, ',"Signatures":[]')],
    ["signatures inside of what is signed", sign(PAYLOAD.replace('"name"', '"signatures": [], "name"'))],
    ["none where they are promised", PAYLOAD],
  ])("%s", (_, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: "E_MANIFEST" }));
  });
});

describe("a payload that contradicts itself is refused", () => {
  const [top, bottom] = [{ id: id("2"), parent: id("1") }, { id: id("1") }];
  const history = (...entries: object[]): object => ({ ...document, history: entries.map(v1) });
  test.each([
    ["schemaVersion 3", { ...document, schemaVersion: 3 }],
    ["no schemaVersion", { ...document, schemaVersion: undefined }],
    ["no layers", { ...document, fsLayers: [], history: [] }],
    ["fewer layers than history", { ...document, fsLayers: [{ blobSum: BASE }] }],
    ["less history than layers", history(bottom)],
    ["no history", { ...document, history: undefined }],
    ["a blobSum that leads away", { ...document, fsLayers: [{ blobSum: "sha256:../.." }, { blobSum: BASE }] }],
    ["a layer without blobSum", { ...document, fsLayers: [{}, { blobSum: BASE }] }],
    ["BlobSum", { ...document, fsLayers: [{ BlobSum: BASE }, { blobSum: BASE }] }],
    ["a parent that is not the next", history({ ...top, parent: id("3") }, bottom)],
    ["no parent above the base", history({ id: id("2") }, bottom)],
    ["a parent of the base", history(top, { ...bottom, parent: id("0") })],
    ["an id twice for different layers", history({ id: id("1"), parent: id("1") }, bottom)],
    ["an id that leads away", history({ ...top, parent: "../x" }, { id: "../x" })],
    ["an id in upper case", history({ ...top, parent: id("A") }, { id: id("A") })],
    ["no id", history(top, {})],
    ["a throwaway that is text", history({ ...top, throwaway: "true" }, bottom)],
    [
      "ID beside id",
      {
        ...document,
        history: [{ v1Compatibility: `{"id":"${id("2")}","ID":"${id("3")}","parent":"${id("1")}"}` }, v1(bottom)],
      },
    ],
    ["ID alone", history({ ID: id("2"), parent: id("1") }, bottom)],
    ["v1Compatibility that is no JSON", { ...document, history: [{ v1Compatibility: "{" }, v1(bottom)] }],
    ["v1Compatibility that is an object", { ...document, history: [{ v1Compatibility: {} }, v1(bottom)] }],
    ["layers of schema 2", { ...document, layers: [] }],
    ["manifests", { ...document, manifests: [] }],
  ])("%s", (_, changed) => {
    const text = JSON.stringify(changed, null, 3);
    expect(() => parse(text, SCHEMA1_UNSIGNED)).toThrow(expect.objectContaining({ code: "E_MANIFEST" }));
    expect(() => parse(sign(text))).toThrow(expect.objectContaining({ code: "E_MANIFEST" }));
  });

  test("fsLayers twice within what is signed", () => {
    const text = PAYLOAD.replace('"fsLayers"', `"fsLayers": [{"blobSum":"${EVIL}"}], "fsLayers"`);
    expect(() => parse(sign(text))).toThrow(expect.objectContaining({ code: "E_MANIFEST" }));
  });

  test("an entry that old Docker wrote twice is one entry", () => {
    const twice = {
      ...document,
      fsLayers: [{ blobSum: EMPTY }, { blobSum: EMPTY }, { blobSum: BASE }],
      history: [v1(top), v1(top), v1(bottom)],
    };
    expect(parse(JSON.stringify(twice), SCHEMA1_UNSIGNED).layers).toHaveLength(3);
    const different = { ...twice, fsLayers: [{ blobSum: EMPTY }, { blobSum: EVIL }, { blobSum: BASE }] };
    expect(() => parse(JSON.stringify(different), SCHEMA1_UNSIGNED)).toThrow(/stands for different layers/);
  });
});

test("what stands outside of the payload changes neither digest nor layers, whatever it is", () => {
  const key = fc
    .string({ maxLength: 10 })
    .filter((text) => text !== "__proto__" && !/signatures/i.test(text) && !text.includes("\0"));
  const extra = fc.dictionary(
    fc.oneof(key, fc.constantFrom("fsLayers", "history", "schemaVersion")),
    fc.oneof(fc.nat(), fc.boolean(), fc.constant([{ blobSum: EVIL }])),
  );
  fc.assert(
    fc.property(extra, (members) => {
      const between = Object.entries(members).map(
        ([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`,
      );
      const manifest = parse(sign(PAYLOAD, undefined, between.join("")));
      expect([manifest.digest, layersOf(manifest)]).toEqual([digestOf(Buffer.from(PAYLOAD)), [EMPTY, BASE]]);
    }),
    { numRuns: 500 },
  );
});

test("no change of one byte makes the same digest stand for other layers", () => {
  const bytes = Buffer.from(sign(PAYLOAD));
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, flip) => {
      const changed = Uint8Array.from(bytes);
      changed[place] = (changed[place] ?? 0) ^ flip;
      try {
        const manifest = parseManifest(changed, SCHEMA1_SIGNED);
        if (manifest.kind !== "schema1" || manifest.digest !== digestOf(Buffer.from(PAYLOAD))) return;
        expect(layersOf(manifest)).toEqual([EMPTY, BASE]);
      } catch (error) {
        expect(error).toBeInstanceOf(Tofu3Error);
      }
    }),
    { numRuns: 3000 },
  );
});
