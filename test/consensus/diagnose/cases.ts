import type { Finding } from "../../../src/model/diagnosis.ts";
import type { CertificateNote, Observation, UnexpectedNote } from "../../../src/model/observation.ts";
import type { Policy } from "../../../src/model/policy.ts";
import type { Glance, Probes } from "../../../src/model/probe.ts";
import type { Entry } from "../../../src/model/record.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { SCHEMA1_SIGNED, SCHEMA1_UNSIGNED } from "../../../src/oci/mediatype.ts";
import { bytesOf, configOf, entryFor, imageOf, indexOf, known, layer, rootOnly, type Document } from "../documents.ts";
import {
  asking,
  digest,
  failed,
  fault,
  MANIFEST,
  object,
  observation,
  refused,
  saw,
  sawWrong,
  tree,
} from "../observations.ts";
import { entry, everywhere, glance, now, onlyAt, probes, round, WORKERS } from "../past.ts";

export interface Scene {
  readonly why: string;
  readonly observations: readonly Observation[];
  readonly asked?: Probes;
  readonly past?: readonly Entry[];
  readonly policy?: Partial<Policy>;
  readonly finding: Pick<Finding, "class" | "confidence" | "odd"> & { readonly because?: Partial<Finding["because"]> };
}

type Report = (worker: string) => Observation;
const three = (...reports: readonly Report[]): Observation[] =>
  WORKERS.flatMap((worker, at) => reports[at]?.(worker) ?? []);
const noted =
  (report: Report, evidence: Partial<Observation["evidence"]>): Report =>
  (worker) => ({ ...report(worker), evidence: { ...report(worker).evidence, ...evidence } });

export const HTML: UnexpectedNote = {
  url: "https://ghcr.io/v2/",
  status: 200,
  contentType: "text/html; charset=utf-8",
  head: "<!DOCTYPE html>",
};
const BARE: UnexpectedNote = { ...HTML, contentType: null, head: "  <html><head>" };
const JSON_ERROR: UnexpectedNote = { ...HTML, status: 403, contentType: "application/json", head: '{"errors":[]}' };
const A = saw();
const B = saw(tree(digest("f")));
const at = (place: number, part: object): Report =>
  saw(tree().map((each, index) => (index === place ? { ...each, ...part } : each)));

export function issued(issuer: string, host = "ghcr.io"): Partial<Observation["evidence"]> {
  const certificate: CertificateNote = {
    host,
    version: "TLSv1.3",
    subject: `CN=${host}`,
    issuer,
    validFrom: "2026-01-01T00:00:00.000Z",
    validTo: "2026-04-01T00:00:00.000Z",
    spki: "00",
  };
  return { certificates: [certificate] };
}
export const LETS = "C=US, O=Let's Encrypt, CN=R10";
export const ALSO_LETS = "C=US, O=Let's Encrypt, CN=E5";
export const PROXY = "O=Corporate Proxy, CN=Inspection";

const ofDocument = (document: Document): Report => saw(rootOnly(document));
/** Two see the first, the third the second; each is known everywhere, and everybody keeps to what it saw. */
function split(
  left: Document,
  right: Document,
  more: readonly Document[] = [],
  configs: Parameters<typeof bytesOf> = [],
): Pick<Scene, "observations" | "asked"> {
  const asked = (seen: (worker: string) => Digest): Glance[] =>
    WORKERS.map((worker) => glance(worker, "1", seen(worker)));
  const view = (worker: string): Digest => (worker === "sgp" ? right.digest : left.digest);
  return {
    observations: three(ofDocument(left), ofDocument(left), ofDocument(right)),
    asked: {
      again: [asked(view), asked(view)],
      byDigest: [left, right].flatMap((each) => WORKERS.map((worker) => glance(worker, each.digest, each.digest))),
      documents: known(left, right, ...more),
      configs: bytesOf(...configs),
    },
  };
}

function selecting(scene: Pick<Scene, "observations" | "asked">): Pick<Scene, "observations" | "asked"> {
  return { ...scene, observations: asking({ platform: "linux/amd64" }, scene.observations) };
}

const amd = imageOf({ layers: ["amd"] });
const arm = imageOf({ layers: ["arm"] });
const riscv = imageOf({ layers: ["riscv"] });
const index = indexOf([entryFor(amd, "linux/amd64"), entryFor(arm, "linux/arm64")]);
const ids = configOf({ diffIds: [layer("unpacked")] });
const sameIds = configOf({ diffIds: [layer("unpacked")], created: "2026-01-02T00:00:00Z" });
const [gz, zst] = [imageOf({ config: ids, layers: ["gz"] }), imageOf({ config: sameIds, layers: ["zst"] })];
const dated = (when: string, name: string): Document =>
  imageOf({ layers: [name], annotations: { "org.opencontainers.image.created": when } });
const [old, young] = [dated("2026-01-01T00:00:00Z", "old"), dated("2026-02-01T00:00:00Z", "young")];
const builtAt = (created: string): ReturnType<typeof configOf> => configOf({ created });
const [oldConfig, youngConfig] = [builtAt("2026-01-01T00:00:00Z"), builtAt("2026-02-01T00:00:00Z")];
const [oldImage, youngImage] = [
  imageOf({ config: oldConfig, layers: ["1"] }),
  imageOf({ config: youngConfig, layers: ["2"] }),
];

const bottle = tree().map((each, place) => ({
  ...each,
  annotations:
    place === 0 ? { "com.github.package.type": "homebrew_bottle", "org.opencontainers.image.version": "2.8.2" } : {},
}));
const signed = (mediaType: string): Report => at(0, { mediaType });
const aaf = now("aaf");
const clings = probes(["aaf", "aaf"], [...everywhere("a"), ...onlyAt("f", ["sgp"])]);
const wentOver = ["aaa", "aaa"];

export const SCENES: readonly Scene[] = [
  // tag-moved
  {
    why: "pushed while the third looked",
    observations: aaf,
    asked: probes(["fff", "fff"], everywhere("af")),
    finding: {
      class: "tag-moved",
      confidence: "likely",
      odd: [],
      because: { kind: "moved", from: [digest("a")], to: digest("f"), at: null },
    },
  },
  {
    why: "moved since the ledger's last agreement",
    observations: now("fff"),
    past: [entry("2026-03-01")],
    policy: { onChange: "fail" },
    finding: {
      class: "tag-moved",
      confidence: "sure",
      odd: [],
      because: { kind: "moved", from: [digest("a")], to: digest("f"), at: "2026-03-01T12:00:00.000Z" },
    },
  },
  {
    why: "all see something else than the pin",
    observations: asking({ pin: digest("9") }, now("fff")),
    finding: {
      class: "tag-moved",
      confidence: "likely",
      odd: [],
      because: { kind: "pin", pin: digest("9"), to: digest("f") },
    },
  },
  {
    why: "replaced, and the old one is gone",
    observations: aaf,
    asked: probes(["fff", "fff"], [...everywhere("f"), ...onlyAt("a", [])]),
    finding: {
      class: "tag-moved",
      confidence: "possible",
      odd: ["sgp"],
      because: { kind: "moved", from: [digest("a")], to: digest("f"), at: null },
    },
  },
  // rolled-back
  {
    why: "back to an older digest of the ledger",
    observations: now("aaa"),
    past: [entry("2026-03-01"), entry("2026-03-02", "fff")],
    policy: { onChange: "fail" },
    finding: {
      class: "rolled-back",
      confidence: "sure",
      odd: [],
      because: { kind: "moved", from: [digest("f")], to: digest("a"), at: "2026-03-02T12:00:00.000Z" },
    },
  },
  {
    why: "back from the pin to an older digest",
    observations: asking({ pin: digest("f") }, now("aaa")),
    past: [entry("2026-03-01"), entry("2026-03-02", "fff")],
    finding: { class: "rolled-back", confidence: "likely", odd: [], because: { kind: "pin" } },
  },
  // split-view
  {
    why: "one clings to what nobody else is given",
    observations: aaf,
    asked: clings,
    finding: {
      class: "split-view",
      confidence: "sure",
      odd: ["sgp"],
      because: { kind: "split", digest: digest("f"), alone: true, clings: true },
    },
  },
  {
    why: "one clings to what all are given by digest, and nothing says that it is older",
    observations: aaf,
    asked: probes(["aaf", "aaf"], everywhere("af")),
    finding: {
      class: "split-view",
      confidence: "likely",
      odd: ["sgp"],
      because: { kind: "split", digest: digest("f"), alone: false, clings: true },
    },
  },
  {
    why: "one is alone, and does not cling to it",
    observations: aaf,
    asked: probes(wentOver, [...everywhere("a"), ...onlyAt("f", ["sgp"])]),
    finding: { class: "split-view", confidence: "likely", odd: ["sgp"], because: { alone: true, clings: false } },
  },
  {
    why: "nobody was asked",
    observations: aaf,
    finding: { class: "split-view", confidence: "possible", odd: ["sgp"], because: { alone: false, clings: false } },
  },
  {
    why: "the others did not answer, which says nothing",
    observations: aaf,
    asked: {
      ...clings,
      byDigest: [
        ...everywhere("a"),
        ...onlyAt("f", ["sgp"]).map((each): Glance =>
          each.worker === "sgp" ? each : { ...each, fault: fault("E_TIMEOUT") },
        ),
      ],
    },
    finding: { class: "split-view", confidence: "likely", odd: ["sgp"], because: { alone: false, clings: true } },
  },
  {
    why: "one of the others was not asked",
    observations: aaf,
    asked: { ...clings, byDigest: [...everywhere("a"), ...onlyAt("f", ["sgp"]).slice(1)] },
    finding: { class: "split-view", confidence: "likely", odd: ["sgp"], because: { alone: false } },
  },
  {
    why: "the others are given other bytes for it",
    observations: aaf,
    asked: {
      ...clings,
      byDigest: onlyAt("f", ["sgp"]).map((each) =>
        each.worker === "sgp" ? each : { ...each, digest: digest("8"), fault: fault("E_MISMATCH") },
      ),
    },
    finding: { class: "split-view", confidence: "sure", odd: ["sgp"], because: { alone: true } },
  },
  {
    why: "one went back to what the ledger had last, and its own is gone",
    observations: aaf,
    asked: probes(wentOver, [...everywhere("a"), ...onlyAt("f", [])]),
    past: [entry("2026-03-01")],
    finding: {
      class: "split-view",
      confidence: "likely",
      odd: ["sgp"],
      because: { kind: "split", digest: digest("f") },
    },
  },
  {
    why: "one goes back and forth, and its own is gone",
    observations: aaf,
    asked: probes(["aaa", "aaf", "aaa"], [...everywhere("a"), ...onlyAt("f", [])]),
    finding: { class: "split-view", confidence: "likely", odd: ["sgp"] },
  },
  {
    why: "gone at those who answered",
    observations: aaf,
    asked: probes(["fff", "fff"], [...everywhere("f"), ...onlyAt("a", []).slice(1)]),
    finding: { class: "split-view", confidence: "possible", odd: ["sgp"] },
  },
  {
    why: "each another, without probes",
    observations: now("af9"),
    finding: {
      class: "split-view",
      confidence: "possible",
      odd: ["fra", "here", "sgp"],
      because: { digest: null, alone: false },
    },
  },
  {
    why: "one of three has no answer",
    observations: [...now("af"), failed()("sgp")],
    finding: { class: "split-view", confidence: "possible", odd: ["fra", "here"], because: { digest: null } },
  },
  // interception
  {
    why: "the odd one has another issuer",
    observations: three(noted(A, issued(LETS)), noted(A, issued(ALSO_LETS)), noted(B, issued(PROXY))),
    asked: clings,
    finding: {
      class: "interception",
      confidence: "likely",
      odd: ["sgp"],
      because: { kind: "issuer", host: "ghcr.io", odd: PROXY, others: LETS },
    },
  },
  {
    why: "the one with false bytes has another issuer",
    observations: three(noted(sawWrong(3), issued(PROXY)), noted(A, issued(LETS)), noted(A, issued(LETS))),
    finding: { class: "interception", confidence: "likely", odd: ["here"], because: { kind: "issuer" } },
  },
  {
    why: "the odd one has another intermediate of the same authority",
    observations: three(noted(A, issued(LETS)), noted(A, issued(LETS)), noted(B, issued(ALSO_LETS))),
    asked: clings,
    finding: { class: "split-view", confidence: "sure", odd: ["sgp"] },
  },
  // stale-replica
  {
    why: "the ledger had it before",
    observations: aaf,
    asked: probes(["aaf", "aaf"], everywhere("af")),
    past: [entry("2026-03-01", "fff")],
    finding: {
      class: "stale-replica",
      confidence: "likely",
      odd: ["sgp"],
      because: { kind: "stale", digest: digest("f"), at: "2026-03-01T12:00:00.000Z" },
    },
  },
  {
    why: "the ledger had it before the other one",
    observations: aaf,
    asked: probes(["aaf", "aaf"], everywhere("af")),
    past: [entry("2026-03-01", "fff"), entry("2026-03-02")],
    finding: { class: "stale-replica", confidence: "likely", odd: ["sgp"] },
  },
  {
    why: "it is older by its own date",
    ...split(young, old),
    finding: {
      class: "stale-replica",
      confidence: "possible",
      odd: ["sgp"],
      because: { kind: "stale", digest: old.digest, at: null },
    },
  },
  {
    why: "it is older by the date of its config",
    ...split(youngImage, oldImage, [], [oldConfig, youngConfig]),
    finding: { class: "stale-replica", confidence: "possible", odd: ["sgp"] },
  },
  {
    why: "it is newer by its own date",
    ...split(old, young),
    finding: { class: "split-view", confidence: "likely", odd: ["sgp"] },
  },
  {
    why: "the ledger had it after the other one",
    observations: aaf,
    asked: probes(["aaf", "aaf"], everywhere("af")),
    past: [entry("2026-03-01"), entry("2026-03-02", "fff")],
    finding: { class: "split-view", confidence: "likely", odd: ["sgp"] },
  },
  {
    why: "the ledger had it, and nobody else is given it",
    observations: aaf,
    asked: clings,
    past: [entry("2026-03-01", "fff")],
    finding: { class: "split-view", confidence: "sure", odd: ["sgp"] },
  },
  // index-republished, reserialised, recompressed
  {
    why: "a platform was added",
    ...split(
      index,
      indexOf([entryFor(amd, "linux/amd64"), entryFor(arm, "linux/arm64"), entryFor(riscv, "linux/riscv64")]),
    ),
    finding: { class: "index-republished", confidence: "likely", odd: ["sgp"], because: { kind: "related" } },
  },
  {
    why: "a platform that was not selected was rebuilt",
    ...selecting(split(index, indexOf([entryFor(amd, "linux/amd64"), entryFor(riscv, "linux/arm64")]))),
    finding: { class: "index-republished", confidence: "likely", odd: ["sgp"] },
  },
  {
    why: "one platform of all was rebuilt",
    ...split(index, indexOf([entryFor(amd, "linux/amd64"), entryFor(riscv, "linux/arm64")])),
    finding: { class: "split-view", confidence: "likely", odd: ["sgp"] },
  },
  {
    why: "an index with other white space",
    ...split(index, indexOf([entryFor(amd, "linux/amd64"), entryFor(arm, "linux/arm64")], undefined, 2)),
    finding: { class: "reserialised", confidence: "likely", odd: ["sgp"] },
  },
  {
    why: "a manifest with other white space",
    ...split(amd, imageOf({ layers: ["amd"], indent: 3 })),
    finding: { class: "reserialised", confidence: "likely", odd: ["sgp"] },
  },
  {
    why: "layers that were compressed anew",
    ...split(gz, zst, [], [ids, sameIds]),
    finding: { class: "recompressed", confidence: "possible", odd: ["sgp"] },
  },
  {
    why: "layers that were compressed anew, below an index",
    ...split(
      indexOf([entryFor(gz, "linux/amd64")]),
      indexOf([entryFor(zst, "linux/amd64")]),
      [gz, zst],
      [ids, sameIds],
    ),
    finding: { class: "recompressed", confidence: "possible", odd: ["sgp"] },
  },
  // dynamic
  {
    why: "other bytes at every look",
    observations: now("af9"),
    asked: {
      ...probes([], []),
      again: [round("123"), round("456")],
    },
    finding: { class: "dynamic", confidence: "likely", odd: [], because: { kind: "dynamic", digests: 9 } },
  },
  {
    why: "other bytes at every look, of which there are three",
    observations: now("af9"),
    asked: { ...probes([], []), again: [round("123"), round("456"), round("780")] },
    finding: { class: "dynamic", confidence: "likely", odd: [], because: { digests: 12 } },
  },
  {
    why: "other bytes at every look, and the others' bytes later",
    observations: now("af9"),
    asked: probes(["8af", "978"], everywhere("af98")),
    finding: { class: "split-view", confidence: "possible", odd: ["fra", "here", "sgp"] },
  },
  {
    why: "one had no answer in one look",
    observations: now("af9"),
    asked: { ...probes([], []), again: [round("123"), round("45-")] },
    finding: { class: "split-view", confidence: "possible", odd: ["fra", "here", "sgp"] },
  },
  {
    why: "a tag that moves at every look, for everybody, and whose past is gone",
    observations: aaf,
    asked: probes(["999", "888"], [...everywhere("8"), ...["a", "f", "9"].flatMap((letter) => onlyAt(letter, []))]),
    finding: { class: "tag-moved", confidence: "possible", odd: ["sgp"] },
  },
  {
    why: "other bytes at every look, in a world of two looks",
    observations: now("af9"),
    asked: { ...probes([], []), again: [round("123")] },
    finding: { class: "split-view", confidence: "possible", odd: ["fra", "here", "sgp"] },
  },
  // false-content
  {
    why: "one was served other bytes",
    observations: three(A, sawWrong(3), A),
    finding: {
      class: "false-content",
      confidence: "sure",
      odd: ["fra"],
      because: { kind: "false", everywhere: false },
    },
  },
  {
    why: "all were served the same other bytes",
    observations: three(sawWrong(3), sawWrong(3), sawWrong(3)),
    finding: { class: "false-content", confidence: "sure", odd: ["fra", "here", "sgp"], because: { everywhere: true } },
  },
  {
    why: "a size that is not the declared one",
    observations: three(A, A, at(3, { size: 11 })),
    finding: { class: "false-content", confidence: "sure", odd: ["sgp"] },
  },
  {
    why: "one page and one other lie",
    observations: three(noted(sawWrong(3), { unexpected: HTML }), sawWrong(3), A),
    finding: { class: "false-content", confidence: "sure", odd: ["fra", "here"] },
  },
  {
    why: "false bytes outrank another root",
    observations: three(A, B, sawWrong(4)),
    asked: clings,
    finding: { class: "false-content", confidence: "sure", odd: ["sgp"] },
  },
  // mislabelled
  {
    why: "a bottle of another version",
    observations: asking({ tag: "2.6.2" }, three(saw(bottle), saw(bottle), saw(bottle))),
    finding: { class: "mislabelled", confidence: "sure", odd: [], because: { kind: "version" } },
  },
  {
    why: "the same bytes under another type at one",
    observations: three(A, at(0, { mediaType: MANIFEST }), A),
    finding: { class: "mislabelled", confidence: "sure", odd: ["fra"], because: { kind: "types" } },
  },
  {
    why: "the same bytes under three types",
    observations: three(A, at(0, { mediaType: MANIFEST }), at(0, { mediaType: "a/b" })),
    finding: { class: "mislabelled", confidence: "sure", odd: ["fra", "here", "sgp"] },
  },
  {
    why: "schema 1 without its signatures at one",
    observations: three(signed(SCHEMA1_SIGNED), signed(SCHEMA1_SIGNED), signed(SCHEMA1_UNSIGNED)),
    finding: { class: "mislabelled", confidence: "likely", odd: ["sgp"], because: { kind: "types" } },
  },
  // not-content
  {
    why: "one was given a page for a layer",
    observations: three(A, A, noted(sawWrong(3), { unexpected: HTML })),
    finding: {
      class: "not-content",
      confidence: "sure",
      odd: ["sgp"],
      because: { kind: "page", status: 200, contentType: HTML.contentType, head: HTML.head },
    },
  },
  {
    why: "one was given something that begins as a page",
    observations: three(noted(sawWrong(3), { unexpected: BARE }), A, A),
    finding: { class: "not-content", confidence: "sure", odd: ["here"] },
  },
  {
    why: "one was given a page for the document",
    observations: three(A, A, noted(failed("E_MEDIA_TYPE"), { unexpected: HTML })),
    finding: { class: "not-content", confidence: "likely", odd: ["sgp"], because: { kind: "page", status: 200 } },
  },
  {
    why: "three were given the same page",
    observations: three(
      ...["E_MANIFEST", "E_MANIFEST", "E_ENCODING"].map((code) =>
        noted(failed(code as "E_MANIFEST"), { unexpected: HTML }),
      ),
    ),
    finding: { class: "not-content", confidence: "likely", odd: ["fra", "here", "sgp"] },
  },
  {
    why: "a guard's challenge at one",
    observations: three(A, noted(refused("E_DENIED"), { unexpected: { ...HTML, status: 403 } }), A),
    finding: { class: "not-content", confidence: "likely", odd: ["fra"], because: { status: 403 } },
  },
  // unreachable
  {
    why: "one has no answer",
    observations: three(A, A, failed("E_TIMEOUT")),
    finding: {
      class: "unreachable",
      confidence: "likely",
      odd: ["sgp"],
      because: { kind: "unreachable", stage: "http", message: "met E_TIMEOUT", hint: null },
    },
  },
  {
    why: "all have none",
    observations: three(failed("E_DNS"), failed("E_CONNECT"), failed("E_SSH")),
    finding: { class: "unreachable", confidence: "likely", odd: ["fra", "here", "sgp"] },
  },
  {
    why: "the registry refuses one in its own words",
    observations: three(A, noted(refused("E_DENIED"), { unexpected: JSON_ERROR }), A),
    finding: { class: "unreachable", confidence: "likely", odd: ["fra"] },
  },
  {
    why: "one is refused for too many requests, with a page",
    observations: three(A, noted(failed("E_RATE_LIMIT"), { unexpected: { ...HTML, status: 429 } }), A),
    finding: { class: "unreachable", confidence: "likely", odd: ["fra"] },
  },
  // absent
  {
    why: "all are told that there is none",
    observations: three(refused("E_NOT_FOUND"), refused("E_NOT_FOUND"), refused("E_NOT_FOUND")),
    finding: { class: "absent", confidence: "sure", odd: [] },
  },
  {
    why: "one is told that there is none",
    observations: three(A, A, refused("E_NOT_FOUND")),
    finding: { class: "absent", confidence: "possible", odd: ["sgp"] },
  },
  {
    why: "a page outranks an absence, and that a timeout",
    observations: three(
      failed("E_TIMEOUT"),
      refused("E_NOT_FOUND"),
      noted(failed("E_MEDIA_TYPE"), { unexpected: HTML }),
    ),
    finding: { class: "not-content", confidence: "likely", odd: ["sgp"] },
  },
  {
    why: "an absence outranks a timeout",
    observations: three(failed("E_TIMEOUT"), refused("E_NOT_FOUND"), A),
    finding: { class: "absent", confidence: "possible", odd: ["fra"] },
  },
  // unexplained
  {
    why: "one machine that is two",
    observations: now().map((each) => ({
      ...each,
      evidence: { ...each.evidence, hostKey: each.worker === "here" ? null : "SHA256:one" },
    })),
    finding: { class: "unexplained", confidence: "sure", odd: ["fra", "sgp"], because: { kind: "indistinct" } },
  },
  {
    why: "two workers only",
    observations: three(A, A),
    finding: { class: "unexplained", confidence: "possible", odd: [], because: { kind: "unknown" } },
  },
  {
    why: "three that say that they saw nothing",
    observations: three(saw([]), saw([]), saw([])),
    finding: { class: "unexplained", confidence: "possible", odd: [] },
  },
  {
    why: "answers to two questions",
    observations: [...three(A, A), ...asking({ tag: "2" }, [A("sgp")])],
    finding: { class: "unexplained", confidence: "possible", odd: [] },
  },
  {
    why: "all were stopped",
    observations: three(
      ...[1, 2, 3].map(() => (worker: string) => observation(worker, { objects: tree(), error: fault("E_STOPPED") })),
    ),
    finding: { class: "unexplained", confidence: "possible", odd: [] },
  },
  {
    why: "one says that it saw everything, and lacks a layer",
    observations: three(A, A, saw(tree().slice(0, 4))),
    finding: { class: "unexplained", confidence: "possible", odd: [] },
  },
  {
    why: "a document with other children",
    observations: three(A, A, at(3, { digest: digest("9"), computed: digest("9") })),
    finding: { class: "unexplained", confidence: "possible", odd: [] },
  },
  {
    why: "a second root",
    observations: three(A, A, saw([...tree(), object({ role: "manifest", digest: digest("9") })])),
    finding: { class: "unexplained", confidence: "possible", odd: [] },
  },
];
