import { chmod, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf, syncDirectory, writeSmallFile } from "../../durable.ts";
import { inLanes } from "./lanes.ts";
import { layoutOf } from "./layout.ts";
import { place, type Workshop } from "./workshop.ts";

/** `oci:DIR`: an OCI image layout 1.0.0 with the exact bytes of every document and blob. */
export async function buildOciLayout(workshop: Workshop): Promise<null> {
  const { staged, quarantine, tree, subject } = workshop;
  const { files, blobs } = layoutOf(tree, subject);
  const folders = new Set([staged, join(staged, "blobs")]);
  for (const { name } of blobs) folders.add(dirname(join(staged, name)));
  for (const folder of folders) await mkdir(folder, { mode: 0o700 });
  await inLanes(blobs, ({ name, object }) => place(workshop, object, join(staged, name)));
  for (const { name, text } of files) await writeSmallFile(join(staged, name), text, quarantine.modes.file);
  await finishFolders([...folders], quarantine.modes.directory);
  return null;
}

/** Sets the mode of a finished result's directories and makes their entries durable, the innermost first. */
export async function finishFolders(folders: readonly string[], mode: number): Promise<void> {
  for (const folder of [...folders].reverse()) {
    await chmod(folder, mode).catch((error: unknown) => {
      if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(errnoOf(error) ?? "")) throw error;
    });
    await syncDirectory(folder);
  }
}
