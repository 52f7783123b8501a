import { mkdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { messageOf, Tofu3Error, visible } from "../errors.ts";
import { errnoOf, lookAt, writeSmallFile } from "../durable.ts";
import type { Given } from "../model/probe.ts";
import { digestOf, type Digest } from "../oci/digest.ts";

const WARNING = `What single workers were given when they disagreed: WORKER/sha256-HEX, by the hash of the bytes.
Nothing in here was agreed on by anybody. It is evidence to be compared, and not to be used.
`;

/**
 * Makes sure, before anything is fetched, that the folder can be written to, and that nothing is ever released into it.
 * Throws E_USAGE.
 */
export async function checkEvidenceFolder(folder: string, destination: string | null): Promise<void> {
  const there = await stat(folder).catch(() => null);
  if (there !== null && !there.isDirectory()) throw refusal(folder, "it is not a folder", "name a folder");
  if (destination !== null && (await overlap(folder, destination))) {
    throw refusal(folder, "the artifact would be released there", "keep evidence in a folder of its own");
  }
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw refusal(folder, messageOf(cause), "name a folder that can be written to", cause);
  }
}

function refusal(folder: string, why: string, hint: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error(
    "E_USAGE",
    `evidence cannot be kept in ${JSON.stringify(visible(folder, 300))}: ${visible(why)}`,
    {
      hint,
      cause,
    },
  );
}

/** Whether one is in the other, by whatever names: a symbolic link leads there as well. */
async function overlap(folder: string, destination: string): Promise<boolean> {
  const [kept, released] = await Promise.all([realPath(folder), realPath(destination)]);
  return isInside(released, kept) || isInside(kept, released);
}

/** Without symbolic links, as far as it is there. */
async function realPath(path: string): Promise<string> {
  const parent = dirname(path);
  const whole = await realpath(path).catch(() => null);
  if (whole !== null || parent === path) return whole ?? path;
  return join(await realPath(parent), basename(path));
}

function isInside(path: string, folder: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`));
}

/** Writes every view once, by worker and digest. Files that are there already have the same bytes. */
export async function keepViews(folder: string, views: readonly Given[]): Promise<void> {
  await keep(join(folder, "README.txt"), Buffer.from(WARNING));
  for (const { worker, bytes } of views) {
    await mkdir(join(folder, worker), { recursive: true });
    await keep(join(folder, worker, fileName(digestOf(bytes))), bytes);
  }
}

function fileName(digest: Digest): string {
  return digest.replace(":", "-");
}

/** Another verification of the same list may have just written it. */
async function keep(path: string, bytes: Uint8Array): Promise<void> {
  if ((await lookAt(path)) !== null) return;
  await writeSmallFile(path, bytes, 0o600).catch((error: unknown) => {
    if (errnoOf(error) !== "EEXIST") throw error;
  });
}
