import { constants } from "node:fs";
import { lstat, open, realpath, type FileHandle } from "node:fs/promises";
import { errnoOf, quoted } from "../durable.ts";
import type { Chain } from "./chain.ts";
import { fault, onLedger } from "./faults.ts";
import { endsInMac, hashOf, headOf, LONGEST_LINE } from "./line.ts";

const CHUNK = 1024 * 1024;
const NEWLINE = 0x0a;

/** A chain, and how much of which file it was read from. */
export interface Reading {
  readonly chain: Chain;
  /** Device and inode; null as long as there was no file. */
  file: string | null;
  /** Where the last whole line ends. */
  end: number;
  /** Bytes of the last line with its newline. */
  lastLength: number;
}

export function newReading(chain: Chain): Reading {
  return { chain, file: null, end: 0, lastLength: 0 };
}

/** The path without symbolic links: whoever comes by another name meets the same lock. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") return path;
    const found = await lstat(path).catch(() => null);
    // no link: somebody else made the file in between
    if (found?.isSymbolicLink() !== true) return path;
    throw fault(`cannot use the ledger ${quoted(path)}`, "it is a symbolic link that leads nowhere", undefined, error);
  }
}

/** Null if there is no file. Opens without blocking, so that a pipe is refused instead of waited for. */
export async function openFile(path: string, mode: "read" | "write"): Promise<FileHandle | null> {
  const verb = `${mode} the ledger`;
  const access = mode === "read" ? constants.O_RDONLY : constants.O_RDWR;
  return onLedger(verb, path, async () => {
    const handle = await open(path, access | constants.O_NONBLOCK).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return null;
      throw error;
    });
    if (handle === null) return null;
    const stat = await handle.stat();
    if (stat.isFile()) return handle;
    await handle.close();
    throw fault(
      `cannot ${verb} ${quoted(path)}`,
      stat.isDirectory() ? "it is a folder, not a file" : "it is a pipe or a device, not a file",
    );
  });
}

/** Reads what was added since; false if the file is another one now, or no longer begins with what was read. */
export async function readOn(handle: FileHandle, reading: Reading): Promise<boolean> {
  const { dev, ino, size } = await handle.stat();
  const file = `${dev} ${ino}`;
  if (reading.file !== null && (reading.file !== file || size < reading.end || !(await endsAsRead(handle, reading))))
    return false;
  reading.file = file;
  await readLines(handle, reading);
  return true;
}

async function endsAsRead(handle: FileHandle, { chain, end, lastLength }: Reading): Promise<boolean> {
  if (lastLength === 0) return true;
  const last = await readAt(handle, end - lastLength, lastLength);
  return last.at(-1) === NEWLINE && hashOf(last.subarray(0, -1)) === chain.place.previous;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let size = 0;
  while (size < length) {
    const { bytesRead } = await handle.read(buffer, size, length - size, position + size);
    if (bytesRead === 0) break;
    size += bytesRead;
  }
  return buffer.subarray(0, size);
}

/** Feeds whole lines to the chain until the end of the file or the first that does not hold. */
async function readLines(handle: FileHandle, reading: Reading): Promise<void> {
  const { chain } = reading;
  let carried: Buffer = Buffer.alloc(0);
  while (chain.broken === null) {
    const more = await readAt(handle, reading.end + carried.length, CHUNK);
    const bytes = carried.length === 0 ? more : Buffer.concat([carried, more]);
    const used = takeLines(bytes, reading);
    reading.end += used;
    carried = bytes.subarray(used);
    if (carried.length > LONGEST_LINE) chain.add(carried);
    if (more.length < CHUNK) return;
  }
}

/** How many of the bytes were whole lines that hold. */
function takeLines(bytes: Buffer, reading: Reading): number {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end === -1 || !reading.chain.add(bytes.subarray(start, end))) return start;
    reading.lastLength = end + 1 - start;
    start = end + 1;
  }
}

/** What is behind the last whole line. */
export interface Tail {
  readonly kind: "none" | "whole" | "torn";
  readonly bytes: number;
}

/**
 * Judges what is behind the last whole line; only with the lock held, or of a copy that nobody writes to. A line that
 * lacks nothing but its newline is taken into the chain. What this program cannot have begun to write there breaks the
 * chain: it is not cut away.
 */
export async function readTail(handle: FileHandle, reading: Reading): Promise<Tail> {
  const { chain } = reading;
  const { size } = await handle.stat();
  const bytes = await readAt(handle, reading.end, Math.min(size - reading.end, LONGEST_LINE + 1));
  if (chain.broken !== null || bytes.length === 0) return { kind: "none", bytes: 0 };
  if (!isBegun(bytes, headOf(chain.place)) || endsInMac(bytes)) {
    if (!chain.add(bytes)) return { kind: "none", bytes: bytes.length };
    return { kind: "whole", bytes: bytes.length };
  }
  return { kind: "torn", bytes: bytes.length };
}

/** A line that was begun, or blocks of zeros that a power cut left in its place. */
function isBegun(bytes: Buffer, head: string): boolean {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  const text = bytes.toString("latin1", 0, Math.min(end, head.length));
  return head.startsWith(text) && bytes.length <= LONGEST_LINE;
}
