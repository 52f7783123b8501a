import { randomBytes } from "node:crypto";
import { link, readdir, readFile, rename, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { kill, pid } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { errnoOf } from "./durable.ts";
import { visible } from "./errors.ts";
import { lifeOf, readOwner, type Owner } from "./owner.ts";

const SHORTEST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 100;
/**
 * Older locks of other machines and containers are broken: an honest holder needs milliseconds, or refreshes its lock
 * meanwhile.
 */
const STALE_MS = 60_000;

const holderSchema = z.object({
  /** Tells this lock from the next one of the same process. */
  id: z.string().regex(/^[0-9a-f]{24}$/),
  host: z.string(),
  pid: z.number(),
  owner: z.object({ pid: z.string(), start: z.string(), boot: z.string() }),
  at: z.string(),
});

/** Who holds a lock; what its file says. */
type Holder = z.infer<typeof holderSchema>;

export interface Lock {
  /** False if another machine took it over because it was held too long. */
  isHeld(): Promise<boolean>;
  /** For who holds it longer than a minute, several times a minute. False as for `isHeld`. */
  refresh(): Promise<boolean>;
  release(): Promise<void>;
}

/** Another process has the lock. */
export class LockHeld extends Error {
  /** Such as `process 5 on "build7", since 2026-11-27T09:00:00Z,`; printable. */
  readonly who: string;

  constructor(who: string) {
    super(`${who} holds it`);
    this.who = who;
  }
}

/** Waits for another process, but no longer than `patienceMs`. Throws LockHeld, system errors, and the signal's reason. */
export async function takeLock(path: string, patienceMs: number, signal: AbortSignal): Promise<Lock> {
  return withDraft(path, async (draft) => {
    const endsAt = performance.now() + patienceMs;
    for (let wait = SHORTEST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      signal.throwIfAborted();
      if (await take(draft, path)) return lockOf(path, draft.id);
      if (performance.now() >= endsAt) throw new LockHeld(await whoHolds(path));
      await sleep(wait * (0.5 + Math.random()), undefined, { signal });
    }
  });
}

/** Removes what processes that were killed while they asked for the lock left beside it. */
export async function sweepDrafts(path: string): Promise<void> {
  const self = await readOwner();
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const draft = join(dirname(path), name);
    const text = await readText(draft);
    if (text !== null && (await isStale(draft, text, self))) await unlink(draft).catch(ignoreMissing);
  }
}

/** A lock file that is complete, under a name of its own. */
interface Draft {
  readonly file: string;
  readonly text: string;
  readonly id: string;
  readonly owner: Owner;
}

async function withDraft<T>(path: string, work: (draft: Draft) => Promise<T>): Promise<T> {
  const owner = await readOwner();
  const id = randomBytes(12).toString("hex");
  const holder: Holder = { id, host: hostname(), pid, owner, at: new Date().toISOString() };
  const draft = { file: `${path}.${id}.new`, text: `${JSON.stringify(holder)}\n`, id, owner };
  await writeFile(draft.file, draft.text, { flag: "wx", mode: 0o600 });
  try {
    return await work(draft);
  } finally {
    await unlink(draft.file).catch(ignoreMissing);
  }
}

/** False if somebody else holds it, or was faster. */
async function take(draft: Draft, path: string): Promise<boolean> {
  return (await takeFree(draft, path)) || (await takeOver(draft, path));
}

/** The lock file appears with its text in it: nobody sees it empty, and a crash does not leave it so. */
async function takeFree({ file, text }: Draft, path: string): Promise<boolean> {
  const unlessThere = (error: unknown): false => {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  };
  try {
    return await link(file, path).then(() => true, unlessThere);
  } catch (error) {
    if (!NO_LINKS.includes(errnoOf(error) ?? "")) throw error;
    return writeFile(path, text, { flag: "wx", mode: 0o600 }).then(() => true, unlessThere);
  }
}

/** What file systems without hard links say. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/**
 * Replaces a lock that nobody holds any more. Only with the claim to that very lock, which is a lock itself, so that of
 * two that find it at once the slower one does not remove the lock of the faster one.
 */
async function takeOver({ file, owner }: Draft, path: string): Promise<boolean> {
  const stale = await readText(path);
  if (stale === null || !(await isStale(path, stale, owner))) return false;
  const claim = `${path}.${holderOf(stale)?.id ?? "unreadable"}`;
  return withDraft(claim, async (draft) => {
    if (!(await take(draft, claim))) return false;
    try {
      if ((await readText(path)) !== stale) return false;
      await rename(file, path);
      return true;
    } finally {
      await lockOf(claim, draft.id).release();
    }
  });
}

async function isStale(path: string, text: string, self: Owner): Promise<boolean> {
  const holder = holderOf(text);
  const life = holder === null ? "unknown" : await lifeOfHolder(holder, self);
  if (life !== "unknown") return life === "dead";
  const found = await stat(path).catch(ignoreMissing);
  return found !== undefined && Date.now() - found.mtimeMs > STALE_MS;
}

async function lifeOfHolder(holder: Holder, self: Owner): Promise<"alive" | "dead" | "unknown"> {
  const life = await lifeOf(holder.owner, self);
  // without /proc, the pid is all there is
  const isHere = holder.owner.boot === self.boot && holder.host === hostname();
  return life === "unknown" && isHere && isGone(holder.pid) ? "dead" : life;
}

function isGone(id: number): boolean {
  try {
    kill(id, 0);
    return false;
  } catch (error) {
    return errnoOf(error) === "ESRCH";
  }
}

function lockOf(path: string, id: string): Lock {
  const isHeld = async (): Promise<boolean> => {
    const text = await readText(path);
    return text !== null && holderOf(text)?.id === id;
  };
  const refresh = async (): Promise<boolean> => {
    const held = await isHeld();
    const now = new Date();
    if (held) await utimes(path, now, now);
    return held;
  };
  const release = async (): Promise<void> => {
    if (await isHeld()) await unlink(path).catch(ignoreMissing);
  };
  return { isHeld, refresh, release };
}

function holderOf(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function readText(path: string): Promise<string | null> {
  return (await readFile(path, "utf8").catch(ignoreMissing)) ?? null;
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) !== "ENOENT") throw error;
}

async function whoHolds(path: string): Promise<string> {
  const holder = holderOf((await readText(path)) ?? "");
  if (holder === null) return "somebody";
  return `process ${holder.pid} on ${visible(holder.host, 100)}, since ${visible(holder.at, 40)},`;
}
