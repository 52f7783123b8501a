import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { errnoOf, lookAt, placeSmallFile, quoted } from "../../durable.ts";
import { messageOf, Tofu3Error } from "../../errors.ts";
import { readSmallFile } from "../../smallfile.ts";
import { isDigest } from "../../oci/digest.ts";
import { formatReference, parseReference, type Reference, type Repository } from "../../oci/reference.ts";

/**
 * A refusal that `serve check` asks of a running gate, through a file in its store: STORE/armed/ID.json. The gate says in
 * ID.seen that it knows, and adds a line for each request that it refused. Whoever may write in the store may refuse;
 * nobody can make the gate grant anything here.
 */
export interface Armed {
  /** Without tag and digest: everything of the repository. */
  readonly reference: Reference;
  /** Printable ASCII, with a nonce; it goes into the JSON error and the reason phrase. */
  readonly sentence: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** However a file says it: a refusal ends after this. */
export const LONGEST_MS = 120_000;
const POLL_MS = 250;
const FORGOTTEN_MS = 2000;
const MOST_FILES = 64;
const KIND = { what: "an armed refusal", code: "E_DISK", limit: 4096 } as const;
const FILE = /^([0-9a-f]{16})\.(json|seen)$/;

/** The side of the check. */
export interface Arming {
  readonly nonce: string;
  readonly sentence: string;
  /** How often the gate refused so far; null until it knows of the refusal. */
  refusals(): Promise<number | null>;
  /** Resolves when the gate has forgotten it, or after two seconds. Idempotent. */
  disarm(): Promise<void>;
}

/** Asks the gate that has this store to refuse `reference` for at most `ms`. Throws E_USAGE where it cannot. */
export async function arm(store: string, reference: Reference, ms: number, now: () => Date): Promise<Arming> {
  try {
    return await armIn(store, reference, ms, now);
  } catch (error) {
    const why = errnoOf(error) === "ENOENT" ? "there is no such folder" : messageOf(error);
    throw new Tofu3Error("E_USAGE", `cannot reach the gate through its store ${quoted(store)}: ${why}`, {
      hint: "run it on the machine of the gate, as the user that it runs as or as root; --store DIR if it is elsewhere",
      cause: error,
    });
  }
}

async function armIn(store: string, reference: Reference, ms: number, now: () => Date): Promise<Arming> {
  const owner = await stat(store);
  const folder = join(store, "armed");
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (errnoOf(error) !== "EEXIST") throw error;
  });
  // root may ask a gate that somebody else runs; nobody else can give anything away
  await chown(folder, owner.uid, owner.gid).catch(() => undefined);
  const nonce = randomBytes(8).toString("hex");
  const sentence = `tofu3 CHECK ${nonce}: refused on purpose, to see that this client stops here`;
  const [file, seen] = [join(folder, `${nonce}.json`), join(folder, `${nonce}.seen`)];
  const until = new Date(now().getTime() + Math.min(ms, LONGEST_MS)).toISOString();
  const text = JSON.stringify({ reference: formatReference(reference), sentence, until });
  await placeSmallFile(file, `${text}\n`, 0o644, false);
  return {
    nonce,
    sentence,
    async refusals() {
      const lines = await readFile(seen, "utf8").catch(() => null);
      return lines === null ? null : lines.split("\n").length - 1;
    },
    async disarm() {
      await rm(file, { force: true });
      // the gate takes it away once it has forgotten: whoever pulls next is not refused any more
      const end = performance.now() + FORGOTTEN_MS;
      while (performance.now() < end && (await lookAt(seen)) !== null) await setTimeout(20);
      await rm(seen, { force: true });
    },
  };
}

/** The side of the gate. */
export interface Armory {
  /** What is refused on purpose just now; `name` is a tag or a digest. Call `seen` before each answer with it. */
  refusalFor(repository: Repository, name: string): { readonly sentence: string; readonly seen: () => void } | null;
  /** Looks no more, and waits for the look under way. */
  close(): Promise<void>;
}

/** Watches STORE/armed, which need not be there. Never fails: what cannot be read refuses nothing. */
export function watchArmed(store: string, now: () => Date = () => new Date()): Armory {
  const folder = join(store, "armed");
  let armed: ReadonlyMap<string, Armed> = new Map();
  let looking: Promise<void> | null = null;
  const look = async (): Promise<void> => {
    const { found, fresh, over } = await readArmed(folder, armed, now().getTime()).catch(() => NOTHING);
    armed = found;
    // only now is it true: what is acknowledged is refused, and what is gone is not
    for (const id of fresh) await writeFile(join(folder, `${id}.seen`), "", { mode: 0o644 }).catch(() => undefined);
    for (const path of over) await rm(path, { force: true }).catch(() => undefined);
  };
  const poll = setInterval(() => {
    looking ??= look().finally(() => (looking = null));
  }, POLL_MS);
  poll.unref();
  return {
    refusalFor(repository, name) {
      for (const [id, { reference, sentence, until }] of armed) {
        if (now().getTime() >= until || !covers(reference, repository, name)) continue;
        return { sentence, seen: () => count(join(folder, `${id}.seen`)) };
      }
      return null;
    },
    async close() {
      clearInterval(poll);
      await looking;
    },
  };
}

function covers({ registry, repository, tag, digest }: Reference, asked: Repository, name: string): boolean {
  if (registry !== asked.registry || repository !== asked.repository) return false;
  return (tag === undefined && digest === undefined) || (isDigest(name) ? name === digest : name === tag);
}

/**
 * Before the answer is sent, since the check looks as soon as its client has ended. Once it is disarmed there is no such
 * file any more, and none is made.
 */
function count(path: string): void {
  try {
    const file = openSync(path, constants.O_WRONLY | constants.O_APPEND);
    writeSync(file, "refused\n");
    closeSync(file);
  } catch {
    // a check that is over counts no more
  }
}

interface Look {
  readonly found: ReadonlyMap<string, Armed>;
  /** Ids that were not known before. */
  readonly fresh: readonly string[];
  /** Files that nobody needs any more. */
  readonly over: readonly string[];
}

const NOTHING: Look = { found: new Map(), fresh: [], over: [] };

async function readArmed(folder: string, before: ReadonlyMap<string, Armed>, now: number): Promise<Look> {
  const entries: readonly string[] = await readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  });
  const ids = new Set(entries.flatMap((entry) => FILE.exec(entry)?.[1] ?? []));
  const found = new Map<string, Armed>();
  const over: string[] = [];
  for (const id of [...ids].sort().slice(0, MOST_FILES)) {
    const [file, seen] = [join(folder, `${id}.json`), join(folder, `${id}.seen`)];
    const isThere = entries.includes(`${id}.json`);
    const armed = isThere ? (before.get(id) ?? (await readOne(file))) : null;
    if (armed !== null && now < armed.until && armed.until <= now + LONGEST_MS) found.set(id, armed);
    else over.push(file, seen);
  }
  return { found, fresh: [...found.keys()].filter((id) => !before.has(id)), over };
}

/** Null for whatever is not an armed refusal. */
async function readOne(path: string): Promise<Armed | null> {
  try {
    const bytes = await readSmallFile(path, KIND);
    const value = JSON.parse(bytes?.toString("utf8") ?? "null") as unknown;
    if (typeof value !== "object" || value === null) return null;
    const { reference, sentence, until } = value as Readonly<Record<string, unknown>>;
    if (typeof reference !== "string" || typeof sentence !== "string" || typeof until !== "string") return null;
    if (!/^[\x20-\x7e]{1,200}$/.test(sentence)) return null;
    return { reference: parseReference(reference), sentence, until: Date.parse(until) };
  } catch {
    return null;
  }
}
