import { randomBytes } from "node:crypto";
import { rename, rm, unlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf, syncDirectory, writeSmallFile } from "../../durable.ts";
import { onStore } from "./faults.ts";
import { makeFolder } from "./folder.ts";

/** Where small files are written: whole or not at all. Paths are below the store. */
export interface Desk {
  /** Absolute. */
  at(path: string): string;
  /** Throws E_STORE where this process may not write any more. */
  readonly check: () => void;
  /** A new name in `tmp`, on the same file system; absolute. */
  staged(): string;
  /** It is on the disk when this resolves, and so are the folders that lead to it; `time` is its mtime. */
  place(path: string, text: string, time: Date): Promise<void>;
  /** False if it was not there. */
  remove(path: string): Promise<boolean>;
}

export function createDesk(folder: string, check: () => void): Desk {
  const made = new Set<string>();
  const at = (path: string): string => join(folder, path);
  const staged = (): string => join(folder, "tmp", randomBytes(9).toString("hex"));

  /** Of the parts of a store, `repos` and `verdicts` are there. */
  async function makeWay(path: string): Promise<void> {
    if (path === "." || made.has(path)) return;
    await makeWay(dirname(path));
    if (await makeFolder(at(path))) await syncDirectory(dirname(at(path)));
    made.add(path);
  }

  async function put(path: string, text: string, time: Date): Promise<void> {
    const draft = staged();
    try {
      await writeSmallFile(draft, text, 0o600);
      await utimes(draft, time, time);
      await makeWay(dirname(path));
      await rename(draft, at(path));
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw error;
    }
    await syncDirectory(dirname(at(path)));
  }

  return {
    at,
    check,
    staged,
    place: (path, text, time) =>
      onStore("write", at(path), async () => {
        check();
        try {
          await put(path, text, time);
        } catch (error) {
          // a person removed its folder
          if (errnoOf(error) !== "ENOENT") throw error;
          made.clear();
          await put(path, text, time);
        }
      }),
    remove: (path) =>
      onStore("remove", at(path), async () => {
        check();
        try {
          await unlink(at(path));
        } catch (error) {
          if (errnoOf(error) !== "ENOENT") throw error;
          return false;
        }
        await syncDirectory(dirname(at(path)));
        return true;
      }),
  };
}
