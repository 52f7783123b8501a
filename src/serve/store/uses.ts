import { utimes } from "node:fs/promises";
import type { Digest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/reference.ts";
import type { Desk } from "./desk.ts";
import { folderOf, rightOf } from "./names.ts";
import type { Stock } from "./stock.ts";

/** The disk is told of a use no more often. */
const NOTE_MS = 3600 * 1000;

export interface Uses {
  readonly use: (repository: Repository, digest: Digest) => void;
  /** What the disk is being told of. */
  readonly ended: () => Promise<void>;
}

/** Remembers on the disk, as the time of a right, when an object was used last; roughly, because each costs a write. */
export function noteUses(desk: Desk, stock: Stock, now: () => Date): Uses {
  const noting = new Set<Promise<void>>();
  return {
    use: (repository, digest) => {
      const time = now();
      stock.use(digest, time.getTime());
      if (!stock.shouldNote(digest, time.getTime(), NOTE_MS)) return;
      const noted = utimes(desk.at(rightOf(folderOf(repository), digest)), time, time)
        .catch(() => undefined)
        .finally(() => noting.delete(noted));
      noting.add(noted);
    },
    ended: async () => {
      await Promise.all(noting);
    },
  };
}
