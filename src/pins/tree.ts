import type { Dirent, Stats } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { join, relative, resolve, sep } from "node:path";
import { Tofu3Error, visible } from "../errors.ts";
import type { Mention, Unread } from "../model/mention.ts";
import type { Found, TextFile } from "./formats/format.ts";
import { findIn, findInList, HCL, isHcl, isTelling } from "./find.ts";
import { openText, whyOf } from "./open.ts";

/** What was found in a tree. */
export interface Tree {
  /** Sorted by file and place. */
  readonly mentions: readonly Mention[];
  /** Sorted by file. */
  readonly unread: readonly Unread[];
  /** The text of each file with references, as `TextFile` has it; empty unless they are kept. */
  readonly texts: ReadonlyMap<string, string>;
  /** How many files were looked at, and in how many there were references. */
  readonly files: { readonly read: number; readonly withReferences: number };
}

export interface TreeOptions {
  /** The folder that paths are relative to, in what is given and in what comes back. */
  readonly base: string;
  /** A list that comes from nowhere in the tree; its places are in a file called `-`. */
  readonly stdin?: string | null;
  /** To rewrite the files. */
  readonly keepTexts?: boolean;
  /** At most so many entries of folders are looked at, references kept, and tokens of YAML parsed. */
  readonly most?: { readonly entries: number; readonly mentions: number; readonly tokens?: number };
}

/** So many tokens take about half a minute. */
const MOST = { entries: 500_000, mentions: 100_000, tokens: 12_000_000 };
/** Nobody waits for the reading of a shorter text. */
const LONG = 1 << 16;
/** Files of one kind that other people wrote, and what version control keeps for itself. */
const SKIPPED: ReadonlySet<string> = new Set([".git", ".hg", ".svn", ".jj", ".terraform", "node_modules"]);
/** Read at the same time, and so in memory at the same time. */
const TOGETHER = 8;

/** Reads the files at these paths, and those in folders and their folders that some format knows. */
export async function readTree(paths: readonly string[], options: TreeOptions, signal: AbortSignal): Promise<Tree> {
  const most = { ...MOST, ...options.most };
  const search = new Search(options.base, most, options.keepTexts === true);
  for (const path of paths) await search.start(path, signal);
  if (options.stdin != null) search.take({ path: "-", text: options.stdin }, findInList);
  const { mentions, unread, texts, read, withReferences } = search;
  if (search.entries > most.entries) {
    unread.push({ file: ".", why: `only the first ${most.entries} entries of folders are looked at` });
  }
  if (search.dropped) unread.push({ file: ".", why: `only the first ${most.mentions} references are kept` });
  return { mentions: mentions.sort(byPlace), unread: unread.sort(byFile), texts, files: { read, withReferences } };
}

/** A file that was come across. */
interface Candidate {
  readonly path: string;
  /** The user named it: it is read whatever its name, and through a symlink. */
  readonly given: boolean;
}

class Search {
  readonly mentions: Mention[] = [];
  readonly unread: Unread[] = [];
  readonly texts = new Map<string, string>();
  read = 0;
  withReferences = 0;
  entries = 0;
  dropped = false;
  #tokens = 0;
  readonly #base: string;
  readonly #most: typeof MOST;
  readonly #keepTexts: boolean;
  readonly #seen = new Set<string>();

  constructor(base: string, most: typeof MOST, keepTexts: boolean) {
    this.#base = base;
    this.#most = most;
    this.#keepTexts = keepTexts;
  }

  async start(given: string, signal: AbortSignal): Promise<void> {
    const path = resolve(this.#base, given);
    const stats = await statOf(path, given);
    if (stats.isFile()) await this.#readAll([{ path, given: true }], signal);
    else if (!stats.isDirectory()) this.#leave(path, "it is neither a file nor a folder");
    else await this.#walk(path, signal);
  }

  async #walk(root: string, signal: AbortSignal): Promise<void> {
    let waiting: Candidate[] = [];
    for await (const path of this.#filesIn(root)) {
      signal.throwIfAborted();
      if (!this.#isCandidate(path)) continue;
      waiting.push({ path, given: false });
      if (waiting.length < TOGETHER) continue;
      await this.#readAll(waiting, signal);
      waiting = [];
    }
    await this.#readAll(waiting, signal);
  }

  /** Regular files, folder by folder, in the order of their names. */
  async *#filesIn(root: string): AsyncGenerator<string> {
    const folders = [root];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const inner: string[] = [];
      for (const entry of await this.#entriesOf(folder)) {
        if (++this.entries > this.#most.entries) return;
        const path = join(folder, entry.name);
        const kind = isKnown(entry) ? entry : await lstat(path).catch(() => null);
        if (kind?.isDirectory() === true && !SKIPPED.has(entry.name)) inner.push(path);
        if (kind?.isFile() === true) yield path;
        else if (kind?.isSymbolicLink() === true && isTelling(this.#nameOf(path))) await this.#leaveLink(path, root);
      }
      folders.push(...inner.reverse());
    }
  }

  /** A symlink of a telling name, unless what it leads to is read by its own name. */
  async #leaveLink(path: string, root: string): Promise<void> {
    const target = await realpath(path).catch(() => null);
    if (target === null || (await stat(target).catch(() => null))?.isFile() !== true) return;
    const inside = relative(await realpath(root), target);
    const parts = inside.split(sep);
    const isRead = !parts.some((part) => part === ".." || SKIPPED.has(part)) && isTelling(inside);
    if (!isRead) this.#leave(path, "it is a symlink to something that is not read");
  }

  async #entriesOf(folder: string): Promise<readonly Dirent[]> {
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries.sort((a, b) => order(a.name, b.name));
    } catch (error) {
      this.#leave(folder, whyOf(error));
      return [];
    }
  }

  /** Whether a file may be of some format; what is never read is said here. */
  #isCandidate(path: string): boolean {
    const name = this.#nameOf(path);
    if (isHcl(name)) this.#leave(path, HCL, true);
    return !isHcl(name) && (/\.(?:json|rb)$/.test(name) || isTelling(name));
  }

  async #readAll(candidates: readonly Candidate[], signal: AbortSignal): Promise<void> {
    const fresh = candidates.filter(({ path }) => !this.#seen.has(path));
    const opened = await Promise.all(fresh.map(({ path, given }) => openText(path, given)));
    for (const [index, { path, given }] of fresh.entries()) {
      const file = opened[index];
      this.#seen.add(path);
      if (file?.kind === "text") {
        // otherwise nothing could interrupt it between two files
        if (file.text.length > LONG) await setImmediate();
        signal.throwIfAborted();
        const isTemplate = await isChartTemplate(path, file.text);
        if (isTemplate) this.#leave(path, "it is a template of a chart, and nothing is executed", true);
        else this.take({ path: this.#nameOf(path), text: file.text }, (each, room) => findIn(each, given, room));
      } else if (file?.kind === "unread" || given || isTelling(this.#nameOf(path))) {
        this.#leave(path, file?.why ?? "it was not opened");
      }
    }
  }

  /** What is found in one file. */
  take(file: TextFile, find: (file: TextFile, room: number) => Found | string | null): void {
    const found = find(file, this.#most.tokens - this.#tokens);
    if (typeof found === "string") this.unread.push({ file: file.path, why: found });
    if (typeof found === "string" || found === null) return;
    this.#tokens += found.tokens ?? 0;
    const room = this.#most.mentions - this.mentions.length;
    if (found.mentions.length > room) this.dropped = true;
    for (const mention of found.mentions.slice(0, room)) this.mentions.push(mention);
    for (const unread of found.unread) this.unread.push(unread);
    this.read++;
    if (found.mentions.length === 0) return;
    this.withReferences++;
    if (this.#keepTexts) this.texts.set(file.path, file.text);
  }

  #leave(path: string, why: string, minor = false): void {
    this.unread.push({ file: this.#nameOf(path), why, ...(minor ? { minor } : {}) });
  }

  #nameOf(path: string): string {
    const name = relative(this.#base, path).split(sep).join("/");
    return name === "" ? "." : name;
  }
}

async function statOf(path: string, given: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (cause) {
    throw new Tofu3Error("E_USAGE", `cannot read "${visible(given, 300)}": ${missing(cause)}`, {
      hint: "name a file or a folder that exists and that you may read",
      cause,
    });
  }
}

function missing(cause: unknown): string {
  const why = whyOf(cause);
  return why === "it is gone" ? "there is no such file or folder" : why;
}

/** Some file systems do not tell what an entry is. */
function isKnown(entry: Dirent): boolean {
  return entry.isFile() || entry.isDirectory() || entry.isSymbolicLink() || entry.isFIFO() || entry.isSocket();
}

/** `templates/` beside a `Chart.yaml`; elsewhere such a file may be what it looks like. */
async function isChartTemplate(path: string, text: string): Promise<boolean> {
  const at = path.lastIndexOf(`${sep}templates${sep}`);
  if (at === -1 || !/\.(?:ya?ml|tpl)$/i.test(path) || !text.includes("{{")) return false;
  return (await stat(join(path.slice(0, at), "Chart.yaml")).catch(() => null))?.isFile() === true;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byFile(a: Unread, b: Unread): number {
  return order(a.file, b.file);
}

function byPlace({ place: a }: Mention, { place: b }: Mention): number {
  return order(a.file, b.file) || a.line - b.line || a.column - b.column;
}
