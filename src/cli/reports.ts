import { constants } from "node:fs";
import { access, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { messageOf, Tofu3Error, visible } from "../errors.ts";
import { tellError } from "./errors.ts";
import { EXIT_OK } from "./exit.ts";
import type { Io } from "./io.ts";

/** Call before fetching anything: a verification must not end in a report that cannot be written. Throws E_USAGE. */
export async function checkReports(paths: readonly string[], cwd: string): Promise<void> {
  for (const path of paths) {
    const folder = dirname(resolve(cwd, path));
    try {
      await access(folder, constants.W_OK | constants.X_OK);
    } catch (cause) {
      throw new Tofu3Error(
        "E_USAGE",
        `cannot write the report ${quoted(path)}: ${quoted(folder)} is no folder that can be written to`,
        {
          hint: `mkdir -p ${quoted(folder)}`,
          cause,
        },
      );
    }
    const found = await stat(resolve(cwd, path)).catch(() => null);
    if (found?.isDirectory() === true)
      throw new Tofu3Error("E_USAGE", `cannot write the report ${quoted(path)}: it is a folder`);
  }
}

/** Writes each report, replacing existing files. Returns the exit code of a fault that it tells, or 0. */
export async function writeReports<K>(
  paths: readonly string[],
  kindOf: (path: string) => K | null,
  render: (kind: K) => string,
  io: Pick<Io, "cwd" | "stderr">,
): Promise<number> {
  for (const path of paths) {
    const kind = kindOf(path);
    if (kind === null) throw new Tofu3Error("E_BUG", `no report for ${quoted(path)}`);
    try {
      await writeFile(resolve(io.cwd, path), render(kind));
    } catch (cause) {
      const message = `cannot write the report ${quoted(path)}: ${visible(messageOf(cause))}`;
      return tellError(io.stderr, new Tofu3Error("E_DISK", message, { cause }), false);
    }
  }
  return EXIT_OK;
}

function quoted(text: string): string {
  return JSON.stringify(visible(text, 300));
}
