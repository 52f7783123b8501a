import { randomBytes } from "node:crypto";
import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { lookAt } from "../durable.ts";
import { lifeOf, readOwner, type Owner } from "../owner.ts";

/** No format takes a file of this name for one with references. */
const NAME = /^\.tofu3-(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f]{12}\.pin$/;

/** Without /proc, a file not written to for this long counts as left over. */
const STALE_MS = 24 * 3600 * 1000;

/** A new name for the next content of a file in the same folder. */
export function stagedName(owner: Owner): string {
  return `.tofu3-${owner.pid}-${owner.start}-${owner.boot}-${randomBytes(6).toString("hex")}.pin`;
}

/** Removes what killed processes left in a folder. Never throws: leftovers are harmless, and the next run tries again. */
export async function sweepStaged(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const left = names.flatMap((name) => {
    const [, pid, start, boot] = NAME.exec(name) ?? [];
    if (pid === undefined || start === undefined || boot === undefined) return [];
    return [{ path: join(folder, name), owner: { pid, start, boot } }];
  });
  if (left.length === 0) return;
  const self = await readOwner();
  for (const { path, owner } of left) await sweepOne(path, owner, self).catch(() => undefined);
}

async function sweepOne(path: string, owner: Owner, self: Owner): Promise<void> {
  const found = await lookAt(path);
  if (found?.isFile() !== true) return;
  const life = await lifeOf(owner, self);
  if (life === "dead" || (life === "unknown" && Date.now() - found.mtimeMs > STALE_MS)) await unlink(path);
}
