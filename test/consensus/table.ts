import { isDeepStrictEqual } from "node:util";
import type { Knowledge } from "../../src/consensus/judge.ts";
import type { Policy } from "../../src/model/policy.ts";
import type { Asked, ExitNote, Observation, SeenObject } from "../../src/model/observation.ts";
import type { Outcome, Verdict } from "../../src/model/verdict.ts";
import { SCHEMA1_SIGNED, SCHEMA1_UNSIGNED } from "../../src/oci/mediatype.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { MIRRORED } from "./mirrored.ts";
import { REMEMBERED } from "./remembered.ts";
import {
  asking,
  ASKED,
  digest,
  failed,
  fault,
  INDEX,
  MANIFEST,
  object,
  observation,
  refused,
  saw,
  sawWrong,
  tree,
} from "./observations.ts";

type Report = (worker: string) => Observation;
export type Judge = (observations: readonly Observation[], policy?: Partial<Policy>, knowledge?: Knowledge) => Verdict;

export const NAMES = ["here", "fra", "sgp"] as const;

export function three(reports: readonly Report[]): Observation[] {
  return reports.map((report, index) => report(NAMES[index] ?? `w${index}`));
}

export const A = saw();
export const B = saw(tree(digest("f")));
const stopped: Report = (worker) => observation(worker, { objects: tree(), error: fault("E_STOPPED") });
const at = (place: number, part: Parameters<typeof object>[0] | object): Report =>
  saw(tree().map((each, index) => (index === place ? { ...each, ...part } : each)));

const layerParent = [
  object({ role: "layer", digest: digest("a") }),
  object({ role: "layer", digest: digest("b"), parent: digest("a") }),
];
/** A second first layer. */
const twiceAt = (letter: string): Report =>
  saw([...tree(), object({ role: "layer", digest: digest(letter), parent: digest("b"), position: 0 })]);

const attestations = [
  object({ role: "index", digest: digest("a") }),
  ...["1", "2", "3"].map((letter, position) =>
    object({ role: "manifest", digest: digest(letter), parent: digest("a"), position, platform: "unknown/unknown" }),
  ),
];
/** It saw all but one of them, and was refused that one. */
const without = (place: number): Report => failed("E_RATE_LIMIT", attestations.toSpliced(place, 1));
const manifestRoot = [object({ role: "manifest", digest: digest("8") })];
const stoppedWith =
  (objects: readonly SeenObject[]): Report =>
  (worker) =>
    observation(worker, { objects, error: fault("E_STOPPED") });
const named =
  (letter: string): Report =>
  (worker) => ({ ...A(worker), digest: digest(letter) });
/** One manifest that two indexes name, which the root names: whoever saw less of it saw nothing else. */
const shared = [
  object({ role: "index", digest: digest("a") }),
  object({ role: "index", digest: digest("1"), parent: digest("a") }),
  object({ role: "index", digest: digest("2"), parent: digest("a"), position: 1 }),
  object({ role: "manifest", digest: digest("3"), parent: digest("1"), platform: "linux/amd64" }),
  object({ role: "manifest", digest: digest("3"), parent: digest("2"), platform: "linux/arm64" }),
  object({ role: "layer", digest: digest("d"), parent: digest("3") }),
];

/** The selection matches nothing of what it saw. */
const unmatched: Report = failed("E_SELECTION", tree().slice(0, 1));
const reversed = (asked: Asked): Asked => Object.fromEntries(Object.entries(asked).reverse()) as unknown as Asked;
const OTHER = "application/octet-stream";
const signed = at(0, { mediaType: SCHEMA1_SIGNED });
const unsigned = at(0, { mediaType: SCHEMA1_UNSIGNED });
const pinnedAs = (digit: string): Report => at(0, { pinned: `sha512:${digit.repeat(128)}` });

/** What three workers report, and what that is. */
export const ROWS: readonly { readonly why: string; readonly reports: readonly Report[]; readonly outcome: Outcome }[] =
  [
    { why: "all the same", reports: [A, A, A], outcome: "agreed" },
    { why: "one saw another root", reports: [A, A, B], outcome: "disagreed" },
    { why: "three saw three roots", reports: [A, B, saw(tree(digest("8")))], outcome: "disagreed" },
    { why: "a difference outranks an absence", reports: [A, B, failed()], outcome: "disagreed" },
    { why: "a difference outranks a 404", reports: [A, refused("E_NOT_FOUND"), B], outcome: "disagreed" },
    { why: "one has no answer", reports: [A, A, failed()], outcome: "incomplete" },
    { why: "one is told 404", reports: [A, A, refused("E_NOT_FOUND")], outcome: "incomplete" },
    { why: "one is told 403", reports: [A, refused("E_DENIED"), A], outcome: "incomplete" },
    {
      why: "three 404",
      reports: [refused("E_NOT_FOUND"), refused("E_NOT_FOUND"), refused("E_NOT_FOUND")],
      outcome: "absent",
    },
    {
      why: "three 403 are no absence",
      reports: [refused("E_DENIED"), refused("E_DENIED"), refused("E_DENIED")],
      outcome: "incomplete",
    },
    {
      why: "two 404 and a timeout",
      reports: [refused("E_NOT_FOUND"), refused("E_NOT_FOUND"), failed()],
      outcome: "incomplete",
    },
    {
      why: "a failure that calls itself not found",
      reports: [failed("E_NOT_FOUND"), failed("E_NOT_FOUND"), failed("E_NOT_FOUND")],
      outcome: "incomplete",
    },
    { why: "three failures", reports: [failed(), failed(), failed()], outcome: "incomplete" },
    { why: "one layer is other bytes at one worker", reports: [A, sawWrong(3), A], outcome: "disagreed" },
    {
      why: "all were served the same wrong bytes",
      reports: [sawWrong(3), sawWrong(3), sawWrong(3)],
      outcome: "disagreed",
    },
    { why: "one layer never ended", reports: [A, A, sawWrong(4, null)], outcome: "disagreed" },
    { why: "wrong bytes beside two failures", reports: [failed(), sawWrong(2), failed()], outcome: "disagreed" },
    {
      why: "another root seen before a failure",
      reports: [A, A, failed("E_CUT", [object({ role: "index", digest: digest("f") })])],
      outcome: "disagreed",
    },
    {
      why: "the same root seen before a failure",
      reports: [A, A, failed("E_CUT", tree().slice(0, 2))],
      outcome: "incomplete",
    },
    {
      why: "the bytes are the same, the media type is not",
      reports: [A, A, at(0, { mediaType: MANIFEST })],
      outcome: "disagreed",
    },
    { why: "a size that is not the declared one", reports: [A, A, at(3, { size: 11 })], outcome: "disagreed" },
    {
      why: "one claims to be complete and lacks a layer",
      reports: [A, A, saw(tree().slice(0, 4))],
      outcome: "disagreed",
    },
    { why: "all stopped early", reports: [stopped, stopped, stopped], outcome: "incomplete" },
    {
      why: "one saw something below a layer, where nothing can be",
      reports: [saw(layerParent), saw(layerParent), saw(layerParent.slice(0, 1))],
      outcome: "disagreed",
    },
    {
      why: "one saw a second root",
      reports: [A, A, saw([...tree(), object({ role: "manifest", digest: digest("9") })])],
      outcome: "disagreed",
    },
    {
      why: "two saw other bytes at a place that stands twice",
      reports: [twiceAt("8"), twiceAt("9"), twiceAt("9")],
      outcome: "disagreed",
    },
    { why: "another kind of root", reports: [A, A, saw(manifestRoot)], outcome: "disagreed" },
    {
      why: "another kind of root, and everybody was stopped",
      reports: [stoppedWith(tree().slice(0, 1)), stoppedWith(tree().slice(0, 1)), stoppedWith(manifestRoot)],
      outcome: "disagreed",
    },
    {
      why: "another kind of root before an unclean end",
      reports: [A, A, failed("E_VM_REPLY", manifestRoot)],
      outcome: "disagreed",
    },
    {
      why: "one of three alike siblings is missing at one",
      reports: [saw(attestations), saw(attestations), without(1)],
      outcome: "incomplete",
    },
    {
      why: "each lacks another of three alike siblings",
      reports: [without(1), without(2), without(3)],
      outcome: "incomplete",
    },
    {
      why: "a document that is named twice, seen in part",
      reports: [saw(shared), failed("E_CUT", shared.toSpliced(3, 1)), failed("E_CUT", shared.toSpliced(4, 1))],
      outcome: "incomplete",
    },
    {
      why: "three name digests that are not those of their roots",
      reports: [named("7"), named("8"), named("9")],
      outcome: "incomplete",
    },
    { why: "one names a digest that is not that of its root", reports: [A, A, named("9")], outcome: "incomplete" },
    {
      why: "an object that hangs nowhere",
      reports: [1, 2, 3].map(() =>
        saw([...tree(), object({ role: "layer", digest: digest("9"), parent: digest("8") })]),
      ),
      outcome: "incomplete",
    },
    {
      why: "one was not told what the root is",
      reports: [A, A, at(0, { mediaType: OTHER, guessed: true })],
      outcome: "incomplete",
    },
    {
      why: "two were told two things of it, and one none",
      reports: [A, at(0, { mediaType: MANIFEST }), at(0, { mediaType: OTHER, guessed: true })],
      outcome: "disagreed",
    },
    {
      why: "nobody was told what the root is, and it looks the same",
      reports: [1, 2, 3].map(() => at(0, { guessed: true })),
      outcome: "agreed",
    },
    { why: "one guessed what the others were told", reports: [A, A, at(0, { guessed: true })], outcome: "agreed" },
    {
      why: "another root, of which nobody said what it is",
      reports: [A, A, saw([object({ role: "blob", digest: digest("9"), guessed: true })])],
      outcome: "disagreed",
    },
    { why: "one was given schema 1 without signatures", reports: [signed, signed, unsigned], outcome: "incomplete" },
    { why: "all were given schema 1 without signatures", reports: [unsigned, unsigned, unsigned], outcome: "agreed" },
    {
      why: "schema 1 and something else",
      reports: [signed, signed, at(0, { mediaType: MANIFEST })],
      outcome: "disagreed",
    },
    ...["", "latest", `md5:${"a".repeat(32)}`, `sha256:${"A".repeat(64)}`].map((text) => ({
      why: `all call their root "${text}", which is no digest`,
      reports: [1, 2, 3].map(() => saw([object({ role: "blob", digest: text as Digest })])),
      outcome: "incomplete" as const,
    })),
    {
      why: "all call a layer something that is no digest",
      reports: [1, 2, 3].map(() => at(4, { digest: "latest", computed: "latest" })),
      outcome: "incomplete",
    },
    {
      why: "one hashed the root by another algorithm to something else",
      reports: [pinnedAs("1"), pinnedAs("1"), pinnedAs("2")],
      outcome: "disagreed",
    },
    { why: "three empty observations", reports: [saw([]), saw([]), saw([])], outcome: "incomplete" },
  ];

/**
 * Everything a worker can report about one artifact, with what it contributes to an independent statement of the rule.
 */
export const REPORTS = [
  { name: "A", report: A, root: "a", whole: true, lies: false, gone: false },
  { name: "B", report: B, root: "f", whole: true, lies: false, gone: false },
  {
    name: "A then cut",
    report: failed("E_CUT", tree().slice(0, 3)),
    root: "a",
    whole: false,
    lies: false,
    gone: false,
  },
  {
    name: "B then cut",
    report: failed("E_CUT", tree(digest("f")).slice(0, 1)),
    root: "f",
    whole: false,
    lies: false,
    gone: false,
  },
  {
    name: "A then 404",
    report: refused("E_NOT_FOUND", tree().slice(0, 3)),
    root: "a",
    whole: false,
    lies: false,
    gone: true,
  },
  { name: "A with wrong layer", report: sawWrong(3), root: "a", whole: false, lies: true, gone: false },
  {
    name: "A stopped",
    report: (worker: string) => observation(worker, { objects: tree().slice(0, 3), error: fault("E_STOPPED") }),
    root: "a",
    whole: false,
    lies: false,
    gone: false,
  },
  { name: "404", report: refused("E_NOT_FOUND"), root: null, whole: false, lies: false, gone: true },
  { name: "403", report: refused("E_DENIED"), root: null, whole: false, lies: false, gone: false },
  { name: "timeout", report: failed("E_TIMEOUT"), root: null, whole: false, lies: false, gone: false },
  { name: "dead VM", report: failed("E_SSH"), root: null, whole: false, lies: false, gone: false },
  { name: "host key", report: failed("E_HOST_KEY"), root: null, whole: false, lies: false, gone: false },
  { name: "nothing", report: saw([]), root: null, whole: false, lies: false, gone: false },
] as const;

/** The rule said another way than judge.ts says it. */
export function expectedOutcome(all: readonly (typeof REPORTS)[number][]): Outcome {
  const roots = new Set(all.flatMap(({ root }) => (root === null ? [] : [root])));
  if (roots.size > 1 || all.some(({ lies }) => lies)) return "disagreed";
  if (all.every(({ whole }) => whole)) return "agreed";
  return all.every(({ gone }) => gone) ? "absent" : "incomplete";
}

const five = ["a", "b", "c", "d", "e"].map((name) => A(name));
const entry = (letter: string, position: number, platform: string | null, osVersion: string | null) =>
  object({ role: "manifest", digest: digest(letter), parent: digest("a"), position, platform, osVersion });
const siblings = [
  object({ role: "index", digest: digest("a") }),
  entry("1", 0, "darwin/amd64", "macOS 13"),
  entry("2", 1, "darwin/amd64", "macOS 14"),
  entry("3", 2, "darwin/amd64", "macOS 14"),
  entry("4", 3, "darwin/amd64", null),
  entry("5", 4, "linux/amd64", "6"),
  entry("6", 5, null, null),
  entry("7", 6, null, null),
];
const allWrong: Report = (worker) =>
  observation(worker, {
    objects: siblings.map((each) => ({ ...each, computed: digest("9") })),
    error: fault("E_MISMATCH"),
  });
/** Two siblings whose names are alike for as far as they are shown. */
const named64k = [
  object({ role: "index", digest: digest("a") }),
  ...["x", "y"].map((last, position) => entry(`${position + 1}`, position, `linux/${"a".repeat(65_000)}${last}`, null)),
];
const twice = [object({ role: "index", digest: digest("a") }), entry("1", 0, "x/y", null), entry("1", 1, "z/y", null)];
const below = [
  object({ role: "config", digest: digest("c"), parent: digest("1") }),
  object({ role: "blob", digest: digest("d"), parent: digest("1"), position: 1 }),
];
const ownParent = [
  object({ role: "index", digest: digest("a") }),
  object({ role: "index", digest: digest("a"), parent: digest("a") }),
];
const bottle = tree().map((each, index) => ({
  ...each,
  annotations:
    [
      { "com.github.package.type": "homebrew_bottle", "org.opencontainers.image.version": "2.8.2" },
      { "org.opencontainers.image.ref.name": "2.8.2.big_sur", "sh.brew.bottle.digest": "d" },
    ][index] ?? {},
}));
/** Neither the root nor its entry says a version; a layer below says another one, and is not asked. */
const entries = bottle.map((each, index) => ({
  ...each,
  annotations: {
    ...(index === 0 ? { "com.github.package.type": "homebrew_bottle" } : {}),
    ...(index === 3 ? { "org.opencontainers.image.ref.name": "2.8.2.big_sur", "sh.brew.bottle.digest": "d" } : {}),
  },
}));
/** 1 > 2 > … > 9, deeper than any walk goes. */
const deep = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((letter, index, all) =>
  object({ role: "index", digest: digest(letter), parent: index === 0 ? null : digest(all[index - 1] ?? "") }),
);
const twoRoots = [object({ role: "index", digest: digest("a") }), object({ role: "manifest", digest: digest("b") })];
const emptyWithDigest: Report = (worker) => ({ ...saw([])(worker), digest: digest("a") });
const noDigest: Report = (worker) => ({ ...A(worker), digest: null });
const byDigest = (observations: readonly Observation[]): Observation[] => {
  const { registry, repository, platform, osVersion, bottle } = ASKED;
  const asked = { registry, repository, digest: digest("a"), platform, osVersion, bottle };
  return observations.map((each) => ({ ...each, asked }));
};
const pinned = (letter: string, observations: readonly Observation[]): Observation[] =>
  asking({ pin: digest(letter) }, observations);
const tagged = (tag: string, observations: readonly Observation[]): Observation[] => asking({ tag }, observations);

/** All saw A, from these machines. */
const from = (
  ...who: readonly Partial<Observation["evidence"]>[]
): readonly [readonly Observation[], Partial<Policy>] => [
  three(who.map((evidence) => (worker) => ({ ...A(worker), evidence: { ...A(worker).evidence, ...evidence } }))),
  { distinct: ["machine"] },
];
/** Who leaves where: addresses, or what is wrong with them. */
const leaving = (
  distinct: Policy["distinct"],
  ...exits: readonly unknown[]
): readonly [readonly Observation[], Partial<Policy>] => {
  const notes = exits.map((each) => (each === null ? {} : { exit: exitNote(each) as ExitNote }));
  return [from(...notes)[0], { distinct }];
};
function exitNote(given: unknown): unknown {
  const nothing: ExitNote = { addresses: [], sources: [], country: null, asn: null, doubt: null };
  if (given instanceof Array) return { ...nothing, addresses: given as unknown };
  return typeof given === "object" ? { ...nothing, ...given } : given;
}
const net: Policy["distinct"] = ["network"];
const EXITS = {
  "three exits": leaving(net, ["192.0.2.1"], ["198.51.100.1"], ["203.0.113.1"]),
  "two behind one exit": leaving(net, ["192.0.2.1"], ["198.51.100.1"], ["198.51.100.1"]),
  "two behind one exit, once as IPv6": leaving(net, ["192.0.2.1"], ["198.51.100.1"], ["::ffff:198.51.100.1"]),
  "two in one /64": leaving(net, ["2001:db8:0:1::1"], ["2001:db8:0:2::1"], ["2001:DB8:0:2:a::b"]),
  "three /64": leaving(net, ["2001:db8:0:1::1"], ["2001:db8:0:2::1"], ["2001:db8:0:3::1"]),
  "two with one IPv6 and two IPv4": leaving(
    net,
    ["192.0.2.1", "2001:db8::1"],
    ["198.51.100.1", "2001:db8::2"],
    ["203.0.113.1"],
  ),
  "no family in common": leaving(net, ["192.0.2.1", "2001:db8:1::1"], ["198.51.100.1"], ["2001:db8:2::1"]),
  "an exit that nobody knows": leaving(net, ["192.0.2.1"], ["198.51.100.1"], []),
  "an exit of which nothing was noted": leaving(net, ["192.0.2.1"], null, ["198.51.100.1"]),
  "an exit in doubt": leaving(net, ["192.0.2.1"], ["198.51.100.1"], { addresses: ["203.0.113.1"], doubt: "changed" }),
  "an exit that is no address": leaving(net, ["192.0.2.1"], ["198.51.100.1"], ["203.0.113.1", "the moon"]),
  "an exit that is no list": leaving(net, ["192.0.2.1"], ["203.0.113.1"], { addresses: "198.51.100.1" }),
  "an exit of another kind": leaving(net, ["192.0.2.1"], ["203.0.113.1"], "x"),
  "one exit, and nobody asks": leaving([], ["192.0.2.1"], ["192.0.2.1"], ["192.0.2.1"]),
  "three providers": leaving(["asn"], { asn: "AS1" }, { asn: "AS2" }, { asn: "AS3" }),
  "two at one provider": leaving(["asn"], { asn: "AS1" }, { asn: "AS2" }, { asn: "AS2" }),
  "a provider that nobody knows": leaving(["asn"], { asn: "AS1" }, { asn: "AS2" }, {}),
  "a provider in doubt": leaving(["asn"], { asn: "AS1" }, { asn: "AS2" }, { asn: "AS3", doubt: "changed" }),
  "a provider of another kind": leaving(["asn"], { asn: "AS1" }, { asn: "AS2" }, { asn: "Telekom" }),
  "three countries": leaving(["country"], { country: "DE" }, { country: "SG" }, { country: "US" }),
  "one country": leaving(["country"], { country: "DE" }, { country: "DE" }, { country: "DE" }),
  "a country that nobody knows": leaving(["country"], { country: "DE" }, null, { country: "" }),
  "everything is one, each said once": leaving(
    ["country", "asn", "network", "machine"],
    { addresses: ["192.0.2.1"], country: "DE", asn: "AS1" },
    { addresses: ["192.0.2.1"], country: "DE", asn: "AS1" },
    { addresses: ["198.51.100.1"], country: "SG", asn: "AS1" },
  ),
} as const;
const INDISTINCT = {
  "three machines": from({ machine: "a" }, { machine: "b", hostKey: "K" }, { machine: "c", hostKey: "L" }),
  "two machines": from({ machine: "a" }, { machine: "b", hostKey: "K" }, { machine: "b", hostKey: "L" }),
  "one host key": from({ machine: "a" }, { machine: "b", hostKey: "K" }, { machine: "c", hostKey: "K" }),
  "one host key, and nothing is asked for": [from({}, { hostKey: "K" }, { hostKey: "K" })[0], { distinct: [] }],
  "nobody knows one": from({ machine: "a" }, { machine: "b" }, {}),
  "nobody knows anyone": from({ boot: "x" }, { boot: "x" }, { boot: "x" }),
  "a container beside its machine": from(
    { machine: "a", boot: "x" },
    { machine: "x", boot: "x" },
    { machine: "c", boot: "z" },
  ),
  "one kernel, two identities": from(
    { machine: "a", boot: "x" },
    { machine: "b", boot: "x" },
    { machine: "c", boot: "z" },
  ),
  ...EXITS,
  "two machines, and pinned to something else": [
    pinned("7", from({ machine: "a" }, { machine: "a" }, { machine: "a" })[0]),
  ],
} as const;

/** Judgements of which every word is checked against `golden/verdicts.json`. */
export const CASES: Readonly<
  Record<string, readonly [observations: readonly Observation[], policy?: Partial<Policy>, knowledge?: Knowledge]>
> = {
  ...Object.fromEntries(ROWS.map(({ why, reports }) => [why, [three(reports)] as const])),
  nobody: [[]],
  "two agree": [three([A, A])],
  "one reports three times": [[A("here"), A("here"), A("here")]],
  "one of four reports twice": [[A("here"), A("fra"), A("sgp"), A("sgp")]],
  "one says first that there is nothing, and then that there is": [
    [A("here"), A("fra"), saw(tree().slice(0, 4))("sgp"), A("sgp")],
  ],
  "a platform that is a page long": [
    three([
      saw(named64k),
      saw(named64k),
      saw(named64k.map((each, index) => (index === 1 ? { ...each, computed: digest("9") } : each))),
    ]),
  ],
  "five agree": [five],
  "four of five": [[...five.slice(0, 4), failed()("e")]],
  "one of five dissents": [[...five.slice(0, 4), B("e")]],
  "two of five dissent": [[...five.slice(0, 3), B("d"), B("e")]],
  "the dissenter comes first": [three([B, A, A])],
  "each another": [three([saw(tree(digest("8"))), B, A])],
  "pinned to it": [pinned("a", three([A, A, A]))],
  "pinned to something else": [pinned("7", three([A, A, A]))],
  "pinned and different": [pinned("7", three([A, A, B]))],
  "a bottle of its version": [tagged("2.8.2", three([saw(bottle), saw(bottle), saw(bottle)]))],
  "a bottle of another version": [tagged("2.6.2", three([saw(bottle), saw(bottle), saw(bottle)]))],
  "a bottle without a tag": [byDigest(three([saw(bottle), saw(bottle), saw(bottle)]))],
  "siblings, all wrong": [three([saw(siblings), saw(siblings), allWrong])],
  "one manifest twice": [three([saw([...twice, ...below]), saw([...twice, ...below]), saw(twice)])],
  "a thing below itself": [three([saw(ownParent), saw(ownParent), saw(tree())])],
  "things below a layer": [three([saw(layerParent), saw(layerParent), saw(layerParent.slice(0, 1))])],
  "the layer has another digest but the same bytes": [
    three([A, A, at(3, { digest: digest("9"), computed: digest("9") })]),
  ],
  "another root computed than named, alone": [three([at(0, { computed: digest("9") }), failed(), failed()])],
  "no digest": [three([A, A, noDigest])],
  "said to have failed with everything": [three([A, A, (worker) => ({ ...A(worker), outcome: "failed" })])],
  "different failures": [three([failed("E_CUT"), failed("E_DNS"), refused("E_DENIED")])],
  "two fail alike": [three([failed("E_CUT"), failed("E_CUT"), A])],
  "two fail differently": [three([failed("E_CUT"), failed("E_DNS"), A])],
  "all gone below one root": [
    three([A, A, A].map((report) => (w: string) => ({ ...report(w), ...pick(refused("E_NOT_FOUND")(w)) }))),
  ],
  "an undeclared size": [three([A, A, A].map(() => at(3, { declaredSize: null })))],
  "the size of one is undeclared": [three([A, A, at(3, { declaredSize: null })])],
  "wrong bytes in two places": [
    three([A, A, (w) => observation(w, { objects: tree().map(wrongAbove2), error: fault("E_MISMATCH") })]),
  ],
  "one, alone, is told 404": [[refused("E_NOT_FOUND")("here")]],
  "a digest of nothing": [three([emptyWithDigest, emptyWithDigest, emptyWithDigest])],
  "a layer with a platform": [
    three([at(3, { platform: "x/y" }), at(3, { platform: "x/y" }), at(3, { platform: "x/y", computed: digest("9") })]),
  ],
  "two siblings": [three([saw(siblings.slice(0, 3)), saw(siblings.slice(0, 3)), allWrong])],
  "two roots": [three([saw(twoRoots), saw(twoRoots), saw(twoRoots.slice(0, 1))])],
  "a version that stands below the entries only": [tagged("2.6.2", three([saw(entries), saw(entries), saw(entries)]))],
  "two and two of four": [[...five.slice(0, 2), B("c"), B("d")]],
  "two and two of five": [[...five.slice(0, 2), B("c"), B("d"), saw(tree(digest("8")))("e")]],
  "three roots of three kinds": [three([A, saw(manifestRoot), saw([object({ role: "blob", digest: digest("7") })])])],
  "a lie in a document that is named twice": [
    three([
      saw(shared),
      saw(shared),
      saw(shared.map((each) => (each.role === "layer" ? { ...each, computed: digest("9") } : each))),
    ]),
  ],
  "an index in an index, nine levels deep": [three([saw(deep), saw(deep), saw(deep.map(lastWrong))])],
  "a lie below nothing": [
    three([A, A, saw([object({ role: "layer", digest: digest("9"), computed: digest("8"), parent: digest("7") })])]),
  ],
  "a lie below another root": [three([A, B, sawWrong(4)])],
  ...INDISTINCT,
  "one was asked for another tag": [[A("here"), A("fra"), ...tagged("2", [A("sgp")])]],
  "two and two were asked the same": [[A("here"), A("fra"), ...tagged("2", [B("sgp"), B("tyo")])]],
  "a lie about another question": [[A("here"), A("fra"), A("sgp"), ...tagged("2", [sawWrong(3)("tyo")])]],
  "the same question, in another order": [
    [A("here"), A("fra"), ...[A("sgp")].map((each) => ({ ...each, asked: reversed(each.asked) }))],
  ],
  "nothing matches, and nobody says anything else": [three([unmatched, unmatched, stoppedWith(tree().slice(0, 1))])],
  "nothing matches at one, and the others say something": [three([unmatched, A, A])],
  "nothing matches, and one has no root": [three([unmatched, unmatched, failed()])],
  "nothing matches at one, and two were stopped at nothing": [three([unmatched, stoppedWith([]), stoppedWith([])])],
  "all were stopped": [three([stoppedWith(tree()), stoppedWith(tree()), stoppedWith(tree())])],
  "nothing matches, at two only": [three([unmatched, unmatched])],
  ...REMEMBERED,
  ...MIRRORED,
  "an index alone": [three([saw([object({ role: "index", digest: digest("a"), mediaType: INDEX })]), A, A])],
};

function lastWrong(each: SeenObject, index: number): SeenObject {
  return index === deep.length - 1 ? { ...each, computed: digest("0") } : each;
}

function pick({ outcome, error }: Observation): Pick<Observation, "outcome" | "error"> {
  return { outcome, error };
}

function wrongAbove2<T extends object>(each: T, index: number): T {
  return index > 2 ? { ...each, computed: digest("9") } : each;
}

/** What is wrong with a judge; empty when it is the right one. Stops at the first. */
export function failuresOf(judge: Judge, golden: Readonly<Record<string, unknown>>): string[] {
  for (const { why, reports, outcome } of ROWS) {
    const verdict = judge(three(reports));
    if (verdict.outcome !== outcome || verdict.differences.length > 0 !== (outcome === "disagreed")) return [why];
  }
  for (const [name, [observations, policy, knowledge]] of Object.entries(CASES)) {
    const said: unknown = JSON.parse(JSON.stringify(judge(observations, policy, knowledge)));
    if (!isDeepStrictEqual(said, golden[name])) return [name];
  }
  for (const x of REPORTS) {
    for (const y of REPORTS) {
      for (const z of REPORTS) {
        const all = [x, y, z];
        if (judge(three(all.map(({ report }) => report))).outcome !== expectedOutcome(all)) {
          return [all.map(({ name }) => name).join(" | ")];
        }
      }
    }
  }
  return [];
}
