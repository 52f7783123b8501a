import { visible } from "../errors.ts";
import type { Descriptor } from "./descriptor.ts";
import { hexOf } from "./digest.ts";

/** `org.opencontainers.image.ref.name` of an index entry: `PKG_VERSION.TAG[.REBUILD]`. */
export interface Bottle {
  /** Including the revision: `2.8.2_1`. */
  readonly version: string;
  /** `arm64_sonoma`, `big_sur` (Intel), `x86_64_linux`, `all`. */
  readonly tag: string;
  /** 0 if there is none. */
  readonly rebuild: number;
}

type Annotations = Readonly<Record<string, string>>;
type Entry = Pick<Descriptor, "annotations">;

const REF_NAME = "org.opencontainers.image.ref.name";
const VERSION = "org.opencontainers.image.version";
const TITLE = "org.opencontainers.image.title";
const LONGEST_BOTTLE_NAME = 255;
const BOTTLE_VERSION = /^[A-Za-z0-9][A-Za-z0-9._+~-]*$/;
const BOTTLE_TAG = /^[a-z0-9_]+$/;
const REBUILD = /^[1-9][0-9]{0,5}$/;
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9@._+-]*$/;

/** Null if the entry is not a bottle. */
export function bottleOf(entry: Entry): Bottle | null {
  const name = entry.annotations[REF_NAME] ?? "";
  if (name.length > LONGEST_BOTTLE_NAME) return null;
  const parts = name.split(".");
  const rebuild = REBUILD.test(parts.at(-1) ?? "") ? Number(parts.pop()) : 0;
  const tag = parts.pop() ?? "";
  const version = parts.join(".");
  if (!BOTTLE_VERSION.test(version) || !BOTTLE_TAG.test(tag) || !/[a-z]/.test(tag)) return null;
  return { version, tag, rebuild };
}

/** An index written by Homebrew: it says so, or an entry is a bottle and has its digest. */
export function isBottleIndex(index: {
  readonly annotations: Annotations;
  readonly manifests: readonly Entry[];
}): boolean {
  if (index.annotations["com.github.package.type"] === "homebrew_bottle") return true;
  return index.manifests.some(
    (entry) => entry.annotations["sh.brew.bottle.digest"] !== undefined && bottleOf(entry) !== null,
  );
}

/**
 * The file name in Homebrew's own cache, `NAME--VERSION.TAG.bottle[.REBUILD].tar.gz`; null if a part of it could escape
 * a directory.
 */
export function bottleFileName(formula: string, bottle: Bottle): string | null {
  const { version, tag, rebuild } = bottle;
  if (!SAFE_NAME.test(formula) || !SAFE_NAME.test(version) || !SAFE_NAME.test(tag)) return null;
  return `${formula}--${version}.${tag}.bottle${rebuild === 0 ? "" : `.${rebuild}`}.tar.gz`;
}

/** The last part of a formula's repository: `python@3.11` is `python/3.11`, `gtk+` is `gtkx`. */
export function repositoryOfFormula(formula: string): string {
  return formula.replaceAll("@", "/").replaceAll("+", "x");
}

/**
 * The formula of `homebrew/core/python/3.11`. An `x` may have been a `+`, and only the index's title can tell; a title
 * that does not match the repository is ignored.
 */
export function formulaOfRepository(repository: string, annotations: Annotations = {}): string {
  const name = /^[^/]+\/[^/]+\/(.+)$/.exec(repository)?.[1] ?? repository;
  const title = annotations[TITLE];
  return title !== undefined && repositoryOfFormula(title) === name ? title : name.replaceAll("/", "@");
}

/** The version annotation; null if missing or empty. */
export function versionOf(annotations: Annotations): string | null {
  const version = annotations[VERSION];
  return version === undefined || version === "" ? null : version;
}

/**
 * What a bottle index says instead of the requested tag: in its version, its own name, or the name of a bottle in it.
 */
export interface BottleMismatch {
  readonly tag: string;
  readonly says: "version" | "name" | "bottle";
  readonly text: string;
}

/**
 * How the annotations of a bottle index, or of its bottles, contradict the requested tag (`2.6.2` that holds 2.8.2);
 * null if they do not, or if it is not a bottle index. The tag of a bottle index is `PKG_VERSION[-REBUILD]`.
 */
export function versionMismatch(
  index: { readonly annotations: Annotations; readonly manifests: readonly Entry[] },
  tag: string,
): BottleMismatch | null {
  if (!isBottleIndex(index) || !/[0-9]/.test(tag)) return null;
  const version = versionOf(index.annotations);
  const name = index.annotations[REF_NAME];
  const differs =
    version !== null &&
    tag !== version &&
    !(tag.startsWith(`${version}-`) && /^[0-9]+$/.test(tag.slice(version.length + 1)));
  if (differs) return { tag, says: "version", text: version };
  if (name !== undefined && name !== "" && name !== tag) return { tag, says: "name", text: name };
  const stray = index.manifests.find((entry) => isOfAnotherTag(bottleOf(entry), tag));
  return stray === undefined ? null : { tag, says: "bottle", text: stray.annotations[REF_NAME] ?? "" };
}

function isOfAnotherTag(bottle: Bottle | null, tag: string): boolean {
  return bottle !== null && tag !== (bottle.rebuild === 0 ? bottle.version : `${bottle.version}-${bottle.rebuild}`);
}

/** How the layer of a bottle contradicts its index entry, with both values; null if it does not. */
export function checkBottle(entry: Entry, layer: Pick<Descriptor, "digest" | "size">): string | null {
  const digest = entry.annotations["sh.brew.bottle.digest"];
  const size = entry.annotations["sh.brew.bottle.size"];
  if (digest !== undefined && digest !== hexOf(layer.digest)) {
    return `the index says that the bottle is sha256:${visible(digest, 100)}, but the layer of its manifest is ${layer.digest}`;
  }
  if (size !== undefined && size !== String(layer.size)) {
    return `the index says that the bottle has ${visible(size, 40)} bytes, but the layer of its manifest has ${String(layer.size)}`;
  }
  return null;
}
