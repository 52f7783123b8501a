import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { open, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Hold, Stored, StoredTag } from "../../../src/model/gate.ts";
import { digestOf, type Algorithm, type Digest } from "../../../src/oci/digest.ts";
import type { Repository } from "../../../src/oci/reference.ts";
import { openStore, type StoreOptions } from "../../../src/serve/store/open.ts";
import type { Store } from "../../../src/serve/store/store.ts";

export const NEVER = new AbortController().signal;
export const ALPINE: Repository = { registry: "docker.io", repository: "library/alpine" };
export const VIM: Repository = { registry: "ghcr.io", repository: "homebrew/core/vim" };

export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), "tofu3-test-store-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A store that its test may open again and again; a clock that stands until it is moved. */
export interface Place {
  readonly folder: string;
  readonly warned: string[];
  time: Date;
  /** The earlier one was closed. */
  open(options?: Partial<StoreOptions>): Promise<Store>;
}

export function place(folder = join(temporary(), "store")): Place {
  const warned: string[] = [];
  const opened = new Set<Store>();
  const made: Place = {
    folder,
    warned,
    time: new Date("2026-11-27T12:00:00.000Z"),
    open: async (options = {}) => {
      const store = await openStore(folder, {
        maxBytes: 1e12,
        minFreeBytes: 0,
        warn: (text) => void warned.push(text),
        now: () => made.time,
        ...options,
      });
      opened.add(store);
      return store;
    },
  };
  onTestFinished(async () => {
    for (const store of opened) await store.close();
  });
  return made;
}

export interface Thing {
  readonly bytes: Buffer;
  readonly object: Stored;
}

export function thing(text: string | Buffer, part: Partial<Stored> = {}, algorithm: Algorithm = "sha256"): Thing {
  const bytes = Buffer.from(text);
  const digest = digestOf(bytes, algorithm);
  const rest = { mediaType: "application/octet-stream", agreedAt: "2026-11-27T12:00:00.000Z", verdict: null };
  return { bytes, object: { kind: "blob", digest, size: bytes.length, ...rest, ...part } };
}

/** Puts the file on the shelf as a release does: renamed from a quarantine. */
export async function shelve(store: Store, { bytes, object }: Thing, isTold = true): Promise<void> {
  const draft = join(store.folder, "tmp", `draft-${Math.random()}`);
  await writeFile(draft, bytes, { mode: 0o444, flush: true });
  await rename(draft, store.shelf.pathOf(object.digest));
  if (!isTold) return;
  const handle = await open(store.shelf.pathOf(object.digest), "r");
  await store.shelf.landed(object.digest, handle);
  await handle.close();
}

export async function put(store: Store, repository: Repository, each: Thing, isTold = true): Promise<void> {
  await shelve(store, each, isTold);
  await store.admit(repository, each.object);
}

/** What a client would get; null if nothing. */
export async function bytesOf(store: Store, repository: Repository, digest: Digest): Promise<Buffer | null> {
  const reading = await store.open(repository, digest, NEVER);
  if (reading === null) return null;
  const bytes = await reading.handle.readFile();
  await reading.close();
  return bytes;
}

export function tagTo(digest: Digest, part: Partial<StoredTag> = {}): StoredTag {
  const at = "2026-11-27T12:00:00.000Z";
  return { digest, agreedAt: at, checkedAt: at, previous: null, ...part };
}

export function holdFor(part: Partial<Hold> = {}): Hold {
  return {
    outcome: "disagreed",
    sentence: "sgp saw other bytes",
    verdict: null,
    since: "2026-11-27T12:00:00.000Z",
    ...part,
  };
}

/** All files in it, sorted, but for what is always there. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => !each.isDirectory())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .filter((name) => name !== "store.json" && name !== "lock")
    .sort();
}
