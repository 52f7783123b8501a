import { lstat, mkdir, rename, rm, rmdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { Tofu3Error } from "../../errors.ts";
import type { Destination } from "../../model/destination.ts";
import type { Keep } from "../../model/keep.ts";
import { algorithmOf, hexOf, type Digest } from "../../oci/digest.ts";
import { checkDestination, parentOf, refused } from "../destination.ts";
import { diskFault, onDisk } from "../disk.ts";
import { createFile, errnoOf, lookAt, quoted } from "../../durable.ts";
import { readOwner } from "../../owner.ts";
import { quarantineName } from "./owner.ts";
import { createRechecks } from "./recheck.ts";
import { ASIDE, removeQuarantine, restoreAside, sweep } from "./sweep.ts";

/** The directory of one run, 0700, beside the destination and on its file system, so that a release is a rename. */
export interface Quarantine extends Keep {
  readonly path: string;
  /** The directory that gets the result. */
  readonly parent: string;
  /** Owner of the files in it. */
  readonly uid: number;
  /** The modes for released files, from this process's umask. */
  readonly modes: Modes;
  /** Whether the blob behind `handle` was read and hashed again after it was stored, and has not changed since. */
  isRechecked(handle: FileHandle, digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** Throws E_RELEASE unless this is still the directory that was created. */
  check(): Promise<void>;
  /**
   * Restores what was moved aside and removes the rest. Never throws: a leftover is harmless, and the next run sweeps
   * it.
   */
  discard(): Promise<void>;
}

export interface Modes {
  readonly file: number;
  readonly directory: number;
}

/**
 * Sweeps the leftovers of dead runs, checks the destination once more (E_DESTINATION), and creates the quarantine
 * beside it. Until the release only this user can read its files.
 */
export async function openQuarantine(destination: Destination): Promise<Quarantine> {
  await checkDestination(destination);
  const moves = MOVING.includes(destination.format);
  return openBelow(parentOf(destination), moves, (parent, cause) =>
    refused(
      destination.path,
      `cannot be created: no files can be created in ${quoted(parent)}`,
      "choose a destination on a disk",
      cause,
    ),
  );
}

/**
 * Sweeps the leftovers of dead runs, and creates a quarantine in this folder, whose files are moved from there as they
 * are. Throws E_DISK and E_RELEASE.
 */
export async function openQuarantineIn(folder: string): Promise<Quarantine> {
  await sweep(folder);
  return openBelow(folder, true, (parent, cause) => diskFault(`making a quarantine in ${quoted(parent)}`, cause));
}

/** What to throw where a folder takes no files. */
type NoFiles = (parent: string, cause: unknown) => unknown;

/** `moves`: stored files are released as they are. */
async function openBelow(parent: string, moves: boolean, noFiles: NoFiles): Promise<Quarantine> {
  const path = join(parent, quarantineName(await readOwner()));
  await makeHome(path, parent, noFiles);
  return onDisk(`making a quarantine in ${quoted(parent)}`, async () => {
    try {
      // one by one: with `recursive` a full disk is reported as ENOENT
      for (const name of ["blobs", "blobs/sha256", "blobs/sha512", ASIDE])
        await mkdir(join(path, name), { mode: 0o700 });
      return await quarantineAt(parent, path, moves);
    } catch (error) {
      await rm(path, { recursive: true, force: true });
      throw error;
    }
  });
}

/** Creates the directory and checks that it takes files; /proc, /sys and cgroups look writable but do not. */
async function makeHome(path: string, parent: string, noFiles: NoFiles): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    await (await createFile(join(path, "probe"))).close();
    await rm(join(path, "probe"));
  } catch (error) {
    await rm(join(path, "probe"), { force: true }).catch(() => undefined);
    await rmdir(path).catch(() => undefined);
    const fault = diskFault(`making a quarantine in ${quoted(parent)}`, error);
    if (!(fault instanceof Tofu3Error) || fault.code !== "E_RELEASE" || (await lookAt(parent)) === null) throw fault;
    throw noFiles(parent, error);
  }
}

/** The formats that release stored files as they are. The others read every byte anyway, and check it then. */
const MOVING: readonly Destination["format"][] = ["oci", "file", "auto"];

async function quarantineAt(parent: string, path: string, moves: boolean): Promise<Quarantine> {
  const made = await lstat(path);
  const rechecks = createRechecks(made.uid);
  const blob = (digest: Digest) => join(path, "blobs", algorithmOf(digest), hexOf(digest));
  const unnamed = join(path, "blobs", "unnamed");
  return {
    path,
    parent,
    uid: made.uid,
    modes: await probeModes(path),
    blob,
    unnamed: {
      path: unnamed,
      named: (digest) => onDisk(`keeping a file in ${quoted(path)}`, () => rename(unnamed, blob(digest))),
    },
    document: (digest, bytes) => keepDocument(blob(digest), bytes),
    landed: (digest, size) => {
      if (moves) rechecks.begin(blob(digest), { digest, size });
    },
    isRechecked: (handle, digest, signal) => rechecks.covers(handle, digest, signal),
    check: async () => {
      const found = await lstat(path).catch(() => null);
      if (found?.isDirectory() === true && found.ino === made.ino && found.dev === made.dev && found.uid === made.uid)
        return;
      throw new Tofu3Error("E_RELEASE", `the quarantine ${quoted(path)} is gone or was replaced`, {
        hint: "the directory was moved or cleaned while tofu3 worked; nothing was released; run it again",
      });
    },
    discard: async () => {
      await rechecks.end();
      await restoreAside(parent, path).catch(() => undefined);
      await removeQuarantine(path).catch(() => undefined);
    },
  };
}

/** A document that arrives again is the same one: its name is its digest, and the release rehashes it. */
async function keepDocument(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const handle = await createFile(path);
    try {
      await handle.writeFile(bytes);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw diskFault(`keeping a document in ${quoted(path)}`, error);
  }
}

/** The umask cannot be read without changing it, so this reads it off a new file. */
async function probeModes(path: string): Promise<Modes> {
  const probe = join(path, "probe");
  await mkdir(probe, { mode: 0o777 });
  const directory = (await lstat(probe)).mode & 0o777;
  await rm(probe, { recursive: true });
  return { file: directory & 0o666, directory: directory | 0o700 };
}
