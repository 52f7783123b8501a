import { gzipSync } from "node:zlib";
import { blobOf, digestOf, tarOf, type Blob } from "../lab/image.ts";

const LAYER = "application/vnd.docker.container.image.rootfs.diff+x-gtar";

/** What one line of a Dockerfile made; without a layer it carries a command only. */
export interface Step {
  readonly command: string;
  readonly layer?: Blob;
}

/** A Docker schema 1 image as a registry of its time made it: the base is the first step. */
export interface Schema1Image {
  /** sha256 of what is signed. */
  readonly digest: string;
  /** The whole document; another `signer` is another key and another time. */
  readonly body: (signer: string) => string;
  /** Each once. */
  readonly layers: readonly Blob[];
  /** Of the steps, the base first. */
  readonly ids: readonly string[];
}

/** The gzip of an empty tar that stands once for each step without files. */
export const EMPTY_LAYER = blobOf(LAYER, gzipSync(Buffer.alloc(1024), { level: 0 }));

/** A layer with one file, uncompressed inside of its gzip: the same bytes with every zlib. */
export function oldLayer(name: string, content: string): Blob {
  return blobOf(LAYER, gzipSync(tarOf(Buffer.from(content), name), { level: 0 }));
}

function part(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}

/** `fsLayers` and `history` of the steps, the top one first, with ids that follow from the steps. */
function content(steps: readonly Step[], ids: readonly string[]): object {
  const entries = steps.map(({ command, layer }, place) => {
    const top = place === steps.length - 1;
    const v1 = {
      ...(top
        ? {
            architecture: "amd64",
            config: { Entrypoint: ["docker-hitch-entrypoint"], WorkingDir: "/etc/hitch" },
            os: "linux",
          }
        : {}),
      id: ids[place],
      ...(place === 0 ? {} : { parent: ids[place - 1] }),
      created: `2024-05-14T05:23:${String(place).padStart(2, "0")}Z`,
      container_config: { Cmd: [command] },
      ...(layer === undefined ? { throwaway: true } : {}),
    };
    return { layer: layer ?? EMPTY_LAYER, v1Compatibility: JSON.stringify(v1) };
  });
  entries.reverse();
  return {
    fsLayers: entries.map(({ layer }) => ({ blobSum: layer.digest })),
    history: entries.map(({ v1Compatibility }) => ({ v1Compatibility })),
  };
}

export function makeSchema1(name: string, tag: string, steps: readonly Step[]): Schema1Image {
  const ids = steps.map((_, place) => digestOf(Buffer.from(`${name} step ${place}`)).slice("sha256:".length));
  const payload = JSON.stringify(
    { schemaVersion: 1, name, tag, architecture: "amd64", ...content(steps, ids) },
    null,
    3,
  );
  const head = payload.slice(0, -2);
  return {
    digest: digestOf(Buffer.from(payload)),
    body: (signer) => {
      const signature = {
        header: {
          jwk: { crv: "P-256", kid: signer, kty: "EC", x: part(`x ${signer}`), y: part(`y ${signer}`) },
          alg: "ES256",
        },
        signature: part(`signed by ${signer}`),
        protected: part({ formatLength: head.length, formatTail: part("\n}"), time: "2024-05-14T05:23:11Z" }),
      };
      return `${head},\n   "signatures": ${JSON.stringify([signature], null, 3).replaceAll("\n", "\n   ")}\n}`;
    },
    layers: [
      ...new Map(
        [EMPTY_LAYER, ...steps.flatMap(({ layer }) => layer ?? [])].map((layer) => [layer.digest, layer]),
      ).values(),
    ],
    ids,
  };
}
