import { mkdir, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { quoted } from "../durable.ts";
import { Tofu3Error } from "../errors.ts";
import type { Entry, Verification } from "../model/record.ts";
import type { Subject } from "../model/subject.ts";
import { append } from "./append.ts";
import { Chain } from "./chain.ts";
import { brokenFault, fault, onLedger } from "./faults.ts";
import { newReading, openFile, readOn, readTail, realPath, type Reading, type Tail } from "./file.ts";
import { ensureKey, readKey } from "./key.ts";
import { hashOf, readLine, writeLine, type LedgerKey } from "./line.ts";
import { acquireLock, type Lock } from "./lock.ts";

/** Where a ledger lies, and its key; absolute paths. */
export interface LedgerPlace {
  readonly path: string;
  /** For the key, wherever the ledger itself lies: one that was copied from elsewhere earns nothing. */
  readonly stateDir: string;
}

export interface LedgerOptions extends LedgerPlace {
  /** Whose past is wanted. */
  readonly subject: Subject;
  /** What the user should know, in words. */
  readonly warn: (text: string) => void;
}

/** What is to be entered, and what its author made besides. */
export interface Made<T> {
  readonly verification: Verification;
  readonly result: T;
}

export interface Entered<T> {
  readonly entry: Entry;
  /** `sha256:…` of the line. */
  readonly hash: string;
  readonly result: T;
}

/** The ledger as one verification uses it. */
export interface Ledger {
  /** The entries for the subject as of the last reading, oldest first. Throws E_LEDGER if the chain does not hold. */
  past(): Promise<readonly Entry[]>;
  /**
   * Takes the lock, hands `make` the entries that there are by then, writes what it makes to disk, releases the lock.
   * Nothing is written if `make` throws. Throws E_LEDGER, and the signal's reason while waiting for the lock.
   */
  enter<T>(make: (past: readonly Entry[]) => Made<T>, signal: AbortSignal): Promise<Entered<T>>;
}

/** Begins to read at once, so that the past is known when the workers are done. Faults come from `past` and `enter`. */
export function openLedger(options: LedgerOptions): Ledger {
  const begin = (): Promise<Reading> => {
    const begun = readPast(options);
    begun.catch(() => undefined);
    return begun;
  };
  let reading: Promise<Reading> | null = begin();
  return {
    past: async () => {
      const { chain } = await (reading ??= begin());
      if (chain.broken !== null) throw brokenFault(options.path, chain.broken);
      return [...chain.entries];
    },
    enter: async (make, signal) => {
      // one reading is carried on by one entry only; a fault is met again with the lock held, or is mended by then
      const mine = reading;
      reading = null;
      return enter(options, (await mine?.catch(() => null)) ?? null, make, signal);
    },
  };
}

async function readPast({ path, stateDir, subject }: LedgerOptions): Promise<Reading> {
  const reading = newReading(new Chain(subject, await readKey(stateDir)));
  const handle = await openFile(await realPath(path), "read");
  if (handle === null) return reading;
  try {
    await onLedger("read the ledger", path, () => readOn(handle, reading));
    return reading;
  } finally {
    await handle.close();
  }
}

async function enter<T>(
  options: LedgerOptions,
  known: Reading | null,
  make: (past: readonly Entry[]) => Made<T>,
  signal: AbortSignal,
): Promise<Entered<T>> {
  const key = await ensureKey(options.stateDir);
  const path = await realPath(options.path);
  await onLedger("make the folder of the ledger", dirname(path), () =>
    mkdir(dirname(path), { recursive: true, mode: 0o700 }),
  );
  const lock = await acquireLock(`${path}.lock`, signal);
  try {
    const handle = await openFile(path, "write");
    try {
      const { reading, tail } = await catchUp(handle, known, options, key);
      const { verification, result } = make([...reading.chain.entries]);
      const line = writeLine(verification, reading.chain.place, key, tail.kind === "torn" ? tail.bytes : 0);
      await checkHeld(lock, path);
      await append(path, handle, { line, tail, end: reading.end });
      if (tail.kind === "torn") options.warn(recoveredText(path, tail));
      return { entry: readBack(line, reading), hash: hashOf(line), result };
    } finally {
      await handle?.close();
    }
  } finally {
    await lock.release();
  }
}

/** The reading up to the end of the file as it is with the lock held; anew where the earlier one is of no use. */
async function catchUp(
  handle: FileHandle | null,
  known: Reading | null,
  { path, subject }: LedgerOptions,
  key: LedgerKey,
): Promise<{ readonly reading: Reading; readonly tail: Tail }> {
  const fresh = (): Reading => newReading(new Chain(subject, key));
  if (handle === null) return { reading: fresh(), tail: { kind: "none", bytes: 0 } };
  return onLedger("read the ledger", path, async () => {
    let reading = known?.chain.keyId === key.id && known.chain.broken === null ? known : fresh();
    if (!(await readOn(handle, reading))) {
      reading = fresh();
      await readOn(handle, reading);
    }
    const tail = await readTail(handle, reading);
    if (reading.chain.broken !== null) throw brokenFault(path, reading.chain.broken);
    return { reading, tail };
  });
}

async function checkHeld(lock: Lock, path: string): Promise<void> {
  if (await lock.isHeld()) return;
  throw fault(
    `cannot write the ledger ${quoted(path)}`,
    "another process took the lock over meanwhile",
    "run it again",
  );
}

function recoveredText(path: string, { bytes }: Tail): string {
  return `the last line of the ledger ${quoted(path)} was not whole, as after a crash: its ${bytes} bytes were removed`;
}

function readBack(line: Buffer, { chain }: Reading): Entry {
  const entry = readLine(line, chain.place.entry, true);
  if (typeof entry === "string") throw new Tofu3Error("E_BUG", `what was entered into the ledger: ${entry}`);
  return entry;
}
