import { unlink, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { createFile, syncDirectory } from "../durable.ts";
import { onLedger } from "./faults.ts";
import type { Tail } from "./file.ts";

/** Lines, and what they come after. */
export interface Addition {
  /** Without their newlines. */
  readonly lines: readonly Buffer[];
  /** What is behind the last line that ends in a newline. */
  readonly tail: Tail;
  /** Where that line ends. */
  readonly end: number;
}

const NEWLINE = Buffer.from("\n");

/**
 * Writes the lines with one write and waits until the disk has it. Without a handle the file is made. If that fails, the
 * file is as long as before.
 */
export async function append(path: string, handle: FileHandle | null, addition: Addition): Promise<void> {
  await onLedger("write the ledger", path, async () => {
    if (handle !== null) return appendTo(handle, addition);
    const made = await createFile(path);
    try {
      await appendTo(made, addition);
      await syncDirectory(dirname(path));
    } catch (error) {
      await unlink(path).catch(() => undefined);
      throw error;
    } finally {
      await made.close();
    }
  });
}

async function appendTo(handle: FileHandle, { lines, tail, end }: Addition): Promise<void> {
  const isWhole = tail.kind === "whole";
  if (tail.kind === "torn") await handle.truncate(end);
  const start = isWhole ? end + tail.bytes : end;
  const text = Buffer.concat([...(isWhole ? [NEWLINE] : []), ...lines.flatMap((line) => [line, NEWLINE])]);
  try {
    const { bytesWritten } = await handle.write(text, 0, text.length, start);
    if (bytesWritten < text.length) throw shortWrite();
    await handle.sync();
  } catch (error) {
    await handle.truncate(start).catch(() => undefined);
    throw error;
  }
}

/** The system writes less than it was given only where there is no more room. */
function shortWrite(): Error {
  return Object.assign(new Error("no space left"), { code: "ENOSPC" });
}
