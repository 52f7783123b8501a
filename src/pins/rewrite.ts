import { constants, type BigIntStats } from "node:fs";
import { access, link, lstat, open, realpath, rename, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { errnoOf, lookAt, permit, quoted, syncDirectory } from "../durable.ts";
import { asError, Tofu3Error } from "../errors.ts";
import { readOwner } from "../owner.ts";
import { applyEdits, keepsTheRest, type Replacement } from "./edits.ts";
import { onFile, refusal } from "./faults.ts";
import { stagedName, sweepStaged } from "./staged.ts";

/** A file that gets a new content. */
export interface Rewrite {
  /** Absolute; may be a symbolic link, and lead through some. */
  readonly path: string;
  /** What was there when it was looked at; null if nothing was there. */
  readonly text: string | null;
  /** Sorted, disjoint. */
  readonly edits: readonly Replacement[];
}

/** The whole content of a file, replaced; null if it is that already. */
export function rewriteWhole(path: string, before: string | null, after: string): Rewrite | null {
  if (before === after) return null;
  return { path, text: before, edits: [{ start: 0, end: before?.length ?? 0, text: after }] };
}

/** The next content of a file, durable, beside it. */
interface Staged {
  /** As the caller wrote it. */
  readonly path: string;
  /** Without symbolic links. */
  readonly target: string;
  readonly temporary: string;
  /** What it replaces; null if nothing is there. */
  readonly old: { readonly stat: BigIntStats; readonly bytes: Buffer } | null;
}

/** What is to be written where, after symbolic links. */
interface Place {
  readonly rewrite: Rewrite;
  readonly target: string;
}

const CHANGED = "somebody else writes to it; run it again";

/**
 * Writes all of the files, each in one atomic step, or none: every new content is on the disk before the first file is
 * replaced. Keeps mode and, where the system permits it, owner. A symbolic link stays one and its target is rewritten,
 * unless it leads out of the `roots`, which are absolute and may be files. Throws E_PIN or E_DISK; if it says nothing
 * else, nothing is written.
 */
export async function writeFiles(
  rewrites: readonly Rewrite[],
  roots: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const places = await placesOf(rewrites, roots);
  const folders = new Set(places.map(({ target }) => dirname(target)));
  for (const folder of folders) await sweepStaged(folder);
  const owner = await readOwner();
  const staged: Staged[] = [];
  try {
    for (const { rewrite, target } of places) {
      signal.throwIfAborted();
      const temporary = join(dirname(target), stagedName(owner));
      staged.push(await onFile(rewrite.path, async () => stage(rewrite, target, temporary)));
    }
    for (const each of staged) await onFile(each.path, async () => expectSame(each));
    signal.throwIfAborted();
    await replaceAll(staged);
    for (const folder of folders) await onFile(folder, async () => syncDirectory(folder));
  } finally {
    for (const { temporary } of staged) await unlink(temporary).catch(() => undefined);
  }
}

/** Each target once. */
async function placesOf(rewrites: readonly Rewrite[], roots: readonly string[]): Promise<readonly Place[]> {
  const trees = await Promise.all(roots.map(async (root) => realpath(root).catch(() => null)));
  const places = new Map<string, Place>();
  for (const rewrite of rewrites) {
    if (rewrite.edits.length === 0) continue;
    const target = await onFile(rewrite.path, async () => targetOf(rewrite));
    if (rewrite.text !== null && !trees.some((tree) => tree !== null && isWithin(target, tree)))
      throw refusal(rewrite.path, `it leads to ${quoted(target)}, outside of what was named`, "name that file itself");
    const other = places.get(target)?.rewrite;
    if (other !== undefined && !sameRewrite(other, rewrite))
      throw refusal(rewrite.path, `it is ${quoted(other.path)} too, and would be rewritten in two ways`, "name one");
    places.set(target, { rewrite, target });
  }
  return [...places.values()];
}

async function targetOf({ path, text }: Rewrite): Promise<string> {
  if (text !== null) return realpath(path);
  return join(await realpath(dirname(path)), basename(path));
}

function isWithin(path: string, tree: string): boolean {
  return path === tree || path.startsWith(tree.endsWith(sep) ? tree : `${tree}${sep}`);
}

function sameRewrite(a: Rewrite, b: Rewrite): boolean {
  return a.text === b.text && JSON.stringify(a.edits) === JSON.stringify(b.edits);
}

async function stage(rewrite: Rewrite, target: string, temporary: string): Promise<Staged> {
  const { path, text, edits } = rewrite;
  const old = text === null ? null : await readOld(rewrite, target);
  if (old === null && (await lookAt(target)) !== null) throw refusal(path, "something is there by now", CHANGED);
  const bytes = Buffer.from(applyEdits(text ?? "", edits));
  if (old !== null && !keepsTheRest(old.bytes, bytes, text ?? "", edits))
    throw new Tofu3Error("E_BUG", `rewriting ${quoted(path)} would change more than its pins`);
  await writeStaged(temporary, bytes, old?.stat ?? null);
  return { path, target, temporary, old };
}

async function readOld({ path, text }: Rewrite, target: string): Promise<NonNullable<Staged["old"]>> {
  const handle = await open(target, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) throw refusal(path, "it is not a regular file any more", CHANGED);
    if ((stat.mode & 0o200n) === 0n) throw refusal(path, "it is read-only", `chmod u+w ${quoted(path)}`);
    if (stat.nlink !== 1n)
      throw refusal(
        path,
        `the same file has ${stat.nlink} names (hard links), and would keep the old text under the others`,
        `make it a file of its own: cp ${quoted(path)} FILE && mv FILE ${quoted(path)}`,
      );
    await access(target, constants.W_OK);
    const bytes = await readSame(handle, Buffer.from(text ?? ""));
    if (bytes === null) throw refusal(path, "it has changed since it was looked at", CHANGED);
    return { stat, bytes };
  } finally {
    await handle.close();
  }
}

/** The bytes of the file; null if they are not the expected ones. */
async function readSame(handle: FileHandle, expected: Buffer): Promise<Buffer | null> {
  const { size } = await handle.stat();
  if (size !== expected.length) return null;
  const bytes = await handle.readFile();
  return bytes.equals(expected) ? bytes : null;
}

/** A new file gets the usual mode; one that replaces another gets that one's. */
async function writeStaged(temporary: string, bytes: Buffer, like: BigIntStats | null): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(temporary, flags, like === null ? 0o666 : 0o600);
  try {
    await handle.writeFile(bytes);
    // the bits that lend the owner's rights are for that owner only
    if (like !== null) await permit(handle, Number(like.mode) & ((await keepOwner(handle, like)) ? 0o7777 : 0o777));
    await handle.sync();
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Whether the new file belongs to whom the old one belonged to. */
async function keepOwner(handle: FileHandle, { uid, gid }: BigIntStats): Promise<boolean> {
  const own = await handle.stat({ bigint: true });
  if (own.uid === uid && own.gid === gid) return true;
  try {
    await handle.chown(Number(uid), Number(gid));
    return true;
  } catch (error) {
    if (["EPERM", "EINVAL", "ENOTSUP", "ENOSYS"].includes(errnoOf(error) ?? "")) return false;
    throw error;
  }
}

/** Whether what is replaced is still what was looked at. */
async function expectSame({ path, target, old }: Staged): Promise<void> {
  if (old === null) return;
  const handle = await open(target, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const same = isSame(await handle.stat({ bigint: true }), old.stat) && (await readSame(handle, old.bytes)) !== null;
    if (!same) throw refusal(path, "it has changed since it was looked at", CHANGED);
  } finally {
    await handle.close();
  }
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.ctimeNs === b.ctimeNs && a.size === b.size;
}

async function replaceAll(staged: readonly Staged[]): Promise<void> {
  const done: string[] = [];
  try {
    for (const each of staged) {
      await onFile(each.path, async () => replace(each));
      done.push(each.path);
    }
  } catch (error) {
    if (done.length === 0) throw error;
    const { code, message, hint } = asError(error);
    throw new Tofu3Error(code, `${message}; before that, these were written: ${done.map(quoted).join(", ")}`, {
      hint: hint ?? undefined,
      cause: error,
    });
  }
}

/** The last look is as close to the replacement as the system allows. */
async function replace({ path, target, temporary, old }: Staged): Promise<void> {
  if (old === null) return name(temporary, target);
  if (!isSame(await lstat(target, { bigint: true }), old.stat))
    throw refusal(path, "it has changed since it was looked at", CHANGED);
  await rename(temporary, target);
}

/** A hard link replaces nothing; where there are none, a rename has to do. */
async function name(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    const lacking = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(errnoOf(error) ?? "");
    if (!lacking || (await lookAt(target)) !== null) throw error;
    await rename(temporary, target);
  }
}
