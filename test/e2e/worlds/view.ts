import type { Scripted } from "../../lab/liar-answer.ts";
import { blobAnswer } from "../../lab/liar-shelf.ts";
import type { Answer, Liar } from "../../lab/liar.ts";
import { dice, type Dice } from "./dice.ts";
import { growArtifact, isDocument, nodesOf, republished, ROOT_KINDS, type Node, type RootKind } from "./tree.ts";

export const VANTAGES = ["fra", "here", "sgp"] as const;
export type Vantage = (typeof VANTAGES)[number];

/** Answers that are no content. `closed`: a body that ends too early, then the end of the connection. */
export const FAULTS = ["404", "403", "429", "500", "closed"] as const;
export type Fault = (typeof FAULTS)[number];

/**
 * The way to a vantage, and back from it. `unclean`: its shell ends with status 1; `cut`: its line breaks somewhere.
 */
export type Way = "open" | "dead" | "unclean" | { readonly cutAt: number };

/** What one vantage is told, and how it can tell of it. */
export interface View {
  readonly vantage: Vantage;
  readonly way: Way;
  readonly root: Node;
  /** What the tag leads to instead of the root. */
  readonly rootFault: Fault | "html" | "empty" | null;
  /** Instead of the root's own type. */
  readonly rootType: string | null;
  /** By digest: it cannot be had, or (`passing`) not at the first request. */
  readonly faults: ReadonlyMap<string, { readonly fault: Fault; readonly passing: boolean }>;
  /** By digest: other bytes. */
  readonly lies: ReadonlyMap<string, Buffer>;
  /** Milliseconds before the root, and whether large layers drip. */
  readonly slowRootMs: number;
  readonly slowLayers: boolean;
}

export interface World {
  readonly seed: number;
  readonly truth: Node;
  readonly views: readonly View[];
  readonly flags: readonly string[];
  /** Of `name:tag@digest`; null for a tag alone. */
  readonly pin: string | null;
}

const STRANGE_TYPES = ["application/json", "text/plain", "application/vnd.example.manifest.v1+json"] as const;

function otherArtifact(throws: Dice, truth: Node, seed: number, kind: RootKind): Node {
  const another = throws.pick(["kind", "kind", "shape", "bytes", "index"]);
  if (another === "index" && truth.kind === "index") return republished(truth);
  if (another === "bytes") return growArtifact(seed, kind, "another word");
  const kinds = ROOT_KINDS.filter((each) => each !== kind);
  const other = another === "kind" ? (kinds[throws.below(kinds.length)] ?? "image") : kind;
  return growArtifact(seed + 1 + throws.below(2), other, "another artifact");
}

/**
 * Bytes that are not those of the node: damaged, longer, shorter, or those of something else that is good in itself.
 */
function lieAbout(throws: Dice, node: Node, other: Node): Buffer {
  const bytes = Buffer.from(node.blob.bytes);
  const lie = throws.pick(["flip", "longer", "shorter", "other"]);
  if (lie === "longer") return Buffer.concat([bytes, Buffer.from("\n")]);
  if (lie === "shorter" && bytes.length > 1) return bytes.subarray(0, bytes.length - 1);
  if (lie === "other" && isDocument(node) && other.blob.digest !== node.blob.digest) return other.blob.bytes;
  const at = throws.below(bytes.length);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes;
}

function wayOf(throws: Dice, vantage: Vantage): Way {
  if (throws.chance(0.8)) return "open";
  if (vantage === "here") return throws.chance(0.4) ? "dead" : "open";
  const way = throws.pick(["dead", "unclean", "unclean", "cut", "cut"]);
  return way === "cut" ? { cutAt: throws.below(14_000) } : way;
}

/** Some of what stands below the root cannot be had, all for one reason. */
function faultsOf(throws: Dice, root: Node, passing: boolean): View["faults"] {
  const below = nodesOf(root).slice(1);
  const fault = throws.pick(FAULTS);
  const missing = below.length === 0 ? [] : [...throws.some(below, 0.2), below[throws.below(below.length)] ?? root];
  return new Map(
    missing.map(({ blob }) => [blob.digest, { fault, passing: passing && (fault === "429" || fault === "500") }]),
  );
}

function liesOf(throws: Dice, root: Node, other: Node): View["lies"] {
  const below = nodesOf(root).slice(1);
  const node = below[throws.below(Math.max(1, below.length))];
  return new Map(node === undefined ? [] : [[node.blob.digest, lieAbout(throws, node, other)]]);
}

/** What one vantage is told; `lied`: something else than the truth, if it is told anything. */
function viewOf(throws: Dice, vantage: Vantage, truth: Node, others: readonly [Node, ...Node[]]): View {
  const trouble = throws.pick([
    "root",
    "root",
    "lie",
    "lie",
    "partial",
    "partial",
    "partial",
    "passing",
    "gone",
    "typed",
  ]);
  const other = throws.pick(others);
  const root = trouble === "root" || (trouble === "typed" && throws.chance(0.7)) ? other : truth;
  return {
    ...honestView(throws, vantage, root),
    rootFault: trouble === "gone" ? throws.pick([...FAULTS, "html", "empty"]) : null,
    rootType: trouble === "typed" ? throws.pick(STRANGE_TYPES) : null,
    faults: trouble === "partial" || trouble === "passing" ? faultsOf(throws, root, trouble === "passing") : new Map(),
    lies: trouble === "lie" || (trouble === "partial" && throws.chance(0.2)) ? liesOf(throws, root, other) : new Map(),
  };
}

function honestView(throws: Dice, vantage: Vantage, root: Node): View {
  const slowRootMs = throws.chance(0.15) ? throws.below(1200) : 0;
  const way = wayOf(throws, vantage);
  const nothing = { rootFault: null, rootType: null, faults: new Map(), lies: new Map() };
  return { vantage, way, root, ...nothing, slowRootMs, slowLayers: throws.chance(0.2) };
}

function flagsOf(throws: Dice): string[] {
  if (throws.chance(0.65)) return [];
  const version = throws.pick([[], [], ["--os-version", "macOS 13"]]);
  return ["--platform", throws.pick(["linux/amd64", "darwin/amd64", "linux/arm64", "windows/amd64"]), ...version];
}

/** The same seed makes the same world, but for the order in which things happen in it. */
export function makeWorld(seed: number): World {
  const throws = dice(seed);
  const kind = throws.pick(["index", "index", "index", "image", "schema1"]);
  const truth = growArtifact(seed * 3, kind, "the truth");
  // two liars tell the same lie or each another
  const others = [otherArtifact(throws, truth, seed * 3, kind), otherArtifact(throws, truth, seed * 3, kind)] as const;
  const liars = throws.pick([0, 0, 1, 1, 1, 2, 2, 3]);
  const first = throws.below(3);
  const views = VANTAGES.map((vantage, at) =>
    (at + first) % 3 < liars ? viewOf(throws, vantage, truth, others) : honestView(throws, vantage, truth),
  );
  const flags = flagsOf(throws);
  const pin = throws.chance(0.85) ? null : throws.pick([truth.blob.digest, others[0].blob.digest]);
  return { seed, truth, views, flags, pin };
}

const JSON_TYPE = { "Content-Type": "application/json" };

function refusing(status: number, code: string): Scripted {
  return { status, headers: JSON_TYPE, body: JSON.stringify({ errors: [{ code, message: code }] }) };
}

function answerFor(fault: Fault | "html" | "empty", honest: Scripted): Scripted {
  switch (fault) {
    case "404":
      return refusing(404, "MANIFEST_UNKNOWN");
    case "403":
      return refusing(403, "DENIED");
    case "429":
      return refusing(429, "TOOMANYREQUESTS");
    case "500":
      return refusing(500, "UNKNOWN");
    case "closed":
      return { ...honest, cutAt: Math.floor(Buffer.from(honest.body ?? "").length / 2), then: "fin" };
    case "html":
      return { headers: { "Content-Type": "text/html" }, body: "<html>who are you?</html>" };
    case "empty":
      return { ...honest, body: "" };
  }
}

function answersFor(view: View, node: Node): readonly [Answer, ...Answer[]] {
  const { digest, mediaType, bytes } = node.blob;
  const body = view.lies.get(digest) ?? bytes;
  const document: Scripted = { headers: { "Content-Type": mediaType }, body };
  const drips = view.slowLayers && body.length > 100_000;
  const blob = drips ? { body, drip: { bytes: 16_384, everyMs: 120 } } : blobAnswer(body);
  const honest = node.kind === "layer" || node.kind === "config" ? blob : document;
  const trouble = view.faults.get(digest);
  if (trouble === undefined) return [honest];
  const wrong = answerFor(trouble.fault, { ...document, headers: JSON_TYPE });
  return trouble.passing ? [wrong, honest] : [wrong];
}

/** Lets the liar tell each vantage what it is to see. */
export function stage(liar: Liar, repository: string, world: World): void {
  for (const view of world.views) {
    const { vantage, root, rootFault, rootType, slowRootMs } = view;
    const type = rootType ?? root.blob.mediaType;
    const honest: Scripted = { headers: { "Content-Type": type }, body: root.blob.bytes };
    const said = rootFault === null ? honest : answerFor(rootFault, honest);
    liar.lie(vantage, `/v2/${repository}/manifests/v1`, { ...said, delayMs: slowRootMs });
    for (const node of nodesOf(root)) {
      liar.lie(vantage, pathOf(repository, node), ...answersFor(view, node));
    }
  }
}

export function pathOf(repository: string, { kind, blob }: Node): string {
  return `/v2/${repository}/${kind === "layer" || kind === "config" ? "blobs" : "manifests"}/${blob.digest}`;
}
