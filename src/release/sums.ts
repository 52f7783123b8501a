import { basename, join } from "node:path";
import { errnoOf, lookAt, placeSmallFile, quoted } from "../durable.ts";
import { Tofu3Error } from "../errors.ts";
import { formatSum } from "../file/sums.ts";
import type { Evidence } from "../model/evidence.ts";
import { isDigest, type Digest } from "../oci/digest.ts";
import { refused } from "./destination.ts";
import { diskFault } from "./disk.ts";

/** In the folder of a list. */
export const SUMS_NAME = "SHA256SUMS";

/** Of that file, or of the evidence beside it; on file systems that ignore case, too. */
export function isSumsName(name: string): boolean {
  return name.toUpperCase().startsWith(SUMS_NAME);
}

/** Of an agreed artifact that is one file, the digest of that file: a URL's, or the one layer of a bottle. */
export function releasedDigest(artifact: Evidence["artifact"]): Digest | null {
  if (artifact === null) return null;
  const [root] = artifact.objects;
  const layers = artifact.objects.filter(({ role }) => role === "layer");
  const only = root?.role === "file" ? root : layers.length === 1 ? layers[0] : undefined;
  return only !== undefined && isDigest(only.digest) ? only.digest : null;
}

/** An empty one names nothing that could be lost. Throws E_DESTINATION where what is there is not to be replaced. */
export async function checkSums(folder: string, replaces: boolean): Promise<void> {
  const path = join(folder, SUMS_NAME);
  const found = await lookAt(path).catch(() => null);
  if (found === null || (found.isFile() && (replaces || found.size === 0))) return;
  throw refused(
    path,
    "exists",
    found.isFile() ? "add --force to replace it, or choose another folder" : "choose another folder",
  );
}

/**
 * Writes `SHA256SUMS` of the files that were released into this folder, in coreutils' format, sorted by name. Returns
 * how many it names. Throws E_DESTINATION and E_DISK.
 */
export async function writeSums(folder: string, seen: readonly Evidence[], replaces: boolean): Promise<number> {
  const lines = seen.flatMap(({ released, artifact }) => {
    const digest = released?.format === "file" ? releasedDigest(artifact) : null;
    if (released == null || digest === null || !digest.startsWith("sha256:")) return [];
    return [[basename(released.path), digest] as const];
  });
  const text = lines
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, digest]) => `${formatSum(name, digest)}\n`)
    .join("");
  const path = join(folder, SUMS_NAME);
  try {
    await placeSmallFile(path, text, 0o644, replaces);
  } catch (error) {
    if (errnoOf(error) === "EEXIST") throw refused(path, "exists", "add --force to replace it", error);
    throw error instanceof Tofu3Error ? error : diskFault(`writing ${quoted(path)}`, error);
  }
  return lines.length;
}
