import type { Descriptor } from "../oci/descriptor.ts";
import { bottleOf } from "../oci/homebrew.ts";
import { formatPlatform } from "../oci/platform.ts";
import { bytesText } from "../report/text.ts";
import type { Twig } from "../report/tree.ts";
import type { Inspected } from "../worker/walk/inspect.ts";

/** The manifests that a selection matched, however deep. */
export function selectedOf(seen: Inspected): readonly Inspected[] {
  return seen.document.kind === "index" ? seen.children.flatMap(selectedOf) : [seen];
}

/** Index, entries, configs and layers; entries that were not selected are faint. */
export function treeOf(seen: Inspected, reference: string): Twig {
  const { document, mediaType } = seen;
  const text = [reference, document.digest, bytesText(document.bytes.length), mediaType].join("  ");
  return { text, faint: false, children: below(seen) };
}

function below(seen: Inspected): readonly Twig[] {
  const { document } = seen;
  if (document.kind === "index") return document.manifests.map((entry) => entryOf(entry, childOf(seen, entry)));
  const layers = document.layers.map((layer, index) => leaf(`layer ${index + 1}`, layer));
  return document.kind === "manifest" ? [leaf("config", document.config), ...layers] : layers;
}

function entryOf(entry: Descriptor, child: Inspected | null): Twig {
  const bottle = bottleOf(entry);
  const words = [
    entry.platform === null ? "no platform" : formatPlatform(entry.platform),
    entry.platform?.osVersion ?? null,
    bottle === null ? null : `bottle ${bottle.tag}`,
    ...sizes(entry),
  ];
  const text = words.filter((word) => word !== null).join("  ");
  return { text, faint: child === null, children: child === null ? [] : below(child) };
}

function leaf(name: string, descriptor: Descriptor): Twig {
  return { text: [name, ...sizes(descriptor)].join("  "), faint: false, children: [] };
}

function sizes({ digest, size, mediaType }: Descriptor): string[] {
  return [digest, size === null ? "unknown size" : bytesText(size), mediaType];
}

function childOf(seen: Inspected, entry: Descriptor): Inspected | null {
  return seen.children.find(({ descriptor }) => descriptor === entry) ?? null;
}

/** The same tree as data. */
export function valueOf(seen: Inspected): unknown {
  const { document, mediaType } = seen;
  const common = {
    kind: document.kind,
    digest: document.digest,
    mediaType,
    size: document.bytes.length,
    annotations: document.annotations,
    artifactType: document.artifactType,
    subject: document.subject && descriptorValue(document.subject),
  };
  if (document.kind === "index") {
    const manifests = document.manifests.map((entry) => {
      const child = childOf(seen, entry);
      return {
        ...descriptorValue(entry),
        bottle: bottleOf(entry)?.tag ?? null,
        selected: child !== null,
        manifest: child && valueOf(child),
      };
    });
    return { ...common, manifests };
  }
  const config = document.kind === "manifest" ? descriptorValue(document.config) : null;
  return { ...common, config, layers: document.layers.map(descriptorValue) };
}

function descriptorValue({ digest, mediaType, size, platform, artifactType, annotations }: Descriptor): object {
  const place = platform === null ? null : formatPlatform(platform);
  return {
    digest,
    mediaType,
    size,
    platform: place,
    osVersion: platform?.osVersion ?? null,
    artifactType,
    annotations,
  };
}
