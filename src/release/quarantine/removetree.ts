import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../../durable.ts";

/** Removes a directory with everything in it, also out of directories that their owner may not write to. */
export async function removeTree(path: string): Promise<void> {
  try {
    await remove(path);
  } catch (error) {
    if (!["EACCES", "EPERM"].includes(errnoOf(error) ?? "")) throw error;
    await unlock(path);
    await remove(path);
  }
}

/** A program that was left behind may still be writing there. */
function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 3 });
}

async function unlock(path: string): Promise<void> {
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true }))
    if (entry.isDirectory()) await unlock(join(path, entry.name));
}
