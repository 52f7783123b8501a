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
 * `offset` 0 creates or empties the file, another continues it and it must be that long. Never follows a symbolic link,
 * and never touches what is not a regular file with one name, owned by the owner of its folder.
 */
export function openKeep(path: string, offset: number, watch: KeepWatch): KeepFile {
  return new BatchedFile(path, offset, watch);
}

class BatchedFile implements KeepFile {
  readonly #path: string;
  readonly #watch: KeepWatch;
  readonly #file: Promise<FileHandle>;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Handed to the disk and not yet written. */
  #unwrittenBytes = 0;
  #position: number;
  /** All writes so far; never rejects. */
  #work: Promise<void>;
  #synced: number;
  #syncing: Promise<void> | null = null;
  /** `write` has returned false, and nobody was told to go on. */
  #paused = false;
  #fault: Tofu3Error | null = null;

  constructor(path: string, offset: number, watch: KeepWatch) {
    this.#path = path;
    this.#watch = watch;
    this.#position = offset;
    this.#synced = offset;
    this.#file = openFile(path, offset);
    this.#work = this.#file.then(() => undefined, this.#fail);
  }

  write(chunk: Uint8Array): boolean {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= BATCH_BYTES || this.#waiting.length >= BATCH_CHUNKS) this.#flush();
    this.#paused ||= this.#unwrittenBytes >= HIGH_BYTES;
    return !this.#paused;
  }

  async finish(): Promise<void> {
    this.#flush();
    await this.#work;
    await this.#syncing;
    await this.#file.then((handle) => handle.close()).catch(this.#fail);
    if (this.#fault !== null) throw this.#fault;
  }

  async discard(): Promise<void> {
    this.#fault ??= diskFault(this.#path, new Error("given up"));
    await this.#work;
    await this.#syncing;
    await this.#file.then((handle) => handle.close()).catch(() => undefined);
  }

  readonly #fail = (thrown: unknown): void => {
    if (this.#fault !== null) return;
    this.#fault = diskFault(this.#path, thrown);
    this.#watch.onFault(this.#fault);
  };

  #flush(): void {
    const [batch, bytes, start] = [this.#waiting, this.#waitingBytes, this.#position];
    [this.#waiting, this.#waitingBytes] = [[], 0];
    this.#unwrittenBytes += bytes;
    this.#position += bytes;
    this.#work = this.#work
      .then(async () => (this.#fault === null ? writeAll(await this.#file, batch, start) : undefined))
      .catch(this.#fail)
      .then(() => {
        this.#written(bytes);
        this.#syncAhead(start + bytes);
      });
  }

  #written(bytes: number): void {
    this.#unwrittenBytes -= bytes;
    if (!this.#paused || this.#fault !== null || this.#unwrittenBytes > HIGH_BYTES / 2) return;
    this.#paused = false;
    this.#watch.onRoom();
  }

  #syncAhead(written: number): void {
    if (this.#syncing !== null || this.#fault !== null || written - this.#synced < SYNC_BYTES) return;
    this.#synced = written;
    this.#syncing = this.#file
      .then((handle) => handle.datasync())
      .catch(this.#fail)
      .then(() => void (this.#syncing = null));
  }
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
  if (offset > 0 && file.size !== offset)
    throw new Error(`it has ${file.size} bytes instead of the ${offset} that were written`);
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
  return new Tofu3Error("E_DISK", `cannot write "${visible(path, 300)}": ${why}`, {
    stage: "body",
    hint,
    cause: thrown,
  });
}
