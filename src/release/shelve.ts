import { lstat, mkdir, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Tofu3Error } from "../errors.ts";
import { quoted, syncDirectory, writeSmallFile } from "../durable.ts";
import type { SeenObject } from "../model/observation.ts";
import type { Agreed } from "../model/verdict.ts";
import { algorithmOf, hexOf, type Digest } from "../oci/digest.ts";
import { SCHEMA1_UNSIGNED } from "../oci/mediatype.ts";
import { onDisk } from "./disk.ts";
import { inLanes } from "./formats/lanes.ts";
import { openKept, tampered } from "./quarantine/kept.ts";
import { isSame, moveKept, type FileIdentity } from "./quarantine/move.ts";
import type { Quarantine } from "./quarantine/quarantine.ts";
import { readTree, type Tree } from "./tree.ts";

/** Where objects lie by digest, for whoever serves them. On the quarantine's file system. */
export interface Shelf {
  /** Absolute; its folder exists. */
  pathOf(digest: Digest): string;
  /**
   * Call it when the file is at `pathOf`, 0444 and synced, as the last thing that is done to it: `handle` is that file,
   * and all its bytes were read and hashed while nothing else could write to it. It is then not hashed again before its
   * first reading. A file of which the shelf was not told is.
   */
  landed(digest: Digest, handle: FileHandle): Promise<void>;
}

/** What lies on the shelf is never written again. */
const MODE = 0o444;

/**
 * The other way out of the quarantine, for the gate. As with `release()`, every file is read again from disk and hashed
 * against the agreed digest, and made durable; then it gets its name on the shelf, in place of what may be there. Of an
 * object that fails, or comes after one that does, nothing is on the shelf. Of Docker schema 1 only the payload is
 * stored: its signatures were not agreed on. Returns what is there now, each object once. Throws E_RELEASE, E_DISK, and
 * the signal's reason. The caller discards the quarantine in any case.
 */
export async function shelve(
  agreed: Agreed,
  quarantine: Quarantine,
  shelf: Shelf,
  signal: AbortSignal,
): Promise<readonly SeenObject[]> {
  await quarantine.check();
  try {
    return await onDisk(`storing ${agreed.root.digest} in ${quoted(quarantine.parent)}`, () =>
      shelveTree(agreed, quarantine, shelf, signal),
    );
  } catch (error) {
    // when the work is stopped, whatever breaks is a consequence of that
    signal.throwIfAborted();
    throw error;
  }
}

async function shelveTree(
  agreed: Agreed,
  quarantine: Quarantine,
  shelf: Shelf,
  signal: AbortSignal,
): Promise<readonly SeenObject[]> {
  const tree = await readTree(agreed, quarantine, signal);
  const objects = [...tree.objects.values()].map((object) => storedAs(object, tree));
  const folder = join(quarantine.path, "staged");
  await mkdir(folder, { mode: 0o700 });
  const staged = new Map<SeenObject, Staged>();
  await inLanes(objects, async (object) => {
    const path = join(folder, `${algorithmOf(object.digest)}-${hexOf(object.digest)}`);
    staged.set(object, { path, identity: await stage(object, tree, quarantine, path, signal) });
  });
  const inOrder = objects.flatMap((object) => {
    const each = staged.get(object);
    return each === undefined ? [] : [[object, each] as const];
  });
  await inTurn(shelf, () => commit(inOrder, quarantine, shelf, signal));
  return objects;
}

/** By shelf, what is put there now: of two flights with the same object, one replaces the file of the other. */
const turns = new WeakMap<Shelf, Promise<unknown>>();

function inTurn(shelf: Shelf, work: () => Promise<void>): Promise<void> {
  const mine = (turns.get(shelf) ?? Promise.resolve()).then(work);
  turns.set(
    shelf,
    mine.catch(() => undefined),
  );
  return mine;
}

async function commit(
  staged: readonly (readonly [SeenObject, Staged])[],
  quarantine: Quarantine,
  shelf: Shelf,
  signal: AbortSignal,
): Promise<void> {
  const folders = new Set<string>();
  for (const [{ digest }, { path }] of staged) {
    signal.throwIfAborted();
    await rename(path, shelf.pathOf(digest));
    folders.add(dirname(shelf.pathOf(digest)));
  }
  for (const each of folders) await syncDirectory(each);
  for (const [object, { identity }] of staged) await tell(shelf, object, identity, quarantine);
}

/** A durable file in the quarantine that was hashed, and gets its name next. */
interface Staged {
  readonly path: string;
  readonly identity: FileIdentity;
}

function storedAs(object: SeenObject, { documents }: Tree): SeenObject {
  return documents.get(object.digest)?.kind === "schema1" ? { ...object, mediaType: SCHEMA1_UNSIGNED } : object;
}

async function stage(
  object: SeenObject,
  { documents }: Tree,
  quarantine: Quarantine,
  path: string,
  signal: AbortSignal,
): Promise<FileIdentity> {
  const document = documents.get(object.digest);
  if (document?.kind !== "schema1") return moveKept(quarantine, object, { path, mode: MODE }, signal);
  await writeSmallFile(path, document.payload, MODE);
  return lstat(path);
}

/** Opens what is on the shelf now: it is what was hashed, or it goes. */
async function tell(shelf: Shelf, object: SeenObject, identity: FileIdentity, { uid }: Quarantine): Promise<void> {
  const path = shelf.pathOf(object.digest);
  try {
    const handle = await openKept(path, uid, object);
    try {
      if (!isSame(await handle.stat(), identity)) throw tampered(object.digest, "was replaced while it was hashed");
      await shelf.landed(object.digest, handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof Tofu3Error && error.code === "E_RELEASE") await rm(path, { force: true });
    throw error;
  }
}
