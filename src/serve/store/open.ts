import { quoted } from "../../durable.ts";
import { messageOf } from "../../errors.ts";
import type { Digest } from "../../oci/digest.ts";
import { createBytes } from "./bytes.ts";
import { createDesk } from "./desk.ts";
import { onStore, storeFault } from "./faults.ts";
import { claimFolder } from "./folder.ts";
import { openHolds } from "./holds.ts";
import { keepLock, type Keeping } from "./keeping.ts";
import { Lru } from "./lru.ts";
import { blobNameOf } from "./names.ts";
import { createReadings } from "./readings.ts";
import { createRights, type RightsOptions } from "./rights.ts";
import { createRoom, type RoomLimits } from "./room.ts";
import { scan } from "./scan.ts";
import type { Store } from "./store.ts";
import { openTags } from "./tags.ts";
import { createTurns } from "./turns.ts";
import { noteUses } from "./uses.ts";
import { openVerdicts, type VerdictLimits } from "./verdicts.ts";

export interface StoreOptions extends RoomLimits {
  /** Of what a person should look at, in words. */
  readonly warn: (text: string) => void;
  readonly now: () => Date;
  /** 1,000 verdicts and 64 MiB where it is missing. */
  readonly verdicts?: VerdictLimits;
}

const VERDICTS: VerdictLimits = { count: 1000, bytes: 64 * 1024 * 1024 };
/** Documents in memory, in bytes. */
const DOCUMENTS = 8 * 1024 * 1024;

/**
 * Opens a store, or makes one. Throws E_STORE if another process has it, if the folder is somebody else's, or if it has
 * other things in it; E_DISK.
 */
export async function openStore(path: string, options: StoreOptions): Promise<Store> {
  const { folder, lock } = await claimFolder(path);
  const keeping = keepLock(lock, folder, options.warn);
  try {
    const store = await storeIn(folder, keeping, options);
    // the limits may be lower than they were
    await store.makeRoom(0);
    return store;
  } catch (error) {
    await keeping.end();
    throw error;
  }
}

async function storeIn(folder: string, keeping: Keeping, options: StoreOptions): Promise<Store> {
  const { now, warn } = options;
  const desk = createDesk(folder, keeping.check);
  // it does not wait for the disk in between, but its errors are told like all others
  const scanned = await onStore("read the store", folder, () => Promise.resolve(scan(desk, warn)));
  const { stock } = scanned;
  const basics = { desk, stock, turns: createTurns(), now, warn };
  const tags = await openTags(basics, scanned.tags);
  const holds = await openHolds(basics, scanned.holds);
  const limits = options.verdicts ?? VERDICTS;
  const verdicts = await openVerdicts({ ...basics, limits, needed: () => holds.verdicts }, scanned.verdicts);
  const { rights, room, readings, shelf, end } = createContent(basics, folder, options);
  return {
    folder,
    shelf,
    ...readings,
    ...tags,
    ...verdicts,
    find: rights.find,
    documents: rights.documents,
    admit: async (repository, object) => {
      await rights.admit(repository, object);
      // it is admitted, whatever else can be removed
      if (stock.bytes > options.maxBytes) await room.makeRoom(0).catch((error: unknown) => warn(messageOf(error)));
    },
    hold: holds.hold,
    setHold: holds.setHold,
    clearHold: holds.clearHold,
    holds: holds.holds,
    protect: (digests) => {
      const undo = digests.map((digest) => stock.hold(digest));
      return () => undo.forEach((each) => each());
    },
    makeRoom: room.makeRoom,
    get bytes() {
      return stock.bytes;
    },
    close: () => end().finally(keeping.end),
  };
}

/** The objects: who may have them, their bytes, and which of them go. */
function createContent(basics: RightsOptions, folder: string, limits: RoomLimits) {
  const { desk, stock, now, warn } = basics;
  const closing = new AbortController();
  const rights = createRights(basics);
  const documents = new Lru<Digest, Uint8Array>(DOCUMENTS);
  const gone = (digest: Digest, paths: readonly string[]): void => {
    documents.delete(digest);
    paths.forEach(rights.forget);
  };
  const room = createRoom({ ...basics, limits, gone });
  const drop = async (digest: Digest, why: string): Promise<void> => {
    warn(`${digest} was removed from the store: ${why}`);
    await room.remove(digest);
  };
  const pathOf = (digest: Digest): string => desk.at(`blobs/${blobNameOf(digest)}`);
  const bytes = createBytes({ stock, now, pathOf, drop, closing: closing.signal });
  const uses = noteUses(desk, stock, now);
  return {
    rights,
    room,
    readings: createReadings({ stock, rights, bytes, documents, uses }),
    shelf: { pathOf, landed: bytes.landed },
    end: async (): Promise<void> => {
      closing.abort(storeFault(`cannot read the store ${quoted(folder)}`, "it was closed"));
      await Promise.all([uses.ended(), basics.turns.ended()]);
    },
  };
}
