import fc from "fast-check";
import type { Digest } from "../../src/oci/digest.ts";
import type { Fault, Observation, Role, SeenObject } from "../../src/model/observation.ts";
import { fault, INDEX, LAYER, MANIFEST, observation } from "./observations.ts";

/** A document and what it names; a leaf has no children. Two nodes with one digest are the same bytes. */
export interface Node {
  readonly role: Role;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly platform: string | null;
  readonly osVersion: string | null;
  readonly children: readonly Node[];
}

/** What one worker meets: which truth it is shown, what of it it never sees, where it is lied to, and how it ends. */
export interface Sight {
  readonly root: Node;
  /** Share of the objects below the root, from 0 to 1, at which it stops; 1 is everything. */
  readonly upTo: number;
  /** Objects, counted in the order of the tree, that it was refused. */
  readonly refused: readonly number[];
  /** Objects, counted likewise, of which it got other bytes. */
  readonly wrong: readonly number[];
  readonly end: "whole" | "stopped" | "cut" | "gone" | "unclean" | "nothing";
}

let counter = 0;

function digestFor(text: string): Digest {
  counter += 1;
  return `sha256:${counter.toString(16).padStart(8, "0")}${Buffer.from(text).toString("hex").padEnd(56, "0").slice(0, 56)}` as Digest;
}

const PLATFORMS = [null, "unknown/unknown", "linux/amd64", "darwin/amd64"] as const;

function node(role: Role, children: readonly Node[], platform: string | null, osVersion: string | null): Node {
  const mediaType = role === "index" ? INDEX : role === "manifest" ? MANIFEST : LAYER;
  return { role, digest: digestFor(role), mediaType, size: 10 + children.length, platform, osVersion, children };
}

const leaf = fc.boolean().map((empty) => (empty ? EMPTY : node("layer", [], null, null)));
/** The same bytes in every artifact, several times in some. */
const EMPTY = node("layer", [], null, null);

const image = fc
  .record({
    layers: fc.array(leaf, { maxLength: 3 }),
    platform: fc.constantFrom(...PLATFORMS),
    version: fc.constantFrom(null, "11", "12"),
  })
  .map(({ layers, platform, version }) =>
    node("manifest", [node("config", [], null, null), ...layers], platform, version),
  );

/** Indexes in indexes with alike siblings, siblings that are one document, and one document under two media types. */
const index: fc.Arbitrary<Node> = fc
  .record({
    own: fc.array(image, { minLength: 1, maxLength: 3 }),
    nested: fc.array(fc.array(image, { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
    share: fc.boolean(),
    otherType: fc.boolean(),
  })
  .map(({ own, nested, share, otherType }) => {
    const [first] = own;
    const again = share && first !== undefined ? [first] : [];
    const typed =
      otherType && first !== undefined
        ? [{ ...first, mediaType: "application/x-other", role: "blob" as const, children: [] }]
        : [];
    const below = nested.map((images) => node("index", [...images, ...again], null, null));
    return node("index", [...own, ...again, ...typed, ...below], null, null);
  });

const anyRoot = fc.oneof(
  index,
  image,
  fc.constantFrom("blob" as const).map((role) => node(role, [], null, null)),
);

function sightOf(roots: readonly [Node, ...Node[]], lies: boolean): fc.Arbitrary<Sight> {
  return fc.record({
    root: fc.nat(roots.length - 1).map((at) => roots[at] ?? roots[0]),
    upTo: fc.constantFrom(1, 1, 1, 0, 0.3, 0.7),
    refused: fc.array(fc.nat(12), { maxLength: 2 }),
    wrong: lies ? fc.array(fc.nat(12), { maxLength: 2 }) : fc.constant([]),
    end: fc.constantFrom(
      "whole" as const,
      "whole" as const,
      "stopped" as const,
      "cut" as const,
      "gone" as const,
      "unclean" as const,
      "nothing" as const,
    ),
  });
}

/** What three to five workers meet. `truths`: how many artifacts there are among which they are split. */
export function worlds(truths: number, lies: boolean): fc.Arbitrary<readonly Sight[]> {
  const roots = fc.tuple(anyRoot, ...Array.from({ length: truths - 1 }, () => anyRoot));
  return roots.chain((known) => fc.array(sightOf(known, lies), { minLength: 3, maxLength: 5 }));
}

/** Every object below a document, once for each place that names it; a document is opened once. */
function objectsOf(root: Node): SeenObject[] {
  const opened = new Set<Digest>();
  const found: SeenObject[] = [];
  const visit = (at: Node, parent: Digest | null, position: number): void => {
    const { role, digest, mediaType, size, platform, osVersion } = at;
    const declaredSize = parent === null ? null : size;
    found.push({
      role,
      digest,
      computed: digest,
      size,
      declaredSize,
      mediaType,
      parent,
      position,
      platform,
      osVersion,
      annotations: {},
    });
    if (at.children.length === 0 || opened.has(digest)) return;
    opened.add(digest);
    at.children.forEach((child, place) =>
      visit(child, digest, child.role === "config" || role === "index" ? place : place - 1),
    );
  };
  visit(root, null, 0);
  return found;
}

const ENDS: Readonly<
  Record<Exclude<Sight["end"], "whole" | "nothing">, Pick<Observation, "outcome"> & { readonly error: Fault }>
> = {
  stopped: { outcome: "saw", error: fault("E_STOPPED") },
  cut: { outcome: "failed", error: fault("E_CUT") },
  gone: { outcome: "refused", error: fault("E_NOT_FOUND") },
  unclean: { outcome: "failed", error: fault("E_VM_REPLY") },
};

/** What the worker reports of it, truthfully. */
export function report(worker: string, sight: Sight): Observation {
  if (sight.end === "nothing") return observation(worker, { outcome: "failed", error: fault("E_TIMEOUT") });
  const all = objectsOf(sight.root);
  const some = all.slice(0, Math.max(1, Math.ceil(all.length * sight.upTo)));
  const seen = reachable(some.filter((_, at) => at === 0 || !sight.refused.includes(at)));
  const lied = seen.map((each, at) =>
    at > 0 && sight.wrong.includes(at) ? { ...each, computed: digestFor("lie") } : each,
  );
  const objects = reachable(lied.filter((each) => each.computed === each.digest || each.role !== "blob"));
  const digest = sight.root.digest;
  const wrong = objects.some((each) => each.computed !== each.digest);
  if (wrong) return observation(worker, { digest, objects, error: fault("E_MISMATCH") });
  if (sight.end !== "whole") return observation(worker, { digest, objects, ...ENDS[sight.end] });
  const missed = objects.length < all.length;
  return observation(worker, missed ? { digest, objects, ...ENDS.cut } : { digest, objects });
}

/** Without what hangs below something that was not seen, or was not what it was said to be. */
function reachable(objects: readonly SeenObject[]): SeenObject[] {
  const known = new Set<Digest>();
  return objects.filter((each) => {
    if (each.parent !== null && !known.has(each.parent)) return false;
    if (each.computed === each.digest) known.add(each.digest);
    return true;
  });
}
