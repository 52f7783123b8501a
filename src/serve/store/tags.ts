import { quoted } from "../../durable.ts";
import type { StoredTag } from "../../model/gate.ts";
import { createGate } from "../../parallel.ts";
import type { Desk } from "./desk.ts";
import { tagOf } from "./names.ts";
import { readRecord, writeRecord } from "./records.ts";
import type { Stock } from "./stock.ts";
import type { Store } from "./store.ts";
import type { Turns } from "./turns.ts";

/** What tags led to; all of it in memory, because what a tag names is never evicted. */
export interface Tags {
  readonly tag: Store["tag"];
  readonly setTag: Store["setTag"];
}

/** Files read at once. */
const AT_ONCE = 32;

interface Options {
  readonly desk: Desk;
  readonly stock: Stock;
  readonly turns: Turns;
  readonly now: () => Date;
  readonly warn: (text: string) => void;
}

/** `paths` are the files that are there. */
export async function openTags({ desk, stock, turns, now, warn }: Options, paths: readonly string[]): Promise<Tags> {
  const known = new Map<string, { readonly record: StoredTag; readonly unname: () => void }>();
  const learn = (path: string, record: StoredTag): void => {
    const before = known.get(path);
    known.set(path, { record, unname: stock.name(record.digest) });
    before?.unname();
  };
  const gate = createGate(AT_ONCE);
  const learnFrom = async (path: string): Promise<void> => {
    const read = await readRecord(desk.at(path), "tag");
    if (read.kind === "there" && tagOf(read.record, read.record.tag) === path) learn(path, recordOf(read.record));
    else warn(`${quoted(desk.at(path))} is not what tofu3 wrote there; it counts as not there`);
  };
  await Promise.all(paths.map((path) => gate(() => learnFrom(path))));
  return {
    tag: (repository, tag) => Promise.resolve(known.get(tagOf(repository, tag))?.record ?? null),
    setTag: async ({ registry, repository }, tag, record) => {
      const path = tagOf({ registry, repository }, tag);
      await turns.take(path, async () => {
        const text = writeRecord("tag", { registry, repository, tag, ...recordOf(record) });
        const unname = stock.name(record.digest);
        try {
          await desk.place(path, text, now());
          learn(path, recordOf(record));
        } finally {
          unname();
        }
      });
    },
  };
}

function recordOf({ digest, agreedAt, checkedAt, previous }: StoredTag): StoredTag {
  return { digest, agreedAt, checkedAt, previous };
}
