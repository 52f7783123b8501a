import { lstatSync } from "node:fs";
import { quoted } from "../../durable.ts";
import type { Stored } from "../../model/gate.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/reference.ts";
import type { Desk } from "./desk.ts";
import { createGate } from "../../parallel.ts";
import { storeFault } from "./faults.ts";
import { Lru } from "./lru.ts";
import { blobNameOf, folderOf, rightOf } from "./names.ts";
import { isOf, readRecord, writeRecord } from "./records.ts";
import type { Stock } from "./stock.ts";
import type { Store } from "./store.ts";
import type { Turns } from "./turns.ts";

/** What each repository may give out. */
export interface Rights {
  readonly find: Store["find"];
  readonly admit: Store["admit"];
  readonly documents: Store["documents"];
  /** Of a right that is gone. */
  readonly forget: (path: string) => void;
}

/** Rights in memory, of all repositories; some hundred bytes each. */
const MOST_RECORDS = 16_384;
/** Files read at once. */
const AT_ONCE = 32;

export interface RightsOptions {
  readonly desk: Desk;
  readonly stock: Stock;
  readonly turns: Turns;
  readonly now: () => Date;
  readonly warn: (text: string) => void;
}

export function createRights(options: RightsOptions): Rights {
  const { desk, stock, turns, now } = options;
  const known = new Lru<string, Stored>(MOST_RECORDS);
  const gate = createGate(AT_ONCE);

  const find: Rights["find"] = async (repository, digest) => {
    const folder = folderOf(repository);
    if (!stock.mayGive(folder, digest)) return null;
    const path = rightOf(folder, digest);
    const remembered = known.get(path);
    if (remembered !== undefined) return remembered;
    return turns.take(path, async () => {
      const object = await readRight(options, repository, digest);
      if (object !== null) known.set(path, object);
      return object;
    });
  };

  return {
    find,
    forget: (path) => known.delete(path),
    admit: async ({ registry, repository }, object) => {
      const { digest, size } = object;
      const folder = folderOf({ registry, repository });
      const path = rightOf(folder, digest);
      const release = stock.hold(digest);
      try {
        checkShelf(desk.at(`blobs/${blobNameOf(digest)}`), object);
        await turns.take(path, async () => {
          const record = storedOf(object);
          await desk.place(path, writeRecord("right", { registry, repository, ...record }), now());
          if (stock.sizeOf(digest) !== size) stock.put(digest, size, now().getTime());
          stock.grant(folder, digest);
          stock.use(digest, now().getTime());
          known.set(path, record);
        });
      } finally {
        release();
      }
    },
    documents: async (repository) => {
      const digests = stock.objectsOf(folderOf(repository));
      const found = await Promise.all(digests.map((digest) => gate(() => find(repository, digest))));
      return found.filter((each) => each !== null).filter(({ kind }) => kind === "manifest");
    },
  };
}

/** Null, and no right any more, where its file is not what `admit` wrote. */
async function readRight(
  { desk, stock, warn }: RightsOptions,
  repository: Repository,
  digest: Digest,
): Promise<Stored | null> {
  const folder = folderOf(repository);
  const path = rightOf(folder, digest);
  const read = await readRecord(desk.at(path), "right");
  const size = stock.sizeOf(digest);
  // it may have gone meanwhile
  if (size === null || !stock.mayGive(folder, digest)) return null;
  if (read.kind === "there" && isOf(read.record, repository)) {
    const object = storedOf(read.record);
    if (object.digest === digest && object.size === size) return object;
  }
  stock.revoke(folder, digest);
  warn(`${quoted(desk.at(path))} is not what tofu3 wrote there; it counts as not there`);
  return null;
}

function checkShelf(path: string, { digest, size }: Stored): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true && found.size === size) return;
  throw storeFault(
    `cannot give out ${digest}`,
    `no file of ${size} bytes is at ${quoted(path)}`,
    "somebody else removes things from this store; ask for it again",
  );
}

function storedOf({ kind, digest, size, mediaType, agreedAt, verdict }: Stored): Stored {
  return { kind, digest, size, mediaType, agreedAt, verdict };
}
