import {
  blobOf,
  descriptorOf,
  digestOf,
  documentOf,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_MANIFEST,
  tarOf,
  type Blob,
  type Image,
  type LabPlatform,
} from "../../lab/image.ts";

/** Images of fixed bytes, so that their digests are the same in every run and may stand in a document. */

export const AMD64: LabPlatform = { os: "linux", architecture: "amd64" };
export const ARM64: LabPlatform = { os: "linux", architecture: "arm64" };
const TAR = "application/vnd.oci.image.layer.v1.tar";

export interface FixedOptions {
  readonly platform?: LabPlatform;
  /** When the config says that it was made. */
  readonly created?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** What becomes of a layer's tar on its way into the registry. */
  readonly pack?: (tar: Buffer) => Promise<Buffer>;
}

/** One file of this text for each layer. */
export async function fixedImage(texts: readonly string[], options: FixedOptions = {}): Promise<Image> {
  const { platform = AMD64, created, labels, pack } = options;
  const tars = texts.map((text) => tarOf(Buffer.from(text)));
  const layers = await Promise.all(
    tars.map(async (tar) => (pack === undefined ? blobOf(TAR, tar) : blobOf(OCI_LAYER, await pack(tar)))),
  );
  const rootfs = { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) };
  const config = documentOf(OCI_CONFIG, {
    ...(created === undefined ? {} : { created }),
    ...platform,
    config: labels === undefined ? {} : { Labels: labels },
    rootfs,
  });
  return { manifest: manifestOf(config, layers), config, layers };
}

export function manifestOf(config: Blob, layers: readonly Blob[], annotations?: Record<string, string>): Blob {
  return documentOf(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
    ...(annotations === undefined ? {} : { annotations }),
  });
}
