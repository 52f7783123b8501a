import type { SeenObject } from "../../src/model/observation.ts";
import { parseManifest, type Manifest } from "../../src/oci/manifest.ts";
import { digestOf, type Digest } from "../../src/oci/digest.ts";
import { INDEX, LAYER, MANIFEST, object } from "./observations.ts";

const CONFIG = "application/vnd.oci.image.config.v1+json";

/** Something with bytes, and the digest of them. */
export interface Thing {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export interface Document extends Thing {
  readonly manifest: Manifest;
}

function thing(value: unknown, indent?: number): Thing {
  const bytes = Buffer.from(JSON.stringify(value, null, indent));
  return { bytes, digest: digestOf(bytes) };
}

function document(value: object, mediaType: string, indent?: number): Document {
  const { bytes, digest } = thing(value, indent);
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind === "unreadable") throw new Error("not a document that can be read");
  return { bytes, digest, manifest };
}

/** A layer that is known by this name. */
export function layer(name: string): Digest {
  return digestOf(Buffer.from(name));
}

export function configOf(part: {
  readonly created?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly diffIds?: readonly string[];
}): Thing {
  const { created, labels, diffIds } = part;
  return thing({
    architecture: "amd64",
    os: "linux",
    ...(created === undefined ? {} : { created }),
    config: { Labels: labels },
    rootfs: { type: "layers", diff_ids: diffIds ?? [] },
  });
}

export function imageOf(part: {
  readonly config?: Thing;
  readonly layers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly indent?: number;
}): Document {
  const config = part.config ?? configOf({});
  const layers = (part.layers ?? ["a layer"]).map((name) => {
    return { mediaType: LAYER, digest: layer(name), size: name.length };
  });
  return document(
    {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: CONFIG, digest: config.digest, size: config.bytes.length },
      layers,
      annotations: part.annotations,
    },
    MANIFEST,
    part.indent,
  );
}

/** What an index says of one of its manifests: `linux/amd64`, `darwin/arm64:macOS 13`, or nothing. */
export interface Named {
  readonly of: Thing;
  readonly platform: string | null;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function entryFor(of: Thing, platform: string | null, annotations?: Readonly<Record<string, string>>): Named {
  return { of, platform, ...(annotations === undefined ? {} : { annotations }) };
}

export function indexOf(
  entries: readonly Named[],
  annotations?: Readonly<Record<string, string>>,
  indent?: number,
): Document {
  const manifests = entries.map(({ of, platform, annotations: own }) => {
    const [os, architecture, version] = platform?.split(/[/:]/) ?? [];
    return {
      mediaType: MANIFEST,
      digest: of.digest,
      size: of.bytes.length,
      ...(platform === null ? {} : { platform: { os, architecture, "os.version": version } }),
      annotations: own,
    };
  });
  return document({ schemaVersion: 2, mediaType: INDEX, manifests, annotations }, INDEX, indent);
}

/** The attestation that buildx puts beside an image. */
export function attestationOf(image: Thing, text: string): Named {
  return entryFor(imageOf({ layers: [text] }), "unknown/unknown", {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": image.digest,
  });
}

/** By digest, as the probes know documents. */
export function known(...all: readonly Document[]): ReadonlyMap<Digest, Manifest> {
  return new Map(all.map(({ digest, manifest }) => [digest, manifest]));
}

export function bytesOf(...all: readonly Thing[]): ReadonlyMap<Digest, Uint8Array> {
  return new Map(all.map(({ digest, bytes }) => [digest, bytes]));
}

/** A worker's whole report of a root of which it saw nothing more. */
export function rootOnly({ digest, manifest }: Document): SeenObject[] {
  return [object({ role: manifest.kind === "index" ? "index" : "manifest", digest, mediaType: manifest.mediaType })];
}
