import { constants, type Stats } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { FULL_DISK_HINT, messageOf, Tofu3Error, visible } from "../errors.ts";
import { codeOf } from "./faults.ts";

const BATCH_BYTES = 256 * 1024;
const BATCH_CHUNKS = 256;
/** More than this waiting for the disk pauses the network. */
const HIGH_BYTES = 1024 * 1024;
/** So many bytes further the disk is told to write what it has, so that little is left to wait for at the end. */
const SYNC_BYTES = 64 * 1024 * 1024;

/** A file that bytes are appended to, written in large batches. */
export interface KeepFile {
  /** Returns false when the disk is behind: wait for `onRoom`. */
  write(chunk: Uint8Array): boolean;
  /** Resolves when everything is written and the file is closed; the release makes it durable. Rejects with E_DISK. */
  finish(): Promise<void>;
  /** Closes without writing what still waits. Never rejects. */
  discard(): Promise<void>;
}

export interface KeepWatch {
  readonly onRoom: () => void;
  /** E_DISK, once. */
  readonly onFault: (fault: Tofu3Error) => void;
}

/**
 * `offset` 0 creates or empties the file, another continues it and it must be that long. Never follows a symbolic link, and never
 * touches what is not a regular file with one name, owned by the owner of its folder.
 */
export function openKeep(path: string, offset: number, watch: KeepWatch): KeepFile {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let flyingBytes = 0;
  let held = false;
  let fault: Tofu3Error | null = null;
  const fail = (thrown: unknown): void => {
    if (fault !== null) return;
    fault = diskFault(path, thrown);
    watch.onFault(fault);
  };
  let position = offset;
  const file = openFile(path, offset);
  let work: Promise<void> = file.then(() => undefined, fail);
  let synced = offset;
  let syncing: Promise<void> | null = null;
  const syncAhead = (written: number): void => {
    if (syncing !== null || fault !== null || written - synced < SYNC_BYTES) return;
    synced = written;
    syncing = file
      .then((handle) => handle.datasync())
      .catch(fail)
      .then(() => void (syncing = null));
  };
  const landed = (bytes: number): void => {
    flyingBytes -= bytes;
    if (!held || fault !== null || flyingBytes > HIGH_BYTES / 2) return;
    held = false;
    watch.onRoom();
  };
  const flush = (): void => {
    const [batch, bytes] = [waiting, waitingBytes];
    [waiting, waitingBytes] = [[], 0];
    flyingBytes += bytes;
    const start = position;
    position += bytes;
    work = work.then(async () => (fault === null ? writeAll(await file, batch, start) : undefined)).catch(fail);
    work = work.then(() => {
      landed(bytes);
      syncAhead(start + bytes);
    });
  };
  return {
    write: (chunk) => {
      waiting.push(chunk);
      waitingBytes += chunk.length;
      if (waitingBytes >= BATCH_BYTES || waiting.length >= BATCH_CHUNKS) flush();
      held ||= flyingBytes >= HIGH_BYTES;
      return !held;
    },
    finish: async () => {
      flush();
      await work;
      await syncing;
      await file.then((handle) => handle.close()).catch(fail);
      if (fault !== null) throw fault;
    },
    discard: async () => {
      fault ??= diskFault(path, new Error("given up"));
      await work;
      await syncing;
      await file.then((handle) => handle.close()).catch(() => undefined);
    },
  };
}

async function openFile(path: string, offset: number): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  if (offset === 0) {
    try {
      return await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
    } catch (thrown) {
      if (codeOf(thrown) !== "EEXIST") throw thrown;
    }
  }
  // without O_NONBLOCK a FIFO would block a thread of the pool until somebody reads it
  const handle = await open(path, O_NOFOLLOW | O_NONBLOCK | O_WRONLY);
  try {
    refuseForeign(await handle.stat(), await stat(dirname(path)), offset);
    if (offset > 0) return handle;
    await handle.truncate(0);
    await handle.chmod(0o600);
    return handle;
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

function refuseForeign(file: Stats, folder: Stats, offset: number): void {
  if (!file.isFile()) throw new Error("it is not a regular file");
  if (file.nlink !== 1) throw new Error("it has other names as well");
  if (file.uid !== folder.uid) throw new Error("it belongs to somebody else");
  if (offset > 0 && file.size !== offset) throw new Error(`it has ${file.size} bytes instead of the ${offset} that were written`);
}

async function writeAll(handle: FileHandle, batch: readonly Uint8Array[], start: number): Promise<void> {
  let left = batch;
  let position = start;
  while (left.length > 0) {
    const { bytesWritten } = await handle.writev(left, position);
    position += bytesWritten;
    left = without(left, bytesWritten);
  }
}

/** What is left of the chunks without their first bytes. */
function without(chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let over = bytes;
  const index = chunks.findIndex((chunk) => {
    over -= chunk.length;
    return over < 0;
  });
  const half = chunks[index];
  return half === undefined ? [] : [half.subarray(half.length + over), ...chunks.slice(index + 1)];
}

function diskFault(path: string, thrown: unknown): Tofu3Error {
  const code = codeOf(thrown);
  const reasons: Readonly<Record<string, string>> = {
    ENOSPC: "the disk is full",
    EDQUOT: "the disk quota is used up",
    ELOOP: "it is a symbolic link",
    EROFS: "the file system is read-only",
  };
  const why = reasons[code ?? ""] ?? code ?? messageOf(thrown);
  const hint = code === "ENOSPC" || code === "EDQUOT" ? FULL_DISK_HINT : "check the folder and who may write to it";
  return new Tofu3Error("E_DISK", `cannot write "${visible(path, 300)}": ${why}`, { stage: "body", hint, cause: thrown });
}
