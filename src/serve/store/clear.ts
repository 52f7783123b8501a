import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../../durable.ts";
import type { Hold } from "../../model/gate.ts";
import type { Repository } from "../../oci/reference.ts";
import { createDesk } from "./desk.ts";
import type { NamedHold } from "./holds.ts";
import { holdOf } from "./names.ts";
import { readRecord } from "./records.ts";

export type Cleared =
  /** `hold` is null if its record could not be read. */
  | { readonly kind: "cleared"; readonly hold: Hold | null }
  | { readonly kind: "none"; readonly held: readonly NamedHold[] };

/**
 * Takes a hold away, whether a server has the store open or not; otherwise says what is on hold. Throws E_STORE and
 * E_DISK.
 */
export async function clearHold(store: string, repository: Repository, name: string): Promise<Cleared> {
  const read = await readRecord(join(store, holdOf(repository, name)), "hold");
  if (await removeHold(store, repository, name))
    return { kind: "cleared", hold: read.kind === "there" ? read.record : null };
  return { kind: "none", held: await readHolds(store) };
}

/** Sorted by what is held; what cannot be read is left out. */
async function readHolds(store: string): Promise<readonly NamedHold[]> {
  const held: NamedHold[] = [];
  for (const registry of await namesIn(join(store, "repos")))
    for (const repository of await namesIn(join(store, "repos", registry))) {
      const folder = join(store, "repos", registry, repository, "holds");
      for (const file of await namesIn(folder)) {
        const read = await readRecord(join(folder, file), "hold");
        if (read.kind !== "there") continue;
        const { registry: host, repository: path, name, ...hold } = read.record;
        held.push({ repository: { registry: host, repository: path }, name, hold });
      }
    }
  return held;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return [];
    throw error;
  }
}

/**
 * Clears a hold for a person, whether a server has the store open or not: it looks at the file again before it refuses.
 * `name` is a tag or a digest. False if there was no such hold. Throws E_STORE, E_DISK.
 */
export function removeHold(folder: string, repository: Repository, name: string): Promise<boolean> {
  return createDesk(folder, () => undefined).remove(holdOf(repository, name));
}
