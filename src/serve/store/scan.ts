import { lstatSync, readdirSync, unlinkSync, type Dirent } from "node:fs";
import { quoted } from "../../durable.ts";
import type { Algorithm } from "../../oci/digest.ts";
import { isDigest } from "../../oci/digest.ts";
import type { Desk } from "./desk.ts";
import { blobNameOf, digestNamed, rightOf } from "./names.ts";
import { Stock } from "./stock.ts";

/** What a store has in it, by the names of its files; nothing in them was read yet. Paths are below the store. */
export interface Scanned {
  readonly stock: Stock;
  readonly tags: readonly string[];
  readonly holds: readonly string[];
  /** File names, sorted. */
  readonly verdicts: readonly { readonly name: string; readonly size: number }[];
}

const ALGORITHMS: readonly Algorithm[] = ["sha256", "sha512"];

/**
 * Looks at every file once, and waits for it: nobody is served yet, and it is several times faster. A right without its
 * file, and a file that nobody may have, are what a crash left: they are removed.
 */
export function scan(desk: Desk, warn: (text: string) => void): Scanned {
  const entries = (path: string): readonly Dirent[] => readdirSync(desk.at(path), { withFileTypes: true });
  const foldersIn = (path: string): readonly string[] =>
    entries(path).flatMap((each) => {
      if (each.isDirectory()) return [`${path}/${each.name}`];
      warn(`${quoted(desk.at(`${path}/${each.name}`))} is no folder; it is left alone`);
      return [];
    });
  const filesIn = (path: string): readonly string[] =>
    entries(path).flatMap((each) => {
      if (each.isFile()) return [`${path}/${each.name}`];
      warn(`${quoted(desk.at(`${path}/${each.name}`))} is no file; it is left alone`);
      return [];
    });

  const stock = scanBlobs(desk, warn);
  const tags: string[] = [];
  const holds: string[] = [];
  for (const folder of foldersIn("repos").flatMap(foldersIn)) {
    for (const part of foldersIn(folder)) {
      const isHere = (name: string): boolean => part === `${folder}/${name}`;
      if (isHere("objects")) for (const path of filesIn(part)) scanRight({ desk, stock, warn }, folder, path);
      if (isHere("tags")) tags.push(...filesIn(part));
      // whatever is there, even a link, may have been a hold
      if (isHere("holds")) holds.push(...entries(part).map(({ name }) => `${part}/${name}`));
    }
  }
  for (const digest of stock.digests) {
    if (stock.rightsOf(digest).length > 0) continue;
    unlinkSync(desk.at(`blobs/${blobNameOf(digest)}`));
    stock.remove(digest);
  }
  stock.sort();
  const verdicts = filesIn("verdicts")
    .map((path) => ({ name: path.slice("verdicts/".length), size: lstatSync(desk.at(path)).size }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { stock, tags, holds, verdicts };
}

function scanBlobs(desk: Desk, warn: (text: string) => void): Stock {
  const stock = new Stock();
  for (const algorithm of ALGORITHMS) {
    for (const entry of readdirSync(desk.at(`blobs/${algorithm}`), { withFileTypes: true })) {
      const path = desk.at(`blobs/${algorithm}/${entry.name}`);
      const digest = `${algorithm}:${entry.name}`;
      if (isDigest(digest) && entry.isFile()) stock.put(digest, lstatSync(path).size, 0);
      else if (entry.isDirectory() || !isDigest(digest)) warn(`${quoted(path)} is no object; it is left alone`);
      else {
        unlinkSync(path);
        warn(`${quoted(path)} was no file, but a link or a device; it was removed`);
      }
    }
  }
  return stock;
}

interface Found {
  readonly desk: Desk;
  readonly stock: Stock;
  readonly warn: (text: string) => void;
}

/** The last use is remembered as the time of the right. */
function scanRight({ desk, stock, warn }: Found, folder: string, path: string): void {
  const digest = digestNamed(path.slice(`${folder}/objects/`.length));
  if (digest === null) warn(`${quoted(desk.at(path))} is no right to an object; it is left alone`);
  else if (stock.sizeOf(digest) === null) unlinkSync(desk.at(path));
  else {
    stock.grant(folder, digest);
    stock.remember(digest, lstatSync(desk.at(rightOf(folder, digest))).mtimeMs);
  }
}
