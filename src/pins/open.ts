import { constants, type Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** No file that people write is larger. */
export const LARGEST = 4 * 1024 * 1024;

/** What came of opening a file. */
export type Opened =
  | { readonly kind: "text"; readonly text: string }
  /** It is no text, or too much of it; `why` is a clause. */
  | { readonly kind: "odd"; readonly why: string }
  | { readonly kind: "unread"; readonly why: string };

/**
 * The text of a regular file. Nothing else is opened for longer than it takes to see what it is, and nothing that waits
 * for a writer holds this up. A symlink is followed only if `follow` says so.
 */
export async function openText(path: string, follow: boolean): Promise<Opened> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW));
    const stats = await handle.stat();
    return stats.isFile() ? await textOf(handle, stats) : { kind: "unread", why: "it is no regular file" };
  } catch (error) {
    return { kind: "unread", why: whyOf(error) };
  } finally {
    await handle?.close();
  }
}

async function textOf(handle: FileHandle, stats: Stats): Promise<Opened> {
  if (stats.size > LARGEST) return { kind: "odd", why: `it is larger than ${LARGEST} bytes` };
  const bytes = Buffer.alloc(stats.size);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return decode(bytes.subarray(0, length));
}

function decode(bytes: Uint8Array): Opened {
  if (bytes.includes(0)) return { kind: "odd", why: "it has NUL bytes" };
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { kind: "odd", why: "it is not UTF-8" };
  }
}

/** A clause. */
export function whyOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EACCES" || code === "EPERM") return "permission is denied";
  if (code === "ENOENT") return "it is gone";
  if (code === "ELOOP" || code === "EMLINK") return "it is a symlink";
  return `it cannot be opened${code === "" ? "" : ` (${code})`}`;
}
