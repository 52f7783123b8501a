import { orAborted } from "../../http/deadline.ts";
import { algorithmOf, type Digest } from "../../oci/digest.ts";
import { createGate } from "../../parallel.ts";
import { measured, readChunks } from "../../release/quarantine/kept.ts";
import { diskFault } from "./faults.ts";
import { isStill, openPlain, stampOf } from "./plainfile.ts";
import type { Stock } from "./stock.ts";

/** Hashes the file on the shelf. True if its bytes are those of its digest; else it was dropped. */
export type Rehash = (digest: Digest, signal: AbortSignal) => Promise<boolean>;

export interface HashingOptions {
  readonly stock: Stock;
  /** Absolute. */
  readonly pathOf: (digest: Digest) => string;
  /** Takes the file away, and the rights to it; `why` is such as `it is gone`. */
  readonly drop: (digest: Digest, why: string) => Promise<void>;
  /** The end of the store. */
  readonly closing: AbortSignal;
}

/** How often a file may change while it is looked at before it counts as no object. */
export const MOST_LOOKS = 5;
export const RESTLESS = "somebody writes to it";
/** Files hashed at once: memory and processor are for those who read, too. */
const AT_ONCE = 4;

/** One hashing serves all who wait for it, and goes on without them. */
export function createHashing(options: HashingOptions): Rehash {
  const current = new Map<Digest, Promise<boolean>>();
  const gate = createGate(AT_ONCE);
  return (digest, signal) => {
    let hashing = current.get(digest);
    if (hashing === undefined) {
      hashing = gate(() => hashFile(options, digest)).finally(() => current.delete(digest));
      // those who wait are told; perhaps nobody does any more
      hashing.catch(() => undefined);
      current.set(digest, hashing);
    }
    return orAborted(hashing, signal);
  };
}

async function hashFile({ stock, pathOf, drop, closing }: HashingOptions, digest: Digest): Promise<boolean> {
  const path = pathOf(digest);
  const dropIt = (why: string): Promise<false> => drop(digest, why).then(() => false);
  for (let look = 0; look < MOST_LOOKS; look++) {
    const file = await openPlain(path);
    if (typeof file === "string") return dropIt(file);
    try {
      const found = await measured(readChunks(file.handle, true, closing), algorithmOf(digest));
      if ((await stampOf(file.handle)) !== file.stamp) continue;
      if (found.digest === digest) {
        stock.stamp(digest, file.stamp);
        return true;
      }
      // a file that took its place meanwhile is another one
      if (isStill(path, file.stamp)) return await dropIt("its bytes are not those of its digest");
    } catch (error) {
      throw diskFault("read", path, error);
    } finally {
      await file.handle.close();
    }
  }
  return dropIt(RESTLESS);
}
