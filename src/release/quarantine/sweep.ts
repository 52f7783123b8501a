import { lstat, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { getuid } from "node:process";
import { errnoOf, lookAt } from "../../durable.ts";
import { lifeOf, readOwner, type Owner } from "../../owner.ts";
import { parseQuarantineName } from "./owner.ts";
import { removeTree } from "./removetree.ts";

/** Where --force keeps what it replaces, under its own name, until the new result is in place. */
export const ASIDE = "aside";

/** Without /proc, a quarantine not written to for this long counts as dead. */
const STALE_MS = 24 * 3600 * 1000;

/**
 * Removes the quarantines that dead processes left in a directory, after restoring what they had moved aside. Leaves
 * those of live processes and other users. Never throws: leftovers are harmless, and the next run tries again.
 */
export async function sweep(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  const leftovers = names.flatMap((name) => {
    const owner = parseQuarantineName(name);
    return owner === null ? [] : [{ path: join(parent, name), owner }];
  });
  if (leftovers.length === 0) return;
  const self = await readOwner();
  for (const { path, owner } of leftovers) await sweepOne(parent, path, owner, self).catch(() => undefined);
}

async function sweepOne(parent: string, path: string, owner: Owner, self: Owner): Promise<void> {
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== getuid?.()) return;
  const life = await lifeOf(owner, self);
  if (life === "alive" || (life === "unknown" && Date.now() - (await newest(path)) < STALE_MS)) return;
  await restoreAside(parent, path);
  await removeQuarantine(path);
}

/** Restores what was moved aside if its name is free; if it has been replaced, it may go. */
export async function restoreAside(parent: string, path: string): Promise<void> {
  for (const name of await namesIn(join(path, ASIDE))) {
    if ((await lookAt(join(parent, name))) === null) await rename(join(path, ASIDE, name), join(parent, name));
    else await rm(join(path, ASIDE, name), { recursive: true, force: true });
  }
}

/** Removes a quarantine, unless it still holds what was moved aside. */
export async function removeQuarantine(path: string): Promise<void> {
  if ((await namesIn(join(path, ASIDE))).length === 0) await removeTree(path);
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** Time of the last write in it, in milliseconds since 1970. */
async function newest(path: string): Promise<number> {
  let latest = (await lstat(path)).mtimeMs;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const found = await lookAt(join(entry.parentPath, entry.name));
    latest = Math.max(latest, found?.mtimeMs ?? 0);
  }
  return latest;
}
