import { visible } from "../errors.ts";
import type { Descriptor } from "./descriptor.ts";
import { bottleOf } from "./homebrew.ts";
import { formatPlatform, matchesOsVersion, matchesPlatform, type Platform } from "./platform.ts";

/** What to select from an index; an entry must match every given field. */
export interface Wanted {
  readonly platform?: Platform | null | undefined;
  /** A prefix at a version boundary: `macOS 11` matches `macOS 11.7`, not `macOS 110`. */
  readonly osVersion?: string | null | undefined;
  /** A Homebrew bottle tag, `arm64_sonoma`, `big_sur`, `all`. */
  readonly bottle?: string | null | undefined;
}

interface Entries {
  readonly manifests: readonly Descriptor[];
}

/**
 * Every matching entry, in index order: `[]` if none matches, all entries without a selection. If no entry has the
 * wanted platform, falls back to Homebrew's `all` bottle, whose entry names no platform.
 */
export function selectPlatforms(index: Entries, wanted: Wanted = {}): Descriptor[] {
  const { platform, osVersion, bottle } = wanted;
  const matching = index.manifests.filter((entry) => {
    if (platform != null && !matchesPlatform(entry.platform, platform)) return false;
    if (osVersion != null && !matchesOsVersion(entry.platform, osVersion)) return false;
    return bottle == null || bottleOf(entry)?.tag === bottle;
  });
  return matching.length > 0 || bottle != null ? matching : index.manifests.filter(isForAll);
}

function isForAll(entry: Descriptor): boolean {
  return (
    entry.platform === null &&
    bottleOf(entry)?.tag === "all" &&
    entry.annotations["sh.brew.bottle.digest"] !== undefined
  );
}

/**
 * What there is to choose from, each once and printable: `linux/arm64`, `darwin/amd64:macOS 11.7, bottle big_sur`; a
 * digest where an entry has neither platform nor bottle.
 */
export function describeChoices(index: Entries): string[] {
  const choices = index.manifests.map((entry) => {
    const bottle = bottleOf(entry);
    const version = entry.platform?.osVersion === undefined ? "" : `:${entry.platform.osVersion}`;
    const parts = [
      entry.platform === null ? null : `${formatPlatform(entry.platform)}${version}`,
      bottle === null ? null : `bottle ${bottle.tag}`,
    ].filter((part) => part !== null);
    return visible(parts.length === 0 ? entry.digest : parts.join(", "), 200);
  });
  return [...new Set(choices)];
}
