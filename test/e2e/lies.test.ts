import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  blobOf,
  digestOf,
  documentOf,
  descriptorOf,
  makeImage,
  makeIndex,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_MANIFEST,
} from "../lab/image.ts";
import type { Scripted } from "../lab/liar-answer.ts";
import { blobAnswer, documentAnswer, stock } from "../lab/liar-shelf.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches } from "./contract.ts";
import { openShelf, PLACES, VANTAGES, type Place, type Shelf, type Vantage } from "./shelf.ts";
import { startStage, SHORT, type Stage, type Verified } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let liar: Liar;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar({ vantages: ["fra", "sgp"] }))]);
});

/** Verifies with a DEST and checks what holds whenever workers do not agree: nothing is there afterwards. */
async function refused(reference: string, code: number, flags: readonly string[] = []): Promise<Verified> {
  const seen = await stage.verify(reference, { liar, limits: SHORT, flags: ["-o", "oci:out", ...flags] });
  expect(seen.code, seen.stderr).toBe(code);
  expect(await seen.left()).toEqual([]);
  expect(breaches(seen.stdout)).toEqual([]);
  expect(seen.evidence).toMatchObject({ artifact: null, released: null });
  expect(seen.evidence.summary).toMatch(/; nothing was released$/);
  expect(seen.stderr + seen.stdout).not.toMatch(/[\u001b\u202e]/);
  return seen;
}

/** What one vantage is served at this place instead of the truth: other bytes. Returns what they hash to. */
function lieAt(shelf: Shelf, who: Vantage | "all", place: Place): string {
  if (place === "root") return shelf.replace(who).digest;
  const body = Buffer.from(place === "blob" ? shelf.layer.bytes : shelf.image.manifest.bytes);
  body.writeUInt8(body.readUInt8(100) ^ 1, 100);
  shelf.answer(who, place, { headers: { "Content-Type": place === "blob" ? OCI_LAYER : OCI_MANIFEST }, body });
  return digestOf(body);
}

describe("one liar", () => {
  test.each(VANTAGES.flatMap((who) => PLACES.map((place) => ({ who, place }))))(
    "$who is lied to at the $place: disagreed, and it is named there",
    async ({ who, place }) => {
      const shelf = openShelf(liar);
      const other = lieAt(shelf, who, place);
      const { evidence } = await refused(shelf.reference, 10);
      const honest = VANTAGES.filter((each) => each !== who);
      const truth = { root: shelf.root, manifest: shelf.image.manifest, blob: shelf.layer }[place];
      const [first] = evidence.differences;
      expect(first?.at).toBe(shelf.labels[place]);
      expect(first?.expected).toBe(place === "root" ? null : truth.digest);
      expect(first?.views.map((each) => [each.digest, each.workers])).toEqual([
        [truth.digest, honest],
        [other, [who]],
      ]);
      expect(evidence.outcome).toBe("disagreed");
      // a difference at the root stops everybody, and who was faster has seen all
      if (place !== "root") expect(evidence.quorum).toBe("2/3");
      expect(evidence.summary).toContain(`2 of 3 workers saw ${truth.digest}, ${who} saw ${other}`);
    },
  );

  test("the verdict is the last line of the table, short enough to be read at a glance", async () => {
    const shelf = openShelf(liar);
    const other = lieAt(shelf, "fra", "root");
    const { code, stdout } = await stage.verify(shelf.reference, { liar, plain: true });
    expect(code).toBe(10);
    const [honest, lie] = [shelf.root.digest, other].map((digest) => digest.slice(0, 19));
    const last = stdout.trimEnd().split("\n").at(-1);
    expect(last).toMatch(
      new RegExp(`^DISAGREED {2}2 of 3 workers saw ${honest}.*, fra saw ${lie}.*; nothing was released$`),
    );
    expect(stdout).toMatch(/^differs: index$/m);
  });

  test("different roots stop the blob downloads of everybody", async () => {
    const shelf = openShelf(liar);
    lieAt(shelf, "sgp", "root");
    const drip = { body: shelf.layer.bytes, drip: { bytes: 100, everyMs: 300 } };
    shelf.answer("all", "blob", drip);
    const { ms } = await refused(shelf.reference, 10);
    expect(ms).toBeLessThan(30_000);
    const asked = liar.requests.filter((each) => each.target === shelf.path("blob"));
    expect(asked.every((each) => each.end === "left")).toBe(true);
  });
});

describe("all three", () => {
  test.each(["manifest", "blob"] as const)(
    "are served the same wrong bytes of the %s: disagreed with what was asked for",
    async (place) => {
      const shelf = openShelf(liar);
      const other = lieAt(shelf, "all", place);
      const { evidence } = await refused(shelf.reference, 10);
      const truth = place === "blob" ? shelf.layer : shelf.image.manifest;
      expect(evidence.differences).toMatchObject([
        { at: shelf.labels[place], expected: truth.digest, views: [{ digest: other, workers: [...VANTAGES] }] },
      ]);
    },
  );

  test("see another digest than the one behind the tag: changed; one of them: disagreed", async () => {
    const shelf = openShelf(liar);
    const pinned = `${shelf.reference}@${shelf.root.digest}`;
    const other = lieAt(shelf, "all", "root");
    const { evidence } = await refused(pinned, 15);
    expect(evidence).toMatchObject({ outcome: "changed", quorum: "3/3" });
    expect(evidence.summary).toContain(other);
    expect(evidence.summary).toContain(shelf.root.digest);
    const half = openShelf(liar);
    half.replace("fra");
    await refused(`${half.reference}@${half.root.digest}`, 10);
  });

  test("see another digest than the one that is pinned by its sha512: changed", async () => {
    const shelf = openShelf(liar);
    const wrong = digestOf(Buffer.from("another root"), "sha512");
    const { evidence } = await refused(`${shelf.reference}@${wrong}`, 15);
    expect(evidence.summary).toContain(wrong);
  });

  test("get what was asked for by digest under another digest: disagreed", async () => {
    const shelf = openShelf(liar);
    const asked = `/v2/${shelf.repository}/manifests/${shelf.root.digest}`;
    liar.answer(asked, documentAnswer(openShelf(liar).root));
    const { evidence } = await refused(`${liar.host}/${shelf.repository}@${shelf.root.digest}`, 10);
    expect(evidence.differences[0]).toMatchObject({ expected: shelf.root.digest });
  });
});

const JSON_TYPE = { "Content-Type": "application/json" };
const DENIED: Scripted = { headers: JSON_TYPE, body: '{"errors":[{"code":"DENIED","message":"go away \\u001b[31m"}]}' };
const status = (code: number, more: Record<string, string> = {}): Scripted => ({
  ...DENIED,
  status: code,
  headers: { ...JSON_TYPE, ...more },
});
const HTML: Scripted = {
  headers: { "Content-Type": "text/html" },
  body: "<html><body>Please log in to the hotel's network</body></html>",
};

describe("answers that are no artifact", () => {
  test.each([
    { what: "404", answer: status(404), all: 16, code: "E_NOT_FOUND", words: /does not exist \(404\)/ },
    {
      what: "401",
      answer: status(401, { "WWW-Authenticate": 'Basic realm="x"' }),
      code: "E_AUTH",
      words: /user name and a password/,
    },
    { what: "403", answer: status(403), code: "E_DENIED", words: /denies access \(403\).*registry said: DENIED/ },
    {
      what: "429",
      answer: status(429, { "Retry-After": "1" }),
      code: "E_RATE_LIMIT",
      words: /too many requests.*retry-after: 1/,
    },
    { what: "500", answer: status(500), code: "E_STATUS", words: /answered 500/ },
    {
      what: "an empty body",
      answer: { headers: { "Content-Type": OCI_MANIFEST } },
      code: "E_MANIFEST",
      words: /empty|ends too early/,
    },
    { what: "a login page", answer: HTML, code: "E_MANIFEST", words: /text\/html|HTML/ },
  ])("$what at one is incomplete, at all three never agreed", async ({ what, answer, all = 12, code, words }) => {
    const who = VANTAGES[what.length % 3] ?? "here";
    const one = openShelf(liar);
    one.answer(who, "root", answer);
    const { evidence } = await refused(one.reference, 12);
    const [fault] = evidence.observations.filter((each) => each.worker === who).map((each) => each.error);
    expect(fault?.code).toMatch(code === "E_MANIFEST" ? /^E_MANIFEST$|^E_MEDIA_TYPE$/ : code);
    expect(fault?.message).toMatch(words);
    expect(fault?.hint, fault?.message).not.toBeNull();
    expect(evidence.summary).toMatch(new RegExp(`^${who} (did not finish|is told "not found")`));
    const three = openShelf(liar);
    three.answer("all", "root", answer);
    const { evidence: same } = await refused(three.reference, all);
    expect(same).toMatchObject({ quorum: "0/3", differences: [], outcome: all === 16 ? "absent" : "incomplete" });
  });

  test("a blob that only one vantage is refused: incomplete; that nobody is given: absent", async () => {
    const one = openShelf(liar);
    one.answer("sgp", "blob", status(404));
    expect((await refused(one.reference, 12)).evidence.quorum).toBe("2/3");
    const three = openShelf(liar);
    three.answer("all", "blob", status(404));
    expect((await refused(three.reference, 16)).evidence.summary).toContain("a part of it does not exist");
  });
});

test("what a registry says about its bytes is recorded and never believed", async () => {
  const shelf = openShelf(liar);
  const lie = `sha256:${"0".repeat(64)}`;
  shelf.answer("fra", "root", {
    headers: { "Content-Type": shelf.root.mediaType, "Docker-Content-Digest": lie },
    body: shelf.root.bytes,
  });
  const seen = await stage.verify(shelf.reference, { liar });
  expect(seen.code, seen.stderr).toBe(0);
  expect(seen.evidence.observations.map((each) => each.evidence.claimedDigest)).toEqual([
    lie,
    shelf.root.digest,
    shelf.root.digest,
  ]);
});

test("sha512: asked for by it, hashed with it, released under it", async () => {
  const image = makeImage({ layers: [100] });
  const layer = blobOf(OCI_LAYER, image.layers[0]?.bytes ?? "", "sha512");
  const config = blobOf(OCI_CONFIG, image.config.bytes, "sha512");
  const described = { config: descriptorOf(config), layers: [descriptorOf(layer)] };
  const document = documentOf(OCI_MANIFEST, { schemaVersion: 2, mediaType: OCI_MANIFEST, ...described });
  const manifest = blobOf(OCI_MANIFEST, document.bytes, "sha512");
  stock(liar, "sha512", null, { root: manifest, images: [{ manifest, config, layers: [layer] }] });
  const seen = await stage.verify(`${liar.host}/sha512@${manifest.digest}`, { liar, flags: ["-o", "oci:out"] });
  expect(seen.code, seen.stderr).toBe(0);
  expect(breaches(seen.stdout)).toEqual([]);
  expect(seen.evidence.artifact?.objects.map((each) => each.digest)).toEqual(
    [manifest, config, layer].map((each) => each.digest),
  );
  const wrong = Buffer.from(layer.bytes);
  wrong.writeUInt8(wrong.readUInt8(50) ^ 1, 50);
  liar.lie("sgp", `/v2/sha512/blobs/${layer.digest}`, { body: wrong });
  const { evidence } = await refused(`${liar.host}/sha512@${manifest.digest}`, 10);
  expect(evidence.differences[0]?.views.map((each) => each.digest)).toEqual([layer.digest, digestOf(wrong, "sha512")]);
});

test("entries of an index whose type nobody knows: a manifest is asked for as one, a blob is found as one, both are released", async () => {
  const image = makeImage({ layers: [100] });
  const artifact = documentOf("application/vnd.oci.artifact.manifest.v1+json", { blobs: [] });
  const cache = blobOf("application/vnd.buildkit.cacheconfig.v0", "{}");
  const root = makeIndex([image.manifest, artifact, cache].map((manifest) => ({ manifest })));
  stock(liar, "unknown", "v1", { root, images: [image] });
  liar.answer(`/v2/unknown/manifests/${artifact.digest}`, documentAnswer(artifact));
  liar.answer(`/v2/unknown/blobs/${cache.digest}`, blobAnswer(cache.bytes));
  const seen = await stage.verify(`${liar.host}/unknown:v1`, { liar, flags: ["-o", "oci:out"] });
  expect(seen.code, seen.stderr).toBe(0);
  for (const { digest, bytes } of [artifact, cache])
    expect(await readFile(join(seen.cwd, "out/blobs/sha256", digest.slice(7)))).toEqual(bytes);
});
