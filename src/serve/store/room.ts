import { renameSync, unlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { errnoOf, freeBytesAt } from "../../durable.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Desk } from "./desk.ts";
import { onStore } from "./faults.ts";
import { blobNameOf, rightOf } from "./names.ts";
import type { Stock } from "./stock.ts";
import type { Store } from "./store.ts";
import type { Turns } from "./turns.ts";

export interface Room {
  /** Takes a file away, and all rights to it. From the call on nobody finds it. */
  readonly remove: (digest: Digest) => Promise<void>;
  readonly makeRoom: Store["makeRoom"];
}

export interface RoomLimits {
  /** Of all objects together. */
  readonly maxBytes: number;
  /** Of the file system. */
  readonly minFreeBytes: number;
}

interface Options {
  readonly desk: Desk;
  readonly stock: Stock;
  readonly turns: Turns;
  readonly limits: RoomLimits;
  /** Told of each digest that goes, and of the rights to it. */
  readonly gone: (digest: Digest, rights: readonly string[]) => void;
}

export function createRoom({ desk, stock, turns, limits, gone }: Options): Room {
  /**
   * In one step, so that nobody can begin to need it meanwhile, and the rights first: a crash leaves no right without
   * its file. To give a large file's blocks back takes time, so that is done later.
   */
  async function remove(digest: Digest): Promise<void> {
    desk.check();
    const rights = stock.remove(digest).map((folder) => rightOf(folder, digest));
    gone(digest, rights);
    const blob = desk.at(`blobs/${blobNameOf(digest)}`);
    const doomed = desk.staged();
    await onStore("remove", blob, () => {
      for (const right of rights) unlessMissing(() => unlinkSync(desk.at(right)));
      unlessMissing(() => renameSync(blob, doomed));
      return rm(doomed, { force: true, recursive: true });
    });
  }

  async function clear(bytes: number): Promise<boolean> {
    for (;;) {
      const free = await onStore("look at", desk.at(""), () => freeBytesAt(desk.at("")));
      const over = Math.max(stock.bytes + bytes - limits.maxBytes, limits.minFreeBytes + bytes - free);
      if (over <= 0) return true;
      const digests = stock.leastUsed(over);
      if (digests === null) return false;
      for (const digest of digests) if (stock.isFree(digest)) await remove(digest);
    }
  }

  return { remove, makeRoom: (bytes) => turns.take("room", () => clear(bytes)) };
}

function unlessMissing(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}
