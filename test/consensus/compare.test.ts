import { describe, expect, test } from "vitest";
import { comparisonsOf, differingEntries, relationOf, type Relation } from "../../src/consensus/compare.ts";
import type { SelectionText } from "../../src/model/job.ts";
import type { Digest } from "../../src/oci/digest.ts";
import type { Manifest } from "../../src/oci/manifest.ts";
import {
  attestationOf,
  bytesOf,
  configOf,
  entryFor,
  imageOf,
  indexOf,
  known,
  layer,
  type Document,
  type Thing,
} from "./documents.ts";
import { digest } from "./observations.ts";

const ALL: SelectionText = { platform: null, osVersion: null, bottle: null };
const AMD: SelectionText = { platform: "linux/amd64", osVersion: null, bottle: null };
const RISCV: SelectionText = { platform: "linux/riscv64", osVersion: null, bottle: null };

const amd = imageOf({ layers: ["amd"] });
const arm = imageOf({ layers: ["arm"] });
const riscv = imageOf({ layers: ["riscv"] });
const two = [entryFor(amd, "linux/amd64"), entryFor(arm, "linux/arm64")];
const golang = indexOf(two);
const withRiscv = indexOf([...two, entryFor(riscv, "linux/riscv64")]);
const attested = [...two, attestationOf(amd, "about amd"), attestationOf(arm, "about arm")];
const bottles = ["macOS 13", "macOS 14"].map((version) =>
  entryFor(imageOf({ layers: [version] }), `darwin/amd64:${version}`),
);

const ids = (...names: readonly string[]): string[] => names.map(layer);
const plain = configOf({ diffIds: ids("unpacked 1", "unpacked 2") });
const alike = configOf({ diffIds: ids("unpacked 1", "unpacked 2"), created: "2026-01-01T00:00:00Z" });
const shorter = configOf({ diffIds: ids("unpacked 1") });
const gzip = imageOf({ config: plain, layers: ["1.gz", "2.gz"] });

const schema1 = { ...gzip, manifest: { ...gzip.manifest, kind: "schema1" } as unknown as Manifest };

const ROWS: readonly {
  readonly why: string;
  readonly left: Document;
  readonly right: Document;
  readonly selection?: SelectionText;
  readonly configs?: readonly Thing[];
  readonly relation: Relation;
}[] = [
  {
    why: "an index, written with other white space",
    left: golang,
    right: indexOf(two, undefined, 2),
    relation: "reserialised",
  },
  {
    why: "an index, its entries in another order",
    left: golang,
    right: indexOf(two.toReversed()),
    relation: "reserialised",
  },
  { why: "an index with another annotation", left: golang, right: indexOf(two, { a: "b" }), relation: "reserialised" },
  {
    why: "a manifest, written with other white space",
    left: gzip,
    right: imageOf({ config: plain, layers: ["1.gz", "2.gz"], indent: 2 }),
    relation: "reserialised",
  },
  {
    why: "a manifest, its layers in another order",
    left: gzip,
    right: imageOf({ config: plain, layers: ["2.gz", "1.gz"] }),
    configs: [plain],
    relation: "recompressed",
  },
  { why: "one platform added, all selected", left: golang, right: withRiscv, relation: "index-republished" },
  { why: "one platform removed, all selected", left: withRiscv, right: golang, relation: "index-republished" },
  {
    why: "one platform added, another selected",
    left: golang,
    right: withRiscv,
    selection: AMD,
    relation: "index-republished",
  },
  { why: "one platform added, which is selected", left: golang, right: withRiscv, selection: RISCV, relation: null },
  {
    why: "one platform added, with its attestation",
    left: indexOf(attested),
    right: indexOf([...attested, entryFor(riscv, "linux/riscv64"), attestationOf(riscv, "about riscv")]),
    relation: "index-republished",
  },
  {
    why: "an attestation that is another one",
    left: indexOf(attested),
    right: indexOf([...two, attestationOf(amd, "other"), attestationOf(arm, "about arm")]),
    relation: null,
  },
  {
    why: "one platform rebuilt, another selected",
    left: golang,
    right: indexOf([entryFor(amd, "linux/amd64"), entryFor(riscv, "linux/arm64")]),
    selection: AMD,
    relation: "index-republished",
  },
  {
    why: "one platform rebuilt, all selected",
    left: golang,
    right: indexOf([entryFor(amd, "linux/amd64"), entryFor(riscv, "linux/arm64")]),
    relation: null,
  },
  {
    why: "one platform rebuilt, which is selected",
    left: golang,
    right: indexOf([entryFor(riscv, "linux/amd64"), entryFor(arm, "linux/arm64")]),
    selection: AMD,
    relation: null,
  },
  {
    why: "other platforms altogether",
    left: indexOf(two),
    right: indexOf([entryFor(riscv, "linux/riscv64")]),
    relation: null,
  },
  {
    why: "several entries of one platform, in another order, and one more of another",
    left: indexOf(bottles),
    right: indexOf([...bottles.toReversed(), ...two]),
    selection: { platform: "darwin/amd64", osVersion: null, bottle: null },
    relation: "index-republished",
  },
  {
    why: "one of several entries of one platform rebuilt",
    left: indexOf(bottles),
    right: indexOf([...bottles.slice(0, 1), entryFor(amd, "darwin/amd64:macOS 14"), ...two]),
    selection: { platform: "darwin/amd64", osVersion: null, bottle: null },
    relation: null,
  },
  {
    why: "one of several entries of one platform rebuilt, and the other selected",
    left: indexOf(bottles),
    right: indexOf([...bottles.slice(0, 1), entryFor(amd, "darwin/amd64:macOS 14")]),
    selection: { platform: "darwin/amd64", osVersion: "macOS 13", bottle: null },
    relation: "index-republished",
  },
  {
    why: "nothing of it selected",
    left: golang,
    right: withRiscv,
    selection: { ...ALL, platform: "plan9/386" },
    relation: null,
  },
  {
    why: "other layers, one config",
    left: gzip,
    right: imageOf({ config: plain, layers: ["1.zst", "2.zst"] }),
    configs: [plain],
    relation: "recompressed",
  },
  {
    why: "other layers, one config that nobody read",
    left: gzip,
    right: imageOf({ config: plain, layers: ["1.zst", "2.zst"] }),
    relation: null,
  },
  {
    why: "two artifacts with the one empty config that all of them have",
    left: imageOf({ config: configOf({}), layers: ["one"] }),
    right: imageOf({ config: configOf({}), layers: ["another"] }),
    configs: [configOf({})],
    relation: null,
  },
  {
    why: "other layers, other configs with equal diff_ids",
    left: gzip,
    right: imageOf({ config: alike, layers: ["1.zst", "2.zst"] }),
    configs: [plain, alike],
    relation: "recompressed",
  },
  {
    why: "the same, and a config that nobody read",
    left: gzip,
    right: imageOf({ config: alike, layers: ["1.zst", "2.zst"] }),
    configs: [plain],
    relation: null,
  },
  {
    why: "other layers, other diff_ids",
    left: gzip,
    right: imageOf({ config: configOf({ diffIds: ids("x", "y") }), layers: ["1.zst", "2.zst"] }),
    configs: [plain, configOf({ diffIds: ids("x", "y") })],
    relation: null,
  },
  {
    why: "a layer more",
    left: gzip,
    right: imageOf({ config: plain, layers: ["1.gz", "2.gz", "3.gz"] }),
    configs: [plain],
    relation: null,
  },
  {
    why: "fewer diff_ids than layers",
    left: imageOf({ config: shorter, layers: ["1.gz", "2.gz"] }),
    right: imageOf({ config: { ...shorter, digest: digest("9") }, layers: ["1.zst", "2.zst"] }),
    configs: [shorter, { ...shorter, digest: digest("9") }],
    relation: null,
  },
  {
    why: "no diff_ids at all",
    left: imageOf({ config: configOf({}), layers: ["1"] }),
    right: imageOf({ config: configOf({ created: "x" }), layers: ["2"] }),
    configs: [configOf({}), configOf({ created: "x" })],
    relation: null,
  },
  {
    why: "other configs, the same layers",
    left: gzip,
    right: imageOf({ config: alike, layers: ["1.gz", "2.gz"] }),
    configs: [plain, alike],
    relation: null,
  },
  { why: "an index and a manifest", left: golang, right: amd, relation: null },
  { why: "schema 1 and a manifest", left: schema1, right: gzip, relation: null },
];

describe("two documents", () => {
  test.each(ROWS)("$why: $relation", ({ left, right, selection = ALL, configs = [], relation }) => {
    const all = bytesOf(...configs);
    expect(relationOf([left.manifest, right.manifest], selection, all)).toBe(relation);
    expect(relationOf([right.manifest, left.manifest], selection, all)).toBe(relation);
  });
});

describe("the entries that lead elsewhere", () => {
  const pair = (left: Document, right: Document, selection = ALL): readonly Digest[] | null => {
    if (left.manifest.kind !== "index" || right.manifest.kind !== "index") return null;
    return differingEntries([left.manifest, right.manifest], selection)?.map((each) => each.digest) ?? null;
  };

  test("are the first of one target", () => {
    const other = indexOf([entryFor(amd, "linux/amd64"), entryFor(riscv, "linux/arm64")]);
    expect(pair(golang, other)).toEqual([arm.digest, riscv.digest]);
    expect(pair(golang, other, AMD)).toBeNull();
  });

  test("are none where one index only has more of them", () => {
    expect(pair(golang, withRiscv)).toBeNull();
    expect(pair(indexOf([...two, entryFor(riscv, "linux/amd64")]), golang)).toEqual([riscv.digest, amd.digest]);
    expect(pair(golang, indexOf([...two, entryFor(riscv, "linux/amd64")]))).toBeNull();
  });
});

describe("what differs of what matters", () => {
  const changes = (
    left: Document,
    right: Document,
    more: readonly Document[] = [],
    configs: readonly Thing[] = [],
  ): unknown =>
    comparisonsOf([left.digest, right.digest], ALL, {
      documents: known(left, right, ...more),
      configs: bytesOf(...configs),
    });

  test("of two indexes, and of the first manifests below that differ", () => {
    const other = indexOf([entryFor(amd, "linux/amd64"), entryFor(riscv, "linux/arm64")], { when: "now" });
    expect(changes(golang, other, [arm, riscv])).toEqual([
      {
        at: "index",
        left: golang.digest,
        right: other.digest,
        changes: [
          { what: "linux/arm64", left: arm.digest, right: riscv.digest },
          { what: "annotation when", left: null, right: "now" },
        ],
        more: 0,
      },
      {
        at: "index > manifest linux/arm64",
        left: arm.digest,
        right: riscv.digest,
        changes: [{ what: "layer 1", left: layer("arm"), right: layer("riscv") }],
        more: 0,
      },
    ]);
    expect(changes(golang, other)).toHaveLength(1);
  });

  test("of two manifests and their configs", () => {
    const before = configOf({ created: "2026-01-01T00:00:00Z", labels: { a: "1", b: "2" }, diffIds: ids("x") });
    const after = configOf({ created: "2026-01-02T00:00:00Z", labels: { a: "1", c: "3" }, diffIds: ids("y") });
    const [left, right] = [imageOf({ config: before, layers: ["1"] }), imageOf({ config: after, layers: ["1", "2"] })];
    expect(changes(left, right, [], [before, after])).toEqual([
      {
        at: "manifest",
        left: left.digest,
        right: right.digest,
        changes: [
          { what: "layer 2", left: null, right: layer("2") },
          { what: "config", left: before.digest, right: after.digest },
          { what: "created", left: "2026-01-01T00:00:00Z", right: "2026-01-02T00:00:00Z" },
          { what: "label b", left: "2", right: null },
          { what: "label c", left: null, right: "3" },
          { what: "unpacked layers", left: layer("x"), right: layer("y") },
        ],
        more: 0,
      },
    ]);
  });

  test("of two kinds is the kind and the type", () => {
    expect(changes(golang, amd)).toMatchObject([
      { at: "root", changes: [{ what: "kind", left: "index", right: "manifest" }, { what: "media type" }] },
    ]);
  });

  test("is cut, and how much is said", () => {
    const many = indexOf(
      Array.from({ length: 50 }, (_, at) => entryFor(imageOf({ layers: [`${at}`] }), `linux/a${at}`)),
    );
    expect(changes(many, indexOf([entryFor(amd, "linux/amd64")]))).toMatchObject([
      { changes: { length: 20 }, more: 31 },
    ]);
  });

  test("is nothing where a document is not known", () => {
    expect(comparisonsOf([golang.digest, amd.digest], ALL, { documents: known(golang), configs: new Map() })).toEqual(
      [],
    );
  });
});
