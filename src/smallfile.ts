import { constants, type Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { type ErrorCode, messageOf, Tofu3Error } from "./errors.ts";

/** What is being read, in the words of the message, and the error code for it. */
export interface FileKind {
  readonly what: string;
  readonly code: ErrorCode;
  /** In bytes; a larger file is refused, not truncated. */
  readonly limit: number;
}

function wordsOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "ELOOP") return "too many symbolic links";
  return messageOf(error);
}

/** Not a regular file, so it is not read: a pipe or a device may never end. */
class OddFile extends Error {
  readonly hint: string;

  constructor(stat: Stats) {
    super(oddityOf(stat));
    this.hint = stat.isFIFO() ? PIPE_HINT : "name a regular file";
  }
}

const PIPE_HINT = 'write what comes out of the pipe into a file first; "<(…)" of a shell is a pipe';

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function oddityOf(stat: Stats): string {
  if (stat.isDirectory()) return "it is a folder, not a file";
  return `it is ${stat.isFIFO() ? "a pipe" : stat.isSocket() ? "a socket" : "a device"}, and only regular files are read`;
}

async function readWhole(handle: FileHandle, limit: number): Promise<Buffer> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new OddFile(stat);
  const buffer = Buffer.allocUnsafe(limit + 1);
  let size = 0;
  while (size <= limit) {
    const { bytesRead } = await handle.read(buffer, size, buffer.length - size);
    if (bytesRead === 0) return buffer.subarray(0, size);
    size += bytesRead;
  }
  throw new Error(`it is larger than ${limit} bytes`);
}

/**
 * The bytes of a regular file; null if it does not exist. Opens it without blocking, so that a pipe is refused instead
 * of waited for. Throws a Tofu3Error of `kind`.
 */
export async function readSmallFile(path: string, kind: FileKind): Promise<Buffer | null> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await readWhole(handle, kind.limit);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return null;
    throw new Tofu3Error(kind.code, `cannot read ${kind.what} ${JSON.stringify(path)}: ${wordsOf(error)}`, {
      hint: error instanceof OddFile ? error.hint : undefined,
      cause: error,
    });
  }
}

/** The same as text; refuses anything but UTF-8. */
export async function readSmallText(path: string, kind: FileKind): Promise<string | null> {
  const bytes = await readSmallFile(path, kind);
  if (bytes === null) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Tofu3Error(kind.code, `cannot read ${kind.what} ${JSON.stringify(path)}: it is not UTF-8 text`);
  }
}
