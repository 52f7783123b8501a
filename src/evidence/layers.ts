import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { extract, type Header } from "tar-stream";
import { visible } from "../errors.ts";
import type { Change } from "../model/diagnosis.ts";
import { compressionOf, expand } from "../release/formats/compression.ts";

/** What an entry of a layer is compared by. */
type Facts = ReadonlyMap<string, string>;

/** A layer that unpacks to more, or to more entries, is compared only so far. */
const MOST_BYTES = 1024 ** 3;
const MOST_ENTRIES = 200_000;
const LONGEST_PATH = 300;

/**
 * The first entry at which two layers differ, a change for each property that differs there: path, type, mode, owner,
 * size, mtime, link, content. Empty if all entries are alike (then only the compression or the padding differs). Throws
 * if one of them is no tar.
 */
export async function firstDifference(left: Uint8Array, right: Uint8Array): Promise<readonly Change[]> {
  const [mine, theirs] = [entriesOf(left), entriesOf(right)];
  try {
    for (let at = 1; at <= MOST_ENTRIES; at += 1) {
      const [one, other] = await Promise.all([mine.next(), theirs.next()]);
      const [a, b] = [one.done === true ? NOTHING : one.value, other.done === true ? NOTHING : other.value];
      const changes = changesAt(at, a, b);
      if (changes.length > 0 || (one.done === true && other.done === true)) return changes;
    }
    return [];
  } finally {
    await Promise.allSettled([mine.return(undefined), theirs.return(undefined)]);
  }
}

const NOTHING: Facts = new Map();

function changesAt(at: number, left: Facts, right: Facts): readonly Change[] {
  const where = visible(left.get("path") ?? right.get("path") ?? "", LONGEST_PATH);
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((name): Change[] => {
    const [mine, theirs] = [left.get(name) ?? null, right.get(name) ?? null];
    return mine === theirs ? [] : [{ what: `entry ${at} (${where}): ${name}`, left: mine, right: theirs }];
  });
}

/** The entries of one layer, as they are read: nothing but one entry is in memory. */
async function* entriesOf(layer: Uint8Array): AsyncGenerator<Facts, undefined> {
  const unpacked = expand(Readable.from([layer], { objectMode: false }), compressionOf(layer));
  const tar = extract();
  const source = Readable.from(bounded(unpacked), { objectMode: false });
  source.on("error", (error) => tar.destroy(error));
  source.pipe(tar);
  try {
    for await (const entry of tar) {
      const hash = createHash("sha256");
      for await (const chunk of entry as AsyncIterable<Uint8Array>) hash.update(chunk);
      yield factsOf(entry.header, hash.digest("hex"));
    }
  } finally {
    source.destroy();
    tar.destroy();
  }
  return undefined;
}

function factsOf({ name, type, mode, uid, gid, size, mtime, linkname }: Header, content: string): Facts {
  return new Map([
    ["path", name],
    ["type", type],
    ["mode", mode.toString(8)],
    ["owner", `${uid}:${gid}`],
    ["size", String(size)],
    ["mtime", isNaN(Number(mtime)) ? "" : mtime.toISOString()],
    ["link", linkname],
    ["content", `sha256:${content}`],
  ]);
}

async function* bounded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of source) {
    total += chunk.length;
    if (total > MOST_BYTES) throw new Error(`it unpacks to more than ${MOST_BYTES} bytes`);
    yield chunk;
  }
}
