import { Tofu3Error } from "../errors.ts";
import { readSmallFile, type FileKind } from "../smallfile.ts";
import { EMPTY_LOCK, parseLock, renderLock, withPins, type Lock, type Pin } from "./lock.ts";
import { rewriteWhole, type Rewrite } from "./rewrite.ts";

/** A `tofu3.lock` as it is on the disk. */
export interface LockFile {
  /** With its byte order mark, if it has one. */
  readonly text: string;
  readonly lock: Lock;
}

const KIND: FileKind = { what: "the lock", code: "E_USAGE", limit: 16 * 1024 * 1024 };
const MARK = "\ufeff";

/** Null if there is no such file. Throws E_USAGE. */
export async function readLock(path: string): Promise<LockFile | null> {
  const bytes = await readSmallFile(path, KIND);
  if (bytes === null) return null;
  const text = decoded(bytes, path);
  return { text, lock: parseLock(text.startsWith(MARK) ? text.slice(1) : text, path) };
}

function decoded(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Tofu3Error("E_USAGE", `cannot read the lock ${JSON.stringify(path)}: it is not UTF-8 text`, {
      hint: "restore the file, or write it anew with tofu3 pin --lock FILE",
    });
  }
}

/** The lock with these pins in it, for `writeFiles`; null if it is that already. Keeps byte order mark and CRLF. */
export function rewriteLock(path: string, before: LockFile | null, fresh: readonly Pin[]): Rewrite | null {
  const text = before?.text ?? null;
  const next = renderLock(withPins(before?.lock ?? EMPTY_LOCK, fresh));
  const broken = text?.includes("\r\n") === true ? next.replaceAll("\n", "\r\n") : next;
  return rewriteWhole(path, text, text?.startsWith(MARK) === true ? `${MARK}${broken}` : broken);
}
