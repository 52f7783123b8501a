import { statfs } from "node:fs/promises";
import { FULL_DISK_HINT, Tofu3Error } from "../../errors.ts";
import { quoted } from "../../durable.ts";

/**
 * Throws E_DISK, before anything is written, if the directory's file system lacks room for `bytes` more. Concurrent
 * writers, quotas, and file systems that report no size show up only when writing.
 */
export async function checkRoom(directory: string, bytes: number): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (blocks === 0 || bytes <= free) return;
  throw new Tofu3Error(
    "E_DISK",
    `releasing takes ${bytes} bytes, and the disk of ${quoted(directory)} has ${free} free`,
    {
      hint: FULL_DISK_HINT,
    },
  );
}
