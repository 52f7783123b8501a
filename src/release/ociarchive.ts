import { dirname } from "node:path/posix";
import { layoutOf } from "./layout.ts";
import { smallEntry, writeTar, type TarEntry } from "./tar.ts";
import { bytesOf, type Workshop } from "./workshop.ts";

/** `oci-archive:FILE`: the OCI image layout as one tar. */
export async function buildOciArchive(workshop: Workshop): Promise<null> {
  await writeTar(workshop.staged, workshop.quarantine.modes.file, entriesOf(workshop), workshop.signal);
  return null;
}

// eslint-disable-next-line @typescript-eslint/require-await -- writeTar takes what streams
async function* entriesOf(workshop: Workshop): AsyncGenerator<TarEntry> {
  const { files, blobs } = layoutOf(workshop.tree, workshop.reference);
  for (const { name, text } of files) yield smallEntry(name, text);
  for (const folder of ["blobs", ...new Set(blobs.map(({ name }) => dirname(name)))])
    yield { name: `${folder}/`, size: 0, bytes: null };
  for (const { name, object } of blobs) yield { name, size: object.size, bytes: bytesOf(workshop, object) };
}
