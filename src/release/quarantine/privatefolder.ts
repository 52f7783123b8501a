import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { messageOf, Tofu3Error, visible } from "../../errors.ts";
import { quoted } from "../../durable.ts";
import { readOwner } from "../../owner.ts";
import { quarantineName } from "./owner.ts";
import { removeTree } from "./removetree.ts";
import { sweep } from "./sweep.ts";

/** A folder, 0700, for what is released to one command only. */
export interface PrivateFolder {
  /** Absolute. */
  readonly path: string;
  /** Never throws: returns why it could not be removed, or null. */
  remove(): Promise<string | null>;
}

/**
 * Makes one in `parent`, after sweeping what runs that were killed left there: it is named as a quarantine is. Throws
 * E_USAGE.
 */
export async function openPrivateFolder(parent: string): Promise<PrivateFolder> {
  const above = resolve(parent);
  if (above.includes(":")) throw refused(above, "it has a colon in its path, which skopeo and podman could not read");
  await sweep(above);
  const path = join(above, quarantineName(await readOwner()));
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (cause) {
    throw refused(above, visible(messageOf(cause)), cause);
  }
  return {
    path,
    remove: () =>
      removeTree(path).then(
        () => null,
        (error: unknown) => visible(messageOf(error)),
      ),
  };
}

function refused(parent: string, why: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_USAGE", `cannot make a private folder in ${quoted(parent)}: ${why}`, {
    hint: "set TMPDIR to another folder",
    cause,
  });
}
