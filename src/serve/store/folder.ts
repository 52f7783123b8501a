import { lstat, mkdir, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { getuid } from "node:process";
import { errnoOf, lookAt, quoted, syncDirectory, writeSmallFile } from "../../durable.ts";
import { LockHeld, sweepDrafts, takeLock, type Lock } from "../../lock.ts";
import { sweep } from "../../release/quarantine/sweep.ts";
import { onStore, storeFault } from "./faults.ts";
import { parseJson, readPlainFile } from "./records.ts";

/** What tells a store from any other folder. */
export const MARKER = "store.json";
const MARKER_STAGED = "store.json.new";
const LOCK = "lock";
const MARK = { format: "tofu3 store", version: 1 };

/** The folders that every store has; all on one file system. `tmp` is for what is not whole yet. */
const PARTS = ["tmp", "blobs", "blobs/sha256", "blobs/sha512", "repos", "verdicts", "armed"];

/** What a folder may have in it that is no store yet: what a mount, or a first start that was killed, leaves. */
const EMPTY = /^(?:lost\+found|store\.json\.new|lock(?:\..*)?|\.tofu3-.*)$/;

export interface Claimed {
  /** Absolute, without symbolic links. */
  readonly folder: string;
  readonly lock: Lock;
}

/**
 * Makes the folder a store, 0700, or finds that it is one, and takes its lock. Removes what processes that were killed
 * left in it. Throws E_STORE if another process has it, if it is somebody else's, or if it has other things in it.
 */
export async function claimFolder(path: string): Promise<Claimed> {
  return onStore("open the store", path, async () => {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const folder = await realpath(path);
    await checkOwner(folder);
    const isStore = await checkContent(folder);
    const lock = await lockFolder(folder);
    try {
      await sweepDrafts(join(folder, LOCK));
      if (!isStore) await mark(folder);
      await makeParts(folder);
      await clean(folder);
      return { folder, lock };
    } catch (error) {
      await lock.release();
      throw error;
    }
  });
}

async function checkOwner(folder: string): Promise<void> {
  const found = await stat(folder);
  const doing = `cannot use ${quoted(folder)} as a store`;
  if (!found.isDirectory()) throw storeFault(doing, "it is not a folder");
  if (getuid !== undefined && found.uid !== getuid())
    throw storeFault(doing, "it belongs to another user", "run it as the owner of the store");
  if ((found.mode & 0o002) !== 0) throw storeFault(doing, "everybody may write to it", `chmod 700 ${quoted(folder)}`);
}

/** False for an empty folder. */
async function checkContent(folder: string): Promise<boolean> {
  const doing = `cannot use ${quoted(folder)} as a store`;
  const bytes = await readPlainFile(join(folder, MARKER), 1024);
  if (bytes === "missing") {
    const other = (await readdir(folder)).find((name) => !EMPTY.test(name));
    if (other === undefined) return false;
    throw storeFault(
      doing,
      `it is no store, and it is not empty: ${quoted(other)}`,
      "name an empty folder, or a new one",
    );
  }
  const found = bytes === "odd" ? undefined : parseJson(bytes);
  if (typeof found === "object" && found !== null && "format" in found && found.format === MARK.format) {
    if ("version" in found && found.version === MARK.version) return true;
    throw storeFault(doing, "it was made by another version of tofu3", "name another folder, or use that version");
  }
  throw storeFault(doing, `${quoted(MARKER)} in it is not what tofu3 wrote`, "name another folder");
}

async function lockFolder(folder: string): Promise<Lock> {
  try {
    return await takeLock(join(folder, LOCK), 0, new AbortController().signal);
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error;
    throw storeFault(
      `cannot open the store ${quoted(folder)}`,
      error.message,
      "end that process, or give this one a store of its own; one that ended on another machine or in another container lets go within a minute",
      error,
    );
  }
}

/** Before anything else, so that a folder with anything else in it and no mark is none of ours. */
async function mark(folder: string): Promise<void> {
  const staged = join(folder, MARKER_STAGED);
  await rm(staged, { force: true });
  await writeSmallFile(staged, `${JSON.stringify(MARK)}\n`, 0o600);
  await rename(staged, join(folder, MARKER));
  await syncDirectory(folder);
}

async function makeParts(folder: string): Promise<void> {
  const { dev } = await lstat(folder);
  for (const part of PARTS) {
    const path = join(folder, part);
    await makeFolder(path);
    if ((await lstat(path)).dev !== dev)
      throw storeFault(
        `cannot open the store ${quoted(folder)}`,
        `${quoted(path)} is on another file system`,
        "everything in a store is on one file system, so that objects are moved into it, not copied",
      );
  }
  await syncDirectory(join(folder, "blobs"));
  await syncDirectory(folder);
}

/** A real folder, not a link to one. True if it was not there. */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    const found = await lookAt(path);
    if (found?.isDirectory() === true) return false;
    throw storeFault(`cannot use ${quoted(path)}`, "something is where a folder belongs", "remove it, and start again");
  }
}

async function clean(folder: string): Promise<void> {
  await rm(join(folder, MARKER_STAGED), { force: true });
  for (const name of await readdir(join(folder, "tmp")))
    await rm(join(folder, "tmp", name), { recursive: true, force: true });
  await sweep(folder);
}
