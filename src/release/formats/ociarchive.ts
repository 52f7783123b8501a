import { dirname } from "node:path/posix";
import { layoutOf } from "./layout.ts";
import { smallEntry, writeTar, type TarEntry } from "./tar.ts";
import { bytesOf, type Workshop } from "./workshop.ts";

/** `oci-archive:FILE`: the OCI image layout as one tar. */
export async function buildOciArchive(workshop: Workshop): Promise<null> {
  await writeTar(workshop.staged, workshop.quarantine.modes.file, entriesOf(workshop), workshop.signal);
  return null;
}

function entriesOf(workshop: Workshop): TarEntry[] {
  const { files, blobs } = layoutOf(workshop.tree, workshop.subject);
  const folders = ["blobs", ...new Set(blobs.map(({ name }) => dirname(name)))];
  return [
    ...files.map(({ name, text }) => smallEntry(name, text)),
    ...folders.map((folder) => ({ name: `${folder}/`, size: 0, bytes: null })),
    ...blobs.map(({ name, object }) => ({ name, size: object.size, bytes: bytesOf(workshop, object) })),
  ];
}
