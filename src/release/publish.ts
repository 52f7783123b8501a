import { link, rename, rm, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { onDisk } from "./disk.ts";
import { lookAt, quoted, syncDirectory, writeSmallFile } from "../durable.ts";
import { checkVacant, notePath } from "./destination.ts";
import type { Destination, Format } from "../model/destination.ts";
import type { Quarantine } from "./quarantine/quarantine.ts";
import { ASIDE, restoreAside } from "./quarantine/sweep.ts";

/** A durable result in the quarantine, and the name that it is to get. */
export interface Finished {
  readonly staged: string;
  readonly format: Format;
  readonly target: string;
  /** Written to a file beside the target; null if there is none. */
  readonly note: string | null;
}

/**
 * Gives the result its name in one atomic step: a directory by rename; a file by a hard link, which replaces nothing,
 * or with --force by rename. If a later step fails, the name is taken back. Throws E_DESTINATION, E_RELEASE, E_DISK.
 */
export async function publish(finished: Finished, quarantine: Quarantine, force: Destination["force"]): Promise<void> {
  const { format, target } = finished;
  await quarantine.check();
  await checkVacant(format, target, force);
  await onDisk(`releasing to ${quoted(target)}`, async () => {
    if (format === "oci" || format === "docker-v1") await publishDirectory(finished, quarantine, force);
    else await publishFile(finished, quarantine, force);
  });
}

/**
 * rename(2) of a directory fails unless the target is missing or an empty directory, so of two runs one wins and
 * nothing is overwritten.
 */
async function publishDirectory({ staged, target }: Finished, quarantine: Quarantine, force: boolean): Promise<void> {
  const aside = join(quarantine.path, ASIDE, basename(target));
  const replaces = force && (await lookAt(target)) !== null;
  try {
    if (replaces) await rename(target, aside);
    await rename(staged, target);
  } catch (error) {
    await restoreAside(quarantine.parent, quarantine.path);
    throw error;
  }
  try {
    await syncDirectory(quarantine.parent);
  } catch (error) {
    await rename(target, staged);
    await restoreAside(quarantine.parent, quarantine.path);
    throw error;
  }
  if (replaces) await rm(aside, { recursive: true, force: true });
}

async function publishFile(finished: Finished, quarantine: Quarantine, force: boolean): Promise<void> {
  const { staged, target, note } = finished;
  const stagedNote = `${staged}.note`;
  if (note !== null) await writeSmallFile(stagedNote, note, quarantine.modes.file);
  // a note must never be left beside a file that it does not describe
  if (note !== null && force) await rm(notePath(target), { force: true });
  if (force) await link(target, join(quarantine.path, ASIDE, basename(target))).catch(() => undefined);
  const name = force ? rename : link;
  const made: string[] = [];
  try {
    await name(staged, target);
    made.push(target);
    if (note !== null) {
      await name(stagedNote, notePath(target));
      made.push(notePath(target));
    }
    await syncDirectory(quarantine.parent);
  } catch (error) {
    for (const path of made) await unlink(path);
    await restoreAside(quarantine.parent, quarantine.path);
    throw error;
  }
}
