import { createHash } from "node:crypto";
import { algorithmOf, hexOf, isDigest, type Digest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/reference.ts";

/** In bytes; with `.json` behind it a name is as long as file systems permit, or shorter. */
const LONGEST = 250;
/** Characters of a longer name that stay, for people. */
const SHOWN = 120;

/**
 * A file name for a text: `library/alpine` is `library+alpine`, `Latest` is `!latest`, `[::1]:5000` is
 * `%5b%3a%3a1%5d%3a5000`. Two texts never have the same name, on file systems that fold case neither. A long one ends in
 * `~` and its hash.
 */
export function fileNameOf(text: string): string {
  const known = KNOWN.get(text);
  if (known !== undefined) return known;
  if (KNOWN.size >= MOST_KNOWN) KNOWN.clear();
  const name = nameFor(text);
  KNOWN.set(text, name);
  return name;
}

/** Every request needs a few, mostly the same ones. */
const KNOWN = new Map<string, string>();
const MOST_KNOWN = 4096;

function nameFor(text: string): string {
  const name = escaped(text);
  return name.length <= LONGEST ? name : `${name.slice(0, SHOWN)}~${createHash("sha256").update(text).digest("hex")}`;
}

/** What the name is for; null if it has a hash instead, or is none of ours. */
export function textOf(name: string): string | null {
  const bytes = name.replace(/\+/g, "/").replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());
  try {
    const text = decodeURIComponent(bytes);
    return fileNameOf(text) === name ? text : null;
  } catch {
    return null;
  }
}

/** No name begins with a dot: it is neither `..` nor what listings hide. */
function escaped(text: string): string {
  return text.replace(/^\.|[^a-z0-9._-]/gu, (letter) => {
    if (letter === "/") return "+";
    if (/[A-Z]/.test(letter)) return `!${letter.toLowerCase()}`;
    return Buffer.from(letter, "utf8").toString("hex").replace(/../g, "%$&");
  });
}

/** Of a blob, below `blobs/`. */
export function blobNameOf(digest: Digest): string {
  return `${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** The folder of a repository, below the store; also its key in memory. */
export function folderOf({ registry, repository }: Repository): string {
  return `repos/${fileNameOf(registry)}/${fileNameOf(repository)}`;
}

/** `sha256-HEX` */
export function objectNameOf(digest: Digest): string {
  return digest.replace(":", "-");
}

/** Null for the name of anything else. */
export function digestNamed(name: string): Digest | null {
  const digest = name.replace("-", ":");
  return isDigest(digest) ? digest : null;
}

/** Paths below the store. A hold's name is a tag or a digest. */
export const rightOf = (folder: string, digest: Digest): string => `${folder}/objects/${objectNameOf(digest)}`;
export const tagOf = (repository: Repository, tag: string): string =>
  `${folderOf(repository)}/tags/${fileNameOf(tag)}.json`;
export const holdOf = (repository: Repository, name: string): string =>
  `${folderOf(repository)}/holds/${fileNameOf(name)}.json`;
