import { visible } from "../errors.ts";
import type { Descriptor } from "./descriptor.ts";
import { bottleOf } from "./homebrew.ts";
import { formatPlatform, matchesOsVersion, matchesPlatform, type Platform } from "./platform.ts";

/** What of an index is wanted; an entry has to meet all that is given. */
export interface Wanted {
  readonly platform?: Platform | null | undefined;
  /** A prefix that ends where a part of the version ends: `macOS 11` takes `macOS 11.7`, not `macOS 110`. */
  readonly osVersion?: string | null | undefined;
  /** A Homebrew bottle tag, `arm64_sonoma`, `big_sur`, `all`. */
  readonly bottle?: string | null | undefined;
}

interface Entries {
  readonly manifests: readonly Descriptor[];
}

/**
 * Every entry that matches, in the order of the index; `[]` when none does, all of them when nothing is wanted in particular. Where no entry
 * is for the wanted platform, Homebrew's bottle for all of them is, which names none.
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
  return entry.platform === null && bottleOf(entry)?.tag === "all" && entry.annotations["sh.brew.bottle.digest"] !== undefined;
}

/** One printable line for each entry, for people who have to choose: `darwin/amd64  macOS 11.7  bottle big_sur  sha256:…`. */
export function describeChoices(index: Entries): string[] {
  return index.manifests.map((entry) => {
    const bottle = bottleOf(entry);
    const parts = [
      entry.platform === null ? "no platform" : formatPlatform(entry.platform),
      entry.platform?.osVersion ?? null,
      bottle === null ? null : `bottle ${bottle.tag}`,
      entry.artifactType,
      entry.digest,
    ];
    return parts
      .filter((part) => part !== null)
      .map((part) => visible(part, 200))
      .join("  ");
  });
}
