import { readdirSync, statSync } from "node:fs";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseDigest } from "../../../src/oci/digest.ts";
import { startVm } from "../../e2e/stage.ts";
import { blobOf, makeImage, makeIndex, OCI_LAYER, type Blob } from "../../lab/image.ts";
import type { Liar } from "../../lab/liar.ts";
import { blobAnswer, documentAnswer } from "../../lab/liar-shelf.ts";
import { until } from "../../lab/processes.ts";
import { pushDocument, pushExactly } from "../../lab/push.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { useLab } from "../../lab/uselab.ts";
import { about, below, NEVER, openGate, startRelay, type GateGround, type GateOptions } from "./ground.ts";

const lab = useLab();
const image = makeImage({ layers: [2000, 3000, 4000] });
const other = makeImage({ layers: [100] });
const index = makeIndex([{ manifest: image.manifest, platform: { os: "linux", architecture: "amd64" } }]);
const [bottom, middle, top] = image.layers as [Blob, Blob, Blob];
const falseBlob = blobOf(OCI_LAYER, "not what was asked for");
let registry: Registry;
let liar: Liar;
let vms: GateOptions["vms"];
/** Without a liar on the way, and with one. */
let plain: GateGround;
let told: GateGround;
let count = 0;
/** A new one for each test, since the liar knows lies by their place. */
let repository = "";

const digestOf = ({ digest }: Blob): ReturnType<typeof parseDigest> => parseDigest(digest);
const place = (path: string): string => `/v2/${repository}/${path}`;

beforeAll(async () => {
  [registry, liar] = [await lab(startRegistry()), await lab(startRelay())];
  vms = [await lab(startVm()), await lab(startVm())];
  [plain, told] = [await lab(openGate({ vms })), await lab(openGate({ vms, liar }))];
}, 60_000);

beforeEach(async () => {
  repository = `gate/${(count += 1)}`;
  await pushExactly(registry, repository, "v1", image);
  await pushDocument(registry, repository, "multi", index);
});

/** What the registry was asked by all vantages since the last push, once there are so many of them. */
async function requests(expected: number): Promise<readonly string[]> {
  const read = (): readonly string[] =>
    registry
      .requests()
      .filter((each) => each.includes(`/v2/${repository}/`) && !/^(POST|PUT|PATCH) /.test(each))
      .map((each) => each.replace(`/v2/${repository}/`, ""))
      .sort();
  return until("the registry logs what it was asked", () => (read().length >= expected ? read() : undefined));
}

const thrice = (...each: readonly string[]): readonly string[] => each.flatMap((one) => [one, one, one]).sort();

describe("what all agree on is on the shelf, and nothing else was asked for", () => {
  test("a tag: one GET of the manifest at each vantage", async () => {
    const { evidence, shelved } = await plain.gate.ask(about(registry, repository, { kind: "tag", tag: "v1" }), NEVER);
    expect(evidence).toMatchObject({
      outcome: "agreed",
      quorum: "3/3",
      request: { reference: `${registry.host}/${repository}:v1` },
      releaseError: null,
      policy: { met: true },
    });
    expect(shelved).toMatchObject([{ role: "manifest", digest: image.manifest.digest, size: image.manifest.size }]);
    expect(plain.stored(image.manifest)).toEqual(image.manifest.bytes);
    expect(statSync(plain.shelf.pathOf(digestOf(image.manifest))).mode & 0o777).toBe(0o444);
    expect(await requests(3)).toEqual(thrice("GET manifests/v1 200"));
    expect(plain.left()).toEqual([]);
  });

  test("a tag that leads to an index: its entries are not looked at", async () => {
    const { shelved } = await plain.gate.ask(about(registry, repository, { kind: "tag", tag: "multi" }), NEVER);
    expect(shelved).toMatchObject([{ role: "index", digest: index.digest }]);
    expect(await requests(3)).toEqual(thrice("GET manifests/multi 200"));
  });

  test("a document by its digest", async () => {
    const wanted = { kind: "document", digest: digestOf(image.manifest) } as const;
    const { evidence, shelved } = await plain.gate.ask(about(registry, repository, wanted), NEVER);
    expect(evidence.request.reference).toBe(`${registry.host}/${repository}@${image.manifest.digest}`);
    expect(shelved).toMatchObject([{ digest: image.manifest.digest, parent: null }]);
    expect(await requests(3)).toEqual(thrice(`GET manifests/${image.manifest.digest} 200`));
  });

  test.each([false, true])("some of what a manifest names, which is given: %s", async (isGiven) => {
    const wanted = below(image, [image.config, middle], isGiven);
    const { shelved } = await plain.gate.ask(about(registry, repository, wanted, { isNamed: true }), NEVER);
    expect(shelved?.map(({ role, digest }) => [role, digest])).toEqual([
      ["manifest", image.manifest.digest],
      ["config", image.config.digest],
      ["layer", middle.digest],
    ]);
    expect([image.config, middle].map(plain.stored)).toEqual([image.config.bytes, middle.bytes]);
    expect([bottom, top].map(plain.stored)).toEqual([null, null]);
    const blobs = [image.config, middle].map(({ digest }) => `GET blobs/${digest} 200`);
    const document = isGiven ? [] : [`GET manifests/${image.manifest.digest} 200`];
    expect(await requests(isGiven ? 6 : 9)).toEqual(thrice(...document, ...blobs));
  });

  test.each([{ size: undefined }, { size: bottom.size }])("a blob by itself, of size $size", async ({ size }) => {
    const wanted = { kind: "blob", digest: digestOf(bottom), ...(size === undefined ? {} : { size }) } as const;
    const { evidence, shelved } = await plain.gate.ask(about(registry, repository, wanted), NEVER);
    expect(evidence).toMatchObject({ outcome: "agreed", artifact: { objects: [{ role: "blob", parent: null }] } });
    expect(shelved).toMatchObject([
      { digest: bottom.digest, size: bottom.size, mediaType: "application/octet-stream" },
    ]);
    expect(plain.stored(bottom)).toEqual(bottom.bytes);
    expect(await requests(3)).toEqual(thrice(`GET blobs/${bottom.digest} 200`));
  });

  test("again, and several at the same time that share objects", async () => {
    const questions = [
      about(registry, repository, { kind: "tag", tag: "v1" }),
      about(registry, repository, below(image, [top]), { isNamed: true }),
      about(registry, repository, below(image, [top, middle]), { isNamed: true }),
      about(registry, repository, { kind: "blob", digest: digestOf(top) }, { isNamed: true }),
    ];
    for (const round of [1, 2]) {
      const answers = await Promise.all(questions.map((each) => plain.gate.ask(each, NEVER)));
      expect(
        answers.map(({ shelved }) => shelved?.length),
        `round ${round}`,
      ).toEqual([1, 2, 3, 1]);
      expect([image.manifest, top].map(plain.stored)).toEqual([image.manifest.bytes, top.bytes]);
    }
    expect(plain.left()).toEqual([]);
  });
});

describe("what not all agree on is not on the shelf", () => {
  test("a tag that leads elsewhere at one vantage: disagreed, and the others are heard", async () => {
    liar.lie("sgp", place("manifests/v1"), documentAnswer(other.manifest));
    const { evidence, shelved } = await told.gate.ask(about(registry, repository, { kind: "tag", tag: "v1" }), NEVER);
    // nobody even tried to store it
    expect(evidence.releaseError).toBeNull();
    expect(evidence).toMatchObject({ outcome: "disagreed", quorum: "2/3", diagnosis: { class: "split-view" } });
    expect(shelved).toBeNull();
    expect([image.manifest, other.manifest].map(told.stored)).toEqual([null, null]);
    expect(told.entries().at(-1)).toMatchObject({ outcome: "disagreed", subject: { repository, tag: "v1" } });
  });

  test.each(["below", "blob"] as const)("false bytes at one vantage (%s): disagreed", async (kind) => {
    liar.lie("fra", place(`blobs/${top.digest}`), blobAnswer(falseBlob.bytes));
    const wanted = kind === "below" ? below(image, [bottom, top]) : ({ kind, digest: digestOf(top) } as const);
    const { evidence, shelved } = await told.gate.ask(about(registry, repository, wanted), NEVER);
    expect(evidence).toMatchObject({ outcome: "disagreed", diagnosis: { class: "false-content" } });
    expect(evidence.differences).toMatchObject([{ expected: top.digest }]);
    expect(shelved).toBeNull();
    expect([bottom, top].map(told.stored)).toEqual([null, null]);
    // nobody is asked for a blob as if it were a manifest
    const manifests = liar.requests.filter(({ target }) => target.startsWith(place("manifests/")));
    expect(manifests.length).toBe(kind === "blob" ? 0 : 3);
  });

  test("one vantage without an answer: incomplete, and it says who and why", async () => {
    liar.lie("sgp", place("manifests/v1"), { status: 418, body: "no" });
    const { evidence, shelved } = await told.gate.ask(about(registry, repository, { kind: "tag", tag: "v1" }), NEVER);
    expect(evidence).toMatchObject({ outcome: "incomplete", reason: { kind: "gap", workers: ["sgp"] } });
    expect(evidence.observations.find(({ worker }) => worker === "sgp")?.error).toMatchObject({ code: "E_STATUS" });
    expect([shelved, told.stored(image.manifest)]).toEqual([null, null]);
  });

  test.each([
    { wanted: { kind: "tag", tag: "v9" } as const },
    { wanted: { kind: "document", digest: digestOf(other.manifest) } as const },
    { wanted: { kind: "blob", digest: digestOf(falseBlob) } as const },
  ])("what nobody has: $wanted.kind is absent", async ({ wanted }) => {
    const { evidence, shelved } = await plain.gate.ask(about(registry, repository, wanted), NEVER);
    expect([evidence.outcome, shelved]).toEqual(["absent", null]);
  });

  test.each([{ kind: "tag", tag: "v1" } as const, { kind: "blob", digest: digestOf(top) } as const])(
    "a registry on a private address is not asked unless it may be there: $kind",
    async (wanted) => {
      const { evidence } = await plain.gate.ask(about(registry, repository, wanted, { mayBePrivate: false }), NEVER);
      expect(evidence.outcome).toBe("incomplete");
      expect(new Set(evidence.observations.map(({ error }) => error?.code))).toEqual(new Set(["E_ADDRESS"]));
      const at = { registry: registry.host, repository };
      expect(await plain.gate.tags(at, false, NEVER)).toMatchObject({ code: "E_ADDRESS" });
      expect(await plain.gate.stillNames(at, "v1", digestOf(image.manifest), false, NEVER)).toBe(false);
      expect(await requests(0)).toEqual([]);
    },
  );
});

describe("what a tag is said to lead to, and which there are", () => {
  test("it still names the digest as long as every vantage is told so; nothing is fetched", async () => {
    const at = { registry: registry.host, repository };
    const names = (digest: Blob): Promise<boolean> => told.gate.stillNames(at, "v1", digestOf(digest), true, NEVER);
    expect(await names(image.manifest)).toBe(true);
    expect(await names(other.manifest)).toBe(false);
    expect(await requests(6)).toEqual(thrice("HEAD manifests/v1 200", "HEAD manifests/v1 200"));
    const answer = documentAnswer(other.manifest);
    for (const lie of [answer, { status: 404 }, { headers: { "content-type": image.manifest.mediaType } }]) {
      liar.lie("fra", place("manifests/v1"), lie);
      expect(await names(image.manifest)).toBe(false);
    }
  });

  test("the tags that every vantage lists; a fault where one cannot", async () => {
    const at = { registry: registry.host, repository };
    expect(await told.gate.tags(at, true, NEVER)).toEqual(["multi", "v1"]);
    const json = { "content-type": "application/json" };
    liar.lie("sgp", place("tags/list"), { headers: json, body: '{"tags":["v1","v2"]}' }, { status: 404, body: "{}" });
    expect(await told.gate.tags(at, true, NEVER)).toEqual(["v1"]);
    expect(await told.gate.tags(at, true, NEVER)).toMatchObject({ code: "E_NOT_FOUND" });
  });

  test("who can be reached", async () => {
    expect([...(await plain.gate.reach(NEVER))]).toEqual(["here", "fra", "sgp"].map((name) => [name, null]));
  });
});

test("nothing is left where the quarantines were", () => {
  expect([plain, told].map(({ left }) => left())).toEqual([[], []]);
  expect(readdirSync(plain.folder)).toEqual(["blobs"]);
});
