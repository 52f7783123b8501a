import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Evidence } from "../model/evidence.ts";
import { algorithmOf, hexOf, isDigest, type Digest } from "../oci/digest.ts";
import { isFileOf } from "./named.ts";
import { releasedDigest } from "./sums.ts";

/**
 * Whether what was released is still there with the bytes that were agreed on, all of them read and hashed; for a file
 * and for `oci:DIR`. Never throws but with the reason of `signal`.
 */
export async function isIntact(
  { released, artifact }: Pick<Evidence, "released" | "artifact">,
  signal: AbortSignal,
): Promise<boolean> {
  if (released === null || artifact === null) return false;
  if (released.format === "oci") return isLayoutOf(released.path, artifact, signal);
  const digest = released.format === "file" ? releasedDigest(artifact) : null;
  return digest !== null && isFileOf(released.path, digest, signal);
}

async function isLayoutOf(
  path: string,
  { objects }: NonNullable<Evidence["artifact"]>,
  signal: AbortSignal,
): Promise<boolean> {
  const digests = new Set(objects.flatMap(({ digest }) => (isDigest(digest) ? [digest] : [])));
  const blobs = new Map([...digests].map((digest) => [`blobs/${algorithmOf(digest)}/${hexOf(digest)}`, digest]));
  try {
    const found = await readdir(path, { withFileTypes: true, recursive: true });
    const names = found
      .filter((each) => !each.isDirectory())
      .map((each) => relative(path, join(each.parentPath, each.name)));
    if (names.length !== blobs.size + 2 || !(await namesOnly(path, digests))) return false;
    for (const [name, digest] of blobs) if (!(await isFileOf(join(path, name), digest, signal))) return false;
    return names.every((name) => blobs.has(name) || name === "index.json" || name === "oci-layout");
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** Whether its index leads to what was agreed on, and to nothing else. image-spec 1.1, image-layout.md */
async function namesOnly(path: string, digests: ReadonlySet<string>): Promise<boolean> {
  const [index, layout] = await Promise.all(
    ["index.json", "oci-layout"].map(async (name) => readFile(join(path, name), "utf8")),
  );
  const { manifests } = JSON.parse(index ?? "") as { readonly manifests: readonly { readonly digest: Digest }[] };
  const { imageLayoutVersion } = JSON.parse(layout ?? "") as { readonly imageLayoutVersion: string };
  return imageLayoutVersion === "1.0.0" && manifests.length > 0 && manifests.every(({ digest }) => digests.has(digest));
}
