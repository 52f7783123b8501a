import { Tofu3Error } from "../../errors.ts";
import { blobsOf, manifestsOf, singleOf, type Tree } from "../tree.ts";
import { isSafeName } from "../../file/name.ts";
import { bottleFileName, bottleOf, formulaOfRepository } from "../../oci/homebrew.ts";
import type { ImageSubject } from "../../model/subject.ts";
import type { SeenObject } from "../../model/observation.ts";
import { isBottle } from "../fits.ts";
import { place, type Workshop } from "./workshop.ts";

const TITLE = "org.opencontainers.image.title";

/** `file:FILE`: the one blob of a bottle or other one-layer artifact, as the registry serves it. */
export async function buildFile(workshop: Workshop): Promise<null> {
  await place(workshop, onlyBlob(workshop.tree), workshop.staged);
  return null;
}

function onlyManifest(tree: Tree): SeenObject {
  const [only, ...others] = manifestsOf(tree.objects.values());
  if (only === undefined || others.length > 0)
    throw new Tofu3Error("E_BUG", "an artifact of several manifests came to a format of one");
  return only;
}

/** The blob that `file:` writes; of a URL, its file. */
export function onlyBlob(tree: Tree): SeenObject {
  if (tree.root.role === "file") return tree.root;
  const [only, ...others] = blobsOf(tree, singleOf(tree, onlyManifest(tree))).layers;
  if (only === undefined || others.length > 0)
    throw new Tofu3Error("E_BUG", "an artifact of several layers came to a format of one");
  return only;
}

/**
 * The file name inside a directory: Homebrew's own for a bottle, otherwise the artifact's title; null if there is none,
 * or none that is safe.
 */
export function fileNameOf(tree: Tree, subject: ImageSubject): string | null {
  const manifest = onlyManifest(tree);
  const document = singleOf(tree, manifest);
  if (isBottle(manifest, document)) {
    const bottle = bottleOf(manifest) ?? bottleOf(document);
    const formula = formulaOfRepository(subject.repository, tree.documents.get(tree.root.digest)?.annotations);
    const name = bottle === null ? null : bottleFileName(formula, bottle);
    if (name !== null) return name;
  }
  const title = document.layers[0]?.annotations[TITLE];
  return title !== undefined && isSafeName(title) ? title : null;
}
