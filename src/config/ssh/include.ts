import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { matchesPattern } from "../../ssh/connection/pattern.ts";
import { readSmallText } from "../../smallfile.ts";

/** Access to the files of an SSH configuration. */
export interface SshFiles {
  /** Null if the file does not exist. */
  read(path: string): Promise<string | null>;
  /** Names in a directory; empty if it does not exist. */
  list(folder: string): Promise<readonly string[]>;
}

/** The real files. `read` throws E_CONFIG for a file that exists but cannot be read. */
export const sshFiles: SshFiles = {
  read: (path) => readSmallText(path, { what: "the SSH configuration", code: "E_CONFIG", limit: 1024 * 1024 }),
  list: (folder) => readdir(folder).catch(() => []),
};

/**
 * The files matched by one argument of Include, sorted; relative ones are in ~/.ssh. `*` and `?` do not match a leading
 * dot.
 */
export async function expandInclude(argument: string, home: string, files: SshFiles): Promise<readonly string[]> {
  const place = argument.startsWith("~/") ? join(home, argument.slice(2)) : argument;
  const absolute = place.startsWith("/") ? place : join(home, ".ssh", place);
  let found = ["/"];
  for (const segment of absolute.split("/").filter((each) => each !== "")) {
    if (!/[*?]/.test(segment)) {
      found = found.map((folder) => join(folder, segment));
      continue;
    }
    const lists = await Promise.all(
      found.map(async (folder) => {
        const names = await files.list(folder);
        return names
          .filter((name) => (!name.startsWith(".") || segment.startsWith(".")) && matchesPattern(segment, name))
          .map((name) => join(folder, name));
      }),
    );
    found = lists.flat();
  }
  return [...new Set(found)].sort();
}
