import { mkdir, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { setMaxListeners } from "node:events";
import { quoted } from "../durable.ts";
import { Tofu3Error } from "../errors.ts";
import type { Lock } from "../lock.ts";
import type { Entry } from "../model/record.ts";
import type { Subject } from "../model/subject.ts";
import { append } from "./append.ts";
import { Chain, nameOf } from "./chain.ts";
import { brokenFault, fault, onLedger } from "./faults.ts";
import { newReading, openFile, readOn, readTail, realPath, type Reading, type Tail } from "./file.ts";
import { ensureKey } from "./key.ts";
import { hashOf, readLine, writeLine, type LedgerKey, type Place } from "./line.ts";
import { acquireLock } from "./lock.ts";
import type { Candidate } from "./queue.ts";

/** Where a ledger lies, and its key; absolute paths. */
export interface LedgerPlace {
  readonly path: string;
  /** For the key, wherever the ledger itself lies: one that was copied from elsewhere earns nothing. */
  readonly stateDir: string;
}

export interface LedgersOptions extends LedgerPlace {
  /** Whose past is wanted. */
  readonly subjects: readonly Subject[];
  /** What the user should know, in words. */
  readonly warn: (text: string) => void;
}

/** One line that is not written yet. */
interface Drafted {
  readonly line: Buffer;
  readonly entry: Entry;
  readonly hash: string;
  readonly entered: (entry: Entry, hash: string) => void;
}

/**
 * Enters all of these under one lock with one write, and tells them. Returns the reading with them, or null if it is of
 * no use any more. What it rejects with is for all who were not told.
 */
export async function commit(
  options: LedgersOptions,
  known: Reading | null,
  group: readonly Candidate[],
): Promise<Reading | null> {
  const key = await ensureKey(options.stateDir);
  const path = await realPath(options.path);
  await onLedger("make the folder of the ledger", dirname(path), () =>
    mkdir(dirname(path), { recursive: true, mode: 0o700 }),
  );
  const { lock, candidates } = await lockFor(group, `${path}.lock`);
  // whoever is told may end the process, so the lock is gone by then
  const news: (() => void)[] = [];
  try {
    const handle = await openFile(path, "write");
    try {
      const { reading, tail } = await catchUp(handle, known, options, key);
      const drafted = draft(candidates, { reading, tail, key }, news);
      if (drafted.length === 0) return null;
      await checkHeld(lock, path);
      await append(path, handle, { lines: drafted.map(({ line }) => line), tail, end: reading.end });
      if (tail.kind === "torn") options.warn(recoveredText(path, tail));
      news.push(
        ...drafted.map(
          ({ entry, hash, entered }) =>
            () =>
              entered(entry, hash),
        ),
      );
      return handle === null ? null : carriedOn(reading, tail, drafted);
    } finally {
      await handle?.close();
    }
  } finally {
    await lock.release();
    for (const tell of news) tell();
  }
}

/** Waits as long as anybody does; whoever does not wait any more is told so and left out. */
async function lockFor(
  group: readonly Candidate[],
  path: string,
): Promise<{ readonly lock: Lock; readonly candidates: readonly Candidate[] }> {
  const unwanted = new AbortController();
  const onAbort = (): void => {
    const patient = group.filter(({ signal }) => !signal.aborted);
    if (patient.length === 0) {
      unwanted.abort(group[0]?.signal.reason);
      return;
    }
    for (const { signal, reject } of group) if (signal.aborted) reject(signal.reason);
  };
  const signals = new Set(group.map(({ signal }) => signal));
  for (const signal of signals) {
    setMaxListeners(0, signal);
    signal.addEventListener("abort", onAbort);
  }
  if (group.some(({ signal }) => signal.aborted)) onAbort();
  try {
    const lock = await acquireLock(path, unwanted.signal);
    for (const { signal, reject } of group) if (signal.aborted) reject(signal.reason);
    return { lock, candidates: group.filter(({ signal }) => !signal.aborted) };
  } finally {
    for (const signal of signals) signal.removeEventListener("abort", onAbort);
  }
}

/** The lines of all whose authors do not fail, one after the other; that an author fails is news. */
function draft(
  candidates: readonly Candidate[],
  { reading, tail, key }: { readonly reading: Reading; readonly tail: Tail; readonly key: LedgerKey },
  news: (() => void)[],
): readonly Drafted[] {
  const { chain } = reading;
  const drafted: Drafted[] = [];
  const before = new Map<string, Entry[]>();
  let place: Place = chain.place;
  for (const { subject, make, reject } of candidates) {
    try {
      const name = nameOf(subject);
      const { verification, entered } = make([...chain.about(subject), ...(before.get(name) ?? [])]);
      const recovered = tail.kind === "torn" && drafted.length === 0 ? tail.bytes : 0;
      const line = writeLine(verification, place, key, recovered);
      const hash = hashOf(line);
      const entry = readBack(line, place);
      drafted.push({ line, entry, hash, entered });
      before.set(name, [...(before.get(name) ?? []), entry]);
      place = { previous: hash, entry: place.entry + 1 };
    } catch (error) {
      news.push(() => reject(error));
    }
  }
  return drafted;
}

function readBack(line: Buffer, place: Place): Entry {
  const entry = readLine(line, place.entry, true);
  if (typeof entry === "string") throw new Tofu3Error("E_BUG", `what was entered into the ledger: ${entry}`);
  return entry;
}

/** The reading with what was written behind it. */
function carriedOn(reading: Reading, tail: Tail, drafted: readonly Drafted[]): Reading | null {
  if (tail.kind === "whole") reading.end += tail.bytes + 1;
  for (const { line } of drafted) {
    if (!reading.chain.add(line)) return null;
    reading.lastLength = line.length + 1;
    reading.end += reading.lastLength;
  }
  return reading;
}

/** The reading up to the end of the file as it is with the lock held; anew where the earlier one is of no use. */
async function catchUp(
  handle: FileHandle | null,
  known: Reading | null,
  { path, subjects }: LedgersOptions,
  key: LedgerKey,
): Promise<{ readonly reading: Reading; readonly tail: Tail }> {
  const fresh = (): Reading => newReading(new Chain(subjects, key));
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
