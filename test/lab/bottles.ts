import {
  blobOf,
  descriptorOf,
  documentOf,
  makeIndex,
  makeLayer,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_MANIFEST,
  type Blob,
  type Image,
  type LabPlatform,
} from "./image.ts";
import { pushDocument, pushExactly, type Pushed } from "./push.ts";
import type { Registry } from "./registry.ts";

export interface Bottle {
  /** `arm64_sonoma`, `big_sur`, `x86_64_linux`, `all` */
  readonly tag: string;
  /** Null for an `all` bottle. */
  readonly platform: LabPlatform | null;
  readonly content?: Uint8Array | number;
}

const mac = (tag: string, architecture: string, version: string): Bottle => ({
  tag,
  platform: { architecture, os: "darwin", "os.version": `macOS ${version}` },
});

/** What a formula of 2023 has: four macOS versions on Intel that differ by `os.version` only, one on ARM, and Linux. */
export const BOTTLES: readonly Bottle[] = [
  mac("arm64_sonoma", "arm64", "14"),
  mac("sonoma", "amd64", "14"),
  mac("ventura", "amd64", "13.5"),
  mac("monterey", "amd64", "12.6"),
  mac("big_sur", "amd64", "11.7"),
  { tag: "x86_64_linux", platform: { architecture: "amd64", os: "linux", "os.version": "Ubuntu 22.04.3" } },
];

export interface BottleOptions {
  /** The last part of the repository and the formula's name. */
  readonly formula: string;
  /** `9.0.1900`, with revision `2.8.2_1`. */
  readonly version: string;
  readonly rebuild?: number;
  readonly bottles?: readonly Bottle[];
  /** Changes the annotations of one entry, e.g. to make them contradict the bottle. */
  readonly annotate?: (tag: string, annotations: Record<string, string>) => Record<string, string>;
}

export interface BottleIndex {
  readonly index: Blob;
  /** By bottle tag. */
  readonly images: ReadonlyMap<string, Image>;
  /** Tag of the index: the version, with `-rebuild` where there is one. */
  readonly tag: string;
}

/** An index of bottles with the shape of ghcr.io/homebrew/core: no top-level `mediaType`, `sh.brew.*` annotations. */
export function makeBottleIndex(options: BottleOptions): BottleIndex {
  const images = new Map<string, Image>();
  const rebuild = options.rebuild === undefined ? "" : `.${options.rebuild}`;
  const entries = (options.bottles ?? BOTTLES).map(({ tag, platform, content }) => {
    const { blob: layer, diffId } = makeLayer(content ?? 3000);
    const file = `${options.formula}--${options.version}.${tag}.bottle${rebuild}.tar.gz`;
    const config = blobOf(OCI_CONFIG, JSON.stringify({ ...platform, rootfs: { type: "layers", diff_ids: [diffId] } }));
    const layers = [
      { ...descriptorOf(layer), mediaType: OCI_LAYER, annotations: { "org.opencontainers.image.title": file } },
    ];
    const plain = {
      "org.opencontainers.image.ref.name": `${options.version}.${tag}${rebuild}`,
      "sh.brew.bottle.digest": layer.digest.slice("sha256:".length),
      "sh.brew.bottle.size": String(layer.size),
      "sh.brew.tab": JSON.stringify({ homebrew_version: "4.1.11" }),
    };
    const annotations = options.annotate?.(tag, plain) ?? plain;
    const manifest = documentOf(OCI_MANIFEST, { schemaVersion: 2, config: descriptorOf(config), layers, annotations });
    images.set(tag, { manifest, config, layers: [layer] });
    return { manifest, ...(platform === null ? {} : { platform }), annotations };
  });
  const tag = options.rebuild === undefined ? options.version : `${options.version}-${options.rebuild}`;
  const annotations = {
    "com.github.package.type": "homebrew_bottle",
    "org.opencontainers.image.ref.name": tag,
    "org.opencontainers.image.title": `homebrew/core/${options.formula}`,
    "org.opencontainers.image.version": options.version,
  };
  return { index: makeIndex(entries, { named: false, annotations }), images, tag };
}

/** Pushes the index and its bottles as `homebrew/core/FORMULA:TAG`. */
export async function pushBottleIndex(
  registry: Registry,
  options: BottleOptions,
): Promise<BottleIndex & Pick<Pushed, "index"> & { reference: string }> {
  const made = makeBottleIndex(options);
  const repository = `homebrew/core/${options.formula}`;
  for (const image of made.images.values()) await pushExactly(registry, repository, null, image);
  await pushDocument(registry, repository, made.tag, made.index);
  return { ...made, reference: `${registry.host}/${repository}:${made.tag}` };
}
