import { visible } from "../errors.ts";
import type { Change, Comparison } from "../model/diagnosis.ts";
import { isSelective, parseSelection, type SelectionText } from "../model/job.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { ImageManifest, Index, Manifest } from "../oci/manifest.ts";
import { describePlatform } from "../oci/platform.ts";
import { selectPlatforms } from "../oci/select.ts";
import { imageConfigOf, type ImageConfig } from "../oci/imageconfig.ts";

/** How two documents with different bytes are related. */
export type Relation =
  /** They list the same content; only their own bytes differ. */
  | "reserialised"
  /** Two indexes with the same manifests for what was selected. */
  | "index-republished"
  /** Two manifests whose layers unpack to the same. */
  | "recompressed"
  | null;

export interface Documents {
  readonly documents: ReadonlyMap<Digest, Manifest>;
  readonly configs: ReadonlyMap<Digest, Uint8Array>;
}

const MOST_CHANGES = 20;
const LONGEST_NAME = 300;
type Pair<T> = readonly [left: T, right: T];

/** The entries of an index by what they are for; several may be for the same. */
function byTarget({ manifests }: Index): ReadonlyMap<string, string> {
  const groups = new Map<string, string[]>();
  for (const entry of manifests) {
    const key = targetOf(entry);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [entry.digest]);
    else known.push(entry.digest);
  }
  return new Map([...groups].map(([key, digests]) => [key, digests.sort().join(" ")]));
}

/** What an attestation is about: buildx gives all of them one platform, and one for every image. */
const ABOUT = "vnd.docker.reference.digest";

function targetOf({ platform, annotations, artifactType }: Descriptor): string {
  if (annotations[ABOUT] !== undefined) return `attestation of ${annotations[ABOUT]}`;
  if (platform !== null) return describePlatform(platform);
  return annotations["org.opencontainers.image.ref.name"] ?? artifactType ?? "no platform";
}

function digestsOf(descriptors: readonly Descriptor[]): readonly Digest[] {
  return descriptors.map(({ digest }) => digest);
}

/** How two roots, or two manifests, are related, for somebody who selected this. */
export function relationOf(
  [left, right]: Pair<Manifest>,
  selection: SelectionText,
  configs: Documents["configs"],
): Relation {
  if (left.kind === "index" && right.kind === "index") return indexRelation([left, right], selection);
  if (left.kind !== "manifest" || right.kind !== "manifest") return null;
  const layers = digestsOf(left.layers).join(" ") === digestsOf(right.layers).join(" ");
  if (layers && left.config.digest === right.config.digest) return "reserialised";
  return !layers && unpackToTheSame([left, right], configs) ? "recompressed" : null;
}

function indexRelation([left, right]: Pair<Index>, selection: SelectionText): Relation {
  const sorted = ({ manifests }: Index): string =>
    JSON.stringify(manifests.map((each) => [targetOf(each), each.digest]).sort());
  if (sorted(left) === sorted(right)) return "reserialised";
  if (isSelective(selection)) {
    const wanted = parseSelection(selection);
    const [mine, theirs] = [left, right].map((each) => digestsOf(selectPlatforms(each, wanted)).toSorted().join(" "));
    return mine !== "" && mine === theirs ? "index-republished" : null;
  }
  const [mine, theirs] = [byTarget(left), byTarget(right)];
  const common = [...mine].filter(([key]) => theirs.has(key));
  return common.length > 0 && common.every(([key, digests]) => theirs.get(key) === digests)
    ? "index-republished"
    : null;
}

function unpackToTheSame([left, right]: Pair<ImageManifest>, configs: Documents["configs"]): boolean {
  if (left.layers.length !== right.layers.length) return false;
  const [mine, theirs] = [configOf(left, configs)?.diffIds, configOf(right, configs)?.diffIds];
  if (mine === undefined || theirs === undefined || mine.length !== left.layers.length) return false;
  return mine.length > 0 && mine.join(" ") === theirs.join(" ");
}

function configOf({ config }: ImageManifest, configs: Documents["configs"]): ImageConfig | null {
  const bytes = configs.get(config.digest);
  return bytes === undefined ? null : imageConfigOf(bytes);
}

/** The entries for one target, of those selected, that lead to different manifests: what to look at next. */
export function differingEntries([left, right]: Pair<Index>, selection: SelectionText): Pair<Descriptor> | null {
  const wanted = parseSelection(selection);
  const first = new Map<string, Descriptor>();
  const known = new Set<string>();
  for (const each of selectPlatforms(right, wanted)) {
    const target = targetOf(each);
    if (!first.has(target)) first.set(target, each);
    known.add(`${each.digest} ${target}`);
  }
  for (const mine of selectPlatforms(left, wanted)) {
    const other = first.get(targetOf(mine));
    if (other !== undefined && !known.has(`${mine.digest} ${targetOf(mine)}`)) return [mine, other];
  }
  return null;
}

/** Two manifests, or the first that differ below two indexes, as far as they are known. */
export function differingManifests(
  [left, right]: Pair<Manifest | undefined>,
  selection: SelectionText,
  documents: Documents["documents"],
): Pair<Manifest | undefined> {
  if (left?.kind !== "index" || right?.kind !== "index") return [left, right];
  const [mine, theirs] = differingEntries([left, right], selection) ?? [];
  return [mine && documents.get(mine.digest), theirs && documents.get(theirs.digest)];
}

/** What differs of what matters between two documents, and below them as far as it could be read. */
export function comparisonsOf(
  digests: Pair<Digest>,
  selection: SelectionText,
  { documents, configs }: Documents,
): readonly Comparison[] {
  const [left, right] = [documents.get(digests[0]), documents.get(digests[1])];
  if (left === undefined || right === undefined) return [];
  const at = left.kind === right.kind ? left.kind : "root";
  const top = comparison(at, digests, changesOf([left, right], configs));
  if (left.kind !== "index" || right.kind !== "index") return [top];
  const entries = differingEntries([left, right], selection);
  const [mine, theirs] = entries === null ? [] : [documents.get(entries[0].digest), documents.get(entries[1].digest)];
  if (entries === null || mine === undefined || theirs === undefined) return [top];
  const below = `index > ${mine.kind} ${targetOf(entries[0])}`;
  return [top, comparison(below, [entries[0].digest, entries[1].digest], changesOf([mine, theirs], configs))];
}

function comparison(at: string, [left, right]: Pair<Digest>, changes: readonly Change[]): Comparison {
  const shown = changes.slice(0, MOST_CHANGES);
  return { at, left, right, changes: shown, more: changes.length - shown.length };
}

function changesOf([left, right]: Pair<Manifest>, configs: Documents["configs"]): readonly Change[] {
  const common = [
    ...change("kind", left.kind, right.kind),
    ...change("media type", left.mediaType, right.mediaType),
    ...change("artifact type", left.artifactType, right.artifactType),
    ...changedRecord("annotation", left.annotations, right.annotations),
  ];
  if (left.kind === "index" && right.kind === "index")
    return [...changedMap(byTarget(left), byTarget(right)), ...common];
  if (left.kind === "index" || right.kind === "index") return common;
  const configs_ = left.kind === "manifest" && right.kind === "manifest" ? changedConfig([left, right], configs) : [];
  const most = Math.max(left.layers.length, right.layers.length);
  const layers = Array.from({ length: most }, (_, at) =>
    change(`layer ${at + 1}`, left.layers[at]?.digest ?? null, right.layers[at]?.digest ?? null),
  );
  return [...layers.flat(), ...configs_, ...common];
}

function changedConfig([left, right]: Pair<ImageManifest>, configs: Documents["configs"]): readonly Change[] {
  const [mine, theirs] = [configOf(left, configs), configOf(right, configs)];
  const digests = change("config", left.config.digest, right.config.digest);
  if (mine === null || theirs === null) return digests;
  return [
    ...digests,
    ...change("created", mine.created, theirs.created),
    ...changedRecord("label", mine.labels, theirs.labels),
    ...change("unpacked layers", mine.diffIds.join(" "), theirs.diffIds.join(" ")),
  ];
}

function changedRecord(
  what: string,
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
): Change[] {
  return changedMap(new Map(Object.entries(left)), new Map(Object.entries(right))).map((each) => {
    return { ...each, what: `${what} ${each.what}` };
  });
}

/** By name; what is the same on both sides is left out. */
export function changedMap(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): Change[] {
  const names = [...new Set([...left.keys(), ...right.keys()])].sort();
  return names.flatMap((name) => change(name, left.get(name) ?? null, right.get(name) ?? null));
}

/** The name may have been made up by a registry; the values are data. */
function change(what: string, left: string | null, right: string | null): Change[] {
  return left === right ? [] : [{ what: visible(what, LONGEST_NAME), left, right }];
}
