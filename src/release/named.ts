import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { SeenObject } from "../model/observation.ts";
import { algorithmOf, type Digest } from "../oci/digest.ts";
import { refused } from "./destination.ts";
import { lookAt, quoted } from "../durable.ts";
import { measured, readChunks } from "./quarantine/kept.ts";

/**
 * A file in a directory that is named by the artifact, not by the user, replaces nothing. With --force it may replace
 * only a file with the very same bytes, left by an earlier release. To replace anything else the user must name the
 * file. Throws E_DESTINATION.
 */
export async function checkNamed(
  path: string,
  blob: Pick<SeenObject, "digest" | "size">,
  force: boolean,
  signal: AbortSignal,
): Promise<void> {
  const found = await lookAt(path);
  if (found === null) return;
  const hint = found.isDirectory()
    ? "choose another directory"
    : `to replace it, name it: -o ${quoted(`file:${path}`)} --force`;
  if (!force) throw refused(path, "exists", hint);
  if (found.isFile() && found.size === blob.size && (await hashes(path, blob.digest, signal))) return;
  throw refused(path, "exists with other content, and an artifact may not choose what it replaces", hint);
}

/** Whether a regular file with these bytes is there. Never throws but with the reason of `signal`. */
export async function isFileOf(path: string, digest: Digest, signal: AbortSignal): Promise<boolean> {
  try {
    const found = await lookAt(path);
    return found !== null && found.isFile() && (await hashes(path, digest, signal));
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

async function hashes(path: string, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return (await measured(readChunks(handle, true, signal), algorithmOf(digest))).digest === digest;
  } finally {
    await handle.close();
  }
}
