import { lookAt, quoted } from "../../durable.ts";
import type { Hold } from "../../model/gate.ts";
import type { Repository } from "../../oci/reference.ts";
import { createGate } from "../../parallel.ts";
import type { Desk } from "./desk.ts";
import { MARKER } from "./folder.ts";
import { holdOf, textOf } from "./names.ts";
import { isOf, readRecord, writeRecord, type Read, type Records } from "./records.ts";
import type { Store } from "./store.ts";
import type { Turns } from "./turns.ts";

export interface NamedHold {
  readonly repository: Repository;
  /** A tag or a digest. */
  readonly name: string;
  readonly hold: Hold;
}

/**
 * What is on hold. That something is not is known from memory, because only this process holds; that it still is, is
 * looked up each time, because a person may have cleared it.
 */
export interface Holds {
  readonly hold: Store["hold"];
  readonly setHold: Store["setHold"];
  readonly clearHold: Store["clearHold"];
  readonly holds: Store["holds"];
  /** The verdicts that holds name. */
  readonly verdicts: ReadonlySet<string>;
}

/** Files read at once. */
const AT_ONCE = 32;

interface Options {
  readonly desk: Desk;
  readonly turns: Turns;
  readonly now: () => Date;
  readonly warn: (text: string) => void;
}

/** `paths` are the files that are there. */
export async function openHolds(options: Options, paths: readonly string[]): Promise<Holds> {
  const { desk, turns } = options;
  const memory: Memory = { known: new Map(), owed: new Map(), warned: new Set() };
  const { known, owed } = memory;
  const gate = createGate(AT_ONCE);
  const look = (path: string, repository: Repository, name: string): Promise<NamedHold | null> =>
    turns.take(path, () => lookUp(options, memory, path, { repository, name }));
  const list = async (all: readonly string[]): Promise<readonly NamedHold[]> => {
    const found = all.map((path) =>
      gate(async () => {
        const { repository, name } = aboutOf(path, await readRecord(desk.at(path), "hold"));
        return look(path, repository, name);
      }),
    );
    return (await Promise.all(found)).filter((each) => each !== null);
  };
  await list(paths);
  return {
    get verdicts() {
      return new Set([...known.values()].filter((each) => each !== null));
    },
    hold: async (repository, name) => {
      const path = holdOf(repository, name);
      return known.has(path) ? ((await look(path, repository, name))?.hold ?? null) : null;
    },
    setHold: async (repository, name, hold) => {
      const path = holdOf(repository, name);
      await turns.take(path, async () => {
        // whatever becomes of the disk, this process holds
        known.set(path, hold.verdict);
        owed.set(path, { repository, name, hold });
        await write(options, path, { repository, name, hold });
        owed.delete(path);
      });
    },
    clearHold: async (repository, name) => {
      const path = holdOf(repository, name);
      await turns.take(path, async () => {
        await desk.remove(path);
        owed.delete(path);
        known.delete(path);
      });
    },
    holds: () => list([...known.keys()].sort()),
  };
}

/** By path. */
interface Memory {
  /** The verdict that each hold names. */
  readonly known: Map<string, string | null>;
  /** What the disk did not take. */
  readonly owed: Map<string, NamedHold>;
  readonly warned: Set<string>;
}

async function lookUp(
  options: Options,
  { known, owed, warned }: Memory,
  path: string,
  { repository, name }: Omit<NamedHold, "hold">,
): Promise<NamedHold | null> {
  const { desk, warn } = options;
  const unwritten = owed.get(path);
  if (unwritten !== undefined) {
    await write(options, path, unwritten).then(
      () => owed.delete(path),
      () => undefined,
    );
    return unwritten;
  }
  const read = await readRecord(desk.at(path), "hold");
  if (read.kind === "missing") {
    // a file system that is away for a moment takes no hold with it
    if ((await lookAt(desk.at(MARKER))) === null) return { repository, name, hold: AWAY };
    known.delete(path);
    return null;
  }
  const isRight = read.kind === "there" && isOf(read.record, repository) && read.record.name === name;
  known.set(path, isRight ? read.record.verdict : null);
  if (isRight) return { repository, name, hold: holdIn(read.record) };
  if (!warned.has(path)) warn(`${quoted(desk.at(path))} is not what tofu3 wrote there; it holds all the same`);
  warned.add(path);
  return { repository, name, hold: UNREADABLE };
}

async function write(
  { desk, now }: Options,
  path: string,
  { repository: { registry, repository }, name, hold }: NamedHold,
): Promise<void> {
  await desk.place(path, writeRecord("hold", { registry, repository, name, ...holdIn(hold) }), now());
}

/** Nobody can say any more what is held here and why: it stays held until a person looks. */
const UNREADABLE: Hold = {
  outcome: "disagreed",
  sentence: "it is on hold, but the record that says why cannot be read",
  verdict: null,
  since: "1970-01-01T00:00:00.000Z",
};

const AWAY: Hold = { ...UNREADABLE, sentence: "it is on hold, and the store that says why is not there just now" };

/** What the record says, if it lies where it belongs; else what its path says. */
function aboutOf(path: string, read: Read<Records["hold"]>): { repository: Repository; name: string } {
  if (read.kind === "there" && holdOf(read.record, read.record.name) === path) {
    const { registry, repository, name } = read.record;
    return { repository: { registry, repository }, name };
  }
  const [, registry = "", repository = "", , file = ""] = path.split("/");
  const text = (name: string): string => textOf(name) ?? name;
  const about = { registry: text(registry), repository: text(repository) };
  return { repository: about, name: text(file.replace(/\.json$/, "")) };
}

function holdIn({ outcome, sentence, verdict, since }: Hold): Hold {
  return { outcome, sentence, verdict, since };
}
