import { makeImage, makeIndex, type Blob, type Image } from "../lab/image.ts";
import type { Answer, Liar } from "../lab/liar.ts";
import { stock } from "../lab/liar-shelf.ts";

export const VANTAGES = ["fra", "here", "sgp"] as const;
export type Vantage = (typeof VANTAGES)[number];

/** Where in the tree: the index that the tag names, the manifest in it, its first layer. */
export const PLACES = ["root", "manifest", "blob"] as const;
export type Place = (typeof PLACES)[number];

export interface Shelf {
  readonly repository: string;
  readonly reference: string;
  readonly root: Blob;
  readonly image: Image;
  readonly layer: Blob;
  /** What the verdict calls each place. */
  readonly labels: Readonly<Record<Place, string>>;
  readonly path: (place: Place) => string;
  /** One vantage, or everybody, is answered differently there. */
  readonly answer: (who: Vantage | "all", place: Place, ...answers: readonly Answer[]) => void;
  /** One vantage, or everybody, is served another complete artifact, in which every digest is right. */
  readonly replace: (who: Vantage | "all") => Blob;
}

const AMD64 = { os: "linux", architecture: "amd64" };
let shelves = 0;

function makeArtifact(): { root: Blob; image: Image; layer: Blob } {
  const image = makeImage({ layers: [20_000, 300], platform: AMD64 });
  const [layer] = image.layers;
  if (layer === undefined) throw new Error("an image without a layer");
  return { root: makeIndex([{ manifest: image.manifest, platform: AMD64 }]), image, layer };
}

/** An index with one image in a repository of its own, served honestly to everybody until something else is said. */
export function openShelf(liar: Liar): Shelf {
  shelves += 1;
  const repository = `case${shelves}`;
  const { root, image, layer } = makeArtifact();
  stock(liar, repository, "v1", { root, images: [image] });
  const paths: Record<Place, string> = {
    root: `/v2/${repository}/manifests/v1`,
    manifest: `/v2/${repository}/manifests/${image.manifest.digest}`,
    blob: `/v2/${repository}/blobs/${layer.digest}`,
  };
  const manifest = "index > manifest linux/amd64";
  return {
    repository,
    reference: `${liar.host}/${repository}:v1`,
    root,
    image,
    layer,
    labels: { root: "index", manifest, blob: `${manifest} > layer 1` },
    path: (place) => paths[place],
    answer(who, place, ...answers) {
      if (who === "all") liar.answer(paths[place], ...answers);
      else liar.lie(who, paths[place], ...answers);
    },
    replace(who) {
      const other = makeArtifact();
      stock(liar, repository, "v1", { root: other.root, images: [other.image] }, ...(who === "all" ? [] : [who]));
      return other.root;
    },
  };
}
