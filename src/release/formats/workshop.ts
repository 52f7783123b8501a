import { constants } from "node:fs";
import { link, open } from "node:fs/promises";
import { Tofu3Error } from "../../errors.ts";
import type { SeenObject } from "../../model/observation.ts";
import { isFile, type ImageSubject, type Subject } from "../../model/subject.ts";
import { createFile, errnoOf, permit } from "../../durable.ts";
import { checked, openKept, readChunks } from "../quarantine/kept.ts";
import { moveKept } from "../quarantine/move.ts";
import type { Quarantine } from "../quarantine/quarantine.ts";
import type { Tree } from "../tree.ts";

/** What every format builds from, and where. */
export interface Workshop {
  readonly tree: Tree;
  readonly quarantine: Quarantine;
  readonly subject: Subject;
  /** Path in the quarantine for the file or directory to build; nothing is there yet. */
  readonly staged: string;
  /** Total bytes that the layers may unpack to, and have unpacked to so far. */
  readonly unpacking: { readonly limit: number; bytes: number };
  readonly signal: AbortSignal;
}

/** Builds one format at `staged`, complete and synced to disk. Returns the note to write beside it, or null. */
export type Build = (workshop: Workshop) => Promise<string | null>;

/** For the formats of images, to which no URL ever comes. */
export function imageOf({ subject }: Workshop): ImageSubject {
  if (isFile(subject)) throw new Tofu3Error("E_BUG", "the file of a URL came to a format of images");
  return subject;
}

/** Largest image config to read whole, in bytes. */
const CONFIG_LIMIT = 64 * 1024 * 1024;

/**
 * The bytes of an agreed object from the quarantine, hashed as they pass; throws E_RELEASE at the end if they have
 * changed.
 */
export async function* bytesOf(workshop: Workshop, object: SeenObject): AsyncGenerator<Uint8Array> {
  const handle = await openKept(workshop.quarantine.blob(object.digest), workshop.quarantine.uid, object);
  try {
    yield* checked(readChunks(handle, false, workshop.signal), object);
  } finally {
    await handle.close();
  }
}

/** A small object, read whole. Throws E_RELEASE if it is too large. */
export async function readWhole(workshop: Workshop, object: SeenObject): Promise<Uint8Array> {
  if (object.size > CONFIG_LIMIT)
    throw new Tofu3Error(
      "E_RELEASE",
      `the config ${object.digest} has ${object.size} bytes, too many to be one of an image`,
      {
        hint: "release it to oci:DIR, which keeps it as it is",
      },
    );
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytesOf(workshop, object)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Moves a quarantined file, rechecked and durable, to `path` in the quarantine. */
export async function place({ quarantine, signal }: Workshop, object: SeenObject, path: string): Promise<void> {
  await moveKept(quarantine, object, { path, mode: quarantine.modes.file }, signal);
}

/** The same file under one more name; a copy if the file system has no hard links. */
export async function placeAgain(workshop: Workshop, from: string, path: string): Promise<void> {
  try {
    await link(from, path);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(errnoOf(error) ?? "")) throw error;
    await copy(workshop, from, path);
  }
}

async function copy({ quarantine, signal }: Workshop, from: string, path: string): Promise<void> {
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  const copied = await createFile(path);
  try {
    for await (const chunk of readChunks(source, true, signal)) await copied.writeFile(chunk);
    await permit(copied, quarantine.modes.file);
    await copied.sync();
  } finally {
    await Promise.all([source.close(), copied.close()]);
  }
}
