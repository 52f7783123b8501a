import { constants, lstatSync, type BigIntStats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { errnoOf } from "../../durable.ts";
import { diskFault } from "./faults.ts";

export interface PlainFile {
  readonly handle: FileHandle;
  /** What it looks like now: whoever writes to it changes that. */
  readonly stamp: string;
}

/**
 * Opens a regular file, or says in words why that is none, such as `it is gone`; follows no link, and waits for no pipe.
 * The caller closes it. Throws E_DISK or E_STORE where the system fails.
 */
export async function openPlain(path: string): Promise<PlainFile | string> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await handle.stat({ bigint: true });
    if (stat.isFile()) return { handle, stamp: stampIn(stat) };
    await handle.close();
    return NO_FILE;
  } catch (error) {
    await handle?.close().catch(() => undefined);
    const errno = errnoOf(error) ?? "";
    if (errno === "ENOENT") return "it is gone";
    if (["ELOOP", "ENXIO", "EISDIR"].includes(errno)) return NO_FILE;
    throw diskFault("read", path, error);
  }
}

const NO_FILE = "it is no file";

export async function stampOf(handle: FileHandle): Promise<string> {
  return stampIn(await handle.stat({ bigint: true }));
}

/** Whether the path leads to the very file that looked so. */
export function isStill(path: string, stamp: string): boolean {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found !== undefined && stampIn(found) === stamp;
}

function stampIn({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}
