import type { LabPlatform } from "../../lab/image.ts";
import type { Node } from "./tree.ts";
import type { View, World } from "./view.ts";

/** What one vantage can have reported, for the rule's purposes. */
export interface Report {
  /** Digest of the root that it was given; null for none. */
  readonly root: string | null;
  /** It was given bytes for a digest that are not those of the digest. */
  readonly lied: boolean;
  /** It was given everything, and could say so. */
  readonly whole: boolean;
  /** It was told that there is no such thing. */
  readonly absent: boolean;
  /** Nothing of what it saw is what was asked for. */
  readonly unmatched: boolean;
}

const NOTHING: Report = { root: null, lied: false, whole: false, absent: false, unmatched: false };

interface Wanted {
  readonly platform: LabPlatform | null;
  readonly osVersion: string | null;
}

function wantedOf(flags: readonly string[]): Wanted {
  const [, text, , version] = flags;
  const [os, architecture] = text?.split("/") ?? [];
  const platform = os === undefined || architecture === undefined ? null : { os, architecture };
  return { platform, osVersion: version ?? null };
}

function isWanted({ platform, osVersion }: Wanted, said: LabPlatform | null): boolean {
  if (platform === null) return true;
  if (said?.os !== platform.os || said.architecture !== platform.architecture) return false;
  return osVersion === null || said["os.version"] === osVersion;
}

/** Everything below a root that a worker has to look at: chosen entries of indexes, and all that stands below those. */
export function chosen(root: Node, flags: readonly string[]): Node[] {
  const wanted = wantedOf(flags);
  const found = new Set<Node>([root]);
  const all = (node: Node): void => {
    found.add(node);
    node.entries.forEach((entry) => all(entry.node));
  };
  const search = (index: Node): void => {
    for (const { node, platform } of index.entries) {
      if (isWanted(wanted, platform)) all(node);
      else if (node.kind === "index" && platform === null) {
        found.add(node);
        search(node);
      }
    }
  };
  if (root.kind === "index" && wanted.platform !== null) search(root);
  else all(root);
  return [...found];
}

function matches(root: Node, flags: readonly string[]): boolean {
  const wanted = wantedOf(flags);
  if (wanted.platform === null) return true;
  if (root.kind !== "index") return isWanted(wanted, root.platform);
  return chosen(root, flags).some((node) => node.kind !== "index");
}

/** Whether other bytes went out to a vantage: all of them, none, or some, after which it left. */
export type Sent = "all" | "some" | "none";

/**
 * What the vantage reports when nothing breaks its way. A document that cannot be had may end a worker's work before
 * its blobs, so of lies only those count that were sent.
 */
function undisturbed(view: View, flags: readonly string[], sent: (node: Node) => boolean): Report {
  const { root, rootFault, rootType, faults, lies } = view;
  if (rootFault !== null) return { ...NOTHING, absent: rootFault === "404" };
  const seen = { ...NOTHING, root: root.blob.digest };
  if (rootType !== null) return seen;
  const matched = matches(root, flags);
  // where nothing matches nothing is downloaded; of an image its config says what it is for
  const nodes = chosen(root, flags).filter(({ kind }) => matched || kind === "index" || kind === "config");
  const isMissing = (node: Node): boolean => faults.get(node.blob.digest)?.passing === false;
  const missing = nodes.filter(isMissing).map((node) => faults.get(node.blob.digest)?.fault);
  const lied = nodes.some((node) => lies.has(node.blob.digest) && !isMissing(node) && sent(node));
  const unmatched = missing.length === 0 && !lied && !matched;
  return {
    ...seen,
    lied,
    whole: missing.length === 0 && !lied && !unmatched,
    absent: missing.length > 0 && !lied && missing.every((fault) => fault === "404"),
    unmatched,
  };
}

/**
 * Everything that a vantage may have reported: one thing, unless its line broke somewhere, or it left in the middle of
 * a lie.
 */
export function reportsOf(view: View, flags: readonly string[], sent: (node: Node) => Sent): Report[] {
  const { way } = view;
  if (way === "dead") return [NOTHING];
  const all = [(node: Node) => sent(node) === "all", (node: Node) => sent(node) !== "none"];
  return all.flatMap((counts) => {
    const report = undisturbed(view, flags, counts);
    // who ends badly keeps what it saw, and supports nothing
    if (way === "unclean") return [{ ...NOTHING, root: report.root, lied: report.lied }];
    return way === "open"
      ? [report]
      : [NOTHING, { ...NOTHING, root: report.root }, { ...report, whole: false }, report];
  });
}

/** The rule of DESIGN section 2 and 6 as an exit code, said once more without labels, trees or a clock. */
export function exitFor(reports: readonly Report[], pin: string | null): number {
  const roots = new Set(reports.flatMap(({ root }) => (root === null ? [] : [root])));
  if (roots.size > 1 || reports.some(({ lied }) => lied)) return 10;
  if (reports.every(({ unmatched }) => unmatched)) return 2;
  if (reports.every(({ absent }) => absent)) return 16;
  if (!reports.every(({ whole }) => whole)) return 12;
  return pin === null || roots.has(pin) ? 0 : 15;
}

/** Every exit code that is right for this world. */
export function exitsFor(world: World, sent: (view: View, node: Node) => Sent): ReadonlySet<number> {
  let sofar: Report[][] = [[]];
  for (const view of world.views) {
    const more = reportsOf(view, world.flags, (node) => sent(view, node));
    sofar = sofar.flatMap((before) => more.map((report) => [...before, report]));
  }
  return new Set(sofar.map((reports) => exitFor(reports, world.pin)));
}
