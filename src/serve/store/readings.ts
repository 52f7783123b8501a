import type { Digest } from "../../oci/digest.ts";
import type { Bytes } from "./bytes.ts";
import type { Lru } from "./lru.ts";
import type { Rights } from "./rights.ts";
import type { Stock } from "./stock.ts";
import type { Reading, Store } from "./store.ts";
import type { Uses } from "./uses.ts";

/** How the bytes of objects are given out. */
export function createReadings(parts: {
  readonly stock: Stock;
  readonly rights: Rights;
  readonly bytes: Bytes;
  readonly documents: Lru<Digest, Uint8Array>;
  readonly uses: Uses;
}): { readonly open: Store["open"]; readonly read: Store["read"] } {
  const { stock, rights, bytes, documents, uses } = parts;
  return {
    open: async (repository, digest, signal) => {
      // before anything is awaited, so that it cannot go in between
      const release = stock.hold(digest);
      try {
        signal.throwIfAborted();
        const object = await rights.find(repository, digest);
        const handle = object === null ? null : await bytes.open(digest, signal);
        if (object === null || handle === null) {
          release();
          return null;
        }
        uses.use(repository, digest);
        let closed: Promise<void> | null = null;
        const close = (): Promise<void> => (closed ??= handle.close().finally(release));
        return { object, handle, close } satisfies Reading;
      } catch (error) {
        release();
        throw error;
      }
    },
    read: async (repository, digest, signal) => {
      const release = stock.hold(digest);
      try {
        signal.throwIfAborted();
        if ((await rights.find(repository, digest)) === null) return null;
        const known = documents.get(digest);
        const found = known ?? (await bytes.read(digest, signal));
        if (found === null) return null;
        if (known === undefined) documents.set(digest, found, found.length);
        uses.use(repository, digest);
        return found;
      } finally {
        release();
      }
    },
  };
}
